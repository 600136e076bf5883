import { randomDatabase, randomPrefix, sharedServers } from '@cloudtuner/test-kit';
import { daySeconds } from '../domain/calendar';
import {
  correctedWeek,
  costOf,
  each,
  february,
  inFebruary,
  namedPeriods,
  openPeriodWorld,
  firstWeek,
  sumsOf,
  wednesday,
  type PeriodWorld,
} from '../testing/period-world';
import { storedRows } from '../testing/stored-rows';
import { openWorkerStore, type WorkerStore } from '../testing/worker-store';
import type { SumPeriodsPorts, SummedPeriods } from './sum-periods';

const hourMs = 3_600_000;

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

const sum = (ports: Partial<SumPeriodsPorts> = {}): Promise<SummedPeriods> => world.sum(account, ports);
const rowsOf = (): Promise<string[]> => sumsOf(store.clickhouse, account);

it('sums the days of a calendar, its weeks from Sunday and from Thursday and its months, by pod and by each dimension, and leaves them alone the next time', async () => {
  account = await world.accountWith({ from: february.from - daySeconds, until: february.until + daySeconds });
  expect(await sum()).toEqual({ summed: 30 + 4 + 3 + 1, removed: 0, failed: 0, left: 0 });
  const february28 = Array.from({ length: 28 }, (_none, index) => index + 1);
  for (const dimension of ['pod', 'namespace', 'controller', 'node'] as const) {
    expect(await namedPeriods(store.clickhouse, account, dimension)).toEqual({
      ...each(['day 2038-01-31', ...inFebruary('day', february28), 'day 2038-03-01'], costOf.day),
      ...each(['week 2038-01-31', ...inFebruary('week', [7, 14, 21])], costOf.week),
      ...each(inFebruary('midweek', [4, 11, 18]), costOf.week),
      'month 2038-02-01': costOf.month,
    });
  }
  const rows = await storedRows(store.clickhouse, account, { of: 'periods' });
  expect(await sum()).toEqual({ summed: 0, removed: 0, failed: 0, left: 0 });
  expect(await storedRows(store.clickhouse, account, { of: 'periods' })).toEqual(rows);
});

describe('a week', () => {
  let untouched: string[];
  beforeAll(async () => {
    account = await world.accountWith(firstWeek);
    await sum();
    untouched = await rowsOf();
  });
  beforeEach(async () => {
    account = await world.accountWith(firstWeek);
  });

  it('is summed in turns, newest days first', async () => {
    expect(await sum({ periodsPerTurn: 5 })).toEqual({ summed: 5, removed: 0, failed: 0, left: 3 });
    expect(await namedPeriods(store.clickhouse, account)).toEqual(
      each(inFebruary('day', [9, 10, 11, 12, 13]), costOf.day),
    );
    expect(await sum({ periodsPerTurn: 5 })).toEqual({ summed: 3, removed: 0, failed: 0, left: 0 });
    expect(await rowsOf()).toEqual(untouched);
  });

  it('whose first day is not kept any more is not summed', async () => {
    // Of the 23 days up to today, 2 March, the first is 8 February.
    expect(await sum({ retentionDays: 23 })).toEqual({ summed: 6, removed: 0, failed: 0, left: 0 });
    expect(await namedPeriods(store.clickhouse, account)).toEqual(
      each(inFebruary('day', [8, 9, 10, 11, 12, 13]), costOf.day),
    );
  });

  it('of which a day is corrected has that day and itself made anew, and the superseded ones removed after a while', async () => {
    await sum();
    await world.correct(account, 2);
    expect(await sum()).toEqual({ summed: 2, removed: 0, failed: 0, left: 0 });
    expect(await namedPeriods(store.clickhouse, account)).toMatchObject(correctedWeek);
    expect(await namedPeriods(store.clickhouse, account, 'namespace')).toMatchObject(correctedWeek);
    expect(await namedPeriods(store.clickhouse, account)).toMatchObject(
      each(inFebruary('day', [7, 8, 9, 11, 12, 13]), costOf.day),
    );
    const [both, nowMs] = [await rowsOf(), world.clock.nowMs];
    expect(both.length).toBeGreaterThan(untouched.length);
    const later = (ms: number) => ({ now: () => nowMs + ms });
    expect(await sum(later(hourMs / 2))).toEqual({ summed: 0, removed: 0, failed: 0, left: 0 });
    expect(await sum(later(hourMs))).toEqual({ summed: 0, removed: 2, failed: 0, left: 0 });
    expect(await rowsOf()).toHaveLength(untouched.length);
    expect(await namedPeriods(store.clickhouse, account)).toMatchObject(correctedWeek);
  });

  it('of which a day is corrected each hour keeps no more than the version before', async () => {
    await sum();
    const startMs = world.clock.nowMs;
    for (const [hours, removed] of [
      [1, 0],
      [2, 2],
      [3, 2],
    ] as const) {
      await world.correct(account, 1 + hours);
      expect(await sum({ now: () => startMs + hours * hourMs })).toEqual({ summed: 2, removed, failed: 0, left: 0 });
    }
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

  it('of an account that was deleted is not summed', async () => {
    const accounts = { find: () => Promise.resolve(null) };
    expect(await sum({ accounts })).toEqual({ summed: 0, removed: 0, failed: 0, left: 0 });
    expect(await rowsOf()).toEqual([]);
  });

  it('has no sums while one of its days has none', async () => {
    const { findHour, putHour } = store.hours.store;
    const hour = await findHour(account, wednesday);
    if (hour === null) throw new Error('the hour is not there');
    await putHour(account, { ...hour, allocationRows: null, readAtMs: hour.readAtMs + 1 });
    await world.close(account);
    expect(await sum()).toEqual({ summed: 6, removed: 0, failed: 0, left: 0 });
  });
});
