import type { AllocationDay } from './allocation-days';
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

/**
 * Divides days among the smallest tables that can answer. With `stepSeconds` of whole days, and steps that begin at midnight, days come from
 * their rollups, else from the hours.
 *
 * @throws RangeError when hours have to be read that are not listed
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
  for (const { day, rollup, hours: hoursOfDay, hourCount } of days) {
    hoursWithoutPods.push(...hoursOfDay.filter(({ rows }) => rows === null).map(({ hour }) => hour));
    if (rollup !== null && takesDays) {
      const isSummed = group.labelKeys.every((key) => rollup.labelKeys.includes(key));
      (dimension !== null && isSummed ? groupDays : podDays).push({ day, dataVersion: rollup.dataVersion });
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
  return { dimension, groupDays, podDays, hours, factRows, hoursWithoutPods };
}
