import { createHash } from 'node:crypto';
import { z } from 'zod';
import { allocationCostColumns, measureColumns, measuresOfHours, sumsOf } from './columns';
import {
  dateOf,
  dayParams,
  hourParams,
  inDays,
  inHours,
  supersededParams,
  type BoundStatement,
  type DayVersion,
  type HourVersion,
  type SupersededWindow,
} from './statement';

/** A day's rollup: of which hours, and which label keys have sums of their own. */
export interface DayRollup {
  /** Start of the day, unix seconds. */
  readonly day: number;
  /** The versions of the day's hours that are summed. */
  readonly hours: readonly HourVersion[];
  /** As the facts have them; each once. */
  readonly labelKeys: readonly string[];
}

/** Dimensions that every rollup has. */
const fixedDimensions = ['namespace', 'controller', 'node'] as const;

/** The dimension of a label key. */
export const labelDimension = (key: string): string => `label:${key}`;

/** Dimensions of `allocation_dimension_days` for these label keys. */
export const dimensionsOf = (labelKeys: readonly string[]): readonly string[] => [
  ...fixedDimensions,
  ...labelKeys.map(labelDimension),
];

// Changes when the same hours give other rows, so that days are written anew.
const revision = 'allocation-days 1';

/**
 * The version of a day's rollup: SHA-256 of what it is made from. The same hours and label keys give the same version and the same rows.
 */
export function rollupVersionOf({ hours, labelKeys }: Omit<DayRollup, 'day'>): string {
  const lines = hours.toSorted((a, b) => a.hour - b.hour).map(({ hour, dataVersion }) => [hour, dataVersion]);
  return createHash('sha256')
    .update(JSON.stringify([revision, lines, labelKeys.toSorted()]))
    .digest('hex');
}

const versionOf = (rollup: DayRollup): DayVersion => ({ day: rollup.day, dataVersion: rollupVersionOf(rollup) });

/** What rows of sums by pod are told apart by. */
export const identityColumns = [
  'kind',
  'asset_type',
  'asset_key',
  'node',
  'provider_id',
  'namespace',
  'controller_kind',
  'controller',
  'pod',
  'pod_uid',
  'container',
  'services',
  'labels',
  'annotations',
] as const;

/** Sums a day's hours by row identity and labels into `allocation_days`. The hours' own date is not trusted: the day is the rollup's. */
export function insertAllocationDay(account: string, rollup: DayRollup): BoundStatement {
  const identity = identityColumns.join(', ');
  return {
    sql: `
      INSERT INTO allocation_days (cloud_account_id, date, data_version, ${identity}, ${measureColumns.join(', ')})
      SELECT {account:UUID}, {date:Date}, {version:String}, ${identityColumns.map((name) => `s.${name}`).join(', ')}, ${sumsOf.join(', ')}
      FROM (
        SELECT ${identityColumns.map((name) => `f.${name} AS ${name}`).join(', ')}, ${measuresOfHours.join(', ')}
        FROM allocation_hours AS f WHERE ${inHours}
      ) AS s
      GROUP BY ${identityColumns.map((name) => `s.${name}`).join(', ')}`,
    params: { account, ...versionParams(rollup), ...hourParams(rollup.hours) },
  };
}

/** Sums the day's rows of `allocation_days` by every dimension into `allocation_dimension_days`. */
export function insertAllocationGroupDay(account: string, rollup: DayRollup): BoundStatement {
  const only = (column: string, dimensions: readonly string[]): string =>
    `if(dimension IN (${dimensions.map((name) => `'${name}'`).join(', ')}), f.${column}, '')`;
  const groups = [
    'dimension',
    'kind',
    'asset_type',
    'node',
    'namespace',
    'controller_kind',
    'controller',
    'label_value',
  ];
  return {
    sql: `
      INSERT INTO allocation_dimension_days (cloud_account_id, date, data_version, ${groups.join(', ')}, ${measureColumns.join(', ')})
      SELECT {account:UUID}, {date:Date}, {version:String}, ${groups.map((name) => `s.${name}`).join(', ')}, ${sumsOf.join(', ')}
      FROM (
        SELECT dimension, f.kind AS kind, f.asset_type AS asset_type, ${only('node', ['node'])} AS node,
               ${only('namespace', ['namespace', 'controller'])} AS namespace,
               ${only('controller_kind', ['controller'])} AS controller_kind, ${only('controller', ['controller'])} AS controller,
               if(startsWith(dimension, 'label:'), f.labels[substring(dimension, 7)], '') AS label_value,
               ${measureColumns.map((name) => `f.${name} AS ${name}`).join(', ')}
        FROM allocation_days AS f ARRAY JOIN {dimensions:Array(String)} AS dimension WHERE ${inDays('versions')}
      ) AS s
      GROUP BY ${groups.map((name) => `s.${name}`).join(', ')}`,
    params: {
      account,
      ...versionParams(rollup),
      ...dayParams('versions', [versionOf(rollup)]),
      dimensions: dimensionsOf(rollup.labelKeys),
    },
  };
}

const versionParams = (rollup: DayRollup): { date: string; version: string } => {
  const { day, dataVersion } = versionOf(rollup);
  return { date: dateOf(day), version: dataVersion };
};

/** Row of {@link readRollupBalance}. */
export const rollupBalanceRow = z.object({
  /** `fact` for the hours, `pod` for `allocation_days`, else a dimension. */
  dimension: z.string(),
  fact_rows: z.string(),
  costs: z.array(z.string().nullable()),
});

/** What the hours, the day and each dimension add up to. */
export function readRollupBalance(account: string, rollup: DayRollup): BoundStatement {
  const costs = (table: string): string =>
    `[${[...allocationCostColumns, 'total_cost'].map((name) => `toString(sum(${table}.${name}))`).join(', ')}] AS costs`;
  return {
    sql: `
      SELECT 'fact' AS dimension, count() AS fact_rows, ${costs('f')} FROM allocation_hours AS f WHERE ${inHours}
      UNION ALL
      SELECT 'pod' AS dimension, sum(f.fact_rows) AS fact_rows, ${costs('f')} FROM allocation_days AS f WHERE ${inDays('versions')}
      UNION ALL
      SELECT toString(f.dimension) AS dimension, sum(f.fact_rows) AS fact_rows, ${costs('f')}
      FROM allocation_dimension_days AS f WHERE ${inDays('versions')} GROUP BY dimension`,
    params: { account, ...hourParams(rollup.hours), ...dayParams('versions', [versionOf(rollup)]) },
  };
}

/**
 * True when every dimension is there and made of the same rows and the same costs as the hours: only then may `account_days` name the
 * rollup. A rollup that was written twice or in part is made of more or fewer rows.
 */
export function isBalanced(rows: readonly z.infer<typeof rollupBalanceRow>[], labelKeys: readonly string[]): boolean {
  const wanted = ['fact', 'pod', ...dimensionsOf(labelKeys)].sort();
  const found = rows.map(({ dimension }) => dimension).sort();
  const sums = new Set(rows.map(({ fact_rows, costs }) => JSON.stringify([fact_rows, costs])));
  return wanted.join('\n') === found.join('\n') && sums.size === 1;
}

/** Removes versions of days from both tables: half-written or superseded ones. */
export function removeAllocationDays(account: string, versions: readonly DayVersion[]): readonly BoundStatement[] {
  const params = { account, ...dayParams('versions', versions) };
  return ['allocation_dimension_days', 'allocation_days'].map((table) => ({
    sql: `DELETE FROM ${table} WHERE ${inDays('versions')}`,
    params,
  }));
}

/** Versions of days that `account_days` does not name (any more), as `day`, `data_version` and `rows` of both tables. See `findSupersededHours` for what to heed. */
export function findSupersededDays(account: string, window: SupersededWindow): BoundStatement {
  const inWindow = 'cloud_account_id = {account:UUID} AND date >= {from:Date} AND date < {until:Date}';
  return {
    sql: `
      SELECT toUnixTimestamp(toDateTime(found.date, 'UTC')) AS day, found.data_version AS data_version, found.rows AS rows
      FROM (
        SELECT date, data_version, sum(count) AS rows FROM (
          SELECT date, data_version, count() AS count FROM allocation_days WHERE ${inWindow} GROUP BY date, data_version
          UNION ALL
          SELECT date, data_version, count() AS count FROM allocation_dimension_days WHERE ${inWindow} GROUP BY date, data_version
        ) GROUP BY date, data_version
      ) AS found
      LEFT JOIN (
        SELECT date, argMax(rollup_version, written_at_ms) AS data_version, max(written_at_ms) AS since_ms
        FROM account_days WHERE ${inWindow} GROUP BY date
      ) AS now ON now.date = found.date
      WHERE found.data_version != now.data_version AND now.since_ms < {before:UInt64}
      ORDER BY day, data_version`,
    params: { account, ...supersededParams(window) },
  };
}
