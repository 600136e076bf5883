import { isAppError } from '@cloudtuner/errors';
import { randomDatabase, randomPrefix, randomTenant, sharedServers } from '@cloudtuner/test-kit';
import { daySeconds, hoursOfDay, isoOf } from '../domain/calendar';
import { dayVersionOf } from '../domain/day-version';
import type { Locks } from '../ports';
import { createPlanStore } from '../adapters/clickhouse/plan-store';
import { dayCost } from '../testing/sample-hours';
import { copyHours, currentExpenses, currentTotal, runStatement, storedRows } from '../testing/stored-rows';
import { clusterResourceId, openWorkerStore, type WorkerStore } from '../testing/worker-store';
import { storeDay, type DayOutcome, type StoreDayPorts } from './store-day';
import { storeHour } from './store-hour';

const day = Math.floor(Date.now() / 86_400_000) * 86_400 - 3 * daySeconds;
const date = isoOf(day).slice(0, 10);
/** With the first hour in revision 2: 6.900000230 − 0.300000010 + 0.600000013. */
const changedDayCost = '7.200000233';
const signal = new AbortController().signal;
const openLocks: Locks = {
  hold: (_account, _name, outer, work) => work({ signal: outer, assertHeld: () => Promise.resolve() }),
};

let store: WorkerStore;
let account: string;

beforeAll(async () => {
  const servers = sharedServers();
  const [clickhouse, redisUrl] = await Promise.all([servers.clickhouse(), servers.redisUrl()]);
  store = await openWorkerStore({ clickhouse, redisUrl, database: randomDatabase(), prefix: randomPrefix() });
  await closeHours(hoursOfDay(day), template);
});

afterAll(() => store.close());

beforeEach(() => {
  account = randomTenant();
  store.reader.revision = 1;
});

/** Its day is closed in revision 1. */
const template = randomTenant();

async function closeHours(hours: readonly number[], cloudAccountId = account): Promise<void> {
  for (const hour of hours) await storeHour(store.hours, { cloudAccountId, hour, closed: true, signal });
}

const takeClosedHours = () => copyHours(store.clickhouse, template, account);
const close = (ports: StoreDayPorts = store.days): Promise<DayOutcome> =>
  storeDay(ports, { cloudAccountId: account, day, signal });
const expenses = () => currentExpenses(store.clickhouse, account, date);
const rowsOf = async (table: string): Promise<string[]> =>
  (await storedRows(store.clickhouse, account)).filter((row) => row.startsWith(`${table} `));

describe('closing a day', () => {
  it('writes the exact sum of its hours for the cluster’s resource', async () => {
    await takeClosedHours();
    expect(await close()).toBe('stored');
    expect(await expenses()).toEqual([{ resource_id: clusterResourceId, cost: dayCost[1], copies: 1 }]);
    expect((await currentTotal(store.clickhouse, account, { from: day, to: day + daySeconds })).total).toBe(dayCost[1]);
  });

  it('five times leaves the bytes of the first time, and not one physical row more', async () => {
    await takeClosedHours();
    await close();
    const first = await storedRows(store.clickhouse, account);
    for (let run = 2; run <= 5; run += 1) {
      expect(await close()).toBe('unchanged');
      expect(await storedRows(store.clickhouse, account)).toEqual(first);
    }
    expect(await rowsOf('expenses')).toHaveLength(1);
    expect(await rowsOf('account_days')).toHaveLength(1);
  });

  it('corrects a changed day by the old row with sign -1 and the new one, also when it goes back and forth', async () => {
    await takeClosedHours();
    await close();
    for (const [turn, revision] of ([2, 1, 2, 1] as const).entries()) {
      store.reader.revision = revision;
      await closeHours([day]);
      expect(await close()).toBe('stored');
      expect(await close()).toBe('unchanged');
      expect(await expenses()).toEqual([
        { resource_id: clusterResourceId, cost: revision === 1 ? dayCost[1] : changedDayCost, copies: 1 },
      ]);
      expect(await rowsOf('expenses')).toHaveLength(1 + 2 * (turn + 1));
    }
    await runStatement(store.clickhouse, 'SYSTEM START MERGES expenses');
    await runStatement(store.clickhouse, 'OPTIMIZE TABLE expenses FINAL');
    await runStatement(store.clickhouse, 'SYSTEM STOP MERGES expenses');
    expect(await rowsOf('expenses')).toHaveLength(1);
    expect(await expenses()).toEqual([{ resource_id: clusterResourceId, cost: dayCost[1], copies: 1 }]);
  });

  it('waits until all hours are closed', async () => {
    await closeHours(hoursOfDay(day).slice(0, 23));
    const running = { cloudAccountId: account, hour: day + 23 * 3_600, closed: false, signal };
    await storeHour(store.hours, running);
    expect(await close()).toBe('open');
    expect(await expenses()).toEqual([]);
  });

  it('writes no expense for a day without data: unknown is not zero', async () => {
    const empty = {
      ...store.hours,
      reader: { readHour: () => store.reader.readHour(account, day + 3 * 3_600, signal) },
    };
    for (const hour of hoursOfDay(day)) await storeHour(empty, { cloudAccountId: account, hour, closed: true, signal });
    expect(await close()).toBe('stored');
    expect(await close()).toBe('unchanged');
    expect(await rowsOf('expenses')).toEqual([]);
    expect(await rowsOf('account_days')).toHaveLength(1);
    // Data that came late make it an expense.
    await closeHours(hoursOfDay(day));
    expect(await close()).toBe('stored');
    expect(await expenses()).toEqual([{ resource_id: clusterResourceId, cost: dayCost[1], copies: 1 }]);
  });

  it('does nothing for an account that was deleted', async () => {
    await takeClosedHours();
    const gone = { ...store.days, accounts: { ...store.days.accounts, find: () => Promise.resolve(null) } };
    expect(await close(gone)).toBe('gone');
    expect(await rowsOf('expenses')).toEqual([]);
  });

  it('refuses to sum facts that are not all there', async () => {
    await takeClosedHours();
    await runStatement(store.clickhouse, 'SYSTEM START MERGES asset_hours');
    await runStatement(
      store.clickhouse,
      "DELETE FROM asset_hours WHERE cloud_account_id = {account:UUID} AND asset_type = 'disk'",
      { account },
    );
    await expect(close()).rejects.toMatchObject({ code: 'facts-incomplete' });
    expect(await rowsOf('expenses')).toEqual([]);
  });

  it('mends an expense that was written twice', async () => {
    await takeClosedHours();
    await close();
    await runStatement(
      store.clickhouse,
      'INSERT INTO expenses SELECT * FROM expenses WHERE cloud_account_id = {account:UUID}',
      { account },
    );
    expect((await expenses())[0]?.copies).toBe(2);
    expect(await close()).toBe('stored');
    expect(await expenses()).toEqual([{ resource_id: clusterResourceId, cost: dayCost[1], copies: 1 }]);
  });
});

describe('several workers at one day', () => {
  it('write it once, with the lock and without it', async () => {
    await takeClosedHours();
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => close()));
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(isAppError(outcome.reason) && outcome.reason.code).toBe('hour-busy');
    }
    expect(await rowsOf('expenses')).toHaveLength(1);

    store.reader.revision = 2;
    await closeHours([day]);
    await Promise.all(Array.from({ length: 8 }, () => close({ ...store.days, locks: openLocks })));
    expect(await expenses()).toEqual([{ resource_id: clusterResourceId, cost: changedDayCost, copies: 1 }]);
    expect(await rowsOf('expenses')).toHaveLength(3);
  });
});

describe('a reader of expenses', () => {
  it('sees the old cost or the new one while it is corrected, never both or neither', async () => {
    await takeClosedHours();
    await close();
    let isDone = false;
    const seen = new Set<string>();
    const reading = (async () => {
      while (!isDone) seen.add(JSON.stringify((await expenses()).map(({ cost, copies }) => [cost, copies])));
    })();
    for (let turn = 0; turn < 10; turn += 1) {
      store.reader.revision = turn % 2 === 0 ? 2 : 1;
      await closeHours([day]);
      await close();
    }
    isDone = true;
    await reading;
    expect([...seen].toSorted()).toEqual([`[["${changedDayCost}",1]]`, `[["${dayCost[1]}",1]]`].toSorted());
  });
});

describe('the dispatcher’s view of days', () => {
  const states = async () =>
    (await createPlanStore(store.clickhouse).readDays([account, randomTenant()], day)).get(account);

  it('is empty without a closed hour', async () => {
    await storeHour(store.hours, { cloudAccountId: account, hour: day, closed: false, signal });
    expect(await states()).toBeUndefined();
  });

  it('has the hours that are closed, and the version that the expenses were written from', async () => {
    await takeClosedHours();
    const hours = await store.days.store.findHoursOfDay(account, day);
    const open = { day, closedHours: hoursOfDay(day), hoursVersion: dayVersionOf(hours), writtenVersion: null };
    expect(await states()).toEqual([open]);
    await close();
    expect(await states()).toEqual([{ ...open, writtenVersion: open.hoursVersion }]);
    store.reader.revision = 2;
    await closeHours([day]);
    const changed = (await states())?.[0];
    expect(changed?.writtenVersion).toBe(open.hoursVersion);
    expect(changed?.hoursVersion).not.toBe(open.hoursVersion);
  });
});
