/** Length of an hour and a day in seconds. Days begin at 00:00Z. */
export const hourSeconds = 3_600;
export const daySeconds = 86_400;

/** Start of the hour that a moment lies in; unix seconds. */
export const hourOf = (seconds: number): number => Math.floor(seconds / hourSeconds) * hourSeconds;

/** Start of the day that a moment lies in; unix seconds. */
export const dayOf = (seconds: number): number => Math.floor(seconds / daySeconds) * daySeconds;

/** Starts of the hours of `[from, to)`; both on the hour. */
export function hoursBetween(from: number, to: number): readonly number[] {
  return Array.from({ length: Math.max(0, (to - from) / hourSeconds) }, (_none, index) => from + index * hourSeconds);
}

/** Starts of the hours of a day. */
export const hoursOfDay = (day: number): readonly number[] => hoursBetween(day, day + daySeconds);

/** Unix seconds of an ISO text that was checked before. */
export const secondsOf = (iso: string): number => Date.parse(iso) / 1_000;

/** `2026-03-01T05:00:00Z` */
export const isoOf = (seconds: number): string => new Date(seconds * 1_000).toISOString().replace('.000Z', 'Z');

/**
 * How long after its end an hour is left alone, so that senders can deliver their last samples: Prometheus flushes every 5 s and retries
 * for minutes.
 */
const closeDelaySeconds = 600;

/** When an hour may be closed; unix seconds. */
export const closableAt = (hour: number): number => hour + hourSeconds + closeDelaySeconds;

/** End of the last hour that may be closed now. */
export const closableUntil = (nowMs: number): number => hourOf(nowMs / 1_000 - closeDelaySeconds);
