import { createHash } from 'node:crypto';
import { sumKnownNanos, sumNanos, summaryEfficiencyOf } from '@cloudtuner/cost-model';
import { coverageOf, isComplete, type NamedSummary, type SummariesRead } from '../domain/cost-summaries';
import { hoursOfWindow, windowStart } from '../domain/summary-windows';
import type { SummaryDuration, SummaryWindow } from '../summary-ports';
import { presentMoney, secondsOf, type MoneyForm } from './present-costs';

/** How a name is called elsewhere. */
export type Called = (name: string) => Readonly<{
  cloud_account_name?: string;
  pool_id?: string | null;
  employee_id?: string | null;
}>;

const boundsOf = (duration: SummaryDuration, start: number) => ({ start, end: windowStart(duration, start, 1) });

/** A window of a cluster. */
export function presentSummaryWindow(duration: SummaryDuration, window: SummaryWindow) {
  const [closing] = window.postings;
  return {
    cloud_account_id: window.cloudAccountId,
    ...boundsOf(duration, window.start),
    complete: isComplete(duration, window),
    closed_hours: window.closedHours,
    expected_hours: hoursOfWindow(duration, window.start),
    api_hours: window.apiHours,
    coverage: coverageOf(window),
    rules_version: window.rulesVersion,
    data_version: window.dataVersion,
    closed_at: closing === undefined ? null : secondsOf(closing.postedAtMs),
  };
}

/** What a window cost a name. */
export function presentSummary(
  summary: NamedSummary,
  { duration, form, called }: { readonly duration: SummaryDuration; readonly form: MoneyForm; readonly called: Called },
) {
  const { costs, trend } = summary;
  const money = (nanos: bigint | null) => presentMoney(nanos, form);
  return {
    ...boundsOf(duration, summary.start),
    name: summary.name,
    ...called(summary.name),
    total_cost: money(summary.totalCost),
    cpu_cost: money(costs.cpu_cost),
    memory_cost: money(costs.ram_cost),
    gpu_cost: money(costs.gpu_cost),
    storage_cost: money(costs.pv_cost),
    network_cost: money(costs.network_cost),
    load_balancer_cost: money(costs.load_balancer_cost),
    management_cost: money(costs.management_cost),
    shared_cost: money(summary.sharedCost),
    metrics_total_cost: money(summary.metricsTotalCost),
    difference_cost: money(summary.differenceCost),
    source: summary.source,
    efficiency_score: summaryEfficiencyOf(summary),
    trend:
      trend === null
        ? null
        : {
            previous_cost: money(trend.previousCost),
            change_cost: money(trend.changeCost),
            change_ratio: trend.changeRatio,
          },
    closed_cost: money(summary.closedCost),
    adjustment_cost: money(summary.adjustmentCost),
  };
}

/** Adjustments of the closed months of an answer, by name. */
export function presentAdjustments({ adjustments, windows, duration }: SummariesRead, from: number, form: MoneyForm) {
  return adjustments.flatMap((adjustment) => {
    const window = windows.find(
      ({ cloudAccountId, start }) => cloudAccountId === adjustment.cloudAccountId && start === adjustment.start,
    );
    const posting = window?.postings.find(({ sequence }) => sequence === adjustment.sequence);
    if (posting === undefined || adjustment.start < from) return [];
    return [
      {
        cloud_account_id: adjustment.cloudAccountId,
        ...boundsOf(duration, adjustment.start),
        sequence: adjustment.sequence,
        posted_at: secondsOf(posting.postedAtMs),
        reason: posting.reason === 'rules' ? ('rules' as const) : ('data' as const),
        rules_version: posting.rulesVersion,
        data_version: posting.dataVersion,
        name: adjustment.name,
        total_cost: presentMoney(adjustment.totalCost, form),
      },
    ];
  });
}

/** The sums of all pages. */
export function presentSummaryTotals(summaries: readonly NamedSummary[], form: MoneyForm) {
  const isEmpty = summaries.length === 0;
  const known = (nanos: bigint) => presentMoney(isEmpty ? null : nanos, form);
  return {
    total_cost: known(sumNanos(summaries.map(({ totalCost }) => totalCost))),
    metrics_total_cost: known(sumNanos(summaries.map(({ metricsTotalCost }) => metricsTotalCost))),
    difference_cost: presentMoney(sumKnownNanos(summaries.map(({ differenceCost }) => differenceCost)), form),
  };
}

/** The version of an answer: a hash over its windows. */
export function summariesVersion(windows: readonly SummaryWindow[]): string {
  const hash = createHash('sha256');
  for (const { cloudAccountId, start, dataVersion } of windows)
    hash.update(`${cloudAccountId} ${String(start)} ${dataVersion}\n`);
  return hash.digest('hex');
}
