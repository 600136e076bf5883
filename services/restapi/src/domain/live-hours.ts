import { msPerHour, type TimeWindow } from '@cloudtuner/cost-model';

/** What has to be known of a stored hour to tell whether it will do. */
export interface StoredHourState {
  readonly startMs: number;
  readonly closed: boolean;
  readonly readAtMs?: number;
}

/** Hours back from the running one that are asked live when they are not closed: a worker that is late by more has a problem of its own. */
const liveHours = 3;

/** The worker reads the running hour of an account that people look at once a minute; half a minute more is for its work. */
const freshMs = 90_000;

const hourStart = (timestampMs: number): number => Math.floor(timestampMs / msPerHour) * msPerHour;

/**
 * True for a stored hour that no computation now would improve: it is closed, or its samples were read just now. Every route decides
 * by this, so that all of them answer the same dollars.
 */
export function isSettled({ closed, readAtMs }: StoredHourState, nowMs: number): boolean {
  return closed || (readAtMs !== undefined && nowMs - readAtMs <= freshMs);
}

/** From when on hours may have to be computed now. */
export function liveFromMs(nowMs: number): number {
  return hourStart(nowMs) - liveHours * msPerHour;
}

/** Starts of the recent hours of the window that have to be computed now, in order: those that are not stored, or not settled. */
export function hoursToCompute(window: TimeWindow, nowMs: number, stored: readonly StoredHourState[]): number[] {
  const settled = new Set(stored.filter((hour) => isSettled(hour, nowMs)).map(({ startMs }) => startMs));
  const from = Math.max(window.startMs, liveFromMs(nowMs));
  const until = Math.min(window.endMs, hourStart(nowMs) + msPerHour);
  const hours: number[] = [];
  for (let startMs = from; startMs < until; startMs += msPerHour) if (!settled.has(startMs)) hours.push(startMs);
  return hours;
}
