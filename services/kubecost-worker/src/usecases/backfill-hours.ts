import { groupBy } from '@cloudtuner/cost-model';
import { AppError } from '@cloudtuner/errors';
import { closableUntil, dayOf, daySeconds, hourSeconds, hoursBetween } from '../domain/calendar';
import { forEachBounded } from '../domain/for-each-bounded';
import type { Accounts, Clock } from '../ports';

/** What {@link backfillHours} works with. */
export interface BackfillPorts {
  readonly accounts: Accounts;
  readonly storeHour: (cloudAccountId: string, hour: number, signal: AbortSignal) => Promise<unknown>;
  readonly storeDay: (cloudAccountId: string, day: number, signal: AbortSignal) => Promise<unknown>;
  readonly now: Clock;
  /** Hours of one backfill at the same time. */
  readonly parallelHours: number;
  /** Hours until the job lets others of its queue go first. */
  readonly hoursPerTurn: number;
}

/** Progress: hours done without a gap from the start, and hours in all. */
export interface Progress {
  readonly doneHours: number;
  readonly totalHours: number;
}

/** Which hours, and how far an earlier run came. */
export interface BackfillRequest {
  readonly cloudAccountId: string;
  /** `[from, to)`, unix seconds. */
  readonly from: number;
  readonly to: number;
  readonly progress: Progress | null;
  readonly report: (progress: Progress) => Promise<void>;
  readonly signal: AbortSignal;
  /** Aborts when the worker is about to stop: the rest is done elsewhere. */
  readonly stopping: AbortSignal;
}

/** Counts what is done without a gap, whatever the order in which it ends. */
function gaplessCounter(from: number): (index: number) => number {
  const done = new Set<number>();
  let count = from;
  return (index) => {
    done.add(index);
    while (done.delete(count)) count += 1;
    return count;
  };
}

/** How many of the hours each day has. */
function countByDay(hours: readonly number[]): Map<number, number> {
  return new Map([...groupBy(hours, dayOf)].map(([day, ofDay]) => [day, ofDay.length]));
}

/** The hours of a turn: whole days, as far as there are hours. */
function hoursOfTurn(hours: readonly number[], doneHours: number, hoursPerTurn: number): readonly number[] {
  const rest = hours.slice(doneHours);
  const endOfTurn = rest[hoursPerTurn - 1];
  return endOfTurn === undefined ? rest : rest.filter((hour) => dayOf(hour) <= dayOf(endOfTurn));
}

/**
 * Stores the hours of whole days around `[from, to)` that have ended, and each day when its hours are stored; the hours of the next day do not
 * wait for it. The progress tells how many hours are done from the start on; the last hour of a day counts only when the day is written, so
 * that a killed run resumes without missing a day.
 *
 * @throws `not-found` when there is no such account, and the errors of storing an hour or a day
 */
export async function backfillHours(ports: BackfillPorts, request: BackfillRequest): Promise<'done' | 'yield'> {
  const { accounts, storeHour, storeDay, now, parallelHours, hoursPerTurn } = ports;
  const { cloudAccountId, signal, stopping, report } = request;
  if ((await accounts.find(cloudAccountId)) === null) {
    throw new AppError('not-found', 'There is no such Kubernetes account.');
  }
  const isStopping = (): boolean => stopping.aborted;
  const hours = hoursBetween(dayOf(request.from), Math.min(dayOf(request.to - 1) + daySeconds, closableUntil(now())));
  const totalHours = hours.length;
  const first = Math.min(request.progress?.doneHours ?? 0, totalHours);
  await report({ doneHours: first, totalHours });

  const ofTurn = hoursOfTurn(hours, first, hoursPerTurn);
  const left = countByDay(ofTurn);
  const reached = gaplessCounter(first);
  let doneHours = first;
  const done = async (index: number): Promise<void> => {
    doneHours = reached(first + index);
    await report({ doneHours, totalHours });
  };
  await forEachBounded(ofTurn, parallelHours, async (hour, index) => {
    if (isStopping()) return;
    await storeHour(cloudAccountId, hour, signal);
    const day = dayOf(hour);
    const lastHour = day + daySeconds - hourSeconds;
    const leftOfDay = (left.get(day) ?? 0) - 1;
    left.set(day, leftOfDay);
    if (hour !== lastHour) await done(index);
    const lastIndex = ofTurn.indexOf(lastHour);
    // A day that has not ended is written when its last hour is closed.
    if (leftOfDay > 0 || lastIndex < 0 || isStopping()) return;
    await storeDay(cloudAccountId, day, signal);
    await done(lastIndex);
  });
  return doneHours === totalHours ? 'done' : 'yield';
}
