import type { ReadHour } from './domain/hour';

/** Asks Kubecost what an hour cost. */
export interface HourSource {
  /**
   * The hour as Kubecost has it now, the running one as far as it is. Assets that cannot be read are null: the
   * allocations are worth having without them.
   *
   * @throws AppError with a code that begins with `kubecost-` when the allocations cannot be read
   */
  readHour(hourStartMs: number, signal: AbortSignal): Promise<ReadHour>;
}

/** Takes what is to be scraped from now on. */
export interface Publisher {
  publish(lines: Iterable<string>): Promise<void>;
  /** Complete scrapes since the last `publish`. */
  readonly scrapes: number;
}
