import { AppError, isAppError } from '@cloudtuner/errors';
import { randomDatabase, randomPrefix, randomTenant, sharedServers } from '@cloudtuner/test-kit';
import { hourSeconds } from '../domain/calendar';
import type { Locks } from '../ports';
import { hourCost } from '../testing/sample-hours';
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

describe('closing an hour', () => {
  it('five times leaves the bytes of the first time, and not one physical row more', async () => {
    expect(await close()).toBe('stored');
    const first = await storedRows(store.clickhouse, account);
    // A disk, three nodes, and the row that makes them current.
    expect(first).toHaveLength(5);
    for (let run = 2; run <= 5; run += 1) {
      expect(await close()).toBe('unchanged');
      expect(await storedRows(store.clickhouse, account)).toEqual(first);
    }
    expect(await total()).toEqual({ total: hourCost[1], rows: 4 });
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
    }
    // Facts of two versions, however often they took turns, and one row for each turn.
    expect(await storedRows(store.clickhouse, account)).toHaveLength(4 + 4 + 5);
  });

  it('keeps what is stored when the samples are gone', async () => {
    await close();
    const before = await storedRows(store.clickhouse, account);
    const forgetful = { ...store.hours, reader: { readHour: () => store.reader.readHour(account, emptyHour, signal) } };
    expect(await close(hour, forgetful)).toBe('kept');
    expect(await storedRows(store.clickhouse, account)).toEqual(before);
  });

  it('writes facts again that are not all there, though the server remembers their token', async () => {
    await close();
    const before = await storedRows(store.clickhouse, account);
    // A DELETE is done by a merge.
    await runStatement(store.clickhouse, 'SYSTEM START MERGES asset_hours');
    const ofAccount = 'cloud_account_id = {account:UUID}';
    await runStatement(store.clickhouse, `DELETE FROM asset_hours WHERE ${ofAccount}`, { account });
    await close();
    expect(await storedRows(store.clickhouse, account)).toEqual(before);
    await runStatement(store.clickhouse, `DELETE FROM asset_hours WHERE ${ofAccount} AND asset_key = 'node-1'`, {
      account,
    });
    await close();
    expect(await storedRows(store.clickhouse, account)).toEqual(before);
    await runStatement(store.clickhouse, `INSERT INTO asset_hours SELECT * FROM asset_hours WHERE ${ofAccount}`, {
      account,
    });
    await close();
    expect(await storedRows(store.clickhouse, account)).toEqual(before);
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
    expect(closed.filter((row) => !row.includes('"data_version":"live-'))).toHaveLength(5);
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
    expect(await storedRows(store.clickhouse, account)).toHaveLength(5);
  });

  it('write no fact twice even when the lock excludes nobody', async () => {
    const open: Locks = {
      hold: (_account, _name, outer, work) => work({ signal: outer, assertHeld: () => Promise.resolve() }),
    };
    // The shared token alone has to do it: nothing may have to be mended.
    const unmended = { ...store.hours.store, removeFacts: () => Promise.reject(new Error('facts were written twice')) };
    await Promise.all(Array.from({ length: 8 }, () => close(hour, { ...store.hours, store: unmended, locks: open })));
    expect(await total()).toEqual({ total: hourCost[1], rows: 4 });
    const facts = (await storedRows(store.clickhouse, account)).filter((row) => row.startsWith('asset_hours'));
    expect(facts).toHaveLength(4);
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
        const { total: cost, rows } = await total();
        seen.add(`${cost} of ${String(rows)}`);
      }
    })();
    for (let turn = 0; turn < 30; turn += 1) {
      store.reader.revision = turn % 2 === 0 ? 2 : 1;
      expect(await close()).toBe('stored');
    }
    isDone = true;
    await reading;
    expect([...seen].toSorted()).toEqual([`${hourCost[1]} of 4`, `${hourCost[2]} of 4`]);
  });
});
