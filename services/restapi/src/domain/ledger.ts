import { createHash } from 'node:crypto';
import { msPerDay, msPerHour, type TimeWindow } from '@cloudtuner/cost-model';
import { sumCosts, type Costs } from './costs';

/** What is known of one hour of a cluster, or of one day whose hours have expired. */
export interface LedgerEntry extends TimeWindow {
  readonly costs: Costs;
  /** Seconds of the entry in which the cluster was observed. */
  readonly measuredSeconds: number;
  /** True when it can no longer change but by late data. */
  readonly closed: boolean;
  /** SHA-256 of the facts. */
  readonly dataVersion: string;
  readonly lastSampleMs: number | null;
  readonly flags: readonly string[];
}

/** A sum over a part of the ledger. */
export interface Bucket extends TimeWindow {
  readonly costs: Costs;
  readonly measuredSeconds: number;
  /** Seconds of the bucket that have passed. */
  readonly expectedSeconds: number;
  /** True when an hour is open, missing, or was not observed whole. */
  readonly partial: boolean;
  readonly dataVersion: string;
  readonly lastSampleMs: number | null;
  readonly flags: readonly string[];
}

// Observed time is a sum of intervals between samples; a whole hour may come out a moment short.
const wholenessToleranceSeconds = 1;

/** Measured ÷ expected time; null when none of it has passed. */
export function coverageOf(bucket: Pick<Bucket, 'measuredSeconds' | 'expectedSeconds'>): number | null {
  const { measuredSeconds, expectedSeconds } = bucket;
  return expectedSeconds === 0 ? null : Math.min(1, measuredSeconds / expectedSeconds);
}

function versionOf(entries: readonly LedgerEntry[]): string {
  const hash = createHash('sha256');
  for (const { startMs, dataVersion } of entries) hash.update(`${String(startMs / 1000)} ${dataVersion}\n`);
  return hash.digest('hex');
}

function latest(entries: readonly LedgerEntry[]): number | null {
  return entries.reduce<number | null>(
    (last, { lastSampleMs }) => (lastSampleMs !== null && (last === null || lastSampleMs > last) ? lastSampleMs : last),
    null,
  );
}

/** The sum of the entries that lie in the window; entries are sorted by start and do not overlap. */
export function bucketOf(window: TimeWindow, entries: readonly LedgerEntry[], nowMs: number): Bucket {
  const { startMs, endMs } = window;
  const inside = entries.filter((entry) => entry.startMs >= startMs && entry.endMs <= endMs);
  const measuredSeconds = inside.reduce((sum, entry) => sum + entry.measuredSeconds, 0);
  const expectedSeconds = Math.max(0, Math.min(endMs, nowMs) - startMs) / 1000;
  const closed = inside.every((entry) => entry.closed) && endMs <= nowMs;
  return {
    startMs,
    endMs,
    costs: sumCosts(inside.map(({ costs }) => costs)),
    measuredSeconds,
    expectedSeconds,
    partial: !closed || expectedSeconds - measuredSeconds > wholenessToleranceSeconds,
    dataVersion: versionOf(inside),
    lastSampleMs: latest(inside),
    flags: [...new Set(inside.flatMap(({ flags }) => flags))].sort(),
  };
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
