import { createHash } from 'node:crypto';
import { AppError } from '@cloudtuner/errors';
import { randomDatabase, randomPrefix, randomTenant, sharedServers } from '@cloudtuner/test-kit';
import { z } from 'zod';
import { createCleanupStore } from '../adapters/clickhouse/cleanup-store';
import { createKubecostStore } from '../adapters/clickhouse/kubecost-store';
import { daySeconds, hourSeconds } from '../domain/calendar';
import type { KubecostFigure, KubecostReader, KubecostStore } from '../ports';
import { currentTotal, runStatement } from '../testing/stored-rows';
import { openWorkerStore, type WorkerStore } from '../testing/worker-store';
import { cleanUp } from './clean-up';
import { storeHour } from './store-hour';
import { storeStatements, type StoredStatements } from './store-statements';

const day = Math.floor(Date.now() / 86_400_000) * 86_400 - daySeconds;
const hour = day + 5 * hourSeconds;
const signal = new AbortController().signal;
const log = { info: () => undefined, warn: () => undefined };

/** What Kubecost says of the hour in one scrape; null: the scrape is not whole. */
interface Said {
  readonly atMs: number;
  readonly figures: readonly KubecostFigure[] | null;
}

const zero = '0.000000000';
const figure = (namespace: string, cpu_cost: string): KubecostFigure => ({
  ...{ cluster_id: 'c', namespace, pod: 'web', container: 'main', node: 'n', minutes: 60 },
  ...{ cpu_core_hours: 1, ram_byte_hours: 0, gpu_hours: 0, pv_byte_hours: 0 },
  ...{ network_transfer_bytes: 0, network_receive_bytes: 0, cpu_cost, ram_cost: zero, gpu_cost: zero, pv_cost: zero },
  ...{ network_cost: zero, load_balancer_cost: zero, shared_cost: zero, external_cost: zero, other_cost: zero },
});

// Said in the hour after it, at these minutes.
const minute = (count: number): number => (hour + hourSeconds + count * 60) * 1_000;
const first: Said = { atMs: minute(6), figures: [figure('shop', '0.150000000'), figure('batch', '0.100000000')] };
const restated: Said = { atMs: minute(66), figures: [figure('shop', '0.200000000')] };
const again: Said = { ...first, atMs: minute(126) };

let store: WorkerStore;
let kubecost: KubecostStore;
let account: string;

beforeAll(async () => {
  const servers = sharedServers();
  const [clickhouse, redisUrl] = await Promise.all([servers.clickhouse(), servers.redisUrl()]);
  store = await openWorkerStore({ clickhouse, redisUrl, database: randomDatabase(), prefix: randomPrefix() });
  kubecost = createKubecostStore(store.clickhouse);
});
afterAll(() => store.close());
beforeEach(() => {
  account = randomTenant();
});

/** Reads as metroculus would of an hour in which this was scraped. */
function readerOf(...said: readonly Said[]): KubecostReader {
  const newestFirst = said.toSorted((a, b) => b.atMs - a.atMs);
  return {
    saidIn: () => Promise.resolve(said.length === 0 ? [] : [{ hour, saidAtMs: newestFirst.map(({ atMs }) => atMs) }]),
    figures: (_account, { saidAtMs }) => {
      const rows = said.find(({ atMs }) => atMs === saidAtMs)?.figures ?? null;
      const sha256 = createHash('sha256').update(JSON.stringify(rows)).digest('hex');
      return Promise.resolve(rows === null ? null : { rows, sha256 });
    },
  };
}

const take = (reader: KubecostReader, store_ = kubecost): Promise<StoredStatements> =>
  storeStatements(
    { reader, store: store_, now: Date.now, log },
    { cloudAccountId: account, hour: hour + hourSeconds, closed: false, signal },
  );

async function physicalRows(): Promise<string[]> {
  const schema = z.object({ line: z.string() });
  const rows = await store.clickhouse.query({
    sql: `SELECT toString(tuple(* EXCEPT (cloud_account_id))) AS line FROM kubecost_hours WHERE cloud_account_id = {account:UUID} ORDER BY line`,
    params: { account },
    schema,
    tag: { surface: 'test', route: 'statements' },
    tenant: account,
  });
  return rows.map(({ line }) => line);
}
const current = async () => (await kubecost.findStatements(account, { from: hour, until: hour + hourSeconds }))[0];

describe('what Kubecost said', () => {
  it('is stored once, however often it is read', async () => {
    expect(await take(readerOf(first))).toMatchObject({ stored: 1, known: 0 });
    const [rows, pointer] = [await physicalRows(), await current()];
    expect(rows).toHaveLength(2);
    expect(pointer).toMatchObject({ hour, saidAtMs: first.atMs, rows: 2 });
    expect(await take(readerOf(first))).toMatchObject({ stored: 0, known: 1 });
    expect([await physicalRows(), await current()]).toEqual([rows, pointer]);
  });

  it('ends in the same, in whatever order its statements are read: the last that was said holds', async () => {
    const orders = [
      [first, restated, again],
      [again, restated, first],
      [restated, again, first],
      [restated, first, again],
    ];
    for (const order of orders) {
      account = randomTenant();
      for (const said of order) await take(readerOf(said));
      expect(await current()).toMatchObject({ saidAtMs: again.atMs, rows: 2 });
    }
  });

  it('keeps its rows when it is said again unchanged, and is newer than what is delivered late', async () => {
    await take(readerOf(first));
    const rows = await physicalRows();
    expect(await take(readerOf(again))).toMatchObject({ confirmed: 1 });
    expect(await physicalRows()).toEqual(rows);
    expect(await take(readerOf(restated))).toMatchObject({ known: 1 });
    expect(await current()).toMatchObject({ saidAtMs: again.atMs, dataVersion: String(first.atMs) });
  });

  it('is taken from the scrape before when the last one is not whole, and is a gap when none is', async () => {
    const broken: Said = { atMs: minute(7), figures: null };
    expect(await take(readerOf(broken))).toMatchObject({ incomplete: 1 });
    expect(await current()).toBeUndefined();
    expect(await take(readerOf(first, broken))).toMatchObject({ stored: 1 });
    expect(await current()).toMatchObject({ saidAtMs: first.atMs });
  });

  it('is what it was before until all of it is stored, and is there once after a kill', async () => {
    await take(readerOf(first));
    const killed = {
      ...kubecost,
      putStatement: () => Promise.reject(new AppError('clickhouse-unavailable', 'killed')),
    };
    await expect(take(readerOf(restated), killed)).rejects.toMatchObject({ code: 'clickhouse-unavailable' });
    expect(await current()).toMatchObject({ saidAtMs: first.atMs });
    await take(readerOf(restated));
    expect(await current()).toMatchObject({ saidAtMs: restated.atMs, rows: 1 });
    expect(await physicalRows()).toHaveLength(3);
  });

  it('is held against our facts of the hour, and adds nothing to them', async () => {
    await storeHour(store.hours, { cloudAccountId: account, hour, closed: true, signal });
    const total = () =>
      currentTotal(store.clickhouse, account, { from: hour, to: hour + hourSeconds }, 'allocation_hours');
    const before = await total();
    expect(await kubecost.consistencyOf(account, hour)).toBeNull();
    const { latest } = await take(readerOf(first));
    // Ours: shop 6 × 0.025, batch 3 × 0.025, a disk at 0.000000007. Theirs: shop the same, batch 0.1.
    const [apart, together] = [0.025 + 7e-9, 0.15 + 0.1 + 7e-9];
    expect(latest?.hour).toBe(hour);
    expect(latest?.consistency).toBeCloseTo(1 - apart / together, 12);
    expect(await total()).toEqual(before);
  });

  it('cannot be compared before our hour is closed', async () => {
    await storeHour(store.hours, { cloudAccountId: account, hour, closed: false, signal });
    expect((await take(readerOf(first))).latest).toEqual({ hour, consistency: null });
  });

  it('loses the versions that others have replaced by the cleanup, and no other', async () => {
    await runStatement(store.clickhouse, 'SYSTEM START MERGES kubecost_hours');
    await take(readerOf(first));
    await take(readerOf(restated));
    // Of a worker that is at it: newer than what is current.
    await kubecost.figures.insert(account, { hour, dataVersion: String(again.atMs) }, first.figures ?? [], 'at it');
    const known = {
      id: account,
      organizationId: 'o',
      clusterResourceId: 'c',
      createdAt: new Date(0),
      lastReadAt: null,
    };
    const clean = (afterMs: number) =>
      cleanUp(
        {
          accounts: { list: () => Promise.resolve([{ ...known, allocationLabelKeys: [] }]) },
          ...{ store: createCleanupStore(store.clickhouse), locks: store.locks, now: () => Date.now() + afterMs, log },
        },
        { hour: day + 2 * hourSeconds, signal },
      );
    expect((await clean(3_000_000))['kubecost_hours']).toBeUndefined();
    expect((await clean(7_200_000))['kubecost_hours']).toBe(2);
    expect(await physicalRows()).toHaveLength(3);
    expect(await current()).toMatchObject({ saidAtMs: restated.atMs, rows: 1 });
  });
});
