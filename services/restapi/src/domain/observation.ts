import { createHash } from 'node:crypto';
import type { TimeWindow } from '@cloudtuner/cost-model';

/** What was seen of a cluster in an hour, or in a day of which the hours are not told apart. */
export interface Observed extends TimeWindow {
  /** Seconds in which the cluster was observed. */
  readonly measuredSeconds: number;
  /** True when it can no longer change but by late data. */
  readonly closed: boolean;
  /** SHA-256 of the facts. */
  readonly dataVersion: string;
  readonly lastSampleMs: number | null;
  readonly flags: readonly string[];
}

/** What was seen of a cluster in a window. */
export interface Observation extends TimeWindow {
  readonly measuredSeconds: number;
  /** Seconds of the window that have passed. */
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
export function coverageOf(observation: Pick<Observation, 'measuredSeconds' | 'expectedSeconds'>): number | null {
  const { measuredSeconds, expectedSeconds } = observation;
  return expectedSeconds === 0 ? null : Math.min(1, measuredSeconds / expectedSeconds);
}

function versionOf(entries: readonly Observed[]): string {
  const hash = createHash('sha256');
  for (const { startMs, dataVersion } of entries) hash.update(`${String(startMs / 1000)} ${dataVersion}\n`);
  return hash.digest('hex');
}

function latest(entries: readonly Observed[]): number | null {
  return entries.reduce<number | null>(
    (last, { lastSampleMs }) => (lastSampleMs !== null && (last === null || lastSampleMs > last) ? lastSampleMs : last),
    null,
  );
}

/** What was seen in a window by entries that all lie in it, sorted by start. */
export function observationOf(window: TimeWindow, entries: readonly Observed[], nowMs: number): Observation {
  const { startMs, endMs } = window;
  const measuredSeconds = entries.reduce((sum, entry) => sum + entry.measuredSeconds, 0);
  const expectedSeconds = Math.max(0, Math.min(endMs, nowMs) - startMs) / 1000;
  const closed = entries.every((entry) => entry.closed) && endMs <= nowMs;
  return {
    startMs,
    endMs,
    measuredSeconds,
    expectedSeconds,
    partial: !closed || expectedSeconds - measuredSeconds > wholenessToleranceSeconds,
    dataVersion: versionOf(entries),
    lastSampleMs: latest(entries),
    flags: [...new Set(entries.flatMap(({ flags }) => flags))].sort(),
  };
}
