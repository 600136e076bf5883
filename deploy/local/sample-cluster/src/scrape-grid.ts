import { MS_PER_SECOND } from './calendar';

/** When scrapes happen: `offsetMs` after every whole interval since the unix epoch. */
export interface ScrapeTimes {
  readonly intervalMs: number;
  readonly offsetMs: number;
}

/** A sample holds for 5 minutes at most: with longer intervals there are holes, of which this book knows nothing. */
const LONGEST_INTERVAL_MS = 300 * MS_PER_SECOND;

/** The instants at which a Prometheus looks at the cluster. All instants are whole unix milliseconds. */
export class ScrapeGrid {
  readonly intervalMs: number;
  private readonly offsetMs: number;

  /** @throws RangeError when the interval is not within 1 to 300,000 ms, or the offset not within the interval. */
  constructor({ intervalMs, offsetMs }: ScrapeTimes) {
    const isWhole = Number.isInteger(intervalMs) && Number.isInteger(offsetMs);
    if (!isWhole || intervalMs < 1 || intervalMs > LONGEST_INTERVAL_MS) {
      throw new RangeError('A scrape interval is 1 to 300,000 whole milliseconds.');
    }
    if (offsetMs < 0 || offsetMs >= intervalMs) throw new RangeError('A scrape offset lies within the interval.');
    this.intervalMs = intervalMs;
    this.offsetMs = offsetMs;
  }

  /** The latest scrape that is not after an instant. */
  atOrBefore(tMs: number): number {
    return Math.floor((tMs - this.offsetMs) / this.intervalMs) * this.intervalMs + this.offsetMs;
  }

  /** The latest scrape before an instant. */
  before(tMs: number): number {
    return this.atOrBefore(tMs - 1);
  }

  /** The first scrape that is not before an instant. */
  from(tMs: number): number {
    return this.before(tMs) + this.intervalMs;
  }

  /** A span in pieces, cut at every scrape: [fromMs, toMs) and the scrape whose samples hold there. */
  *pieces(startMs: number, endMs: number): Generator<{ fromMs: number; toMs: number; scrapeMs: number }> {
    for (let fromMs = startMs; fromMs < endMs;) {
      const scrapeMs = this.atOrBefore(fromMs);
      const toMs = Math.min(endMs, scrapeMs + this.intervalMs);
      yield { fromMs, toMs, scrapeMs };
      fromMs = toMs;
    }
  }
}
