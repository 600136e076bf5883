import type { Series } from './series';
import { areWithin, isWithin, type ValueRange } from './value-range';
import type { TimeWindow } from './window';

/** Two samples of one asset this far apart are still one uninterrupted observation: 5 minutes. */
export const bridgedGapMs = 5 * 60_000;

/** A value that holds over `[startMs, endMs)`. */
export interface StepInterval {
  readonly startMs: number;
  readonly endMs: number;
  readonly value: number;
}

/** A step function: disjoint intervals in time order. Outside of them nothing is known. */
export type StepFunction = readonly StepInterval[];

/** One observation, with the series it came from left behind. */
export interface Observation {
  readonly timestampMs: number;
  readonly value: number;
}

/**
 * The samples of several series of one asset and quantity on one timeline. Where two have the same time the greater
 * value is kept: two exporters of one thing are still one thing.
 */
export function mergeSamples(series: readonly Series[], range: ValueRange | null): Observation[] {
  const observations: Observation[] = [];
  for (const { timestampsMs, values } of series) {
    timestampsMs.forEach((timestampMs, index) => {
      const value = values[index];
      if (value !== undefined && (range === null || isWithin(value, range))) observations.push({ timestampMs, value });
    });
  }
  observations.sort((a, b) => a.timestampMs - b.timestampMs || a.value - b.value);
  return observations.filter((observation, index) => observation.timestampMs !== observations[index + 1]?.timestampMs);
}

/** Samples, times and values side by side, with the series they came from left behind. */
export type Samples = Pick<Series, 'timestampsMs' | 'values'>;

const columnsOf = (observations: readonly Observation[]): Samples => ({
  timestampsMs: observations.map(({ timestampMs }) => timestampMs),
  values: observations.map(({ value }) => value),
});

/**
 * The samples of several series by the rules of {@link mergeSamples}. Nearly always it is one series in order, of which all is accepted:
 * then nothing is made anew.
 */
export function samplesInOrder(series: readonly Series[], range: ValueRange): Samples {
  const [only] = series;
  if (only !== undefined && series.length === 1 && isInTimeOrder(only) && areWithin(only.values, range)) return only;
  return columnsOf(mergeSamples(series, range));
}

/** An interval while its function is put together: most samples only make the last one longer. */
export type Growing = { -readonly [K in keyof StepInterval]: StepInterval[K] };

/**
 * Each sample holds until the next when that comes soon enough, the last one until `untilMs` (null: it does not hold). One loop over numbers:
 * it runs for every sample of every pod, and a call for each would make objects of them.
 */
function stepsOf(
  { timestampsMs, values }: Samples,
  window: TimeWindow,
  hold: { readonly gapMs: number; readonly untilMs: number | null },
): StepFunction {
  const intervals: Growing[] = [];
  let last: Growing | undefined;
  const { gapMs, untilMs } = hold;
  const lastMs = untilMs ?? -Infinity;
  for (let index = 0; index < timestampsMs.length; index += 1) {
    const atMs = timestampsMs[index] ?? 0;
    const nextMs = index + 1 < timestampsMs.length ? (timestampsMs[index + 1] ?? 0) : lastMs;
    if (nextMs - atMs > gapMs) continue;
    const startMs = Math.max(atMs, window.startMs);
    const endMs = Math.min(nextMs, window.endMs);
    if (startMs >= endMs) continue;
    const value = values[index] ?? 0;
    if (last?.endMs === startMs && last.value === value) {
      last.endMs = endMs;
    } else {
      last = { startMs, endMs, value };
      intervals.push(last);
    }
  }
  return intervals;
}

const bridged = { gapMs: bridgedGapMs, untilMs: null };

/**
 * What the observations say about the window: each holds until the next when that comes within 5 minutes, else nothing
 * is known in between; the last does not extend.
 *
 * @param observations In time order, one per moment.
 */
export function stepFunction(observations: readonly Observation[], window: TimeWindow): StepFunction {
  return stepsOf(columnsOf(observations), window, bridged);
}

function isInTimeOrder({ timestampsMs }: Series): boolean {
  let lastMs = -Infinity;
  for (const timestampMs of timestampsMs) {
    if (timestampMs <= lastMs) return false;
    lastMs = timestampMs;
  }
  return true;
}

/** What several series of one quantity say about the window, by the rules of {@link mergeSamples} and {@link stepFunction}. */
export function stepFunctionOf(series: readonly Series[], range: ValueRange, window: TimeWindow): StepFunction {
  return stepsOf(samplesInOrder(series, range), window, bridged);
}

/** The same, but each sample holds until the next however late that is, and the last to the end of the window. */
export function heldFunctionOf(series: readonly Series[], range: ValueRange, window: TimeWindow): StepFunction {
  return stepsOf(samplesInOrder(series, range), window, { gapMs: Infinity, untilMs: window.endMs });
}

/** Where at least one of the functions is known, as a function of value 1. */
export function union(functions: readonly StepFunction[]): StepFunction {
  const sorted = functions.flat().sort((a, b) => a.startMs - b.startMs || a.endMs - b.endMs);
  const merged: Growing[] = [];
  let last: Growing | undefined;
  for (const { startMs, endMs } of sorted) {
    if (last === undefined || last.endMs < startMs) {
      last = { startMs, endMs, value: 1 };
      merged.push(last);
    } else if (last.endMs < endMs) {
      last.endMs = endMs;
    }
  }
  return merged;
}

/** One stretch over which both functions are known and constant. */
interface Overlap {
  readonly startMs: number;
  readonly endMs: number;
  readonly left: number;
  readonly right: number;
}

/** Where both functions are known. */
function overlaps(left: StepFunction, right: StepFunction): Overlap[] {
  const result: Overlap[] = [];
  let [i, j] = [0, 0];
  for (let a = left[i], b = right[j]; a !== undefined && b !== undefined; a = left[i], b = right[j]) {
    const startMs = Math.max(a.startMs, b.startMs);
    const endMs = Math.min(a.endMs, b.endMs);
    if (startMs < endMs) result.push({ startMs, endMs, left: a.value, right: b.value });
    if (a.endMs <= b.endMs) i += 1;
    else j += 1;
  }
  return result;
}

/** The function inside of the spans, which are disjoint and in order of time. Most of its intervals stay the objects they are. */
export function within(steps: StepFunction, spans: readonly TimeWindow[]): StepFunction {
  const result: StepInterval[] = [];
  let [i, j] = [0, 0];
  for (
    let step = steps[i], span = spans[j];
    step !== undefined && span !== undefined;
    step = steps[i], span = spans[j]
  ) {
    if (step.startMs >= span.startMs && step.endMs <= span.endMs) {
      result.push(step);
    } else {
      const startMs = Math.max(step.startMs, span.startMs);
      const endMs = Math.min(step.endMs, span.endMs);
      if (startMs < endMs) result.push({ startMs, endMs, value: step.value });
    }
    if (step.endMs <= span.endMs) i += 1;
    else j += 1;
  }
  return result;
}

/** The parts of the spans in which the function is not known, as a function of value 1. */
export function holes(known: StepFunction, spans: readonly TimeWindow[]): StepFunction {
  const result: StepInterval[] = [];
  let next = 0;
  for (const span of spans) {
    let fromMs = span.startMs;
    while ((known[next]?.endMs ?? Infinity) <= fromMs) next += 1;
    for (let index = next; (known[index]?.startMs ?? Infinity) < span.endMs; index += 1) {
      const { startMs = 0, endMs = 0 } = known[index] ?? {};
      if (startMs > fromMs) result.push({ startMs: fromMs, endMs: startMs, value: 1 });
      fromMs = Math.max(fromMs, endMs);
    }
    if (fromMs < span.endMs) result.push({ startMs: fromMs, endMs: span.endMs, value: 1 });
  }
  return result;
}

/** The first function where it is known, else the second. */
export function firstKnown(first: StepFunction, second: StepFunction): StepFunction {
  if (first.length === 0 || second.length === 0) return first.length === 0 ? second : first;
  return [...first, ...within(second, holes(first, second))].sort((a, b) => a.startMs - b.startMs);
}

/** Both functions put together where both are known, the one that is known elsewhere. */
export function combine(
  left: StepFunction,
  right: StepFunction,
  together: (left: number, right: number) => number,
): StepFunction {
  if (left.length === 0 || right.length === 0) return left.length === 0 ? right : left;
  const both = overlaps(left, right).map(({ startMs, endMs, left: a, right: b }) => ({
    startMs,
    endMs,
    value: together(a, b),
  }));
  return firstKnown(both, firstKnown(left, right));
}

/** Total length in milliseconds. */
export function lengthMs(intervals: readonly TimeWindow[]): number {
  return intervals.reduce((total, { startMs, endMs }) => total + endMs - startMs, 0);
}

/** The longest stretch of the window, in milliseconds, in which the function is not known. */
export function longestHoleMs(known: StepFunction, window: TimeWindow): number {
  let [longestMs, fromMs] = [0, window.startMs];
  for (const { startMs, endMs } of known) {
    longestMs = Math.max(longestMs, startMs - fromMs);
    fromMs = endMs;
  }
  return Math.max(longestMs, window.endMs - fromMs);
}
