import { formatNanos, nanosToNumber, type Nanos } from '@cloudtuner/cost-model';
import type { Costs } from '../domain/costs';
import { coverageOf, type Bucket } from '../domain/ledger';

/** An amount as it is answered: rounded once from the integer, or its exact text; null = not measured. */
export type MoneyForm = 'number' | 'string';

/** The amount in this form. */
export function presentMoney(nanos: Nanos | null, form: MoneyForm): number | string | null {
  if (nanos === null) return null;
  return form === 'string' ? formatNanos(nanos) : nanosToNumber(nanos);
}

/** Total and components, in the order in which the contract shows them. */
export function presentCosts({ total, components }: Costs, form: MoneyForm) {
  const money = (nanos: Nanos | null): number | string | null => presentMoney(nanos, form);
  return {
    total_cost: money(total),
    cpu_cost: money(components.cpu_cost),
    ram_cost: money(components.ram_cost),
    gpu_cost: money(components.gpu_cost),
    pv_cost: money(components.pv_cost),
    network_cost: money(components.network_cost),
    load_balancer_cost: money(components.load_balancer_cost),
    management_cost: money(components.management_cost),
  };
}

/** A part of the ledger with its window, coverage and version. */
export function presentBucket(bucket: Bucket, form: MoneyForm) {
  return {
    start: secondsOf(bucket.startMs),
    end: secondsOf(bucket.endMs),
    ...presentCosts(bucket.costs, form),
    coverage: coverageOf(bucket),
    partial: bucket.partial,
    data_version: bucket.dataVersion,
  };
}

/** Whose figures an answer has, and why they are not Kubecost's. */
export function presentSource(notLiveReason: string | null) {
  return { source: notLiveReason === null ? ('live' as const) : ('stored' as const), source_reason: notLiveReason };
}

/** Unix seconds. */
export function secondsOf(timestampMs: number): number {
  return Math.floor(timestampMs / 1000);
}

/** Unix seconds of a date. */
export function secondsOfDate(date: Date): number {
  return secondsOf(date.getTime());
}

// The worker closes an hour ten minutes after it has ended.
const closeDelayMs = 10 * 60_000;

/** When the costs of a window can no longer change but by late data, in unix seconds. */
export function finalAfter(endMs: number): number {
  return secondsOf(endMs + closeDelayMs);
}
