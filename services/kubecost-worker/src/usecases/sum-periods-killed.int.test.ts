import { AppError, isAppError } from '@cloudtuner/errors';
import { randomDatabase, randomPrefix, sharedServers } from '@cloudtuner/test-kit';
import type { Locks } from '../ports';
import {
  correctedWeek,
  costOf,
  each,
  inFebruary,
  namedPeriods,
  openPeriodWorld,
  firstWeek,
  sumsOf,
  type PeriodWorld,
} from '../testing/period-world';
import { runStatement } from '../testing/stored-rows';
import { openWorkerStore, type WorkerStore } from '../testing/worker-store';
import type { SumPeriodsPorts, SummedPeriods } from './sum-periods';

const openLocks: Locks = {
  hold: (_account, _name, outer, work) => work({ signal: outer, assertHeld: () => Promise.resolve() }),
};
const hourMs = 3_600_000;

let store: WorkerStore;
let world: PeriodWorld;
let account: string;
let untouched: string[];

beforeAll(async () => {
  const servers = sharedServers();
  const [clickhouse, redisUrl] = await Promise.all([servers.clickhouse(), servers.redisUrl()]);
  store = await openWorkerStore({ clickhouse, redisUrl, database: randomDatabase(), prefix: randomPrefix() });
  world = await openPeriodWorld(store);
  account = await world.accountWith(firstWeek);
  await sum();
  untouched = await rowsOf();
});
afterAll(() => store.close());
beforeEach(async () => {
  account = await world.accountWith(firstWeek);
});

const sum = (ports: Partial<SumPeriodsPorts> = {}): Promise<SummedPeriods> => world.sum(account, ports);
const rowsOf = (): Promise<string[]> => sumsOf(store.clickhouse, account);

describe('a week', () => {
  /** A run that is killed before it can name the week. */
  async function killRun(): Promise<void> {
    const { store: periods } = world.ports;
    const name: typeof periods.name = (id, period, atMs) =>
      period.kind === 'week' ? Promise.reject(new Error('killed')) : periods.name(id, period, atMs);
    expect(await sum({ store: { ...periods, name } })).toEqual({ summed: 7, removed: 0, failed: 1, left: 0 });
    expect(Object.keys(await namedPeriods(store.clickhouse, account))).toEqual(
      inFebruary('day', [7, 8, 9, 10, 11, 12, 13]),
    );
    // The week's rows stay: nine pods, three nodes and the disk.
    const left = (await rowsOf()).filter((row) => row.startsWith('allocation_periods ') && row.includes('"week"'));
    expect(left).toHaveLength(9 + 3 + 1);
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
    expect(await sum()).toEqual({ summed: 1, removed: 0, failed: 0, left: 0 });
    expect(await rowsOf()).toEqual(untouched);
  });

  it('that a killed run has left without a name is removed when it is not wanted any more', async () => {
    await killRun();
    await world.correct(account, 2);
    expect(await sum()).toEqual({ summed: 2, removed: 0, failed: 0, left: 0 });
    expect(await sum({ now: () => world.clock.nowMs + hourMs })).toEqual({ summed: 0, removed: 2, failed: 0, left: 0 });
    expect(await rowsOf()).toHaveLength(untouched.length);
    expect(await namedPeriods(store.clickhouse, account)).toMatchObject(correctedWeek);
  });

  it('is not named while rows of a day are missing, which holds up nothing else and is tried again after an hour', async () => {
    await runStatement(
      store.clickhouse,
      "DELETE FROM allocation_days WHERE cloud_account_id = {account:UUID} AND date = '2038-02-10' AND kind = 'idle'",
      { account },
    );
    const startMs = world.clock.nowMs;
    const outcomes: string[] = [];
    const process = {
      ...{ failedAtMs: new Map<string, number>(), periodsPerTurn: 1 },
      count: (outcome: string) => outcomes.push(outcome),
    };
    // 13 to 11 February, the tenth, the week that it is in, 9 to 7 February.
    for (const left of [7, 6, 5, 4, 3, 2, 1, 0]) expect(await sum(process)).toMatchObject({ left });
    expect(outcomes.toSorted()).toEqual(['failed', 'failed', ...Array<string>(6).fill('summed')]);
    expect(await namedPeriods(store.clickhouse, account)).toEqual(
      each(inFebruary('day', [7, 8, 9, 11, 12, 13]), costOf.day),
    );
    expect(await sum(process)).toEqual({ summed: 0, removed: 0, failed: 0, left: 0 });
    const later = { ...process, periodsPerTurn: 5, now: () => startMs + hourMs };
    expect(await sum(later)).toEqual({ summed: 0, removed: 0, failed: 2, left: 0 });
  });

  it('is given up with its days after five failures in a row, and the next turn tries others', async () => {
    let tried = 0;
    const insert = () => Promise.reject(new Error(`away ${String((tried += 1))}`));
    const process = { failedAtMs: new Map<string, number>(), store: { ...world.ports.store, insert } };
    await expect(sum(process)).rejects.toThrow('away 5');
    expect(await sum(process)).toEqual({ summed: 0, removed: 0, failed: 3, left: 0 });
  });

  it('is summed after an hour, before the days that fail each time', async () => {
    const { store: periods } = world.ports;
    const insert: typeof periods.insert = (id, period, token) =>
      period.start >= Date.parse('2038-02-09T00:00:00Z') / 1_000
        ? Promise.reject(new AppError('clickhouse-query-too-large', 'too large'))
        : periods.insert(id, period, token);
    const process = { failedAtMs: new Map<string, number>(), store: { ...periods, insert } };
    await expect(sum(process)).rejects.toThrow('too large');
    expect(await namedPeriods(store.clickhouse, account)).toEqual({});
    await expect(sum({ ...process, now: () => world.clock.nowMs + hourMs })).rejects.toThrow('too large');
    expect(await namedPeriods(store.clickhouse, account)).toEqual({
      ...each(inFebruary('day', [7, 8]), costOf.day),
      ...each(inFebruary('week', [7]), costOf.week),
    });
  });

  it('is no failure of its own when the server is away', async () => {
    const insert = () => Promise.reject(new AppError('clickhouse-unavailable', 'away'));
    const outcomes: string[] = [];
    const process = { failedAtMs: new Map<string, number>(), count: (outcome: string) => outcomes.push(outcome) };
    await expect(sum({ ...process, store: { ...world.ports.store, insert } })).rejects.toThrow('away');
    expect(outcomes).toEqual([]);
    expect(await sum(process)).toEqual({ summed: 8, removed: 0, failed: 0, left: 0 });
  });

  it('is summed though what was superseded cannot be removed, which is tried again', async () => {
    await sum();
    await world.correct(account, 2);
    await sum();
    await world.correct(account, 3);
    const remove = () => Promise.reject(new Error('away'));
    const outcomes: string[] = [];
    const later = { now: () => world.clock.nowMs + hourMs, count: (outcome: string) => outcomes.push(outcome) };
    expect(await sum({ ...later, store: { ...world.ports.store, remove } })).toMatchObject({ summed: 2, removed: 0 });
    expect(outcomes).toEqual(['failed', 'summed', 'summed']);
    expect(await sum({ now: () => world.clock.nowMs + 2 * hourMs })).toMatchObject({ summed: 0, removed: 4 });
  });

  it('is written once by several workers, with the lock and without it', async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 3 }, () => sum()));
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(isAppError(outcome.reason) && outcome.reason.code).toBe('hour-busy');
    }
    expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(0);
    expect(await rowsOf()).toEqual(untouched);
    account = await world.accountWith(firstWeek);
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
    const ports = { store: { ...periods, name } };
    await expect(world.sum(account, ports, { signal: stop.signal })).rejects.toThrow('stopped');
    expect(Object.keys(await namedPeriods(store.clickhouse, account))).toHaveLength(3);

    const lost: Locks = {
      hold: (_account, _name, outer, work) =>
        work({ signal: outer, assertHeld: () => Promise.reject(new Error('lost')) }),
    };
    await expect(sum({ locks: lost })).rejects.toThrow('lost');
    expect(Object.keys(await namedPeriods(store.clickhouse, account))).toHaveLength(3);
  });

  it('is left for the next turn when the worker would like to end', async () => {
    const stop = new AbortController();
    const count = () => {
      stop.abort();
    };
    const done = await world.sum(account, { count }, { stopping: stop.signal });
    expect(done).toEqual({ summed: 1, removed: 0, failed: 0, left: 7 });
  });
});
