import type { AllocationDay } from './allocation-days';
import {
  allocationPeriodKinds,
  daysOfPeriod,
  labelKeysOfPeriod,
  periodVersionOf,
  type AllocationPeriod,
  type AllocationPeriodKind,
  type PeriodVersion,
  type SummedDay,
} from './periods';
import { labelDimension } from './rollup-statements';
import type { DayVersion, HourVersion } from './statement';

const secondsPerDay = 86_400;

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
  /** What only pods have; absent: nothing. */
  readonly details?: {
    readonly services: boolean;
    readonly annotationKeys: readonly string[];
    /** Which labels and annotations there are, whatever their values. */
    readonly labelNames: boolean;
    readonly annotationNames: boolean;
  };
}

/** Where a day is read. */
export interface ReadingPlan {
  /** The dimension of `groupPeriods` and `groupDays`. */
  readonly dimension: string | null;
  /** Whole periods instead of their days: by dimension, by pod. */
  readonly groupPeriods: readonly PeriodVersion[];
  readonly podPeriods: readonly PeriodVersion[];
  readonly groupDays: readonly DayVersion[];
  readonly podDays: readonly DayVersion[];
  readonly hours: readonly HourVersion[];
  /** Sum of `fact_rows` that the answer must have; another one means that a version was removed in between: plan again. */
  readonly factRows: number;
  /** Hours that were stored without pods: their cost is known by asset only. */
  readonly hoursWithoutPods: readonly number[];
}

/** A plan of hours alone, of so many rows. */
export const planOfHours = (hours: readonly HourVersion[], factRows: number): ReadingPlan => ({
  ...{ dimension: null, groupPeriods: [], podPeriods: [], groupDays: [], podDays: [] },
  ...{ hours, factRows, hoursWithoutPods: [] },
});

/** The dimension of `allocation_dimension_days` that can answer a grouping; null: none can. */
export function dimensionFor({ columns, labelKeys, details }: AllocationGroup): string | null {
  if (details !== undefined) return null;
  const within = (known: readonly AllocationColumn[]): boolean => columns.every((column) => known.includes(column));
  const [key] = labelKeys;
  if (key !== undefined) return labelKeys.length === 1 && columns.length === 0 ? labelDimension(key) : null;
  if (within(['namespace'])) return 'namespace';
  if (within(['node'])) return 'node';
  return within(['namespace', 'controller_kind', 'controller']) ? 'controller' : null;
}

/** Where steps begin, unix seconds, and how long they are; null: everything is one step. */
interface Steps {
  readonly from: number;
  readonly stepSeconds: number | null;
}

/** Whether a day is not cut by steps. */
const keepsDays = ({ from, stepSeconds }: Steps): boolean =>
  stepSeconds === null || (stepSeconds % secondsPerDay === 0 && from % secondsPerDay === 0);

const stepOf = (day: number, { from, stepSeconds }: Steps): number =>
  stepSeconds === null ? 0 : Math.floor((day - from) / stepSeconds);

/** The period of a kind that begins on a day, if it was written from exactly the sums that its days have now, and lies in one step. */
function currentPeriod(
  day: AllocationDay,
  kind: AllocationPeriodKind,
  sums: ReadonlyMap<number, SummedDay>,
  steps: Steps,
): AllocationPeriod | null {
  const written = day.periods.find((version) => version.kind === kind);
  if (written === undefined) return null;
  const days = daysOfPeriod(kind, day.day, (one) => sums.get(one));
  const last = days?.at(-1);
  if (days === null || last === undefined || stepOf(last.day, steps) !== stepOf(day.day, steps)) return null;
  const period = { kind, start: day.day, days };
  return periodVersionOf(period) === written.dataVersion ? period : null;
}

interface Taken {
  readonly periods: readonly AllocationPeriod[];
  /** The days that are in none. */
  readonly rest: readonly AllocationDay[];
}

const kindsShortestFirst = allocationPeriodKinds.toReversed();

/** Current periods, no two with a day in common, so that they and the days that are left are as few as possible. */
function takePeriods(days: readonly AllocationDay[], steps: Steps): Taken {
  if (!keepsDays(steps)) return { periods: [], rest: days };
  const sums = new Map(
    days.flatMap(({ day, rollup }) => (rollup === null ? [] : [[day, { day, ...rollup }] as const])),
  );
  // From the last day back: the fewest pieces from each day on, and the period that they begin with.
  const fewest: { readonly count: number; readonly first: AllocationPeriod | null }[] = [];
  const countFrom = (index: number): number => fewest[index]?.count ?? 0;
  for (const [index, day] of [...days.entries()].toReversed()) {
    let best: (typeof fewest)[number] = { count: 1 + countFrom(index + 1), first: null };
    for (const kind of kindsShortestFirst) {
      const first = currentPeriod(day, kind, sums, steps);
      if (first === null) continue;
      const count = 1 + countFrom(index + first.days.length);
      if (count <= best.count) best = { count, first };
    }
    fewest[index] = best;
  }
  const periods: AllocationPeriod[] = [];
  const rest: AllocationDay[] = [];
  let next = 0;
  for (const [index, day] of days.entries()) {
    if (index < next) continue;
    const first = fewest[index]?.first ?? null;
    if (first === null) rest.push(day);
    else periods.push(first);
    next = index + (first?.days.length ?? 1);
  }
  return { periods, rest };
}

/**
 * Divides days among the smallest tables that can answer: whole periods, the sums of days, hours. `days` are in order. With `stepSeconds` of whole days, and steps that begin
 * at midnight, days come from their rollups, else from the hours.
 *
 * @throws RangeError when hours have to be read that are not listed
 */
export function planReading(days: readonly AllocationDay[], group: AllocationGroup, steps: Steps): ReadingPlan {
  const dimension = dimensionFor(group);
  const hasDimension = (labelKeys: readonly string[]): boolean =>
    dimension !== null && group.labelKeys.every((key) => labelKeys.includes(key));
  const { periods, rest } = takePeriods(days, steps);
  const groupPeriods: PeriodVersion[] = [];
  const podPeriods: PeriodVersion[] = [];
  const groupDays: DayVersion[] = [];
  const podDays: DayVersion[] = [];
  const hours: HourVersion[] = [];
  let factRows = 0;
  for (const period of periods) {
    const { kind, start } = period;
    const version = { kind, start, dataVersion: periodVersionOf(period) };
    (hasDimension(labelKeysOfPeriod(period.days)) ? groupPeriods : podPeriods).push(version);
    for (const { rows } of period.days) factRows += rows;
  }
  for (const { day, rollup, hours: hoursOfDay, hourCount } of rest) {
    if (rollup !== null && keepsDays(steps)) {
      (hasDimension(rollup.labelKeys) ? groupDays : podDays).push({ day, dataVersion: rollup.dataVersion });
      factRows += rollup.rows;
    } else {
      if (hoursOfDay.length < hourCount) throw new RangeError('the hours of a day are not listed');
      for (const { hour, dataVersion, rows } of hoursOfDay) {
        if (rows === null) continue;
        hours.push({ hour, dataVersion });
        factRows += rows;
      }
    }
  }
  const hoursWithoutPods = days.flatMap((day) => day.hours.filter(({ rows }) => rows === null).map(({ hour }) => hour));
  return { dimension, groupPeriods, podPeriods, groupDays, podDays, hours, factRows, hoursWithoutPods };
}
