import { isAppError } from '@cloudtuner/errors';
import { randomDatabase, randomPrefix, sharedServers } from '@cloudtuner/test-kit';
import { daySeconds } from '../domain/calendar';
import {
  february,
  namedPeriods,
  openPeriodWorld,
  secondWeek,
  wednesday,
  type PeriodWorld,
} from '../testing/period-world';
import { runStatement, storedRows } from '../testing/stored-rows';
import { openWorkerStore, type WorkerStore } from '../testing/worker-store';
import type { Locks } from '../ports';
import { sumPeriods, type SumPeriodsPorts, type SummedPeriods } from './sum-periods';

const signal = new AbortController().signal;
const openLocks: Locks = {
  hold: (_account, _name, outer, work) => work({ signal: outer, assertHeld: () => Promise.resolve() }),
};
const hourMs = 3_600_000;

/** Of a day, seven of them and 28: 23 hours of 13 allocations, at 0.300000010 in all. */
const ofDay = ['6.90000023', 299] as const;
const ofWeek = ['48.30000161', 2_093] as const;
const ofMonth = ['193.20000644', 8_372] as const;
/** With an hour at 0.600000013 instead. */
const corrected = { 'day 2038-02-10': ['7.200000233', 299], 'week 2038-02-08': ['48.600001613', 2_093] };

let store: WorkerStore;
let world: PeriodWorld;
let account: string;

beforeAll(async () => {
  const servers = sharedServers();
  const [clickhouse, redisUrl] = await Promise.all([servers.clickhouse(), servers.redisUrl()]);
  store = await openWorkerStore({ clickhouse, redisUrl, database: randomDatabase(), prefix: randomPrefix() });
  world = await openPeriodWorld(store);
});
afterAll(() => store.close());

const sum = (ports: Partial<SumPeriodsPorts> = {}, of = account): Promise<SummedPeriods> =>
  sumPeriods({ ...world.ports, ...ports }, { cloudAccountId: of, signal });
const rowsOf = (of = account): Promise<string[]> =>
  storedRows(store.clickhouse, of, { comparable: true, merged: true, of: 'periods' });
const datesOf = (kind: string, dates: readonly number[]): string[] =>
  dates.map((date) => `${kind} 2038-02-${String(date).padStart(2, '0')}`);
const each = <T>(names: readonly string[], value: T): Record<string, T> =>
  Object.fromEntries(names.map((name) => [name, value]));

it('sums the days of a calendar, its weeks and months, by pod and by each dimension, and leaves them alone the next time', async () => {
  account = await world.accountWith({ from: february.from - daySeconds, until: february.until + daySeconds });
  expect(await sum()).toEqual({ summed: 30 + 4 + 1, removed: 0, left: 0 });
  const february28 = Array.from({ length: 28 }, (_none, index) => index + 1);
  for (const dimension of ['pod', 'namespace', 'controller', 'node'] as const) {
    expect(await namedPeriods(store.clickhouse, account, dimension)).toEqual({
      ...each(['day 2038-01-31', ...datesOf('day', february28), 'day 2038-03-01'], ofDay),
      ...each(datesOf('week', [1, 8, 15, 22]), ofWeek),
      'month 2038-02-01': ofMonth,
    });
  }
  const rows = await storedRows(store.clickhouse, account, { of: 'periods' });
  expect(await sum()).toEqual({ summed: 0, removed: 0, left: 0 });
  expect(await storedRows(store.clickhouse, account, { of: 'periods' })).toEqual(rows);
});

describe('a week', () => {
  let untouched: string[];
  beforeAll(async () => {
    account = await world.accountWith(secondWeek);
    await sum();
    untouched = await rowsOf();
  });
  beforeEach(async () => {
    account = await world.accountWith(secondWeek);
  });

  it('is summed in turns, newest days first', async () => {
    expect(await sum({ periodsPerTurn: 5 })).toEqual({ summed: 5, removed: 0, left: 3 });
    expect(await namedPeriods(store.clickhouse, account)).toEqual(each(datesOf('day', [10, 11, 12, 13, 14]), ofDay));
    expect(await sum({ periodsPerTurn: 5 })).toEqual({ summed: 3, removed: 0, left: 0 });
    expect(await rowsOf()).toEqual(untouched);
  });

  it('whose first day is not kept any more is not summed', async () => {
    // Of the 22 days up to today, 2 March, the first is 9 February.
    expect(await sum({ retentionDays: 22 })).toEqual({ summed: 6, removed: 0, left: 0 });
    expect(await namedPeriods(store.clickhouse, account)).toEqual(each(datesOf('day', [9, 10, 11, 12, 13, 14]), ofDay));
  });

  it('of which a day is corrected has that day and itself made anew, and the superseded ones removed after a while', async () => {
    await sum();
    await world.correct(account, 2);
    expect(await sum()).toEqual({ summed: 2, removed: 0, left: 0 });
    expect(await namedPeriods(store.clickhouse, account)).toMatchObject(corrected);
    expect(await namedPeriods(store.clickhouse, account, 'namespace')).toMatchObject(corrected);
    expect(await namedPeriods(store.clickhouse, account)).toMatchObject(
      each(datesOf('day', [8, 9, 11, 12, 13, 14]), ofDay),
    );
    const [both, nowMs] = [await rowsOf(), world.clock.nowMs];
    expect(both.length).toBeGreaterThan(untouched.length);
    const later = (ms: number) => ({ now: () => nowMs + ms });
    expect(await sum(later(hourMs / 2))).toEqual({ summed: 0, removed: 0, left: 0 });
    expect(await sum(later(hourMs))).toEqual({ summed: 0, removed: 2, left: 0 });
    expect(await rowsOf()).toHaveLength(untouched.length);
    expect(await namedPeriods(store.clickhouse, account)).toMatchObject(corrected);
  });

  it.each([
    ['soon', hourMs / 4],
    ['after that was removed', hourMs],
  ])('can go back to what it was, %s', async (_when, ms) => {
    await sum();
    const startMs = world.clock.nowMs;
    await world.correct(account, 2);
    await sum();
    await sum({ now: () => startMs + ms });
    await world.correct(account, 1);
    expect(await sum({ now: () => startMs + ms + 1 })).toMatchObject({ summed: 2 });
    await sum({ now: () => startMs + 3 * hourMs });
    expect(await rowsOf()).toEqual(untouched);
  });

  /** A run that is killed before it can name the week. */
  async function killRun(): Promise<void> {
    const { store: periods } = world.ports;
    const name: typeof periods.name = (id, period, atMs) =>
      period.kind === 'week' ? Promise.reject(new Error('killed')) : periods.name(id, period, atMs);
    await expect(sum({ store: { ...periods, name } })).rejects.toThrow('killed');
    expect(Object.keys(await namedPeriods(store.clickhouse, account))).toEqual(
      datesOf('day', [8, 9, 10, 11, 12, 13, 14]),
    );
  }
  const ofTheWeek = "WHERE cloud_account_id = {account:UUID} AND period = 'week'";

  it.each([
    ['all of it', ''],
    ...['allocation_periods', 'allocation_dimension_periods'].flatMap((table): [string, string][] => [
      [`half of ${table}`, `DELETE FROM ${table} ${ofTheWeek} AND namespace = 'shop'`],
      [`${table} twice`, `INSERT INTO ${table} SELECT * FROM ${table} ${ofTheWeek}`],
    ]),
  ])('that a killed run has left without a name, %s, is completed', async (_what, harm) => {
    await killRun();
    if (harm !== '') await runStatement(store.clickhouse, harm, { account });
    expect(await sum()).toEqual({ summed: 1, removed: 0, left: 0 });
    expect(await rowsOf()).toEqual(untouched);
  });

  it('that a killed run has left without a name is removed when it is not wanted any more', async () => {
    await killRun();
    await world.correct(account, 2);
    expect(await sum()).toEqual({ summed: 2, removed: 0, left: 0 });
    expect(await sum({ now: () => world.clock.nowMs + hourMs })).toEqual({ summed: 0, removed: 2, left: 0 });
    expect(await rowsOf()).toHaveLength(untouched.length);
    expect(await namedPeriods(store.clickhouse, account)).toMatchObject(corrected);
  });

  it('is not named while rows of a day are missing, which holds up nothing else', async () => {
    await runStatement(
      store.clickhouse,
      "DELETE FROM allocation_days WHERE cloud_account_id = {account:UUID} AND date = '2038-02-10' AND kind = 'idle'",
      { account },
    );
    await expect(sum()).rejects.toMatchObject({ code: 'facts-incomplete' });
    expect(await namedPeriods(store.clickhouse, account)).toEqual(each(datesOf('day', [8, 9, 11, 12, 13, 14]), ofDay));
  });

  it('is given up after five failures in a row', async () => {
    let tried = 0;
    const insert = () => Promise.reject(new Error(`away ${String((tried += 1))}`));
    await expect(sum({ store: { ...world.ports.store, insert } })).rejects.toThrow('away 1');
    expect(tried).toBe(5);
  });

  it('is written once by several workers, with the lock and without it', async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 3 }, () => sum()));
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(isAppError(outcome.reason) && outcome.reason.code).toBe('hour-busy');
    }
    expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(0);
    expect(await rowsOf()).toEqual(untouched);
    account = await world.accountWith(secondWeek);
    await Promise.all(Array.from({ length: 3 }, () => sum({ locks: openLocks })));
    expect(await rowsOf()).toEqual(untouched);
  });

  it('is left where it is when the lock is lost or the worker stops', async () => {
    const { store: periods } = world.ports;
    const stop = new AbortController();
    let count = 0;
    const name: typeof periods.name = async (id, period, atMs) => {
      await periods.name(id, period, atMs);
      if ((count += 1) === 3) stop.abort(new Error('stopped'));
    };
    const stopping = { ...world.ports, store: { ...periods, name } };
    await expect(sumPeriods(stopping, { cloudAccountId: account, signal: stop.signal })).rejects.toThrow('stopped');
    expect(Object.keys(await namedPeriods(store.clickhouse, account))).toHaveLength(3);

    const lost: Locks = {
      hold: (_account, _name, outer, work) =>
        work({ signal: outer, assertHeld: () => Promise.reject(new Error('lost')) }),
    };
    await expect(sum({ locks: lost })).rejects.toThrow('lost');
    expect(Object.keys(await namedPeriods(store.clickhouse, account))).toHaveLength(3);
  });

  it('of an account that was deleted is not summed', async () => {
    const accounts = { find: () => Promise.resolve(null) };
    expect(await sum({ accounts })).toEqual({ summed: 0, removed: 0, left: 0 });
    expect(await rowsOf()).toEqual([]);
  });

  it('has no sums while one of its days has none', async () => {
    const { findHour, putHour } = store.hours.store;
    const hour = await findHour(account, wednesday);
    if (hour === null) throw new Error('the hour is not there');
    await putHour(account, { ...hour, allocationRows: null, readAtMs: hour.readAtMs + 1 });
    await world.close(account);
    expect(await sum()).toEqual({ summed: 6, removed: 0, left: 0 });
  });
});
