import { closableUntil, dayOf, daySeconds, hoursBetween, hoursOfDay } from './calendar';

/** What is stored of one day of an account. */
export interface DayState {
  /** Start of the day, unix seconds. */
  readonly day: number;
  /** Starts of its closed hours. */
  readonly closedHours: readonly number[];
  /** Version of its closed hours, see `dayVersionOf`. */
  readonly hoursVersion: string;
  /** Version that its expenses were written from; null before. */
  readonly writtenVersion: string | null;
}

/** Hours to close and days to write, newest first; unix seconds of their starts. */
export interface DueWork {
  readonly hours: readonly number[];
  readonly days: readonly number[];
}

/**
 * Where planning begins for an account: whole days, at most so many hours back. The day in which the account was made is closed as a whole,
 * though its first hours are empty, because a day needs all of its hours.
 */
export function planFrom(createdAtMs: number, nowMs: number, lookbackHours: number): number {
  return Math.max(dayOf(nowMs / 1_000 - lookbackHours * 3_600), dayOf(createdAtMs / 1_000));
}

/** What an account lacks in `[from, now)`. */
export function dueWorkOf(days: readonly DayState[], from: number, nowMs: number): DueWork {
  const closed = new Set(days.flatMap(({ closedHours }) => closedHours));
  const hours = hoursBetween(from, closableUntil(nowMs)).filter((hour) => !closed.has(hour));
  const due = days.filter(
    ({ day, hoursVersion, writtenVersion }) =>
      day >= from &&
      day + daySeconds <= closableUntil(nowMs) &&
      hoursVersion !== writtenVersion &&
      hoursOfDay(day).every((hour) => closed.has(hour)),
  );
  return { hours: hours.toReversed(), days: due.map(({ day }) => day).toSorted((a, b) => b - a) };
}
