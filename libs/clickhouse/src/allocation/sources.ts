import type { QueryParams } from '../client-port';
import { arraysOf, measureColumns, measureOfHours, measuresOfHours, periodMeasureColumns } from './columns';
import type { AllocationGroup, ReadingPlan } from './reading-plan';
import { dayParams, hourParams, inDays, inHours, inPeriods, periodParams } from './statement';

/** A table that a plan reads from, and how its rows are read. */
export interface Source {
  readonly table: string;
  readonly condition: string;
  /** Unix seconds of a row. */
  readonly time: (alias: string) => string;
  readonly labels: (alias: string) => string;
  /** Its rows are sums already, of `fact_rows` facts each. */
  readonly hasSums: boolean;
  /** The measures of rows `f`, a column each; null: the table has them in arrays. */
  readonly columns: readonly string[] | null;
  /** The measures of rows `f`, in arrays. */
  readonly arrays: readonly string[];
}

const dayTime = (alias: string): string => `toUnixTimestamp(toDateTime(${alias}.date, 'UTC'))`;
const oneLabel = (alias: string): string => `[${alias}.label_value]`;
const fromMap = (alias: string): string => `arrayMap(key -> ${alias}.labels[key], {labelKeys:Array(String)})`;
const inDimension = (condition: string): string => `dimension = {dimension:String} AND ${condition}`;

const ofPeriods = {
  time: dayTime,
  hasSums: true,
  columns: null,
  arrays: periodMeasureColumns.map((name) => `f.${name} AS ${name}`),
};
const ofDays = {
  time: dayTime,
  hasSums: true,
  columns: measureColumns.map((name) => `f.${name} AS ${name}`),
  arrays: arraysOf((name) => `f.${name}`),
};
const ofHours = {
  time: (alias: string) => `toUnixTimestamp(${alias}.hour)`,
  hasSums: false,
  columns: measuresOfHours,
  arrays: arraysOf(measureOfHours),
};

/** The tables of a plan; that of the hours, which has no rows then, for a plan of nothing. */
export function sourcesOf({
  plan,
  group,
}: {
  readonly plan: ReadingPlan;
  readonly group: AllocationGroup;
}): readonly Source[] {
  const all: readonly (readonly [versions: readonly unknown[], source: Source])[] = [
    [
      plan.groupPeriods,
      {
        ...ofPeriods,
        table: 'allocation_dimension_periods',
        condition: inDimension(inPeriods('groupPeriods')),
        labels: oneLabel,
      },
    ],
    [
      plan.podPeriods,
      { ...ofPeriods, table: 'allocation_periods', condition: inPeriods('podPeriods'), labels: fromMap },
    ],
    [
      plan.groupDays,
      { ...ofDays, table: 'allocation_dimension_days', condition: inDimension(inDays('groupDays')), labels: oneLabel },
    ],
    [plan.podDays, { ...ofDays, table: 'allocation_days', condition: inDays('podDays'), labels: fromMap }],
  ];
  const hours = { ...ofHours, table: 'allocation_hours', condition: inHours, labels: fromMap };
  const sums = all.filter(([versions]) => versions.length > 0).map(([, source]) => source);
  const used = plan.hours.length > 0 || sums.length === 0 ? [...sums, hours] : sums;
  return group.labelKeys.length > 0 ? used : used.map((source) => ({ ...source, labels: () => '[]' }));
}

/** Which versions of which tables: values for {@link sourcesOf}. */
export function sourceParams(plan: ReadingPlan): QueryParams {
  const { dimension, groupPeriods, podPeriods, groupDays, podDays, hours } = plan;
  return {
    ...(groupPeriods.length + groupDays.length > 0 && { dimension }),
    ...(groupPeriods.length > 0 && periodParams('groupPeriods', groupPeriods)),
    ...(podPeriods.length > 0 && periodParams('podPeriods', podPeriods)),
    ...(groupDays.length > 0 && dayParams('groupDays', groupDays)),
    ...(podDays.length > 0 && dayParams('podDays', podDays)),
    ...hourParams(hours),
  };
}
