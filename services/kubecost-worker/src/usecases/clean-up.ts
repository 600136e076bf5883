import { isAppError } from '@cloudtuner/errors';
import { daySeconds, hourSeconds } from '../domain/calendar';
import { extractLock } from './extract-window';
import { summariesLock } from './summarize-account';
import type { Accounts, CleanupStore, Clock, HeldLock, Locks, Log, RemovedRows, SupersededVersion } from '../ports';

/** What {@link cleanUp} works with. */
export interface CleanUpPorts {
  readonly accounts: Pick<Accounts, 'list'>;
  readonly store: CleanupStore;
  readonly locks: Locks;
  readonly now: Clock;
  readonly log: Log;
}

/** When it was asked for. */
export interface CleanUpRequest {
  /** Unix seconds. */
  readonly hour: number;
  readonly signal: AbortSignal;
}

/** At this hour of the day superseded versions go too. */
const fullCleanupHour = 2;
/** Readers that have begun with a version end within seconds; who plans a long page of them reads it again. */
const graceMs = 3_600_000;
/** Of a running hour, after it was closed. */
const liveGraceMs = 600_000;
/** Further back than a day, so that what was left (a lock that was held, a worker that was away) is found again. */
const lookbackMs = 3 * daySeconds * 1_000;
const accountsPerQuery = 200;

interface LocksToHold {
  readonly names: readonly string[];
  readonly signal: AbortSignal;
  /** Those that are held already. */
  readonly held?: ReadonlyMap<string, HeldLock>;
}

/** Runs the work with the locks of these names that nobody else has. */
async function holdFree<T>(
  locks: Locks,
  cloudAccountId: string,
  { names: [name, ...names], signal, held = new Map<string, HeldLock>() }: LocksToHold,
  work: (held: ReadonlyMap<string, HeldLock>) => Promise<T>,
): Promise<T> {
  if (name === undefined) return work(held);
  const got = { lock: false };
  try {
    return await locks.hold(cloudAccountId, name, signal, (lock) => {
      got.lock = true;
      const more = { names, signal: lock.signal, held: new Map(held).set(name, lock) };
      return holdFree(locks, cloudAccountId, more, work);
    });
  } catch (error) {
    if (got.lock || !isAppError(error) || error.code !== 'hour-busy') throw error;
    return holdFree(locks, cloudAccountId, { names, signal, held }, work);
  }
}

/** What of a day is superseded, and the lock without which none of it may go. */
const sources = [
  { find: 'findSupersededHours', lockOf: ({ start }: SupersededVersion) => `hour-${String(start)}` },
  { find: 'findSupersededDay', lockOf: ({ start }: SupersededVersion) => `day-${String(start)}` },
  { find: 'findSupersededDocuments', lockOf: ({ kind = '', start }: SupersededVersion) => extractLock(kind, start) },
  { find: 'findSupersededSummaries', lockOf: () => summariesLock },
] as const;

/**
 * Removes the superseded versions of a day. They are looked for again under the locks of their hours: a version that another worker is about to
 * make current again (the data went back to what they were) is not superseded then. What is locked is left for the next time.
 */
async function cleanDay(
  { store, locks, now }: CleanUpPorts,
  cloudAccountId: string,
  day: number,
  signal: AbortSignal,
): Promise<readonly SupersededVersion[]> {
  const removed: SupersededVersion[] = [];
  for (const { find, lockOf } of sources) {
    const found = await store[find](cloudAccountId, day, now() - graceMs);
    const names = [...new Set(found.map(lockOf))];
    if (names.length === 0) continue;
    await holdFree(locks, cloudAccountId, { names, signal }, async (held) => {
      const again = await store[find](cloudAccountId, day, now() - graceMs);
      const versions = again.filter((version) => held.has(lockOf(version)));
      await Promise.all([...held.values()].map((lock) => lock.assertHeld()));
      if (versions.length > 0) await store.remove(cloudAccountId, versions);
      removed.push(...versions);
    });
  }
  return removed;
}

/**
 * Takes away what nobody reads any more: what was written of hours while they ran, and once a day the versions of hours and of sums that
 * others have replaced. What is too old goes by the TTL of its table.
 *
 * @returns rows that were removed, by table
 * @throws what the cleanup of the first account failed with that failed, after all others had their turn
 */
export async function cleanUp(ports: CleanUpPorts, { hour, signal }: CleanUpRequest): Promise<RemovedRows> {
  const { accounts, store, now, log } = ports;
  const ids = (await accounts.list()).map(({ id }) => id);
  const removed: Record<string, number> = {};
  const count = (table: string, rows: number): void => {
    removed[table] = (removed[table] ?? 0) + rows;
  };
  for (let start = 0; start < ids.length; start += accountsPerQuery) {
    signal.throwIfAborted();
    const chunk = ids.slice(start, start + accountsPerQuery);
    const closed = { sinceMs: now() - lookbackMs, beforeMs: now() - liveGraceMs };
    for (const [table, rows] of Object.entries(await store.removeLiveFacts(chunk, closed))) count(table, rows);
  }
  const failures: unknown[] = [];
  for (const id of (hour % daySeconds) / hourSeconds === fullCleanupHour ? ids : []) {
    try {
      for (const day of await store.findChangedDays(id, now() - lookbackMs)) {
        signal.throwIfAborted();
        for (const { table, rows } of await cleanDay(ports, id, day, signal)) count(table, rows);
      }
    } catch (error) {
      signal.throwIfAborted();
      failures.push(error);
      log.warn({ cloud_account_id: id, err: error }, 'an account could not be cleaned up');
    }
  }
  log.info({ rows: removed, failed_accounts: failures.length }, 'cleaned up');
  if (failures.length > 0) throw failures[0];
  return removed;
}
