/** From the earliest to the latest timestamp, in milliseconds since the epoch. */
export interface TimeSpan {
  readonly minTimestampMs: number;
  readonly maxTimestampMs: number;
}

/** Widens a span from nothing. */
export class TimeSpanBuilder {
  private minTimestampMs = Infinity;
  private maxTimestampMs = -Infinity;

  /** A part without timestamps is one from Infinity to −Infinity. */
  add(part: TimeSpan): void {
    this.minTimestampMs = Math.min(this.minTimestampMs, part.minTimestampMs);
    this.maxTimestampMs = Math.max(this.maxTimestampMs, part.maxTimestampMs);
  }

  /** Undefined when there was no timestamp. */
  build(): TimeSpan | undefined {
    const { minTimestampMs, maxTimestampMs } = this;
    return minTimestampMs <= maxTimestampMs ? { minTimestampMs, maxTimestampMs } : undefined;
  }
}
