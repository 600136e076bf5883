import { randomUUID } from 'node:crypto';
import { formatNanos } from '@cloudtuner/cost-model';
import { AppError } from '@cloudtuner/errors';
import { hoursOfDay, isoOf } from '../domain/calendar';
import { dayVersionOf } from '../domain/day-version';
import { correctionOf } from '../domain/expense-correction';
import type { HourState } from '../domain/hour-state';
import type { Accounts, Clock, DayStore, HeldLock, Locks, Log, WrittenDay } from '../ports';
import { ensureRollup, rollupOf } from './ensure-rollup';

/** What {@link storeDay} works with. */
export interface StoreDayPorts {
  readonly accounts: Accounts;
  readonly store: DayStore;
  readonly locks: Locks;
  readonly now: Clock;
  readonly log: Log;
}

/** Which day. */
export interface StoreDayRequest {
  readonly cloudAccountId: string;
  /** Start of the day, unix seconds. */
  readonly day: number;
  readonly signal: AbortSignal;
}

/** `open`: not all of its hours are closed. `gone`: the account was deleted. */
export type DayOutcome = 'stored' | 'unchanged' | 'open' | 'gone';

const writeAttempts = 3;

interface Expense {
  readonly cloudAccountId: string;
  readonly day: number;
  readonly resourceId: string;
  /** Null for a day without any fact: no row then, because unknown is not zero. */
  readonly wantedNanos: bigint | null;
  readonly dataVersion: string;
}

/**
 * Sees to it that the day has exactly one row of this cost. The token names the step from what is stored to what is wanted, so that of two
 * workers that see the same state only one takes it. A step that was taken before (a cost that went back and forth) is dropped by the
 * server; it is then taken under a token of its own.
 */
async function ensureExpense(store: DayStore, expense: Expense, lock: HeldLock): Promise<boolean> {
  const { cloudAccountId, day, resourceId, wantedNanos, dataVersion } = expense;
  for (let attempt = 1; ; attempt += 1) {
    const rows = correctionOf(await store.findExpenses(cloudAccountId, day, resourceId), wantedNanos);
    if (rows.length === 0) return attempt > 1;
    if (attempt > writeAttempts) break;
    const step = rows.map(({ sign, costNanos }) => `${String(sign)}x${String(costNanos)}`).join(',');
    const token = [cloudAccountId, day, resourceId, dataVersion, step].join('|');
    await lock.assertHeld();
    await store.insertExpenses(cloudAccountId, {
      day,
      resourceId,
      rows,
      token: attempt === 1 ? token : `${token}|${randomUUID()}`,
    });
  }
  throw new AppError('facts-incomplete', 'ClickHouse does not hold the expense that was written.');
}

const sumOf = (hours: readonly HourState[], pick: (hour: HourState) => number): number =>
  hours.reduce((sum, hour) => sum + pick(hour), 0);

async function readWrittenDay(
  store: DayStore,
  cloudAccountId: string,
  hours: readonly HourState[],
): Promise<Omit<WrittenDay, 'writtenAtMs' | 'rollup'> & { rows: number }> {
  const { rows, totalNanos } = await store.sumFacts(cloudAccountId, hours);
  if (rows !== sumOf(hours, (hour) => hour.assetRows)) {
    throw new AppError('facts-incomplete', 'The facts of a day are not all there.');
  }
  return {
    rows,
    totalNanos,
    dataVersion: dayVersionOf(hours),
    measuredSeconds: sumOf(hours, (hour) => hour.measuredSeconds),
    expectedSeconds: sumOf(hours, (hour) => hour.expectedSeconds),
  };
}

/**
 * Writes the expense of a day: the exact sum of the assets of its 24 closed hours, and the sums of its allocations. A changed expense is one
 * insert of the old row with sign −1 and the new one; sums get a version of their own; the row of the day, written last, names both. What is
 * unchanged and whole is not written. Other label keys give other sums of the same hours.
 *
 * @throws `hour-busy` when another worker is at it, `hour-lock-lost`, `facts-incomplete`, and the errors of the ports
 */
export async function storeDay(ports: StoreDayPorts, request: StoreDayRequest): Promise<DayOutcome> {
  const { cloudAccountId, day } = request;
  const { accounts, store, locks, now, log } = ports;
  return locks.hold(cloudAccountId, `day-${String(day)}`, request.signal, async (lock) => {
    const account = await accounts.find(cloudAccountId);
    if (account === null) return 'gone';
    const hours = (await store.findHoursOfDay(cloudAccountId, day)).filter(({ closed }) => closed);
    if (hours.length < hoursOfDay(day).length) return 'open';
    const { rows, ...written } = await readWrittenDay(store, cloudAccountId, hours);
    const before = await store.findDay(cloudAccountId, day);
    const expense = { cloudAccountId, day, resourceId: account.clusterResourceId, dataVersion: written.dataVersion };
    const changed = await ensureExpense(
      store,
      { ...expense, wantedNanos: rows === 0 ? null : written.totalNanos },
      lock,
    );
    const rollup = rollupOf(day, hours, account.allocationLabelKeys);
    const version = rollup === null ? null : store.rollups.versionOf(rollup);
    const isNamed = before?.dataVersion === written.dataVersion && (before.rollup?.version ?? null) === version;
    if (isNamed && (rollup === null || (await store.rollups.isBalanced(cloudAccountId, rollup))))
      return changed ? 'stored' : 'unchanged';
    const writtenRollup = rollup === null ? null : await ensureRollup(store.rollups, cloudAccountId, rollup, lock);
    await lock.assertHeld();
    await store.putDay(cloudAccountId, day, {
      ...written,
      rollup: writtenRollup,
      writtenAtMs: Math.max(now(), (before?.writtenAtMs ?? 0) + 1),
    });
    log.info(
      {
        cloud_account_id: cloudAccountId,
        day: isoOf(day).slice(0, 10),
        cost: formatNanos(written.totalNanos),
        measured_seconds: written.measuredSeconds,
        data_version: written.dataVersion,
        allocations: writtenRollup?.factRows ?? null,
      },
      'stored a day',
    );
    return 'stored';
  });
}
