import { createHash } from 'node:crypto';

const secondsPerDay = 86_400;

/**
 * Of the calendar, in UTC, the longest first. A `week` begins on Sunday, as in Kubecost, a `midweek` on Thursday: 30 whole days are four of one kind and
 * two days then, from whichever day but a Monday, and not three and nine.
 */
export const allocationPeriodKinds = ['month', 'week', 'midweek', 'day'] as const;

export type AllocationPeriodKind = (typeof allocationPeriodKinds)[number];

/** A day that has sums: which version, of how many hourly rows, and by which label keys. */
export interface SummedDay {
  /** Its start, unix seconds. */
  readonly day: number;
  readonly dataVersion: string;
  readonly rows: number;
  readonly labelKeys: readonly string[];
}

/** A period with all of its days, in order. */
export interface AllocationPeriod {
  readonly kind: AllocationPeriodKind;
  /** Unix seconds. */
  readonly start: number;
  readonly days: readonly SummedDay[];
}

/** One version of the sums of a period. */
export interface PeriodVersion {
  readonly kind: AllocationPeriodKind;
  /** Unix seconds. */
  readonly start: number;
  readonly dataVersion: string;
}

function monthOf(day: number, offset = 0): number {
  const date = new Date(day * 1_000);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + offset, 1) / 1_000;
}

/** The start of the period that a day lies in; unix seconds. */
export function periodStartOf(kind: AllocationPeriodKind, day: number): number {
  if (kind === 'month') return monthOf(day);
  if (kind === 'day') return day;
  // The first of January 1970 was a Thursday.
  const daysSinceThursday = day / secondsPerDay;
  return day - ((kind === 'week' ? daysSinceThursday + 4 : daysSinceThursday) % 7) * secondsPerDay;
}

/** When the period ends that begins at `start`; unix seconds. */
export const periodEndOf = (kind: AllocationPeriodKind, start: number): number =>
  kind === 'month' ? monthOf(start, 1) : start + (kind === 'day' ? 1 : 7) * secondsPerDay;

/** The days of the period that begins at `start`, in order; null unless all are there. */
export function daysOfPeriod<Day>(
  kind: AllocationPeriodKind,
  start: number,
  dayAt: (day: number) => Day | undefined,
): readonly Day[] | null {
  const days: Day[] = [];
  for (let day = start; day < periodEndOf(kind, start); day += secondsPerDay) {
    const found = dayAt(day);
    if (found === undefined) return null;
    days.push(found);
  }
  return days;
}

/** Every period that consists of these days, the newest first. */
export function wholePeriods(days: readonly SummedDay[]): readonly AllocationPeriod[] {
  const byDay = new Map(days.map((day) => [day.day, day]));
  const periods = allocationPeriodKinds.flatMap((kind) => {
    const starts = new Set(days.map(({ day }) => periodStartOf(kind, day)));
    return [...starts].flatMap((start): AllocationPeriod[] => {
      const ofPeriod = daysOfPeriod(kind, start, (day) => byDay.get(day));
      return ofPeriod === null ? [] : [{ kind, start, days: ofPeriod }];
    });
  });
  return periods.sort((a, b) => b.start - a.start);
}

// Changes when the same days give other rows, so that periods are written anew.
const revision = 'allocation-periods 1';

/** The version of a period's sums: SHA-256 of the versions of its days. Both are the same only when both have the same rows. */
export function periodVersionOf({ kind, start, days }: AllocationPeriod): string {
  return createHash('sha256')
    .update(JSON.stringify([revision, kind, start, days.map(({ dataVersion }) => dataVersion)]))
    .digest('hex');
}

/** The label keys that all days of a period are summed by. */
export const labelKeysOfPeriod = (days: readonly Pick<SummedDay, 'labelKeys'>[]): readonly string[] =>
  (days[0]?.labelKeys ?? []).filter((key) => days.every(({ labelKeys }) => labelKeys.includes(key)));
