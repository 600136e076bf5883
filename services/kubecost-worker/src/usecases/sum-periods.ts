import { toAppError } from '@cloudtuner/errors';
import { dayOf, daySeconds, isoOf } from '../domain/calendar';
import type { PeriodStore, SummablePeriod } from '../period-ports';
import type { Accounts, Clock, HeldLock, Locks, Log } from '../ports';
import { ensureBalanced } from './ensure-balanced';

/** What {@link sumPeriods} works with. */
export interface SumPeriodsPorts {
  readonly accounts: Pick<Accounts, 'find'>;
  readonly store: PeriodStore;
  readonly locks: Locks;
  readonly now: Clock;
  readonly log: Log;
  /** How long days are kept by pod: those before that cannot be summed again. */
  readonly retentionDays: number;
  /** Periods of one account before another has its turn. */
  readonly periodsPerTurn: number;
  /** What could not be summed by this process, and when, unix ms; kept from run to run. */
  readonly failedAtMs: Map<string, number>;
  readonly count: (outcome: PeriodOutcome, versions?: number) => void;
}

/** What became of versions of periods; `failed`: to be summed, or to be removed. */
export const periodOutcomes = ['summed', 'removed', 'failed'] as const;
export type PeriodOutcome = (typeof periodOutcomes)[number];

/** What a run did. */
export interface SummedPeriods {
  /** Periods that were summed. */
  readonly summed: number;
  /** Superseded versions that were removed. */
  readonly removed: number;
  /** Periods that could not be summed. */
  readonly failed: number;
  /** Periods that wait for the next turn and have not failed. */
  readonly left: number;
}

/** The lock without which no sums of periods of an account are written or removed. */
const periodsLock = 'periods';
/**
 * A little less than the hour from one run to the next: what was superseded or failed in the last run is for this one, not for its next turn or attempt. Readers
 * of what was superseded end within seconds.
 */
const betweenRunsMs = 50 * 60_000;
/** Of what is still to be summed, failures are younger. */
const forgetMs = daySeconds * 1_000;
/** Further back than an hour, so that what was left (a run that failed, a worker that was away) is found again. */
const lookbackMs = 30 * daySeconds * 1_000;
/** So many failures in a row that are not of what is stored are the server's. */
const maxFailuresInARow = 5;

interface Work {
  readonly cloudAccountId: string;
  /** Periods whose version is not named, newest first. */
  readonly unnamed: readonly SummablePeriod[];
  /** Those of them that have not failed. */
  readonly fresh: readonly SummablePeriod[];
  /** Those that failed an hour ago, the first first. They come last, so that they keep no other from its turn. */
  readonly again: readonly SummablePeriod[];
  readonly lock: HeldLock;
  /** Aborted when the worker would like to end: then no other period is begun. */
  readonly stopping: AbortSignal;
}

const keyOf = (cloudAccountId: string, { kind, start, dataVersion }: SummablePeriod): string =>
  [cloudAccountId, kind, start, dataVersion].join('|');

async function findWork({ store, now, retentionDays, failedAtMs }: SumPeriodsPorts, cloudAccountId: string) {
  for (const [key, atMs] of failedAtMs) if (now() - atMs >= forgetMs) failedAtMs.delete(key);
  const today = dayOf(now() / 1_000);
  const window = { from: today - (retentionDays - 1) * daySeconds, until: today };
  const named = new Set((await store.findNamed(cloudAccountId, window)).map(({ dataVersion }) => dataVersion));
  const unnamed = (await store.findSummable(cloudAccountId, window)).filter(
    ({ dataVersion }) => !named.has(dataVersion),
  );
  /** Of what has not failed: never. */
  const failedAt = (period: SummablePeriod): number => failedAtMs.get(keyOf(cloudAccountId, period)) ?? Infinity;
  return {
    unnamed,
    fresh: unnamed.filter((period) => failedAt(period) === Infinity),
    again: unnamed
      .filter((period) => now() - failedAt(period) >= betweenRunsMs)
      .sort((a, b) => failedAt(a) - failedAt(b)),
  };
}

async function sumPeriod(
  { store, now }: SumPeriodsPorts,
  cloudAccountId: string,
  period: SummablePeriod,
  lock: HeldLock,
) {
  await ensureBalanced(
    {
      token: keyOf(cloudAccountId, period),
      what: `The sums of a ${period.kind}`,
      insert: (token) => store.insert(cloudAccountId, period, token),
      isBalanced: () => store.isBalanced(cloudAccountId, period),
      remove: () => store.remove(cloudAccountId, [period]),
    },
    lock,
  );
  await lock.assertHeld();
  await store.name(cloudAccountId, period, now());
}

/** Sums as many as there are in a turn. @throws as {@link sumPeriods} */
async function sumDue(ports: SumPeriodsPorts, { cloudAccountId, fresh, again, lock, stopping }: Work) {
  let inARow = 0;
  let [summed, failed] = [0, 0];
  for (const period of [...fresh, ...again].slice(0, ports.periodsPerTurn)) {
    await lock.assertHeld();
    lock.signal.throwIfAborted();
    if (stopping.aborted) break;
    try {
      await sumPeriod(ports, cloudAccountId, period, lock);
      ports.count('summed');
      summed += 1;
      inARow = 0;
    } catch (error) {
      lock.signal.throwIfAborted();
      const fault = toAppError(error);
      const isIncomplete = fault.code === 'facts-incomplete';
      // A server is away or the lock is gone: nothing is known of the period.
      if (fault.kind === 'upstream-unavailable' && !isIncomplete) throw error;
      ports.count('failed');
      ports.failedAtMs.set(keyOf(cloudAccountId, period), ports.now());
      failed += 1;
      inARow = isIncomplete ? 0 : inARow + 1;
      const { kind, start } = period;
      const which = { cloud_account_id: cloudAccountId, period: kind, date: isoOf(start).slice(0, 10) };
      ports.log.warn({ ...which, err: error }, 'a period could not be summed');
      if (inARow === maxFailuresInARow) throw error;
    }
  }
  return { summed, failed };
}

/** What is yet to be named is not superseded: a run that was killed has left it, or the days went back to what they were. */
async function removeSuperseded(ports: SumPeriodsPorts, { cloudAccountId, unnamed, lock }: Work): Promise<number> {
  const { store, now, count, log } = ports;
  const wanted = new Set(unnamed.map(({ dataVersion }) => dataVersion));
  try {
    const between = { sinceMs: now() - lookbackMs, beforeMs: now() - betweenRunsMs };
    const found = await store.findSuperseded(cloudAccountId, between);
    const superseded = found.filter(({ dataVersion }) => !wanted.has(dataVersion));
    if (superseded.length === 0) return 0;
    await lock.assertHeld();
    await store.remove(cloudAccountId, superseded);
    count('removed', superseded.length);
    return superseded.length;
  } catch (error) {
    lock.signal.throwIfAborted();
    count('failed');
    log.warn({ cloud_account_id: cloudAccountId, err: error }, 'superseded periods could not be removed');
    return 0;
  }
}

/**
 * Sums the days, weeks and months of an account whose days have sums, newest first, as far as it was not done from these days; and removes what
 * was superseded. They are only there to be read faster: what is missing or made of other days is read from the days. What is there says what is
 * to be done, so it may be run again and killed.
 *
 * @throws `hour-busy` when another worker is at it, `hour-lock-lost`; `clickhouse-unavailable` and what else says that a server is away; what a period fails with
 * when so many in a row do that it is the server's fault
 */
export async function sumPeriods(
  ports: SumPeriodsPorts,
  {
    cloudAccountId,
    signal,
    stopping,
  }: { readonly cloudAccountId: string; readonly signal: AbortSignal; readonly stopping: AbortSignal },
): Promise<SummedPeriods> {
  if ((await ports.accounts.find(cloudAccountId)) === null) return { summed: 0, removed: 0, failed: 0, left: 0 };
  return ports.locks.hold(cloudAccountId, periodsLock, signal, async (lock) => {
    const work = { cloudAccountId, ...(await findWork(ports, cloudAccountId)), lock, stopping };
    // Before anything is named, else a period that changes each hour would keep all of its versions.
    const removed = await removeSuperseded(ports, work);
    const { summed, failed } = await sumDue(ports, work);
    const done = { summed, removed, failed, left: Math.max(0, work.fresh.length - summed - failed) };
    if (summed + removed + failed > 0) ports.log.info({ cloud_account_id: cloudAccountId, ...done }, 'summed periods');
    return done;
  });
}
