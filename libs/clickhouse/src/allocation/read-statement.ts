import { z } from 'zod';
import {
  allocationCostColumns,
  maxima,
  measureOfHours,
  measureArrays,
  nameMeasures,
  summedQuantities,
  sumsOf,
  sumsOfPeriods,
} from './columns';
import { allocationColumns, type AllocationGroup, type ReadingPlan } from './reading-plan';
import type { QueryParams } from '../client-port';
import { nameOf, nameParams, podsOf, type RowNames } from './row-names';
import { sourceParams, sourcesOf } from './sources';
import type { BoundStatement } from './statement';

/** What to read by a plan. */
export interface AllocationReading {
  readonly plan: ReadingPlan;
  readonly group: AllocationGroup;
  /** Start of the first step, unix seconds; null `stepSeconds`: the window is one step. */
  readonly from: number;
  readonly stepSeconds: number | null;
  /** Only so many rows, those with the greatest total; null: all. */
  readonly top: number | null;
  /** Only the rows of these names; absent: all. */
  readonly named?: RowNames & { readonly names: readonly string[] };
}

const quantity = z.number().nullable();
const money = z.string().nullable();
const texts = z.array(z.string()).default([]);

/** All of a row but its measures. */
const named = {
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
  /** These four are empty unless the grouping has details. */
  services: texts,
  label_names: texts,
  annotation_names: texts,
  /** One for each annotation key of the grouping. */
  annotation_values: texts,
  fact_rows: z.coerce.number(),
  started_at_ms: z.coerce.number(),
  ended_at_ms: z.coerce.number(),
  total_cost: z.string(),
  flags: z.array(z.string()),
};

const rowOfNames = z.object(named);

const rowOfColumns = z.object({
  ...named,
  covered_seconds: z.number(),
  ...recordOf(summedQuantities, quantity),
  ...recordOf(maxima, quantity),
  ...recordOf(allocationCostColumns, money),
});

/** A sum in the names of the facts. Decimals are strings without trailing zeros. */
export type AllocationSumRow = z.infer<typeof rowOfColumns>;

/** Row of {@link readAllocations}, whose measures come in arrays where periods are read, else a column each. */
export const allocationSumRow = z.unknown().transform((row, context): AllocationSumRow => {
  const refuse = ({ error }: { readonly error: z.ZodError }): never => {
    for (const { message, path } of error.issues) context.addIssue({ code: 'custom', message, path: [...path] });
    return z.NEVER;
  };
  const isOfPeriods = typeof row === 'object' && row !== null && 'quantities' in row;
  if (!isOfPeriods) {
    const columns = rowOfColumns.safeParse(row);
    return columns.success ? columns.data : refuse(columns);
  }
  const [names, arrays] = [rowOfNames.safeParse(row), measureArrays.safeParse(row)];
  if (!names.success) return refuse(names);
  return arrays.success ? nameMeasures(names.data, arrays.data) : refuse(arrays);
});

function recordOf<Name extends string, Value>(names: readonly Name[], value: Value): Record<Name, Value> {
  return Object.fromEntries(names.map((name) => [name, value])) as Record<Name, Value>;
}

/** Moments as numbers, so that no text has to be read back. */
const inUnixTime = (sums: readonly string[]): readonly string[] =>
  sums.map((sum) => sum.replace(/^(.*) AS (started_at|ended_at)$/, 'toUnixTimestamp64Milli($1) AS $2_ms'));

/** Expression of a table of pods under the name that a row has it by. */
type Detail = readonly [name: string, expression: (alias: string) => string];

function detailsOf({ details }: AllocationGroup): readonly Detail[] {
  if (details === undefined) return [];
  const { services, labelNames, annotationNames, annotationKeys } = details;
  const all: readonly (readonly [used: boolean, ...Detail])[] = [
    [services, 'services', (alias) => `${alias}.services`],
    [labelNames, 'label_names', (alias) => `arraySort(mapKeys(${alias}.labels))`],
    [annotationNames, 'annotation_names', (alias) => `arraySort(mapKeys(${alias}.annotations))`],
    [
      annotationKeys.length > 0,
      'annotation_values',
      (alias) => `arrayMap(key -> ${alias}.annotations[key], {annotationKeys:Array(String)})`,
    ],
  ];
  return all.filter(([used]) => used).map(([, name, expression]) => [name, expression]);
}

/** What to select from, and the step, the labels, the details and the sums of its rows. */
interface Rows {
  readonly from: string;
  readonly sums: readonly string[];
  readonly step: string;
  readonly labels: string;
  readonly details: readonly (readonly [name: string, expression: string])[];
}

function onlyNamed({ named }: AllocationReading, alias: string): string {
  if (named === undefined) return '';
  const ofPods = podsOf(named, named.names) === null ? '' : ` AND ${alias}.pod IN {pods:Array(String)}`;
  return `${ofPods} AND ${nameOf(named, alias)} IN {names:Array(String)}`;
}

function namedParams(named: NonNullable<AllocationReading['named']>): QueryParams {
  const pods = podsOf(named, named.names);
  return { ...nameParams(named), names: named.names, ...(pods === null ? {} : { pods }) };
}

/**
 * Rows `s` of all sources. ClickHouse spends ten milliseconds on the columns of a nested query, so a single table of sums is read as it is. Beside
 * periods, which have their measures in arrays, all others are read so too.
 */
function rowsOf(reading: AllocationReading): Rows {
  const { group, stepSeconds } = reading;
  const step = (time: string): string =>
    stepSeconds === null
      ? '{from:UInt32}'
      : `toUInt32({from:UInt32} + intDiv(${time} - {from:UInt32}, {step:UInt32}) * {step:UInt32})`;
  const sources = sourcesOf(reading);
  const inArrays = sources.some(({ columns }) => columns === null);
  const sums = inUnixTime(inArrays ? sumsOfPeriods : sumsOf);
  const details = detailsOf(group);
  const [first, ...others] = sources;
  if (first?.hasSums === true && others.length === 0) {
    const from = `${first.table} AS s WHERE ${first.condition}${onlyNamed(reading, 's')}`;
    return {
      from,
      sums,
      step: step(first.time('s')),
      labels: first.labels('s'),
      details: details.map(([name, expression]) => [name, expression('s')]),
    };
  }
  const keys = ['kind', 'asset_type', ...group.columns].map((name) => `f.${name} AS ${name}`);
  const detailColumns = details.map(([name, expression]) => `${expression('f')} AS ${name}`);
  const branches = sources.map(({ table, condition, time, labels, columns, arrays }) => {
    const measures = inArrays || columns === null ? arrays : columns;
    const selected = [
      `${step(time('f'))} AS step`,
      ...keys,
      `${labels('f')} AS label_values`,
      ...detailColumns,
      ...measures,
    ];
    return `SELECT ${selected.join(', ')} FROM ${table} AS f WHERE ${condition}${onlyNamed(reading, 'f')}`;
  });
  return {
    from: `(${branches.join(' UNION ALL ')}) AS s`,
    sums,
    step: 's.step',
    labels: 's.label_values',
    details: details.map(([name]) => [name, `s.${name}`]),
  };
}

/**
 * The sums of a plan's rows: one per (step, kind, asset type, group). Idle and what no container caused are rows of their own, so the sums add
 * up to the total of the window whatever the grouping.
 */
export function readAllocations(account: string, reading: AllocationReading): BoundStatement {
  const { plan, group, from, stepSeconds, top, named } = reading;
  const rows = rowsOf(reading);
  const columns = ['kind', 'asset_type', ...group.columns].map((name) => `s.${name}`);
  const keys = [rows.step, ...columns, rows.labels, ...rows.details.map(([, expression]) => expression)];
  const details = rows.details.map(([name, expression]) => `${expression} AS ${name},`);
  return {
    sql: `
      SELECT ${rows.step} AS step, s.kind AS kind, s.asset_type AS asset_type, ${namesOf(group).join(', ')}, ${rows.labels} AS label_values,
             ${details.join(' ')} ${rows.sums.join(', ')}
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
      ...(group.details === undefined ? {} : { annotationKeys: group.details.annotationKeys }),
      ...(named === undefined ? {} : namedParams(named)),
      ...sourceParams(plan),
    },
  };
}

/** Every row has every column, whatever the grouping. */
const namesOf = ({ columns }: AllocationGroup): readonly string[] =>
  allocationColumns.map((name) => (columns.includes(name) ? `s.${name} AS ${name}` : `'' AS ${name}`));

/** Row of {@link rankAllocations}. */
export const allocationRankRow = z.object({
  name: z.string(),
  total_cost: z.string(),
  /** Of all rows, whatever the page. */
  names: z.coerce.number(),
  all_fact_rows: z.coerce.number(),
});

/** A page of the names of a plan's rows, the dearest first, those of the same cost in the order of their names. */
export function rankAllocations(
  account: string,
  ranking: {
    readonly plan: ReadingPlan;
    readonly names: RowNames;
    readonly withIdle: boolean;
    readonly limit: number;
    readonly offset: number;
  },
): BoundStatement {
  const { plan, names, withIdle, limit, offset } = ranking;
  const group = { columns: [], labelKeys: [] };
  const branches = sourcesOf({ plan, group }).map(
    ({ table, condition, hasSums }) =>
      `SELECT ${nameOf(names, 'f')} AS name, f.total_cost AS total_cost, ${hasSums ? 'f.fact_rows' : measureOfHours('fact_rows')} AS fact_rows
       FROM ${table} AS f WHERE ${condition}`,
  );
  // Idle is counted among the rows that were read, whether or not it is shown.
  return {
    sql: `
      SELECT r.name AS name, r.total_cost AS total_cost, r.names AS names, r.all_fact_rows AS all_fact_rows
      FROM (
        SELECT g.name AS name, g.total_cost AS total_cost, countIf({withIdle:Bool} OR g.name != '__idle__') OVER () AS names,
               sum(g.fact_rows) OVER () AS all_fact_rows
        FROM (
          SELECT s.name AS name, sum(s.total_cost) AS total_cost, sum(s.fact_rows) AS fact_rows
          FROM (${branches.join(' UNION ALL ')}) AS s GROUP BY s.name
        ) AS g
      ) AS r
      WHERE {withIdle:Bool} OR r.name != '__idle__'
      ORDER BY r.total_cost DESC, r.name LIMIT {limit:UInt32} OFFSET {offset:UInt32}`,
    params: { account, withIdle, limit, offset, ...nameParams(names), ...sourceParams(plan) },
  };
}
