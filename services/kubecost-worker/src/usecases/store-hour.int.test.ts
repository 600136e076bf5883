import { AppError, isAppError } from '@cloudtuner/errors';
import { randomDatabase, randomPrefix, randomTenant, sharedServers } from '@cloudtuner/test-kit';
import { hourSeconds } from '../domain/calendar';
import type { HourReading } from '../domain/hour-state';
import type { HourStore, Locks } from '../ports';
import { hourCost, sampleHour } from '../testing/sample-hours';
import { currentTotal, runStatement, storedRows } from '../testing/stored-rows';
import { openWorkerStore, type WorkerStore } from '../testing/worker-store';
import { storeHour, type HourOutcome, type StoreHourPorts } from './store-hour';

const day = Math.floor(Date.now() / 86_400_000) * 86_400 - 3 * 86_400;
const hour = day + 5 * hourSeconds;
const emptyHour = day + 3 * hourSeconds;
const signal = new AbortController().signal;

let store: WorkerStore;
let account: string;

beforeAll(async () => {
  const servers = sharedServers();
  const [clickhouse, redisUrl] = await Promise.all([servers.clickhouse(), servers.redisUrl()]);
  store = await openWorkerStore({ clickhouse, redisUrl, database: randomDatabase(), prefix: randomPrefix() });
});

afterAll(() => store.close());

beforeEach(() => {
  account = randomTenant();
  store.reader.revision = 1;
});

const close = (at = hour, ports: StoreHourPorts = store.hours): Promise<HourOutcome> =>
  storeHour(ports, { cloudAccountId: account, hour: at, closed: true, signal });
const refresh = (at = hour): Promise<HourOutcome> =>
  storeHour(store.hours, { cloudAccountId: account, hour: at, closed: false, signal });
const total = (at = hour) => currentTotal(store.clickhouse, account, { from: at, to: at + hourSeconds });
const podTotal = (at = hour) =>
  currentTotal(store.clickhouse, account, { from: at, to: at + hourSeconds }, 'allocation_hours');

describe('closing an hour', () => {
  it('five times leaves the bytes of the first time, and not one physical row more', async () => {
    expect(await close()).toBe('stored');
    const first = await storedRows(store.clickhouse, account);
    // A disk and three nodes, thirteen allocations, and the row that makes them current.
    expect(first).toHaveLength(4 + 13 + 1);
    for (let run = 2; run <= 5; run += 1) {
      expect(await close()).toBe('unchanged');
      expect(await storedRows(store.clickhouse, account)).toEqual(first);
    }
    expect(await total()).toEqual({ total: hourCost[1], rows: 4 });
    expect(await podTotal()).toEqual({ total: hourCost[1], rows: 13 });
  });

  it('writes a row of nothing for an hour without data, once', async () => {
    expect(await close(emptyHour)).toBe('stored');
    expect(await close(emptyHour)).toBe('unchanged');
    const rows = await storedRows(store.clickhouse, account);
    expect(rows).toHaveLength(1);
    expect(rows[0]).toContain('"rows":0,"measured_seconds":0,"expected_seconds":3600,"last_sample_at":null');
  });

  it('replaces the answer when the data changed, and again when they change back', async () => {
    await close();
    for (const revision of [2, 1, 2, 1] as const) {
      store.reader.revision = revision;
      expect(await close()).toBe('stored');
      expect((await total()).total).toBe(hourCost[revision]);
      expect((await podTotal()).total).toBe(hourCost[revision]);
    }
    // Facts of two versions, however often they took turns, and one row for each turn.
    expect(await storedRows(store.clickhouse, account)).toHaveLength(2 * (4 + 13) + 5);
  });

  it('keeps what is stored when the samples are gone', async () => {
    await close();
    const before = await storedRows(store.clickhouse, account);
    const forgetful = { ...store.hours, reader: { readHour: () => store.reader.readHour(account, emptyHour, signal) } };
    expect(await close(hour, forgetful)).toBe('kept');
    expect(await storedRows(store.clickhouse, account)).toEqual(before);
  });

  it.each([
    ['asset_hours', "asset_key = 'node-1'"],
    ['allocation_hours', "pod = 'web-node-1-0'"],
  ])('writes rows of %s again that are not all there, though the server remembers their token', async (table, one) => {
    await close();
    const before = await storedRows(store.clickhouse, account);
    // A DELETE is done by a merge.
    await runStatement(store.clickhouse, `SYSTEM START MERGES ${table}`);
    const ofAccount = 'cloud_account_id = {account:UUID}';
    for (const damage of [
      `DELETE FROM ${table} WHERE ${ofAccount}`,
      `DELETE FROM ${table} WHERE ${ofAccount} AND ${one}`,
      `INSERT INTO ${table} SELECT * FROM ${table} WHERE ${ofAccount}`,
    ]) {
      await runStatement(store.clickhouse, damage, { account });
      expect(await storedRows(store.clickhouse, account)).not.toEqual(before);
      await close();
      expect(await storedRows(store.clickhouse, account)).toEqual(before);
    }
  });

  it('writes a large hour in pieces, and completes what a killed worker left of them without touching it', async () => {
    const [pods, rows] = [2_000, 3 * 2_000 + 3 + 1];
    const reader = { readHour: () => Promise.resolve(sampleHour(hour, 1, pods)) };
    const pieces: number[] = [];
    const allocations = {
      ...store.hours.store.allocations,
      insert: async (...[tenant, key, facts, token]: Parameters<HourStore['allocations']['insert']>) => {
        if (pieces.push(facts.length) === 2) throw new Error('killed');
        await store.hours.store.allocations.insert(tenant, key, facts, token);
      },
      remove: () => Promise.reject(new Error('what was there was taken away')),
    };
    const ports = { ...store.hours, reader, store: { ...store.hours.store, allocations } };
    await expect(close(hour, ports)).rejects.toThrow('killed');
    expect(await podTotal()).toEqual({ total: '0', rows: 0 });
    expect(await close(hour, ports)).toBe('stored');
    expect(pieces).toEqual([5_000, rows - 5_000, 5_000, rows - 5_000]);
    expect(await podTotal()).toEqual({ total: hourCost[1], rows });
  });
});

describe('an hour whose allocations are not its assets', () => {
  const oneNanoTooMuch = (): HourReading => {
    const reading = sampleHour(hour, 2);
    const [first, ...others] = reading.allocations;
    if (first === undefined) throw new Error('an hour without allocations');
    // 0.200000002 ÷ 4 = 0.050000000 (rounded down), and a nano that no asset has.
    return { ...reading, allocations: [{ ...first, cpu_cost: '0.050000001', total_cost: '0.050000001' }, ...others] };
  };
  const unbalanced = (): StoreHourPorts => ({
    ...store.hours,
    reader: { readHour: () => Promise.resolve(oneNanoTooMuch()) },
  });

  it('is not stored', async () => {
    await expect(close(hour, unbalanced())).rejects.toMatchObject({ code: 'facts-unbalanced' });
    expect(await storedRows(store.clickhouse, account)).toEqual([]);
  });

  it('leaves the stored hour, which is flagged once, until a reading adds up again', async () => {
    await close();
    for (let attempt = 0; attempt < 2; attempt += 1)
      await expect(close(hour, unbalanced())).rejects.toMatchObject({ code: 'facts-unbalanced' });
    expect(await podTotal()).toEqual({ total: hourCost[1], rows: 13 });
    expect((await store.hours.store.findHour(account, hour))?.flags).toEqual([
      'allocations-unbalanced',
      'network-not-measured',
    ]);
    expect(await storedRows(store.clickhouse, account)).toHaveLength(4 + 13 + 2);
    expect(await close()).toBe('stored');
    expect((await store.hours.store.findHour(account, hour))?.flags).toEqual(['network-not-measured']);
  });
});

describe('refreshing the running hour', () => {
  it('replaces its facts, which are set apart, until the hour is closed', async () => {
    expect(await refresh()).toBe('stored');
    expect(await refresh()).toBe('unchanged');
    store.reader.revision = 2;
    expect(await refresh()).toBe('stored');
    expect((await total()).total).toBe(hourCost[2]);
    const live = await storedRows(store.clickhouse, account);
    expect(live.filter((row) => row.includes('"data_version":"live-'))).toHaveLength(live.length);

    expect(await close()).toBe('stored');
    expect(await total()).toEqual({ total: hourCost[2], rows: 4 });
    const closed = await storedRows(store.clickhouse, account);
    expect(closed.filter((row) => !row.includes('"data_version":"live-'))).toHaveLength(4 + 13 + 1);
  });

  it('never opens a closed hour again, in whatever order the jobs come', async () => {
    await close();
    const before = await storedRows(store.clickhouse, account);
    expect(await refresh()).toBe('unchanged');
    expect(await storedRows(store.clickhouse, account)).toEqual(before);
  });

  it('writes nothing before the first sample', async () => {
    expect(await refresh(emptyHour)).toBe('nothing');
    expect(await storedRows(store.clickhouse, account)).toEqual([]);
  });
});

describe('several workers at one hour', () => {
  it('keep out of each other’s way: one works, the others are told to come back', async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => close()));
    const busy = outcomes.filter((outcome) => outcome.status === 'rejected');
    for (const { reason } of busy) expect(isAppError(reason) && reason.code).toBe('hour-busy');
    expect(outcomes.filter((outcome) => outcome.status === 'fulfilled' && outcome.value === 'stored')).toHaveLength(1);
    expect(await close()).toBe('unchanged');
    expect(await storedRows(store.clickhouse, account)).toHaveLength(4 + 13 + 1);
  });

  it('write no fact twice even when the lock excludes nobody', async () => {
    const open: Locks = {
      hold: (_account, _name, outer, work) => work({ signal: outer, assertHeld: () => Promise.resolve() }),
    };
    // The shared token alone has to do it: nothing may have to be mended.
    const remove = () => Promise.reject(new Error('facts were written twice'));
    const { assets, allocations } = store.hours.store;
    const unmended = {
      ...store.hours.store,
      assets: { ...assets, remove },
      allocations: { ...allocations, remove },
    };
    await Promise.all(Array.from({ length: 8 }, () => close(hour, { ...store.hours, store: unmended, locks: open })));
    expect(await total()).toEqual({ total: hourCost[1], rows: 4 });
    expect(await podTotal()).toEqual({ total: hourCost[1], rows: 13 });
    const facts = (await storedRows(store.clickhouse, account)).filter((row) => !row.startsWith('account_hours'));
    expect(facts).toHaveLength(4 + 13);
  });

  it('a worker that was frozen until its lock had ended does not make its old reading the current one', async () => {
    const frozen: StoreHourPorts = {
      ...store.hours,
      locks: {
        hold: (_account, _name, outer, work) =>
          work({ signal: outer, assertHeld: () => Promise.reject(new AppError('hour-lock-lost', 'frozen')) }),
      },
      reader: {
        readHour: async (tenant, at, outer) => {
          const reading = await store.reader.readHour(tenant, at, outer);
          store.reader.revision = 2;
          expect(await close()).toBe('stored');
          return reading;
        },
      },
    };
    await expect(close(hour, frozen)).rejects.toMatchObject({ code: 'hour-lock-lost' });
    expect((await total()).total).toBe(hourCost[2]);
  });
});

describe('a reader', () => {
  it('sees the old hour or the new one while it is replaced, never a mixture', async () => {
    await close();
    let isDone = false;
    const seen = new Set<string>();
    const reading = (async () => {
      while (!isDone) {
        for (const { total: cost, rows } of [await total(), await podTotal()]) seen.add(`${cost} of ${String(rows)}`);
      }
    })();
    for (let turn = 0; turn < 30; turn += 1) {
      store.reader.revision = turn % 2 === 0 ? 2 : 1;
      expect(await close()).toBe('stored');
    }
    isDone = true;
    await reading;
    const costs = [hourCost[1], hourCost[2]];
    expect([...seen].toSorted()).toEqual(costs.flatMap((cost) => [`${cost} of 13`, `${cost} of 4`]));
  });
});
