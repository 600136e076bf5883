import type { Series } from '../series';
import type { TimeWindow } from '../window';

/** What Prometheus 2 would answer to the queries of OpenCost. **Source**: `promql/engine.go` and `functions.go` of Prometheus 2. */

/** How far an instant query looks back for a sample; a sample exactly that old is too old. */
const lookbackMs = 5 * 60_000;

/** The moments at which a subquery `[window:resolution]` is evaluated: multiples of the resolution, both edges included. */
export function subqueryTimes({ startMs, endMs }: TimeWindow, resolutionMs: number): number[] {
  const times: number[] = [];
  for (let at = Math.ceil(startMs / resolutionMs) * resolutionMs; at <= endMs; at += resolutionMs) times.push(at);
  return times;
}

function samplesInOrder({ timestampsMs, values }: Series): { readonly atMs: number; readonly value: number }[] {
  return timestampsMs
    .map((atMs, index) => ({ atMs, value: values[index] ?? Number.NaN }))
    .sort((a, b) => a.atMs - b.atMs);
}

/** First and last moment at which any of the series has a value; undefined when none ever has. */
export function activeBetween(
  series: readonly Series[],
  times: readonly number[],
  isActive = isNotNaN,
): TimeWindow | undefined {
  let [startMs, endMs] = [Infinity, -Infinity];
  for (const one of series) {
    const samples = samplesInOrder(one);
    let next = 0;
    for (const at of times) {
      while ((samples[next]?.atMs ?? Infinity) <= at) next += 1;
      const latest = samples[next - 1];
      if (latest === undefined || latest.atMs <= at - lookbackMs || !isActive(latest.value)) continue;
      startMs = Math.min(startMs, at);
      endMs = Math.max(endMs, at);
    }
  }
  return startMs <= endMs ? { startMs, endMs } : undefined;
}

const isNotNaN = (value: number): boolean => !Number.isNaN(value);

function valuesIn({ timestampsMs, values }: Series, { startMs, endMs }: TimeWindow): number[] {
  return values.filter((_, index) => {
    const atMs = timestampsMs[index] ?? Infinity;
    return atMs >= startMs && atMs <= endMs;
  });
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** `avg(avg_over_time(series[window]))`; NaN without a sample. */
export function averageOver(series: readonly Series[], window: TimeWindow): number {
  const averages = series.map((one) => valuesIn(one, window)).filter((values) => values.length > 0);
  return mean(averages.map(mean));
}

/** `increase(series[window])`: with Prometheus' extrapolation to the edges; 0 with fewer than two samples. */
export function increaseOver(series: Series, { startMs, endMs }: TimeWindow): number {
  const samples = samplesInOrder(series).filter(({ atMs }) => atMs >= startMs && atMs <= endMs);
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined || samples.length < 2) return 0;
  let growth = last.value - first.value;
  samples.forEach(({ value }, index) => {
    const before = samples[index - 1]?.value ?? value;
    if (value < before) growth += before;
  });
  const sampledMs = last.atMs - first.atMs;
  const stepMs = sampledMs / (samples.length - 1);
  const toStartMs = first.atMs - startMs;
  // A counter cannot have been below zero: it is not extended further back than to there.
  const toZeroMs = growth > 0 && first.value >= 0 ? sampledMs * (first.value / growth) : Infinity;
  const extension = (edgeMs: number): number => (edgeMs < stepMs * 1.1 ? edgeMs : stepMs / 2);
  const extendedMs = sampledMs + extension(Math.min(toStartMs, toZeroMs)) + extension(endMs - last.atMs);
  return growth * (extendedMs / sampledMs);
}
