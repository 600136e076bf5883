import { randomUUID } from 'node:crypto';
import { AppError } from '@cloudtuner/errors';
import { randomDatabase, randomPrefix, sharedServers } from '@cloudtuner/test-kit';
import { createExportSource } from '../adapters/clickhouse/export-source';
import { daySeconds, hourSeconds } from '../domain/calendar';
import type { CostSink, ExportObserver } from '../export-ports';
import { openTestSink, type InfluxRow, type TestSink } from '../testing/influx';
import { sampleHour } from '../testing/sample-hours';
import { openWorkerStore, type WorkerStore } from '../testing/worker-store';
import { exportHours, type ExportHoursPorts } from './export-hours';
import { storeHour } from './store-hour';

const { signal } = new AbortController();
const hour = Math.floor(Date.now() / 86_400_000) * daySeconds - 12 * hourSeconds;
const silent = { info: () => undefined, warn: () => undefined };
/** Of the sample hours: three nodes at 0.100000001 × revision and a disk at 0.000000007. */
const nanosOf = { 1: 300_000_010, 2: 600_000_013 } as const;

let store: WorkerStore;
let influx: TestSink;

beforeAll(async () => {
  const servers = sharedServers();
  const [clickhouse, redisUrl] = await Promise.all([servers.clickhouse(), servers.redisUrl()]);
  store = await openWorkerStore({ clickhouse, redisUrl, database: randomDatabase(), prefix: randomPrefix() });
  influx = await openTestSink();
});
afterAll(() => store.close());

const newAccount = () => ({ id: randomUUID(), organizationId: randomUUID(), name: 'prod' });
type TestAccount = ReturnType<typeof newAccount>;

const storeRevision = (account: TestAccount, revision: number, { podsPerNode = 3, at = hour, closed = true } = {}) =>
  storeHour(
    { ...store.hours, reader: { readHour: (_id, start) => Promise.resolve(sampleHour(start, revision, podsPerNode)) } },
    { cloudAccountId: account.id, hour: at, closed, signal },
  );

interface Seen {
  readonly outcomes: string[];
  readonly waiting: (number | null)[];
}

function portsOf(account: TestAccount, seen: Seen, sink: CostSink, team = 'team'): ExportHoursPorts {
  const observe: ExportObserver = {
    outcome: (outcome) => seen.outcomes.push(outcome),
    waitingSince: (_id, storedAtMs) => seen.waiting.push(storedAtMs),
  };
  return {
    ...{ observe, sink, locks: store.locks, log: silent, store: store.hours.store },
    accounts: { find: (id) => Promise.resolve(id === account.id ? account : null) },
    source: createExportSource(store.clickhouse, { owner: ['owner', 'app_kubernetes_io_name'], team: [team] }),
  };
}

/** Exports the hour, or a window around it; answers what became of its hours. */
async function run(account: TestAccount, { sink = influx.sink, hours = 1, team = 'team' } = {}): Promise<string[]> {
  const seen: Seen = { outcomes: [], waiting: [] };
  await exportHours(portsOf(account, seen, sink, team), {
    ...{ cloudAccountId: account.id, from: hour, to: hour + hours * hourSeconds, signal },
  });
  return seen.outcomes;
}

const ofAccount = (what: string, measurement: string, account: TestAccount): Promise<InfluxRow[]> =>
  influx.ask(`SELECT ${what} FROM "${measurement}" WHERE cloud_account_id = '${account.id}'`);
const nanos = async (measurement: string, account: TestAccount): Promise<unknown> =>
  (await ofAccount('sum(total_cost_nanos)', measurement, account))[0]?.sum;
const everything = async (account: TestAccount): Promise<InfluxRow[]> => [
  ...(await ofAccount('*', 'cost_allocations', account)),
  ...(await ofAccount('*', 'asset_costs', account)),
];
/** Fails at its n-th call, before or after the call has done its work. */
function failingAt(call: number, when: 'before' | 'after'): CostSink {
  let calls = 0;
  const wrap =
    <Args extends unknown[], Answer>(method: (...args: Args) => Promise<Answer>) =>
    async (...args: Args): Promise<Answer> => {
      calls += 1;
      const isIt = calls === call;
      if (isIt && when === 'before') throw new AppError('influxdb-unavailable', 'gone');
      const answer = await method(...args);
      if (isIt) throw new AppError('influxdb-unavailable', 'gone');
      return answer;
    };
  const { receipts, putReceipt, removeHour, write } = influx.sink;
  return { receipts: wrap(receipts), putReceipt: wrap(putReceipt), removeHour: wrap(removeHour), write: wrap(write) };
}

describe('the export of an hour', () => {
  it('has the dollars of its allocations and of its assets, both the same and exact to the nano', async () => {
    const account = newAccount();
    await storeRevision(account, 1);
    expect(await run(account)).toEqual(['written']);
    expect(await nanos('cost_allocations', account)).toBe(nanosOf[1]);
    expect(await nanos('asset_costs', account)).toBe(nanosOf[1]);
  });

  it('names pods, what is idle and what nobody mounts, with owner and team by their labels', async () => {
    const account = newAccount();
    await storeRevision(account, 1);
    await run(account);
    const rows = await ofAccount('*', 'cost_allocations', account);
    // Three pods on each of three nodes; the idle of all nodes is one; the disk.
    expect(rows).toHaveLength(11);
    const byPod = new Map(rows.map((row) => [row.pod, row]));
    expect(byPod.get('web-node-1-0')).toEqual({
      ...{ time: hour, cloud_account_id: account.id, cluster: 'prod', namespace: 'shop', pod: 'web-node-1-0' },
      ...{ resource_type: 'deployment', owner: 'web', team: 'checkout' },
      // A quarter of 0.100000001, rounded down.
      ...{ cpu_cost: 0.025, total_cost: 0.025, total_cost_nanos: 25_000_000 },
      // The field is there of the disk. What is not measured is not zero.
      storage_cost: null,
    });
    expect(byPod.get('web-node-1-1')).toMatchObject({ namespace: 'batch', owner: 'web', team: null });
    expect(byPod.get('__idle__')).toMatchObject({
      ...{ namespace: '__idle__', resource_type: 'idle', total_cost_nanos: 3 * (100_000_001 - 75_000_000) },
    });
    expect(byPod.get('__unmounted__')).toMatchObject({
      ...{ namespace: '__unmounted__', resource_type: 'disk', storage_cost: 7e-9, total_cost_nanos: 7, cpu_cost: null },
    });
  });

  it('describes assets: how large they are, and of which kind', async () => {
    const account = newAccount();
    await storeRevision(account, 1);
    await run(account);
    const rows = await ofAccount('*', 'asset_costs', account);
    expect(rows.map((row) => row.asset_name).toSorted()).toEqual(['node-0', 'node-1', 'node-2', 'pvc-1']);
    expect(rows.find((row) => row.asset_name === 'node-2')).toMatchObject({
      ...{ time: hour, asset_type: 'node', zone: 'eu-west-1a', instance_type: 'm6i.xlarge', cpu_cores: 4 },
      ...{ total_cost: 0.100000001, total_cost_nanos: 100_000_001 },
    });
  });

  it('writes an hour once, and again only when it or its labels changed', async () => {
    const account = newAccount();
    await storeRevision(account, 1);
    expect(await run(account)).toEqual(['written']);
    expect(await run(account)).toEqual([]);
    expect(await run(account, { team: 'squad' })).toEqual(['corrected']);
    expect(await nanos('cost_allocations', account)).toBe(nanosOf[1]);
  });

  it('leaves nothing behind of rows that a correction removed', async () => {
    const account = newAccount();
    await storeRevision(account, 1, { podsPerNode: 5 });
    await run(account);
    expect(await ofAccount('pod, total_cost', 'cost_allocations', account)).toHaveLength(17);
    await storeRevision(account, 2, { podsPerNode: 1 });
    expect(await run(account)).toEqual(['corrected']);
    expect(await nanos('cost_allocations', account)).toBe(nanosOf[2]);
    expect(await ofAccount('pod, total_cost', 'cost_allocations', account)).toHaveLength(5);
  });

  it('waits until the hour is closed, and leaves other accounts and hours alone', async () => {
    const [account, other] = [newAccount(), newAccount()];
    await storeRevision(account, 1, { closed: false });
    expect(await run(account)).toEqual([]);
    for (const one of [account, other])
      for (const at of [hour, hour + hourSeconds]) await storeRevision(one, 1, { at });
    expect(await run(account, { hours: 2 })).toEqual(['written', 'written']);
    expect(await run(other, { hours: 2 })).toEqual(['written', 'written']);
    await storeRevision(account, 2);
    expect(await run(account, { hours: 2 })).toEqual(['corrected']);
    expect(await nanos('cost_allocations', account)).toBe(nanosOf[1] + nanosOf[2]);
    expect(await nanos('cost_allocations', other)).toBe(2 * nanosOf[1]);
  });

  // Of a first export: receipts, open receipt, write, close receipt. Of a correction there is a removal in it, too.
  const moments = [1, 2, 3, 4, 5].flatMap((call) => (['before', 'after'] as const).map((when) => ({ call, when })));

  it.each(moments)('that fails $when request $call of a correction is whole after the next', async ({ call, when }) => {
    const [account, reference] = [newAccount(), newAccount()];
    for (const one of [account, reference]) {
      await storeRevision(one, 1, { podsPerNode: 5 });
      await run(one);
      await storeRevision(one, 2, { podsPerNode: 2 });
    }
    await run(reference);
    await expect(run(account, { sink: failingAt(call, when) })).rejects.toMatchObject({ code: 'influxdb-unavailable' });
    // Never both, whatever is there now.
    expect([null, undefined, nanosOf[1], nanosOf[2]]).toContain(await nanos('cost_allocations', account));
    await run(account);
    const comparable = (rows: InfluxRow[]) => rows.map((row) => ({ ...row, cloud_account_id: '' }));
    expect(comparable(await everything(account))).toEqual(comparable(await everything(reference)));
  });

  it('that failed half-way is not mixed with what was stored in between', async () => {
    const account = newAccount();
    await storeRevision(account, 1, { podsPerNode: 5 });
    await expect(run(account, { sink: failingAt(3, 'after') })).rejects.toThrow('gone');
    await storeRevision(account, 2, { podsPerNode: 1 });
    await run(account);
    expect(await nanos('cost_allocations', account)).toBe(nanosOf[2]);
    expect(await nanos('asset_costs', account)).toBe(nanosOf[2]);
  });

  it('tells since when something waits, until nothing does', async () => {
    const account = newAccount();
    await storeRevision(account, 1);
    const [state] = await store.hours.store.findHours(account.id, { from: hour, to: hour + hourSeconds });
    const seen: Seen = { outcomes: [], waiting: [] };
    const request = { cloudAccountId: account.id, from: hour, to: hour + hourSeconds, signal };
    await expect(exportHours(portsOf(account, seen, failingAt(1, 'before')), request)).rejects.toThrow('gone');
    expect(seen.waiting.at(-1)).toBe(state?.readAtMs);
    await exportHours(portsOf(account, seen, influx.sink), request);
    expect(seen).toMatchObject({ outcomes: ['written'] });
    expect(seen.waiting.at(-1)).toBeNull();
  });

  it('brings what the sink has lost there again', async () => {
    const account = newAccount();
    await storeRevision(account, 1);
    await run(account);
    await influx.ask(`DROP SERIES WHERE cloud_account_id = '${account.id}'`);
    expect(await run(account)).toEqual(['written']);
    expect(await nanos('cost_allocations', account)).toBe(nanosOf[1]);
  });

  it('writes an hour again whose points were taken away by somebody else', async () => {
    const account = newAccount();
    await storeRevision(account, 1);
    await run(account);
    await influx.ask(`DELETE FROM cost_allocations WHERE cloud_account_id = '${account.id}'`);
    expect(await run(account)).toEqual(['corrected']);
    expect(await nanos('cost_allocations', account)).toBe(nanosOf[1]);
  });

  it('of an account that is gone does nothing', async () => {
    const account = newAccount();
    await storeRevision(account, 1);
    const seen: Seen = { outcomes: [], waiting: [] };
    const ports = { ...portsOf(account, seen, influx.sink), accounts: { find: () => Promise.resolve(null) } };
    await exportHours(ports, { cloudAccountId: account.id, from: hour, to: hour + hourSeconds, signal });
    expect(seen.outcomes).toEqual([]);
    expect(await everything(account)).toEqual([]);
  });
});
