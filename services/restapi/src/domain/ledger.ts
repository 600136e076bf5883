import { msPerDay, msPerHour, type TimeWindow } from '@cloudtuner/cost-model';
import { sumCosts, type Costs } from './costs';
import { observationOf, type Observation, type Observed } from './observation';

export { coverageOf } from './observation';

/** What is known of one hour of a cluster, or of one day whose hours have expired. */
export interface LedgerEntry extends Observed {
  readonly costs: Costs;
  /** When the samples of a stored hour were read; absent for what is computed now and for days. */
  readonly readAtMs?: number;
}

/** A sum over a part of the ledger. */
export interface Bucket extends Observation {
  readonly costs: Costs;
}

/** The sum of the entries that lie in the window; entries are sorted by start and do not overlap. */
export function bucketOf(window: TimeWindow, entries: readonly LedgerEntry[], nowMs: number): Bucket {
  const { startMs, endMs } = window;
  const inside = entries.filter((entry) => entry.startMs >= startMs && entry.endMs <= endMs);
  return { ...observationOf(window, inside, nowMs), costs: sumCosts(inside.map(({ costs }) => costs)) };
}

const endOfDay = (timestampMs: number): number => (Math.floor(timestampMs / msPerDay) + 1) * msPerDay;

/**
 * The window cut into hours or UTC days; the first and last day may be a part of one. A day of which only the whole is
 * known stays whole among hours, so that the sums stay equal.
 */
export function bucketsOf(
  window: TimeWindow,
  entries: readonly LedgerEntry[],
  options: { step: '1h' | '1d'; nowMs: number },
): Bucket[] {
  const wholeDayEnds = new Map(
    entries.filter(({ startMs, endMs }) => endMs - startMs > msPerHour).map(({ startMs, endMs }) => [startMs, endMs]),
  );
  const buckets: Bucket[] = [];
  let index = 0;
  for (let startMs = window.startMs; startMs < window.endMs;) {
    const stepEnd = options.step === '1d' ? endOfDay(startMs) : (wholeDayEnds.get(startMs) ?? startMs + msPerHour);
    const endMs = Math.min(stepEnd, window.endMs);
    const first = index;
    while (index < entries.length && (entries[index]?.startMs ?? Infinity) < endMs) index += 1;
    buckets.push(bucketOf({ startMs, endMs }, entries.slice(first, index), options.nowMs));
    startMs = endMs;
  }
  return buckets;
}
