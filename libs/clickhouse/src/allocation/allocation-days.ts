import { groupBy } from '@cloudtuner/cost-model';
import { z } from 'zod';
import type { PeriodVersion } from './periods';
import { dateOf, type BoundStatement, type HourVersion } from './statement';

const secondsPerDay = 86_400;

/** Half-open, whole hours, unix seconds. */
export interface HourWindow {
  readonly from: number;
  readonly until: number;
}

/** What was seen of a cluster in an hour or a day. */
export interface StoredObservation {
  readonly closed: boolean;
  readonly measuredSeconds: number;
  /** Unix seconds; null: none. */
  readonly lastSample: number | null;
  readonly flags: readonly string[];
}

/** The current version of an hour. */
export interface StoredHour extends HourVersion, StoredObservation {
  /** Of `allocation_hours`; null: it was stored without pods. */
  readonly rows: number | null;
  /** When its samples were read. */
  readonly readAtMs: number;
}

/** What there is to read of a day. */
export interface AllocationDay extends StoredObservation {
  readonly day: number;
  /** Hash over the versions of its hours. */
  readonly hoursVersion: string;
  /** How many hours there are, listed or not. */
  readonly hourCount: number;
  /** Current versions of the hours in the window, where they were asked for or there is no rollup instead. */
  readonly hours: readonly StoredHour[];
  /** The rollup that is made of exactly these hours, or that is all that is left of the day. */
  readonly rollup: {
    readonly dataVersion: string;
    readonly rows: number;
    readonly labelKeys: readonly string[];
  } | null;
  /** What was written of the periods that begin on it, current or not; empty unless they were asked for ({@link withPeriods}). */
  readonly periods: readonly PeriodVersion[];
}

/** Days with what was written of the periods that begin on them, so that a plan can take a whole period instead of its days. */
export function withPeriods(days: readonly AllocationDay[], periods: readonly PeriodVersion[]): AllocationDay[] {
  const byStart = groupBy(periods, ({ start }) => start);
  return days.map((day) => ({ ...day, periods: byStart.get(day.day) ?? [] }));
}

const stored = z.tuple([
  z.number(),
  z.string(),
  // Null for hours that were stored without pods.
  z.number().nullable(),
  z.boolean(),
  z.coerce.number(),
  z.number(),
  z.number().nullable(),
  z.array(z.string()),
]);

function storedHourOf(hour: z.output<typeof stored>): StoredHour {
  const [start, dataVersion, rows, closed, readAtMs, measuredSeconds, lastSample, flags] = hour;
  return { hour: start, dataVersion, rows, closed, readAtMs, measuredSeconds, lastSample, flags };
}

/** Row of {@link readAllocationDays}: what the hours of a day add up to, and the day as it was written. Either may be missing. */
export const allocationDayRow = z
  .object({
    day: z.number(),
    hours: z.array(stored),
    hours_version: z.string(),
    hour_count: z.coerce.number(),
    all_closed: z.boolean(),
    measured: z.number(),
    last_sample: z.number().nullable(),
    all_flags: z.array(z.string()),
    made_from: z.string(),
    rollup_version: z.string(),
    rollup_fact_rows: z.coerce.number(),
    rollup_label_keys: z.array(z.string()),
    rollup_measured: z.number(),
  })
  .transform((row): AllocationDay => {
    const hasHours = row.hour_count > 0;
    const isCurrent = !hasHours || row.made_from === row.hours_version;
    return {
      day: row.day,
      hours: row.hours.map(storedHourOf).toSorted((a, b) => a.hour - b.hour),
      hoursVersion: hasHours ? row.hours_version : row.made_from,
      hourCount: row.hour_count,
      closed: !hasHours || row.all_closed,
      measuredSeconds: hasHours ? row.measured : row.rollup_measured,
      lastSample: row.last_sample,
      flags: row.all_flags.toSorted(),
      rollup:
        isCurrent && row.rollup_version !== ''
          ? { dataVersion: row.rollup_version, rows: row.rollup_fact_rows, labelKeys: row.rollup_label_keys }
          : null,
      periods: [],
    };
  });

/** The current hours of each day: what they add up to, and the hours themselves. */
const hoursByDay = `
  SELECT toDate(t.hour, 'UTC') AS date, count() AS hour_count, count(t.allocation_rows) AS hours_with_pods,
         lower(hex(SHA256(arrayStringConcat(arraySort(groupArray(concat(toString(toUnixTimestamp(t.hour)), ' ', t.data_version, '\\n'))))))) AS hours_version,
         min(t.closed) AS all_closed, sum(t.measured_seconds) AS measured, toUnixTimestamp(max(t.last_sample_at)) AS last_sample,
         groupUniqArrayArray(t.flags) AS all_flags,
         groupArray((toUnixTimestamp(t.hour), t.data_version, t.allocation_rows, t.closed, t.read_at_ms, t.measured_seconds,
                     toUnixTimestamp(t.last_sample_at), t.flags)) AS hours
  FROM account_hours AS t FINAL
  WHERE t.cloud_account_id = {account:UUID} AND t.hour >= toDateTime({from:UInt32}) AND t.hour < toDateTime({until:UInt32})
  GROUP BY date`;

/**
 * The days of a window with the current versions of their hours and, where it is made of exactly these, their rollup. A day whose hours
 * have changed since is without its rollup, so a late correction is seen at once; a day that only partly lies in the window, too.
 *
 * Both tables keep the latest row of a key, so `FINAL` is who is current. It costs half of finding the latest of each hour by `argMax`.
 *
 * Before the day of `hoursFrom` (unix seconds) hours are listed only where they have to be read: of days that are not closed, that have hours
 * without pods or no rollup. A year is then 365 short rows. Without it all are listed.
 */
export function readAllocationDays(
  account: string,
  { from, until }: HourWindow,
  { hoursFrom = 0 }: { readonly hoursFrom?: number } = {},
): BoundStatement {
  return {
    sql: `
      SELECT toUnixTimestamp(toDateTime(if(h.hour_count > 0, h.date, w.date), 'UTC')) AS day,
             if(w.rollup_version != '' AND w.data_version = h.hours_version AND h.all_closed AND h.hours_with_pods = h.hour_count
                AND h.date < {hoursFromDay:Date}, [], h.hours) AS hours,
             h.hours_version AS hours_version, h.hour_count AS hour_count, h.all_closed AS all_closed, h.measured AS measured,
             h.last_sample AS last_sample, h.all_flags AS all_flags, w.data_version AS made_from, w.rollup_version AS rollup_version,
             w.rollup_fact_rows AS rollup_fact_rows, w.rollup_label_keys AS rollup_label_keys, w.measured_seconds AS rollup_measured
      FROM (${hoursByDay}) AS h
      FULL JOIN (
        SELECT date, data_version, rollup_version, rollup_fact_rows, rollup_label_keys, measured_seconds FROM account_days FINAL
        WHERE cloud_account_id = {account:UUID} AND date >= {firstWholeDay:Date} AND date < {untilDay:Date}
      ) AS w ON w.date = h.date
      WHERE h.hour_count > 0 OR w.rollup_version != ''
      ORDER BY day
      SETTINGS join_use_nulls = 0`,
    params: {
      account,
      from,
      until,
      firstWholeDay: dateOf(from + secondsPerDay - 1),
      untilDay: dateOf(until),
      hoursFromDay: dateOf(hoursFrom),
    },
  };
}
