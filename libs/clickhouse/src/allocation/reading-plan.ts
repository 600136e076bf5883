import { z } from 'zod';
import { labelDimension } from './rollup-statements';
import { dateOf, type BoundStatement, type DayVersion, type HourVersion } from './statement';

const secondsPerDay = 86_400;

/** Half-open, whole hours, unix seconds. */
export interface HourWindow {
  readonly from: number;
  readonly until: number;
}

/** What rows are told apart by, beside `kind` and `asset_type`. */
export const allocationColumns = [
  'node',
  'provider_id',
  'namespace',
  'controller_kind',
  'controller',
  'pod',
  'pod_uid',
  'container',
] as const;

export type AllocationColumn = (typeof allocationColumns)[number];

/** A grouping in the words of the tables. */
export interface AllocationGroup {
  readonly columns: readonly AllocationColumn[];
  readonly labelKeys: readonly string[];
}

/** Row of {@link readAllocationDays}. */
export const allocationDayRow = z
  .object({
    day: z.number(),
    /** Hour, version, rows; -1 for hours that were stored without pods. */
    hours: z.array(z.tuple([z.number(), z.string(), z.coerce.number()])),
    rollup_version: z.string(),
    rollup_fact_rows: z.coerce.number(),
    rollup_label_keys: z.array(z.string()),
  })
  .transform((row): AllocationDay => ({
    day: row.day,
    hours: row.hours.map(([hour, dataVersion, rows]) => ({ hour, dataVersion, rows: rows < 0 ? null : rows })),
    rollup:
      row.rollup_version === ''
        ? null
        : { dataVersion: row.rollup_version, rows: row.rollup_fact_rows, labelKeys: row.rollup_label_keys },
  }));

/** What there is to read of a day. */
export interface AllocationDay {
  readonly day: number;
  /** Current versions of the hours in the window; `rows` null: stored without pods. */
  readonly hours: readonly (HourVersion & { readonly rows: number | null })[];
  /** The rollup that is made of exactly these hours, or that is all that is left of the day. */
  readonly rollup: {
    readonly dataVersion: string;
    readonly rows: number;
    readonly labelKeys: readonly string[];
  } | null;
}

/**
 * The days of a window with the current versions of their hours and, where it is made of exactly these, their rollup. A day whose hours
 * have changed since is without its rollup, so a late correction is seen at once; a day that only partly lies in the window, too.
 */
export function readAllocationDays(account: string, { from, until }: HourWindow): BoundStatement {
  return {
    sql: `
      SELECT toUnixTimestamp(toDateTime(if(h.found, h.date, w.date), 'UTC')) AS day, h.hours AS hours,
             if(w.made_from = h.hours_version OR NOT h.found, w.rollup_version, '') AS rollup_version,
             w.rollup_fact_rows AS rollup_fact_rows, w.rollup_label_keys AS rollup_label_keys
      FROM (
        SELECT true AS found, toDate(hour, 'UTC') AS date,
               arraySort(groupArray((toUnixTimestamp(hour), latest.1, ifNull(toInt64(latest.2), -1)))) AS hours,
               lower(hex(SHA256(arrayStringConcat(arrayMap(x -> concat(toString(x.1), ' ', x.2, '\\n'), hours))))) AS hours_version
        FROM (
          SELECT hour, argMax((data_version, allocation_rows), read_at_ms) AS latest FROM account_hours
          WHERE cloud_account_id = {account:UUID} AND hour >= toDateTime({from:UInt32}) AND hour < toDateTime({until:UInt32})
          GROUP BY hour
        ) GROUP BY date
      ) AS h
      FULL JOIN (
        SELECT date, latest.1 AS made_from, latest.2 AS rollup_version, latest.3 AS rollup_fact_rows, latest.4 AS rollup_label_keys
        FROM (
          SELECT date, argMax((data_version, rollup_version, rollup_fact_rows, rollup_label_keys), written_at_ms) AS latest
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
    },
  };
}

/** Where a day is read. */
export interface ReadingPlan {
  /** The dimension of `groupDays`. */
  readonly dimension: string | null;
  readonly groupDays: readonly DayVersion[];
  readonly podDays: readonly DayVersion[];
  readonly hours: readonly HourVersion[];
  /** Sum of `fact_rows` that the answer must have; another one means that a version was removed in between: plan again. */
  readonly factRows: number;
  /** Hours that were stored without pods: their cost is known by asset only. */
  readonly hoursWithoutPods: readonly number[];
}

/** The dimension of `allocation_group_days` that can answer a grouping; null: none can. */
export function dimensionFor({ columns, labelKeys }: AllocationGroup): string | null {
  const within = (known: readonly AllocationColumn[]): boolean => columns.every((column) => known.includes(column));
  const [key] = labelKeys;
  if (key !== undefined) return labelKeys.length === 1 && columns.length === 0 ? labelDimension(key) : null;
  if (within(['namespace'])) return 'namespace';
  if (within(['node'])) return 'node';
  return within(['namespace', 'controller_kind', 'controller']) ? 'controller' : null;
}

/**
 * Divides days among the smallest tables that can answer. With `stepSeconds` of whole days, and steps that begin at midnight, days come from
 * their rollups, else from the hours.
 */
export function planReading(
  days: readonly AllocationDay[],
  group: AllocationGroup,
  steps: { readonly from: number; readonly stepSeconds: number | null },
): ReadingPlan {
  const takesDays =
    steps.stepSeconds === null || (steps.stepSeconds % secondsPerDay === 0 && steps.from % secondsPerDay === 0);
  const dimension = dimensionFor(group);
  const groupDays: DayVersion[] = [];
  const podDays: DayVersion[] = [];
  const hours: HourVersion[] = [];
  const hoursWithoutPods: number[] = [];
  let factRows = 0;
  for (const { day, rollup, hours: hoursOfDay } of days) {
    hoursWithoutPods.push(...hoursOfDay.filter(({ rows }) => rows === null).map(({ hour }) => hour));
    if (rollup !== null && takesDays) {
      const isKnown = dimension !== null && group.labelKeys.every((key) => rollup.labelKeys.includes(key));
      (isKnown ? groupDays : podDays).push({ day, dataVersion: rollup.dataVersion });
      factRows += rollup.rows;
    } else {
      for (const { hour, dataVersion, rows } of hoursOfDay) {
        if (rows === null) continue;
        hours.push({ hour, dataVersion });
        factRows += rows;
      }
    }
  }
  return { dimension, groupDays, podDays, hours, factRows, hoursWithoutPods };
}
