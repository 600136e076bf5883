import type { QueryParam, QueryParams } from '../client-port';
import type { PeriodVersion } from './periods';

/** A statement with the values of its parameters; who asks, limits and the schema of rows are added by the adapter. */
export interface BoundStatement {
  readonly sql: string;
  readonly params: QueryParams;
}

/** One version of an hour. */
export interface HourVersion {
  /** Its start, unix seconds. */
  readonly hour: number;
  readonly dataVersion: string;
}

/** One version of a day's rollup. */
export interface DayVersion {
  /** Its start, unix seconds. */
  readonly day: number;
  readonly dataVersion: string;
}

/** `2026-03-01`, as a parameter of type Date takes it. */
export const dateOf = (seconds: number): string => new Date(seconds * 1_000).toISOString().slice(0, 10);

/** Values of {@link inHours}. */
export function hourParams(hours: readonly HourVersion[]): Record<'dates' | 'hours', QueryParam> {
  return {
    // Days are what `allocation_hours` is ordered by.
    dates: [...new Set(hours.map(({ hour }) => dateOf(hour)))].sort(),
    hours: hours.map(({ hour, dataVersion }) => ({ tuple: [hour, dataVersion] })),
  };
}

/** Values of {@link inDays}; `name` tells two lists of one statement apart. */
export function dayParams(name: string, days: readonly DayVersion[]): QueryParams {
  return {
    [`${name}_dates`]: days.map(({ day }) => dateOf(day)),
    [name]: days.map(({ dataVersion }) => dataVersion),
  };
}

/** Rows of these versions of hours of one account. */
export const inHours = `cloud_account_id = {account:UUID} AND toDate(hour) IN {dates:Array(Date)}
  AND (toUnixTimestamp(hour), data_version) IN {hours:Array(Tuple(UInt32, String))}`;

/**
 * Rows of these versions of days of one account. The version of a day is a hash over its hours with their times, so no two days have the same
 * one, and it says the day as well: looking up pairs of both costs three times as much for each row.
 */
export const inDays = (name: string): string =>
  `cloud_account_id = {account:UUID} AND date IN {${name}_dates:Array(Date)} AND data_version IN {${name}:Array(String)}`;

/** Values of {@link inPeriods}; `name` tells two lists of one statement apart. */
export function periodParams(name: string, periods: readonly PeriodVersion[]): QueryParams {
  return {
    [`${name}_kinds`]: [...new Set(periods.map(({ kind }) => kind))].sort(),
    [`${name}_dates`]: [...new Set(periods.map(({ start }) => dateOf(start)))].sort(),
    [name]: periods.map(({ dataVersion }) => dataVersion),
  };
}

/** Rows of these versions of periods of one account. Kinds and dates are for the index: a version is of one period only. */
export const inPeriods = (name: string): string =>
  `cloud_account_id = {account:UUID} AND period IN {${name}_kinds:Array(String)} AND date IN {${name}_dates:Array(Date)}
  AND data_version IN {${name}:Array(String)}`;

/** Which superseded versions to look for. */
export interface SupersededWindow {
  /** Starts of days, unix seconds; `untilDay` is not in it. */
  readonly fromDay: number;
  readonly untilDay: number;
  readonly nowMs: number;
  /** How long a superseded version is kept for readers that have begun with it. */
  readonly graceSeconds: number;
}

/** Values of the parameters `from`, `until` and `before`. */
export function supersededParams({ fromDay, untilDay, nowMs, graceSeconds }: SupersededWindow): QueryParams {
  return { from: dateOf(fromDay), until: dateOf(untilDay), before: String(nowMs - graceSeconds * 1_000) };
}
