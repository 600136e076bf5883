/** Something of ours that runs until it is stopped. */
export interface Stoppable {
  readonly name: string;
  stop(): Promise<void>;
}

/** What has been started, to be stopped in reverse. */
export class StopStack {
  readonly #running: Stoppable[] = [];

  /** Remembers what was started. */
  add<T extends Stoppable>(started: T): T {
    this.#running.push(started);
    return started;
  }

  /** Starts several things side by side; when one fails, those that did start are still remembered. */
  async startTogether<T extends readonly Promise<Stoppable>[]>(
    ...starts: T
  ): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
    const results = await Promise.allSettled(starts);
    for (const result of results) {
      if (result.status === 'fulfilled') this.add(result.value);
    }
    // Rejects with the first failure, if there was one.
    return Promise.all(starts);
  }

  /** Stops everything, the newest first. The first failure is thrown when all have been told. */
  async stop(): Promise<void> {
    const failures: unknown[] = [];
    for (let next = this.#running.pop(); next !== undefined; next = this.#running.pop()) {
      await next.stop().catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }
}
