import { z } from 'zod';
import { allocationCostColumns, arraysOf, periodMeasureColumns, sumsOfPeriods } from './columns';
import {
  allocationPeriodKinds,
  labelKeysOfPeriod,
  periodVersionOf,
  type AllocationPeriod,
  type PeriodVersion,
  type SummedDay,
} from './periods';
import { dimensionsOf, identityColumns } from './rollup-statements';
import type { HourWindow } from './allocation-days';
import { dateOf, dayParams, inDays, inPeriods, periodParams, type BoundStatement } from './statement';

/** Row of {@link readSummedDays}. */
export const summedDayRow = z
  .object({
    day: z.number(),
    rollup_version: z.string(),
    rollup_fact_rows: z.coerce.number(),
    rollup_label_keys: z.array(z.string()),
  })
  .transform((row): SummedDay => ({
    day: row.day,
    dataVersion: row.rollup_version,
    rows: row.rollup_fact_rows,
    labelKeys: row.rollup_label_keys,
  }));

/** The days of a window that have sums, in order. */
export function readSummedDays(account: string, { from, until }: HourWindow): BoundStatement {
  return {
    sql: `
      SELECT toUnixTimestamp(toDateTime(date, 'UTC')) AS day, rollup_version, rollup_fact_rows, rollup_label_keys FROM account_days FINAL
      WHERE cloud_account_id = {account:UUID} AND date >= {from:Date} AND date < {until:Date} AND rollup_version != '' ORDER BY date`,
    params: { account, from: dateOf(from), until: dateOf(until) },
  };
}

/** Row of {@link readAllocationPeriods} and {@link findSupersededPeriods}. */
export const allocationPeriodRow = z
  .object({ kind: z.enum(allocationPeriodKinds), start: z.number(), data_version: z.string() })
  .transform(({ kind, start, data_version }): PeriodVersion => ({ kind, start, dataVersion: data_version }));

/** The versions that were written of the periods that begin in a window: 480 of a year. Whether they are current, their days say. */
export function readAllocationPeriods(account: string, { from, until }: HourWindow): BoundStatement {
  return {
    sql: `
      SELECT toString(period) AS kind, toUnixTimestamp(toDateTime(date, 'UTC')) AS start, data_version FROM account_periods FINAL
      WHERE cloud_account_id = {account:UUID} AND period IN {kinds:Array(String)} AND date >= {from:Date} AND date < {until:Date}`,
    params: { account, kinds: allocationPeriodKinds, from: dateOf(from), until: dateOf(until) },
  };
}

/** Sums the days of a period by pod and by every dimension that all of them have: a statement for each table. Large sums go through the disk. */
export function insertAllocationPeriod(account: string, period: AllocationPeriod): readonly BoundStatement[] {
  const { kind, start, days } = period;
  const insert = (table: string, from: string, columns: readonly string[], condition: string): string => `
    INSERT INTO ${table} (cloud_account_id, period, date, data_version, ${[...columns, ...periodMeasureColumns].join(', ')})
    SELECT {account:UUID}, {period:String}, {date:Date}, {version:String}, ${columns.map((name) => `s.${name}`).join(', ')}, ${sumsOfPeriods.join(', ')}
    FROM (SELECT ${[...columns.map((name) => `f.${name} AS ${name}`), ...arraysOf((name) => `f.${name}`)].join(', ')}
          FROM ${from} AS f WHERE ${condition}) AS s
    GROUP BY ${columns.map((name) => `s.${name}`).join(', ')}
    SETTINGS max_bytes_before_external_group_by = 300000000`;
  const params = {
    account,
    period: kind,
    date: dateOf(start),
    version: periodVersionOf(period),
    ...dayParams('days', days),
  };
  const ofDimensions = `dimension IN {dimensions:Array(String)} AND ${inDays('days')}`;
  return [
    { sql: insert('allocation_periods', 'allocation_days', identityColumns, inDays('days')), params },
    {
      sql: insert('allocation_dimension_periods', 'allocation_dimension_days', dimensionColumns, ofDimensions),
      params: { ...params, dimensions: dimensionsOf(labelKeysOfPeriod(days)) },
    },
  ];
}

const dimensionColumns = [
  'dimension',
  'kind',
  'asset_type',
  'node',
  'namespace',
  'controller_kind',
  'controller',
  'label_value',
] as const;

/** Row of {@link readPeriodBalance}. */
export const periodBalanceRow = z.object({
  /** `day` for the days by pod, `pod` for the period by pod, else a dimension. */
  dimension: z.string(),
  fact_rows: z.coerce.number(),
  costs: z.array(z.string().nullable()),
});

/** What the days, the period and each of its dimensions add up to. */
export function readPeriodBalance(account: string, period: AllocationPeriod): BoundStatement {
  const costs = (sums: string): string =>
    `arrayMap(cost -> toString(cost), arrayPushBack(${sums}, sum(f.total_cost))) AS costs`;
  const ofDays = costs(`[${allocationCostColumns.map((name) => `sum(f.${name})`).join(', ')}]`);
  const ofPeriod = costs('sumForEach(f.costs)');
  return {
    sql: `
      SELECT 'day' AS dimension, sum(f.fact_rows) AS fact_rows, ${ofDays} FROM allocation_days AS f WHERE ${inDays('days')}
      UNION ALL
      SELECT 'pod' AS dimension, sum(f.fact_rows) AS fact_rows, ${ofPeriod} FROM allocation_periods AS f WHERE ${inPeriods('periods')}
      UNION ALL
      SELECT toString(f.dimension) AS dimension, sum(f.fact_rows) AS fact_rows, ${ofPeriod}
      FROM allocation_dimension_periods AS f WHERE ${inPeriods('periods')} GROUP BY dimension`,
    params: { account, ...dayParams('days', period.days), ...periodParams('periods', [versionOf(period)]) },
  };
}

const versionOf = (period: AllocationPeriod): PeriodVersion => ({
  kind: period.kind,
  start: period.start,
  dataVersion: periodVersionOf(period),
});

/** True when every dimension is there and made of the rows and the costs of the days: only then may `account_periods` name the version. */
export function isPeriodBalanced(
  rows: readonly z.infer<typeof periodBalanceRow>[],
  { days }: Pick<AllocationPeriod, 'days'>,
): boolean {
  const wanted = ['day', 'pod', ...dimensionsOf(labelKeysOfPeriod(days))].sort();
  const found = rows.map(({ dimension }) => dimension).sort();
  const factRows = days.reduce((sum, day) => sum + day.rows, 0);
  const sums = new Set(rows.map(({ costs }) => JSON.stringify(costs)));
  return (
    wanted.join('\n') === found.join('\n') && sums.size === 1 && rows.every(({ fact_rows }) => fact_rows === factRows)
  );
}

/** Removes versions of periods from both tables: half-written or superseded ones. */
export function removeAllocationPeriods(
  account: string,
  versions: readonly PeriodVersion[],
): readonly BoundStatement[] {
  const params = { account, ...periodParams('versions', versions) };
  return ['allocation_dimension_periods', 'allocation_periods'].map((table) => ({
    sql: `DELETE FROM ${table} WHERE ${inPeriods('versions')}`,
    params,
  }));
}

/**
 * Versions that `account_periods` does not name, of the periods of which it names one since `sinceMs`, but not one of `beforeMs` or later, which readers may
 * have begun without; as rows of {@link allocationPeriodRow}. What a killed run has left is among them as soon as its period is named. Only who holds the lock
 * of the account's periods may remove them.
 */
export function findSupersededPeriods(
  account: string,
  { sinceMs, beforeMs }: { readonly sinceMs: number; readonly beforeMs: number },
): BoundStatement {
  const named = `SELECT period, date, data_version FROM account_periods FINAL
    WHERE cloud_account_id = {account:UUID} AND period IN {kinds:Array(String)}
      AND written_at_ms >= {since:UInt64} AND written_at_ms < {before:UInt64}`;
  const versionsIn = (table: string): string => `
    SELECT period, date, toString(data_version) AS version FROM ${table}
    WHERE cloud_account_id = {account:UUID} AND date IN (SELECT date FROM (${named})) GROUP BY period, date, version`;
  return {
    sql: `
      SELECT DISTINCT toString(found.period) AS kind, toUnixTimestamp(toDateTime(found.date, 'UTC')) AS start, found.version AS data_version
      FROM (${versionsIn('allocation_periods')} UNION ALL ${versionsIn('allocation_dimension_periods')}) AS found
      INNER JOIN (${named}) AS named ON named.period = found.period AND named.date = found.date
      WHERE found.version != named.data_version
      ORDER BY start, kind, data_version`,
    params: { account, kinds: allocationPeriodKinds, since: String(sinceMs), before: String(beforeMs) },
  };
}
