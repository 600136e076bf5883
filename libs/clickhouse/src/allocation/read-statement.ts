import { z } from 'zod';
import { allocationCostColumns, maxima, measureColumns, measuresOfHours, summedQuantities, sumsOf } from './columns';
import { allocationColumns, type AllocationGroup, type ReadingPlan } from './reading-plan';
import { dayParams, hourParams, inDays, inHours, type BoundStatement } from './statement';

/** What to read by a plan. */
export interface AllocationReading {
  readonly plan: ReadingPlan;
  readonly group: AllocationGroup;
  /** Start of the first step, unix seconds; null `stepSeconds`: the window is one step. */
  readonly from: number;
  readonly stepSeconds: number | null;
  /** Only so many rows, those with the greatest total; null: all. */
  readonly top: number | null;
}

const quantity = z.number().nullable();
const money = z.string().nullable();

/** Row of {@link readAllocations}: a sum in the names of the facts. Decimals are strings without trailing zeros. */
export const allocationSumRow = z.object({
  /** Start of its step, unix seconds. */
  step: z.number(),
  kind: z.string(),
  asset_type: z.string(),
  node: z.string(),
  provider_id: z.string(),
  namespace: z.string(),
  controller_kind: z.string(),
  controller: z.string(),
  pod: z.string(),
  pod_uid: z.string(),
  container: z.string(),
  /** One for each label key of the grouping; empty: the row does not have it. */
  label_values: z.array(z.string()),
  fact_rows: z.coerce.number(),
  started_at_ms: z.coerce.number(),
  ended_at_ms: z.coerce.number(),
  covered_seconds: z.number(),
  ...recordOf(summedQuantities, quantity),
  ...recordOf(maxima, quantity),
  ...recordOf(allocationCostColumns, money),
  total_cost: z.string(),
  flags: z.array(z.string()),
});

export type AllocationSumRow = z.infer<typeof allocationSumRow>;

function recordOf<Name extends string, Value>(names: readonly Name[], value: Value): Record<Name, Value> {
  return Object.fromEntries(names.map((name) => [name, value])) as Record<Name, Value>;
}

interface Source {
  readonly table: string;
  readonly condition: string;
  /** Unix seconds of a row. */
  readonly time: (alias: string) => string;
  readonly labels: (alias: string) => string;
  /** Null: the table has them as they are. */
  readonly measures: readonly string[] | null;
}

/** Moments as numbers, so that no text has to be read back. */
const sumsInUnixTime = sumsOf.map((sum) =>
  sum.replace(/^(.*) AS (started_at|ended_at)$/, 'toUnixTimestamp64Milli($1) AS $2_ms'),
);

function sourcesOf({ plan, group }: AllocationReading): readonly Source[] {
  const dayTime = (alias: string): string => `toUnixTimestamp(toDateTime(${alias}.date, 'UTC'))`;
  const fromMap = (alias: string): string => `arrayMap(key -> ${alias}.labels[key], {labelKeys:Array(String)})`;
  const all: readonly (Source & { readonly used: boolean })[] = [
    {
      used: plan.groupDays.length > 0,
      table: 'allocation_group_days',
      condition: `dimension = {dimension:String} AND ${inDays('groupDays')}`,
      time: dayTime,
      labels: (alias) => `[${alias}.label_value]`,
      measures: null,
    },
    {
      used: plan.podDays.length > 0,
      table: 'allocation_days',
      condition: inDays('podDays'),
      time: dayTime,
      labels: fromMap,
      measures: null,
    },
    {
      used: plan.hours.length > 0 || plan.groupDays.length + plan.podDays.length === 0,
      table: 'allocation_hours',
      condition: inHours,
      time: (alias) => `toUnixTimestamp(${alias}.hour)`,
      labels: fromMap,
      measures: measuresOfHours,
    },
  ];
  const hasLabels = group.labelKeys.length > 0;
  return all.filter(({ used }) => used).map((source) => (hasLabels ? source : { ...source, labels: () => '[]' }));
}

const ownMeasures = measureColumns.map((name) => `f.${name} AS ${name}`);

/** What to select from, and the step and the labels of its rows. */
interface Rows {
  readonly from: string;
  readonly step: string;
  readonly labels: string;
}

/** Rows `s` of all sources. ClickHouse spends ten milliseconds on the columns of a nested query, so a single rollup is read as it is. */
function rowsOf(reading: AllocationReading): Rows {
  const { group, stepSeconds } = reading;
  const step = (time: string): string =>
    stepSeconds === null
      ? '{from:UInt32}'
      : `toUInt32({from:UInt32} + intDiv(${time} - {from:UInt32}, {step:UInt32}) * {step:UInt32})`;
  const sources = sourcesOf(reading);
  const [first, ...others] = sources;
  if (first?.measures === null && others.length === 0) {
    const from = `${first.table} AS s WHERE ${first.condition}`;
    return { from, step: step(first.time('s')), labels: first.labels('s') };
  }
  const keys = ['kind', 'asset_type', ...group.columns].map((name) => `f.${name} AS ${name}`);
  const branches = sources.map(
    ({ table, condition, time, labels, measures }) =>
      `SELECT ${step(time('f'))} AS step, ${keys.join(', ')}, ${labels('f')} AS label_values, ${(measures ?? ownMeasures).join(', ')}
       FROM ${table} AS f WHERE ${condition}`,
  );
  return { from: `(${branches.join(' UNION ALL ')}) AS s`, step: 's.step', labels: 's.label_values' };
}

/**
 * The sums of a plan's rows: one per (step, kind, asset type, group). Idle and what no container caused are rows of their own, so the sums add
 * up to the total of the window whatever the grouping.
 */
export function readAllocations(account: string, reading: AllocationReading): BoundStatement {
  const { plan, group, from, stepSeconds, top } = reading;
  const rows = rowsOf(reading);
  const keys = [rows.step, ...['kind', 'asset_type', ...group.columns].map((name) => `s.${name}`), rows.labels];
  return {
    sql: `
      SELECT ${rows.step} AS step, s.kind AS kind, s.asset_type AS asset_type, ${texts(group).join(', ')}, ${rows.labels} AS label_values,
             ${sumsInUnixTime.join(', ')}
      FROM ${rows.from}
      GROUP BY ${keys.join(', ')}
      ORDER BY ${top === null ? '' : 'sum(s.total_cost) DESC, '}${keys.join(', ')}
      ${top === null ? '' : 'LIMIT {top:UInt32}'}`,
    params: {
      account,
      from,
      ...(stepSeconds === null ? {} : { step: stepSeconds }),
      ...(top === null ? {} : { top }),
      ...(group.labelKeys.length === 0 ? {} : { labelKeys: group.labelKeys }),
      ...(plan.groupDays.length === 0 ? {} : { dimension: plan.dimension, ...dayParams('groupDays', plan.groupDays) }),
      ...(plan.podDays.length === 0 ? {} : dayParams('podDays', plan.podDays)),
      ...hourParams(plan.hours),
    },
  };
}

/** Every row has every column, whatever the grouping. */
const texts = ({ columns }: AllocationGroup): readonly string[] =>
  allocationColumns.map((name) => (columns.includes(name) ? `s.${name} AS ${name}` : `'' AS ${name}`));
