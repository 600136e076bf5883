import { labelOf, leadingFirst } from '../asset-index';
import { groupBy } from '../group-by';
import { rateOf } from '../counters';
import { combine, firstKnown, stepFunctionOf, type StepFunction } from '../intervals';
import type { Series } from '../series';
import { counterRange, quantityRange } from '../value-range';
import type { TimeWindow } from '../window';

const plus = (a: number, b: number): number => a + b;

/** Restarts and second exporters make several series of one counter: each moment is told by the first that knows it. */
function rateOnce(series: readonly Series[], window: TimeWindow): StepFunction {
  return leadingFirst(series)
    .map((one) => rateOf(one, window, counterRange))
    .reduce(firstKnown, []);
}

/** Cores in use: the sum over the CPUs where an old cAdvisor counts them apart. */
export function cpuUsageOf(series: readonly Series[], window: TimeWindow): StepFunction {
  const byCpu = groupBy(series, (one) => labelOf(one, 'cpu'));
  const totals = [...(byCpu.get('total') ?? []), ...(byCpu.get('') ?? [])];
  if (totals.length > 0) return rateOnce(totals, window);
  return [...byCpu.keys()]
    .sort()
    .map((cpu) => rateOnce(byCpu.get(cpu) ?? [], window))
    .reduce((sum, rate) => combine(sum, rate, plus), []);
}

/** GPUs in use: each device tells how much of it is. */
export function gpuUsageOf(series: readonly Series[], window: TimeWindow): StepFunction {
  const byDevice = groupBy(series, (one) =>
    JSON.stringify([labelOf(one, 'UUID'), labelOf(one, 'gpu'), labelOf(one, 'GPU_I_ID')]),
  );
  return [...byDevice.keys()]
    .sort()
    .map((device) => stepFunctionOf(byDevice.get(device) ?? [], quantityRange, window))
    .reduce((sum, one) => combine(sum, one, plus), []);
}
