import { clickhouseError } from './clickhouse-error';

/** How many queries run and wait at most. */
export interface SlotLimits {
  /** Queries that run at the same time. */
  readonly running: number;
  /** Queries that wait for a place; more are refused. */
  readonly waiting: number;
  /** How long a query waits for a place before it is refused, in milliseconds. */
  readonly waitMs: number;
}

/** Lets a bounded number of queries run, the others wait in line. */
export class QuerySlots {
  readonly #limits: SlotLimits;
  readonly #waiting: { admit: () => void; refuse: () => void }[] = [];
  #running = 0;

  constructor(limits: SlotLimits) {
    this.#limits = limits;
  }

  /** Queries that run now. */
  get running(): number {
    return this.#running;
  }

  /**
   * Waits for a place.
   *
   * @returns to be called once, when the query has left the engine
   * @throws {@link ClickhouseError} TOO_MANY_SIMULTANEOUS_QUERIES
   */
  async acquire(): Promise<() => void> {
    if (this.#running < this.#limits.running) this.#running += 1;
    else await this.#waitInLine();
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.#release();
    };
  }

  /** A place that becomes free goes straight to the one that has waited longest. */
  #release(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#running -= 1;
    else next.admit();
  }

  async #waitInLine(): Promise<void> {
    if (this.#waiting.length >= this.#limits.waiting) throw this.#refusal();
    await new Promise<void>((resolve, reject) => {
      const place = {
        admit: (): void => {
          clearTimeout(timer);
          resolve();
        },
        refuse: (): void => {
          this.#waiting.splice(this.#waiting.indexOf(place), 1);
          reject(this.#refusal());
        },
      };
      const timer = setTimeout(place.refuse, this.#limits.waitMs);
      this.#waiting.push(place);
    });
  }

  #refusal(): Error {
    return clickhouseError(
      'TOO_MANY_SIMULTANEOUS_QUERIES',
      `Too many simultaneous queries. Maximum: ${String(this.#limits.running)}`,
    );
  }
}
