import type { Nanos } from '../money';
import { msPerHour } from '../window';
import type { AllocationRow } from './sum-builder';

/** What follows from a row's sums. Null is unknown. Efficiencies are ratios: 0.5 is half of what was asked for. */
export interface AllocationRates {
  /** From the first start to the last end. */
  readonly minutes: number;
  readonly cpuCores: number | null;
  readonly cpuCoreRequestAverage: number | null;
  readonly cpuCoreUsageAverage: number | null;
  readonly ramBytes: number | null;
  readonly ramByteRequestAverage: number | null;
  readonly ramByteUsageAverage: number | null;
  readonly gpuCount: number | null;
  readonly gpuUsageAverage: number | null;
  readonly pvBytes: number | null;
  readonly cpuEfficiency: number | null;
  readonly ramEfficiency: number | null;
  readonly gpuEfficiency: number | null;
  readonly totalEfficiency: number | null;
}

/** What was used and asked for of a resource, and what it cost. */
export interface Usage {
  readonly usage: number | null;
  readonly request: number | null;
  readonly cost: Nanos | null;
}

/** Usage ÷ request; what runs without a request is as efficient as can be, if it runs at all. */
function efficiencyOf({ usage, request, cost }: Usage): number | null {
  if (usage === null) return null;
  if (request !== null && request > 0) return usage / request;
  if (usage === 0 || cost === 0n) return 0;
  return cost === null ? null : 1;
}

/** The mean by cost, to a double: nanos are divided only after they have been scaled to a common size. */
function totalEfficiencyOf(parts: readonly { cost: Nanos | null; efficiency: number | null }[]): number | null {
  let [weighted, total] = [0, 0n];
  for (const { cost, efficiency } of parts) {
    if (cost === null) return null;
    if (cost === 0n) continue;
    if (efficiency === null) return null;
    weighted += efficiency * Number(cost);
    total += cost;
  }
  return total > 0n ? weighted / Number(total) : 0;
}

/** The efficiency of CPU and memory together, weighted by what they cost: OpenCost's total efficiency. Null is not measured. */
export function efficiencyScoreOf({ cpu, ram }: { readonly cpu: Usage; readonly ram: Usage }): number | null {
  return totalEfficiencyOf([cpu, ram].map((usage) => ({ cost: usage.cost, efficiency: efficiencyOf(usage) })));
}

function gpuEfficiencyOf({ quantities }: AllocationRow): number | null {
  const { gpu_usage_hours: usage, gpu_measured_hours: request } = quantities;
  if (usage === null || request === null) return null;
  return usage > 0 && request > 0 ? usage / request : 0;
}

/**
 * Averages over the time from a row's first start to its last end, and efficiencies.
 *
 * **Source**: OpenCost's Allocation. Differs in that unknown usage gives null there where OpenCost has 0, and that
 * usage is compared only with the requests of containers whose usage is known.
 */
export function ratesOf(row: AllocationRow): AllocationRates {
  const { quantities, costs } = row;
  const hours = (row.endMs - row.startMs) / msPerHour;
  const average = (sum: number | null): number | null => (sum === null || hours <= 0 ? null : sum / hours);
  const cpuEfficiency = efficiencyOf({
    usage: quantities.cpu_core_usage_hours,
    request: quantities.cpu_core_measured_request_hours,
    cost: costs.cpu_cost,
  });
  const ramEfficiency = efficiencyOf({
    usage: quantities.ram_byte_usage_hours,
    request: quantities.ram_byte_measured_request_hours,
    cost: costs.ram_cost,
  });
  return {
    minutes: hours * 60,
    cpuCores: average(quantities.cpu_core_hours),
    cpuCoreRequestAverage: average(quantities.cpu_core_request_hours),
    cpuCoreUsageAverage: average(quantities.cpu_core_usage_hours),
    ramBytes: average(quantities.ram_byte_hours),
    ramByteRequestAverage: average(quantities.ram_byte_request_hours),
    ramByteUsageAverage: average(quantities.ram_byte_usage_hours),
    gpuCount: average(quantities.gpu_hours),
    gpuUsageAverage: average(quantities.gpu_usage_hours),
    pvBytes: average(quantities.pv_byte_hours),
    cpuEfficiency,
    ramEfficiency,
    gpuEfficiency: gpuEfficiencyOf(row),
    totalEfficiency: totalEfficiencyOf([
      { cost: costs.cpu_cost, efficiency: cpuEfficiency },
      { cost: costs.ram_cost, efficiency: ramEfficiency },
    ]),
  };
}
