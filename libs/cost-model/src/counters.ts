import { samplesInOrder, union, type Growing, type StepFunction, type StepInterval } from './intervals';
import type { Series } from './series';
import { counterRange, type ValueRange } from './value-range';
import type { TimeWindow } from './window';

/**
 * What a counter grew by between two consecutive samples of one series, and the part of that time to be counted. Plain
 * numbers in one flat object: there is one for every sample of every pod.
 */
export interface Increase {
  readonly startMs: number;
  readonly endMs: number;
  /** A whole number. */
  readonly growth: number;
  /** The counter began again from zero in between. */
  readonly afterReset: boolean;
  readonly fromMs: number;
  readonly toMs: number;
}

// The loops of this file run once for each sample of every counter: what they put into arrays or hand to closures is made into objects.

/**
 * The increases of one counter series inside a window, in time order. A value below the one before it is what was counted
 * since a restart. Nothing is said about what was counted before the first sample.
 */
export function increasesOf(series: Series, window: TimeWindow, range: ValueRange): Increase[] {
  const { timestampsMs, values } = samplesInOrder([series], range);
  const increases: Increase[] = [];
  for (let index = 1; index < timestampsMs.length; index += 1) {
    const startMs = timestampsMs[index - 1] ?? 0;
    const endMs = timestampsMs[index] ?? 0;
    const fromMs = Math.max(startMs, window.startMs);
    const toMs = Math.min(endMs, window.endMs);
    if (fromMs >= toMs) continue;
    const before = Math.round(values[index - 1] ?? 0);
    const after = Math.round(values[index] ?? 0);
    const afterReset = after < before;
    increases.push({ startMs, endMs, growth: afterReset ? after : after - before, afterReset, fromMs, toMs });
  }
  return increases;
}

/** The whole units of a growth counted up to a moment between its two samples. */
const countedBy = (growth: number, atMs: number, { startMs, endMs }: TimeWindow): bigint =>
  (BigInt(growth) * BigInt(atMs - startMs)) / BigInt(endMs - startMs);

/**
 * The whole units of increases that fall into a span of time, each counted as if it were steady. Spans that meet add up
 * to exactly the whole, however time is cut.
 */
export function growthWithin(increases: readonly Increase[], span: TimeWindow): bigint {
  let total = 0n;
  // Whole increases are added as doubles, flushed long before they could lose a unit.
  let whole = 0;
  for (const { startMs, endMs, growth, fromMs, toMs } of increases) {
    const first = Math.max(fromMs, span.startMs);
    const last = Math.min(toMs, span.endMs);
    if (first >= last) continue;
    if (first === startMs && last === endMs) {
      whole += growth;
      if (whole < counterRange.most) continue;
      total += BigInt(whole);
      whole = 0;
    } else {
      const between = { startMs, endMs };
      total += countedBy(growth, last, between) - countedBy(growth, first, between);
    }
  }
  return total + BigInt(whole);
}

const nanosPerUnit = 1e9;

/**
 * How fast one counter of seconds grew, per second: the mean between each two samples, to nine decimals, across gaps too.
 * A value below the one before it is what was counted since a restart.
 */
export function rateOf(series: Series, window: TimeWindow, range: ValueRange): StepFunction {
  const { timestampsMs, values } = samplesInOrder([series], range);
  const rates: StepInterval[] = [];
  for (let index = 1; index < timestampsMs.length; index += 1) {
    const fromMs = timestampsMs[index - 1] ?? 0;
    const toMs = timestampsMs[index] ?? 0;
    const startMs = Math.max(fromMs, window.startMs);
    const endMs = Math.min(toMs, window.endMs);
    if (startMs >= endMs) continue;
    const before = values[index - 1] ?? 0;
    const after = values[index] ?? 0;
    const growth = after < before ? after : after - before;
    rates.push({ startMs, endMs, value: Math.round((growth / (toMs - fromMs)) * 1000 * nanosPerUnit) / nanosPerUnit });
  }
  return rates;
}

/**
 * {@link growthWithin} of the {@link increasesOf} one series, without an object for each sample; null when nothing is
 * known. For what may lose a unit beyond 2^53.
 */
export function growthOf(series: Series, span: TimeWindow, range: ValueRange): number | null {
  const { timestampsMs, values } = samplesInOrder([series], range);
  let total = 0;
  let isKnown = false;
  for (let index = 1; index < timestampsMs.length; index += 1) {
    const startMs = timestampsMs[index - 1] ?? 0;
    const endMs = timestampsMs[index] ?? 0;
    const fromMs = Math.max(startMs, span.startMs);
    const toMs = Math.min(endMs, span.endMs);
    if (fromMs >= toMs) continue;
    const before = Math.round(values[index - 1] ?? 0);
    const after = Math.round(values[index] ?? 0);
    const growth = after < before ? after : after - before;
    isKnown = true;
    if (fromMs === startMs && toMs === endMs) {
      total += growth;
    } else {
      const between = { startMs, endMs };
      total += Number(countedBy(growth, toMs, between)) - Number(countedBy(growth, fromMs, between));
    }
  }
  return isKnown ? total : null;
}

/** When increases were counted, as a function of value 1; those that `leaveOut` names are passed over. */
export function countedTime(increases: readonly Increase[], leaveOut: (increase: Increase) => boolean): StepFunction {
  const stretches: Growing[] = [];
  for (const increase of increases) {
    if (leaveOut(increase)) continue;
    const last = stretches.at(-1);
    if (last?.endMs === increase.fromMs) last.endMs = increase.toMs;
    else stretches.push({ startMs: increase.fromMs, endMs: increase.toMs, value: 1 });
  }
  return stretches;
}

/** The parts of an increase that are not yet known. */
function unknownParts(increase: Increase, known: StepFunction): Increase[] {
  const parts: Increase[] = [];
  let { fromMs } = increase;
  for (const { startMs, endMs } of known) {
    if (endMs <= fromMs) continue;
    if (startMs >= increase.toMs) break;
    if (startMs > fromMs) parts.push({ ...increase, fromMs, toMs: startMs });
    fromMs = endMs;
  }
  if (fromMs < increase.toMs) parts.push({ ...increase, fromMs });
  return parts;
}

/**
 * Several series of one counter, each moment counted once: the first series as far as it goes, the next ones only where
 * those before them are silent.
 */
export function countOnce(seriesIncreases: readonly (readonly Increase[])[]): readonly Increase[] {
  const [first, ...others] = seriesIncreases;
  if (first === undefined || others.length === 0) return first ?? [];
  let known: StepFunction = [];
  return seriesIncreases.flatMap((increases) => {
    const parts = increases.flatMap((increase) => unknownParts(increase, known));
    known = union([known, countedTime(increases, () => false)]);
    return parts;
  });
}
