import { randomDatabase, randomPrefix, randomTenant, sharedServers } from '@cloudtuner/test-kit';
import { daySeconds, hoursOfDay, hourSeconds } from '../domain/calendar';
import { createCleanupStore } from '../adapters/clickhouse/cleanup-store';
import { copyHours, currentTotal, runStatement, storedRows, workerTables } from '../testing/stored-rows';
import { openWorkerStore, type WorkerStore } from '../testing/worker-store';
import { cleanUp, type CleanUpPorts } from './clean-up';
import { storeDay } from './store-day';
import { storeHour } from './store-hour';

const day = Math.floor(Date.now() / 86_400_000) * 86_400 - daySeconds;
const [hour, other] = [day + 5 * hourSeconds, day + 6 * hourSeconds];
const signal = new AbortController().signal;
const [fullHour, anyHour] = [day + 2 * hourSeconds, day + 3 * hourSeconds];

let store: WorkerStore;
let account: string;

beforeAll(async () => {
  const servers = sharedServers();
  const [clickhouse, redisUrl] = await Promise.all([servers.clickhouse(), servers.redisUrl()]);
  store = await openWorkerStore({ clickhouse, redisUrl, database: randomDatabase(), prefix: randomPrefix() });
  // A DELETE is done by a merge.
  for (const table of workerTables) await runStatement(store.clickhouse, `SYSTEM START MERGES ${table}`);
});
afterAll(() => store.close());
beforeEach(() => {
  account = randomTenant();
  store.reader.revision = 1;
  store.labels.keys = [];
});

const put = (closed: boolean, at = hour) =>
  storeHour(store.hours, { cloudAccountId: account, hour: at, closed, signal });

/** Two hours later, unless it is said otherwise: nobody reads a superseded version any more. */
function ports(afterMs = 7_200_000): CleanUpPorts {
  const known = { id: account, organizationId: 'o', clusterResourceId: 'c', createdAt: new Date(0), lastReadAt: null };
  return {
    accounts: { list: () => Promise.resolve([{ ...known, allocationLabelKeys: [] }]) },
    store: createCleanupStore(store.clickhouse),
    locks: store.locks,
    now: () => Date.now() + afterMs,
    log: { info: () => undefined, warn: () => undefined },
  };
}

async function versions(): Promise<Record<string, number>> {
  const rows = await storedRows(store.clickhouse, account);
  const count = (table: string): number => rows.filter((row) => row.startsWith(`${table} `)).length;
  return Object.fromEntries(['asset_hours', 'allocation_hours', 'allocation_days'].map((name) => [name, count(name)]));
}

const total = () => currentTotal(store.clickhouse, account, { from: hour, to: hour + hourSeconds }, 'allocation_hours');

describe('the cleanup', () => {
  it('goes on with the other accounts when one cannot be cleaned up, and says so at the end', async () => {
    await put(true);
    store.reader.revision = 2;
    await put(true);
    const broken = randomTenant();
    const { accounts, store: cleanup, ...others } = ports();
    const withBroken: CleanUpPorts = {
      ...others,
      accounts: { list: async () => (await accounts.list()).flatMap((known) => [{ ...known, id: broken }, known]) },
      store: {
        ...cleanup,
        findChangedDays: (id, sinceMs) =>
          id === broken ? Promise.reject(new Error('away')) : cleanup.findChangedDays(id, sinceMs),
      },
    };
    const before = await versions();
    await expect(cleanUp(withBroken, { hour: fullHour, signal })).rejects.toThrow('away');
    expect((await versions())['asset_hours']).toBe((before['asset_hours'] ?? 0) / 2);
  });

  it('removes versions of hours that others have replaced, an hour after that, and counts them', async () => {
    await put(true);
    await put(true, other);
    store.reader.revision = 2;
    await put(true);
    const before = await total();
    expect(await cleanUp(ports(3_000_000), { hour: fullHour, signal })).toEqual({
      asset_hours: 0,
      allocation_hours: 0,
    });
    expect(await versions()).toMatchObject({ asset_hours: 12, allocation_hours: 39 });
    expect(await cleanUp(ports(), { hour: anyHour, signal })).toEqual({ asset_hours: 0, allocation_hours: 0 });
    expect(await cleanUp(ports(), { hour: fullHour, signal })).toEqual({ asset_hours: 4, allocation_hours: 13 });
    expect(await versions()).toMatchObject({ asset_hours: 8, allocation_hours: 26 });
    expect(await total()).toEqual(before);
  });

  it('leaves what a worker is at, and takes it the next time', async () => {
    await put(true);
    store.reader.revision = 2;
    await put(true);
    await store.locks.hold(account, `hour-${String(hour)}`, signal, async () => {
      expect(await cleanUp(ports(), { hour: fullHour, signal })).toEqual({ asset_hours: 0, allocation_hours: 0 });
    });
    expect(await cleanUp(ports(), { hour: fullHour, signal })).toEqual({ asset_hours: 4, allocation_hours: 13 });
  });

  it('can be followed by data that go back to what was removed', async () => {
    for (const revision of [1, 2]) {
      store.reader.revision = revision;
      await put(true);
    }
    await cleanUp(ports(), { hour: fullHour, signal });
    store.reader.revision = 1;
    expect(await put(true)).toBe('stored');
    expect(await total()).toEqual({ total: '0.30000001', rows: 13 });
  });

  it('removes half of a version that nobody completed', async () => {
    const key = { hour, dataVersion: 'f'.repeat(64) };
    const reading = await store.reader.readHour(account, hour, signal);
    await store.hours.store.allocations.insert(account, key, reading.allocations.slice(0, 5), 'half');
    await put(true, other);
    expect(await cleanUp(ports(), { hour: fullHour, signal })).toEqual({ asset_hours: 0, allocation_hours: 5 });
  });

  it('removes what was written of an hour while it ran, once it is closed, at any hour', async () => {
    await put(false);
    await put(false, other);
    expect(await cleanUp(ports(), { hour: anyHour, signal })).toEqual({ asset_hours: 0, allocation_hours: 0 });
    await put(true);
    expect(await cleanUp(ports(60_000), { hour: anyHour, signal })).toEqual({ asset_hours: 0, allocation_hours: 0 });
    expect(await cleanUp(ports(), { hour: anyHour, signal })).toEqual({ asset_hours: 4, allocation_hours: 13 });
    expect(await total()).toEqual({ total: '0.30000001', rows: 13 });
    expect(await versions()).toMatchObject({ asset_hours: 8, allocation_hours: 26 });
  });

  it('removes sums of a day that were made again', async () => {
    const template = randomTenant();
    for (const at of hoursOfDay(day))
      await storeHour(store.hours, { cloudAccountId: template, hour: at, closed: true, signal });
    await copyHours(store.clickhouse, template, account);
    await storeDay(store.days, { cloudAccountId: account, day, signal });
    const { allocation_days: once } = await versions();
    store.labels.keys = ['team'];
    await storeDay(store.days, { cloudAccountId: account, day, signal });
    expect((await versions())['allocation_days']).toBe(2 * (once ?? 0));
    const removed = await cleanUp(ports(), { hour: fullHour, signal });
    expect(removed['allocation_days']).toBeGreaterThan(once ?? 0);
    expect((await versions())['allocation_days']).toBe(once);
    expect((await storedRows(store.clickhouse, account)).filter((row) => row.includes('"label:team"'))).not.toEqual([]);
  });
});
