import type { Series } from './series';
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
export function mergeSamples(series: readonly Series[], accept: (value: number) => boolean): Observation[] {
  const observations: Observation[] = [];
  for (const { timestampsMs, values } of series) {
    timestampsMs.forEach((timestampMs, index) => {
      const value = values[index];
      if (value !== undefined && accept(value)) observations.push({ timestampMs, value });
    });
  }
  observations.sort((a, b) => a.timestampMs - b.timestampMs || a.value - b.value);
  return observations.filter((observation, index) => observation.timestampMs !== observations[index + 1]?.timestampMs);
}

/** An interval while its function is put together: most samples only make the last one longer. */
type Growing = { -readonly [K in keyof StepInterval]: StepInterval[K] };

/** The part of `[startMs, endMs)` inside the window; undefined when nothing of it is. */
function clip(startMs: number, endMs: number, window: TimeWindow): TimeWindow | undefined {
  const clipped = { startMs: Math.max(startMs, window.startMs), endMs: Math.min(endMs, window.endMs) };
  return clipped.startMs < clipped.endMs ? clipped : undefined;
}

/**
 * What the observations say about the window: each holds until the next when that comes within 5 minutes, else nothing
 * is known in between; the last does not extend.
 *
 * @param observations In time order, one per moment.
 */
export function stepFunction(observations: readonly Observation[], window: TimeWindow): StepFunction {
  const intervals: Growing[] = [];
  let last: Growing | undefined;
  observations.forEach(({ timestampMs, value }, index) => {
    const next = observations[index + 1];
    if (next === undefined || next.timestampMs - timestampMs > bridgedGapMs) return;
    const startMs = Math.max(timestampMs, window.startMs);
    const endMs = Math.min(next.timestampMs, window.endMs);
    if (startMs >= endMs) return;
    if (last?.endMs === startMs && last.value === value) {
      last.endMs = endMs;
    } else {
      last = { startMs, endMs, value };
      intervals.push(last);
    }
  });
  return intervals;
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
export interface Overlap {
  readonly startMs: number;
  readonly endMs: number;
  readonly left: number;
  readonly right: number;
}

/** Where both functions are known. */
export function overlaps(left: StepFunction, right: StepFunction): Overlap[] {
  const result: Overlap[] = [];
  let [i, j] = [0, 0];
  for (let a = left[i], b = right[j]; a !== undefined && b !== undefined; a = left[i], b = right[j]) {
    const both = clip(a.startMs, a.endMs, b);
    if (both !== undefined) result.push({ ...both, left: a.value, right: b.value });
    if (a.endMs <= b.endMs) i += 1;
    else j += 1;
  }
  return result;
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
