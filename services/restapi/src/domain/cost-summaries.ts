import { accumulateSummaries, groupBy, wholeCoverage, type SummaryRow } from '@cloudtuner/cost-model';
import type { SummaryAdjustment, SummaryDuration, SummarySum, SummaryWindow } from './summaries';
import { hoursOfWindow, windowStart } from './summary-windows';

/** How a window compares with the one before. */
export interface Trend {
  readonly previousCost: bigint;
  readonly changeCost: bigint;
  readonly changeRatio: number;
}

/** What a window cost a name, over all clusters. */
export interface NamedSummary extends Pick<
  SummaryRow,
  'costs' | 'sharedCost' | 'totalCost' | 'metricsTotalCost' | 'differenceCost' | 'quantities' | 'source'
> {
  readonly start: number;
  readonly name: string;
  readonly trend: Trend | null;
  /** Null: not all clusters have closed the month. */
  readonly closedCost: bigint | null;
  readonly adjustmentCost: bigint | null;
}

/** What was read. */
export interface SummariesRead {
  readonly duration: SummaryDuration;
  /** Those that are answered, and the ones before them. */
  readonly windows: readonly SummaryWindow[];
  readonly sums: readonly SummarySum[];
  /** Of the versions with which months were closed. */
  readonly closedSums: readonly SummarySum[];
  readonly adjustments: readonly SummaryAdjustment[];
}

const addedUp = (sums: readonly SummarySum[]): SummaryRow | undefined =>
  accumulateSummaries(sums.map((sum) => [{ ...sum, namespace: '', team: '', owner: '' }]))[0];

const keyOf = ({ start, name }: { readonly start: number; readonly name: string }): string =>
  `${String(start)} ${name}`;
const totalOf = (sums: readonly { readonly totalCost: bigint }[] | undefined): bigint =>
  (sums ?? []).reduce((sum, { totalCost }) => sum + totalCost, 0n);

/** Which part of its closed hours was measured; null without any. */
export const coverageOf = ({
  measuredSeconds,
  expectedSeconds,
}: Pick<SummaryWindow, 'measuredSeconds' | 'expectedSeconds'>): number | null =>
  expectedSeconds === 0 ? null : Math.min(1, measuredSeconds / expectedSeconds);

/** Whether all hours of a window are in it, and as good as all of them were measured. */
export const isComplete = (duration: SummaryDuration, window: SummaryWindow): boolean =>
  window.closedHours >= hoursOfWindow(duration, window.start) && (coverageOf(window) ?? 0) >= wholeCoverage;

/** What holds for all names of a window. `canCompare`: it and the one before are complete, of the same clusters. */
interface WindowState {
  readonly isClosed: boolean;
  readonly canCompare: boolean;
}

function statesOf({ duration, windows }: SummariesRead): ReadonlyMap<string, WindowState> {
  const byStart = groupBy(windows, ({ start }) => String(start));
  const canCompare = (start: number): boolean => {
    const [now = [], before = []] = [start, windowStart(duration, start, -1)].map(
      (at) => byStart.get(String(at)) ?? [],
    );
    const accounts = new Set([...now, ...before].map(({ cloudAccountId }) => cloudAccountId));
    return (
      now.length === accounts.size &&
      before.length === accounts.size &&
      [...now, ...before].every((window) => isComplete(duration, window))
    );
  };
  return new Map(
    [...byStart].map(([start, ofStart]) => [
      start,
      { isClosed: ofStart.every(({ postings }) => postings.length > 0), canCompare: canCompare(Number(start)) },
    ]),
  );
}

function trendOf(cost: bigint, previousCost: bigint): Trend | null {
  if (previousCost === 0n) return null;
  const changeCost = cost - previousCost;
  // A ratio for display: what it is made of are exact sums.
  return { previousCost, changeCost, changeRatio: Number(changeCost) / Math.abs(Number(previousCost)) };
}

/**
 * What each window from `from` (unix seconds) on cost each name, by start and then the dearest first. A closed month is what was published of it: what it was closed with and
 * its adjustments.
 */
export function namedSummaries(read: SummariesRead, from: number): NamedSummary[] {
  const { duration, sums, closedSums, adjustments } = read;
  const groups = groupBy(sums, keyOf);
  const closedGroups = groupBy(closedSums, keyOf);
  const adjustmentGroups = groupBy(adjustments, keyOf);
  const states = statesOf(read);
  const names = new Set([...groups.keys(), ...closedGroups.keys(), ...adjustmentGroups.keys()]);
  return [...names]
    .flatMap((key): NamedSummary[] => {
      const [first] = [
        ...(groups.get(key) ?? []),
        ...(closedGroups.get(key) ?? []),
        ...(adjustmentGroups.get(key) ?? []),
      ];
      const sum = addedUp(groups.get(key) ?? []) ?? nothing;
      if (first === undefined || first.start < from) return [];
      const { start, name } = first;
      const { isClosed = false, canCompare = false } = states.get(String(start)) ?? {};
      const before = groups.get(keyOf({ name, start: windowStart(duration, start, -1) }));
      return [
        {
          ...{ start, name, source: sum.source, costs: sum.costs, quantities: sum.quantities },
          ...{ sharedCost: sum.sharedCost, totalCost: sum.totalCost },
          ...{ metricsTotalCost: sum.metricsTotalCost, differenceCost: sum.differenceCost },
          trend: canCompare ? trendOf(sum.totalCost, totalOf(before)) : null,
          closedCost: isClosed ? totalOf(closedGroups.get(key)) : null,
          adjustmentCost: isClosed ? totalOf(adjustmentGroups.get(key)) : null,
        },
      ];
    })
    .sort(
      (a, b) =>
        a.start - b.start ||
        Number(b.totalCost > a.totalCost) - Number(b.totalCost < a.totalCost) ||
        (a.name < b.name ? -1 : 1),
    );
}

/** Of a name that a closed month had and has no more. */
const nothing: Pick<
  SummaryRow,
  'costs' | 'sharedCost' | 'totalCost' | 'metricsTotalCost' | 'differenceCost' | 'quantities' | 'source'
> = {
  source: 'metrics',
  costs: {
    ...{ cpu_cost: null, ram_cost: null, gpu_cost: null, pv_cost: null },
    ...{ network_cost: null, load_balancer_cost: null, management_cost: null },
  },
  ...{ sharedCost: 0n, totalCost: 0n, metricsTotalCost: 0n, differenceCost: null },
  quantities: {
    ...{ cpu_core_usage_hours: null, cpu_core_measured_request_hours: null },
    ...{ ram_byte_usage_hours: null, ram_byte_measured_request_hours: null },
  },
};
