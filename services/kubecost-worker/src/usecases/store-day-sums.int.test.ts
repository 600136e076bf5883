import {
  allocationDayRow,
  allocationSumRow,
  planReading,
  readAllocationDays,
  readAllocations,
  type AllocationGroup,
} from '@cloudtuner/clickhouse';
import { randomDatabase, randomPrefix, randomTenant, sharedServers } from '@cloudtuner/test-kit';
import { daySeconds, hoursOfDay } from '../domain/calendar';
import { copyHours, runStatement, storedRows } from '../testing/stored-rows';
import { openWorkerStore, type WorkerStore } from '../testing/worker-store';
import { storeDay, type DayOutcome } from './store-day';
import { storeHour } from './store-hour';

const day = Math.floor(Date.now() / 86_400_000) * 86_400 - 3 * daySeconds;
const signal = new AbortController().signal;
const tag = { surface: 'test', route: 'sums' };
/** Its day is closed in revision 1. */
const template = randomTenant();

let store: WorkerStore;
let account: string;

async function closeHours(hours: readonly number[], cloudAccountId = account): Promise<void> {
  for (const hour of hours) await storeHour(store.hours, { cloudAccountId, hour, closed: true, signal });
}
const takeClosedHours = () => copyHours(store.clickhouse, template, account);
const close = (): Promise<DayOutcome> => storeDay(store.days, { cloudAccountId: account, day, signal });
const rowsOf = async (table: string): Promise<string[]> =>
  (await storedRows(store.clickhouse, account)).filter((row) => row.startsWith(`${table} `));

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
  store.labels.keys = [];
});

describe('the sums of a day', () => {
  const window = { from: day, until: day + daySeconds };
  const byTeam: AllocationGroup = { columns: [], labelKeys: ['team'] };
  const byNamespace: AllocationGroup = { columns: ['namespace'], labelKeys: [] };
  const planOf = async (group: AllocationGroup) => {
    const schema = allocationDayRow;
    const days = await store.clickhouse.query({ ...readAllocationDays(account, window), schema, tag, tenant: account });
    return planReading(days, group, { from: day, stepSeconds: null });
  };
  const sumsBy = async (group: AllocationGroup): Promise<Record<string, string>> => {
    const plan = await planOf(group);
    const rows = await store.clickhouse.query({
      ...readAllocations(account, { plan, group, from: day, stepSeconds: null, top: null }),
      schema: allocationSumRow,
      tag,
      tenant: account,
    });
    return Object.fromEntries(
      rows.map((row) => [[row.kind, row.namespace, ...row.label_values].join(' ').trim(), row.total_cost]),
    );
  };

  /** Stores a day and does harm to the rows of a table; gives the rows that were there. */
  const closeAndHarm = async (table: string, harm: string): Promise<string[]> => {
    await takeClosedHours();
    await close();
    const before = await rowsOf(table);
    await runStatement(store.clickhouse, harm, { account });
    return before;
  };

  it('are written with the expense, by pod and by each dimension, and stand for the day until an hour changes', async () => {
    await takeClosedHours();
    expect((await planOf(byNamespace)).groupDays).toEqual([]);
    await close();
    const plan = await planOf(byNamespace);
    expect([plan.groupDays.length, plan.hours.length, plan.factRows]).toEqual([1, 0, 23 * 13]);
    // 23 hours × 3 nodes × 0.025000000 a pod; pods 0 and 2 of each node are the shop's.
    expect(await sumsBy(byNamespace)).toEqual({
      'container batch': '1.725',
      'container shop': '3.45',
      // 23 × 3 × (0.100000001 − 3 × 0.025) and 23 × 0.000000007
      idle: '1.725000069',
      unattributed: '0.000000161',
    });
    store.reader.revision = 2;
    await closeHours([day]);
    expect((await planOf(byNamespace)).hours).toHaveLength(24);
    expect(await close()).toBe('stored');
    expect((await planOf(byNamespace)).groupDays).toHaveLength(1);
    // One of the 23 hours costs twice as much.
    expect((await sumsBy(byNamespace))['container shop']).toBe('3.6');
  });

  it('are made again when the account has chosen other label keys, and by these then', async () => {
    await takeClosedHours();
    await close();
    expect((await planOf(byTeam)).groupDays).toEqual([]);
    store.labels.keys = ['team'];
    expect(await close()).toBe('stored');
    expect(await close()).toBe('unchanged');
    expect((await planOf(byTeam)).groupDays).toHaveLength(1);
    expect(await sumsBy(byTeam)).toMatchObject({ 'container  checkout': '3.45', container: '1.725' });
    expect(await rowsOf('expenses')).toHaveLength(1);
  });

  it.each(['allocation_days', 'allocation_dimension_days'])(
    'are mended when rows of %s are there twice',
    async (table) => {
      const before = await closeAndHarm(
        table,
        `INSERT INTO ${table} SELECT * FROM ${table} WHERE cloud_account_id = {account:UUID}`,
      );
      // As if the worker had been killed before the day named them.
      for (const merging of ['account_days', 'allocation_days', 'allocation_dimension_days'])
        await runStatement(store.clickhouse, `SYSTEM START MERGES ${merging}`);
      await runStatement(store.clickhouse, 'DELETE FROM account_days WHERE cloud_account_id = {account:UUID}', {
        account,
      });
      expect(await close()).toBe('stored');
      expect(await rowsOf(table)).toEqual(before);
      expect((await sumsBy(byNamespace))['container batch']).toBe('1.725');
    },
  );

  it.each(['allocation_days', 'allocation_dimension_days'])(
    'are made again from the hours when rows of %s are lost that the day has named',
    async (table) => {
      const before = await closeAndHarm(
        table,
        `DELETE FROM ${table} WHERE cloud_account_id = {account:UUID} AND namespace = 'batch'`,
      );
      expect((await rowsOf(table)).length).toBeLessThan(before.length);
      expect(await close()).toBe('stored');
      expect(await rowsOf(table)).toEqual(before);
      expect(await close()).toBe('unchanged');
      expect((await sumsBy(byNamespace))['container batch']).toBe('1.725');
    },
  );

  it('are not there for a day of which an hour was stored without allocations', async () => {
    await takeClosedHours();
    const { putHour, findHour } = store.hours.store;
    const hour = await findHour(account, day);
    if (hour === null) throw new Error('the hour is not there');
    await putHour(account, { ...hour, allocationRows: null, readAtMs: hour.readAtMs + 1 });
    expect(await close()).toBe('stored');
    expect(await rowsOf('allocation_days')).toEqual([]);
    expect(await rowsOf('expenses')).toHaveLength(1);
  });
});
