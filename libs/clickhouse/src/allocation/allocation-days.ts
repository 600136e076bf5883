import { z } from 'zod';
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
}

const stored = z.tuple([
  z.number(),
  z.string(),
  // -1 for hours that were stored without pods.
  z.coerce.number(),
  z.boolean(),
  z.coerce.number(),
  z.number(),
  // 0 for none.
  z.number(),
  z.array(z.string()),
]);

const lastSampleOf = (seconds: number): number | null => (seconds === 0 ? null : seconds);

function storedHourOf(hour: z.output<typeof stored>): StoredHour {
  const [start, dataVersion, rows, closed, readAtMs, measuredSeconds, lastSample, flags] = hour;
  return {
    hour: start,
    dataVersion,
    rows: rows < 0 ? null : rows,
    closed,
    readAtMs,
    measuredSeconds,
    lastSample: lastSampleOf(lastSample),
    flags,
  };
}

/** Row of {@link readAllocationDays}. */
export const allocationDayRow = z
  .object({
    day: z.number(),
    hours: z.array(stored),
    hours_version: z.string(),
    hour_count: z.coerce.number(),
    closed: z.boolean(),
    measured_seconds: z.number(),
    last_sample: z.number(),
    flags: z.array(z.string()),
    rollup_version: z.string(),
    rollup_fact_rows: z.coerce.number(),
    rollup_label_keys: z.array(z.string()),
  })
  .transform((row): AllocationDay => ({
    day: row.day,
    hours: row.hours.map(storedHourOf),
    hoursVersion: row.hours_version,
    hourCount: row.hour_count,
    closed: row.closed,
    measuredSeconds: row.measured_seconds,
    lastSample: lastSampleOf(row.last_sample),
    flags: row.flags,
    rollup:
      row.rollup_version === ''
        ? null
        : {
            dataVersion: row.rollup_version,
            rows: row.rollup_fact_rows,
            labelKeys: row.rollup_label_keys,
          },
  }));

/**
 * The days of a window with the current versions of their hours and, where it is made of exactly these, their rollup. A day whose hours
 * have changed since is without its rollup, so a late correction is seen at once; a day that only partly lies in the window, too.
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
      SELECT toUnixTimestamp(toDateTime(if(h.found, h.date, w.date), 'UTC')) AS day,
             if(w.made_from = h.hours_version OR NOT h.found, w.rollup_version, '') AS rollup_version,
             if(rollup_version != '' AND h.closed AND h.with_pods AND h.date < {hoursFromDay:Date}, [], h.hours) AS hours,
             if(h.found, h.hours_version, w.made_from) AS hours_version, h.hour_count AS hour_count,
             CAST(if(h.found, h.closed, true), 'Bool') AS closed, if(h.found, h.measured_seconds, w.measured_seconds) AS measured_seconds,
             h.last_sample AS last_sample, h.flags AS flags,
             w.rollup_fact_rows AS rollup_fact_rows, w.rollup_label_keys AS rollup_label_keys
      FROM (
        SELECT true AS found, toDate(hour, 'UTC') AS date,
               arraySort(groupArray((toUnixTimestamp(hour), latest.1, ifNull(toInt64(latest.2), -1), latest.3, latest.4, latest.5,
                                     ifNull(toUnixTimestamp(latest.6), 0), latest.7))) AS hours,
               lower(hex(SHA256(arrayStringConcat(arrayMap(x -> concat(toString(x.1), ' ', x.2, '\\n'), hours))))) AS hours_version,
               count() AS hour_count, min(latest.3) AS closed, countIf(isNull(latest.2)) = 0 AS with_pods, sum(latest.5) AS measured_seconds,
               max(ifNull(toUnixTimestamp(latest.6), 0)) AS last_sample, arraySort(groupUniqArrayArray(latest.7)) AS flags
        FROM (
          SELECT hour, argMax((data_version, allocation_rows, closed, read_at_ms, measured_seconds, last_sample_at, flags), read_at_ms) AS latest
          FROM account_hours
          WHERE cloud_account_id = {account:UUID} AND hour >= toDateTime({from:UInt32}) AND hour < toDateTime({until:UInt32})
          GROUP BY hour
        ) GROUP BY date
      ) AS h
      FULL JOIN (
        SELECT date, latest.1 AS made_from, latest.2 AS rollup_version, latest.3 AS rollup_fact_rows, latest.4 AS rollup_label_keys,
               latest.5 AS measured_seconds
        FROM (
          SELECT date, argMax((data_version, rollup_version, rollup_fact_rows, rollup_label_keys, measured_seconds), written_at_ms) AS latest
          FROM account_days
          WHERE cloud_account_id = {account:UUID} AND date >= {firstWholeDay:Date} AND date < {untilDay:Date}
          GROUP BY date
        )
      ) AS w ON w.date = h.date
      WHERE h.found OR w.rollup_version != ''
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
