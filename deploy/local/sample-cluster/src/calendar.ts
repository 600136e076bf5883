export const MS_PER_SECOND = 1_000;
export const MS_PER_MINUTE = 60 * MS_PER_SECOND;
export const MS_PER_HOUR = 60 * MS_PER_MINUTE;
export const MS_PER_DAY = 24 * MS_PER_HOUR;
export const MS_PER_WEEK = 7 * MS_PER_DAY;

export const HOURS_PER_WEEK = 168;
export const MINUTES_PER_HOUR = 60;

/** The unix epoch was a Thursday; the first Monday 00:00Z came four days later. */
const FIRST_MONDAY_MS = 4 * MS_PER_DAY;

/** Monday 00:00Z of the week that holds an instant. */
export function mondayBefore(tMs: number): number {
  return Math.floor((tMs - FIRST_MONDAY_MS) / MS_PER_WEEK) * MS_PER_WEEK + FIRST_MONDAY_MS;
}
