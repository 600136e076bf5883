import { nanosToNumber } from '../money';
import type { TimeWindow } from '../window';
import type { AllocationSet } from './aggregate';
import { ratesOf } from './efficiency';
import {
  isKnownIn,
  openCostCostsOf,
  openCostRatesOf,
  openCostWindowOf,
  rfc3339Of,
  spellingOf,
  type AllocationMode,
  type Spelling,
} from './opencost-allocation';
import type { OpenCostSummary, OpenCostSummaryResponse } from './opencost-schema';
import type { AllocationQuery } from './query';
import type { AllocationRow } from './sum-builder';

/** Zero for unknown, as OpenCost has it, but all decimals: it rounds the rows of the full form only. */
function summarySpellingOf(mode: AllocationMode): Spelling {
  return mode === 'exact' ? spellingOf(mode) : { mode, number: (value) => value ?? 0 };
}

/** One row of a summary. GPU averages are null where there are none, in OpenCost too. */
export function openCostSummaryOf(row: AllocationRow, mode: AllocationMode): OpenCostSummary {
  const spelling = summarySpellingOf(mode);
  const rates = ratesOf(row);
  const spelled = openCostRatesOf(rates, spelling);
  const { totalCost, ...costs } = openCostCostsOf(row, spelling);
  const { management_cost: fee } = row.costs;
  return {
    name: row.name,
    start: rfc3339Of(row.startMs),
    end: rfc3339Of(row.endMs),
    cpuCoreRequestAverage: spelled.cpuCoreRequestAverage,
    cpuCoreUsageAverage: spelled.cpuCoreUsageAverage,
    ramByteRequestAverage: spelled.ramByteRequestAverage,
    ramByteUsageAverage: spelled.ramByteUsageAverage,
    gpuRequestAverage: rates.gpuCount,
    gpuUsageAverage: rates.gpuUsageAverage,
    ...costs,
    efficiency: spelled.totalEfficiency,
    ...(mode === 'exact'
      ? {
          managementCost: fee === null ? null : nanosToNumber(fee),
          totalEfficiency: spelled.totalEfficiency,
          totalCost,
        }
      : {}),
  };
}

/** What OpenCost of 2024 answers a summary for, whatever it is asked: no idle, and no filter. */
export function compatSummaryQuery(query: AllocationQuery): AllocationQuery {
  return { ...query, idle: 'hidden', filter: { kind: 'everything' } };
}

const nanosecondsPerMs = 1_000_000;

/** The answer of `/model/allocation/summary` for a window cut into equal steps. */
export function openCostSummaryResponse(
  sets: readonly AllocationSet[],
  window: TimeWindow,
  mode: AllocationMode,
): OpenCostSummaryResponse {
  const first = sets[0]?.window ?? window;
  return {
    code: 200,
    status: 'success',
    data: {
      step: (first.endMs - first.startMs) * nanosecondsPerMs,
      sets: sets.map((set) => ({
        allocations: Object.fromEntries(
          set.rows.filter((row) => isKnownIn(mode, row)).map((row) => [row.name, openCostSummaryOf(row, mode)]),
        ),
        window: openCostWindowOf(set.window),
      })),
      window: openCostWindowOf(window),
    },
  };
}
