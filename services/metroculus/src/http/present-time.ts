/** Unix seconds of a moment. */
export const seconds = (timestampMs: number): number => Math.floor(timestampMs / 1000);

export const secondsOrNull = (timestampMs: number | null): number | null =>
  timestampMs === null ? null : seconds(timestampMs);
