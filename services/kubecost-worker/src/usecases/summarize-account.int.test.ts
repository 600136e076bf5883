import { randomDatabase, randomPrefix, randomTenant, sharedServers } from '@cloudtuner/test-kit';
import { z } from 'zod';
import { daySeconds, hourSeconds, hoursOfDay } from '../domain/calendar';
import { copyHours, runStatement, storedRows, workerTables } from '../testing/stored-rows';
import {
  endOfLastMonth,
  rulesOf,
  sayHour,
  summaryTotals,
  summaryWorld,
  type SummaryWorld,
} from '../testing/summary-world';
import { openWorkerStore, type WorkerStore } from '../testing/worker-store';
import type { SummaryStore } from '../summary-ports';
import { cleanUp } from './clean-up';
import { createCleanupStore } from '../adapters/clickhouse/cleanup-store';
import { storeHour } from './store-hour';
import { summarizeAccount, type SummarizeAccountPorts, type SummarizedAccount } from './summarize-account';

const { day, end } = endOfLastMonth();
const signal = new AbortController().signal;
/** Its day is closed in revision 1. */
const template = randomTenant();

let store: WorkerStore;
let world: SummaryWorld;
let account: string;

async function closeHours(hours: readonly number[], cloudAccountId = account): Promise<void> {
  for (const hour of hours) await storeHour(store.hours, { cloudAccountId, hour, closed: true, signal });
}
const summarize = (ports: SummarizeAccountPorts = world.ports, of = account): Promise<SummarizedAccount> =>
  summarizeAccount(ports, { cloudAccountId: of, signal });
/** A closed month is adjusted when it has rested for an hour. */
async function summarizeAndRest(): Promise<SummarizedAccount> {
  expect((await summarize()).adjusted).toBe(0);
  world.clock.nowMs += hourSeconds * 1_000;
  return summarize();
}
const rowsOf = async (tables: string, of = account): Promise<string[]> =>
  (await storedRows(store.clickhouse, of, { comparable: true, merged: true, of: 'summaries' })).filter((row) =>
    row.startsWith(tables),
  );
const totalOf = async (duration: string): Promise<string[]> => {
  const rows = Object.values(await summaryTotals(store, account, duration));
  return [1, 2].map((index) => rows.reduce((sum, row) => sum + nanos(row[index]), 0n).toString());
};
const nanos = (text: string | null | undefined): bigint => {
  const [whole = '0', fraction = ''] = (text ?? '0').split('.');
  return BigInt(whole + fraction.padEnd(9, '0'));
};

beforeAll(async () => {
  const servers = sharedServers();
  const [clickhouse, redisUrl] = await Promise.all([servers.clickhouse(), servers.redisUrl()]);
  store = await openWorkerStore({ clickhouse, redisUrl, database: randomDatabase(), prefix: randomPrefix() });
  // Rows are only removed where the server may merge.
  for (const table of [...workerTables, 'cost_summaries', 'cost_summary_windows'])
    await runStatement(store.clickhouse, `SYSTEM START MERGES ${table}`);
  await closeHours(hoursOfDay(day), template);
});

afterAll(() => store.close());

beforeEach(async () => {
  account = randomTenant();
  store.reader.revision = 1;
  world = summaryWorld(store);
  world.created.at = new Date(day * 1_000);
  world.clock.nowMs = (end + daySeconds) * 1_000;
  await copyHours(store.clickhouse, template, account);
});

describe('summaries', () => {
  // 23 hours; 6 pods of the shop and 3 of batch at 0.025, 3 nodes idle at 0.025000001, a disk at 0.000000007
  const wholeDay = {
    '__idle__ __idle__': ['metrics', '1.725000069', '1.725000069', null],
    '__unmounted__ __unallocated__': ['metrics', '0.000000161', '0.000000161', null],
    'batch __unallocated__': ['metrics', '1.725', '1.725', null],
    'shop checkout': ['metrics', '3.45', '3.45', null],
  };

  it('of hours, days and months add up to what the cluster cost', async () => {
    expect(await summarize()).toMatchObject({ written: 24 + 1 + 1, closed: 0, adjusted: 0, failed: 0, left: 0 });
    for (const duration of ['hour', 'day', 'month']) {
      expect(await summaryTotals(store, account, duration)).toEqual(wholeDay);
      // 23 × 0.300000010
      expect(await totalOf(duration)).toEqual(['6900000230', '6900000230']);
    }
  });

  it('are not written again when nothing has changed', async () => {
    await summarize();
    const before = await storedRows(store.clickhouse, account, { of: 'summaries' });
    world.clock.nowMs += 1_000;
    expect((await summarize()).written).toBe(0);
    expect(await storedRows(store.clickhouse, account, { of: 'summaries' })).toEqual(before);
    expect(before.length).toBeGreaterThan(100);
  });

  it('follow late samples: the hour, its day and its month, and no other hour', async () => {
    await summarize();
    store.reader.revision = 2;
    await closeHours([day]);
    expect((await summarize()).written).toBe(3);
    // 22 × 0.300000010 + 0.600000013
    expect(await totalOf('month')).toEqual(['7200000233', '7200000233']);
    expect(await totalOf('hour')).toEqual(['7200000233', '7200000233']);
  });

  it('end in the same rows whatever the order in which things became known', async () => {
    const other = randomTenant();
    await copyHours(store.clickhouse, template, other);
    store.reader.revision = 2;
    await summarize();
    await closeHours([day]);
    await summarize();
    await sayHour(store, { account, hour: day + hourSeconds }, { 'shop/web-node-0-0': '0.040000000' });
    await summarize();
    await sayHour(store, { account: other, hour: day + hourSeconds }, { 'shop/web-node-0-0': '0.040000000' });
    await closeHours([day], other);
    await summarize(world.ports, other);
    const removed = await cleanUp(
      {
        accounts: { list: () => Promise.resolve([{ id: account }, { id: other }] as never) },
        ...{ store: createCleanupStore(store.clickhouse), locks: store.locks, log: world.ports.log },
        now: () => world.clock.nowMs + 2 * hourSeconds * 1_000,
      },
      { hour: Math.floor(day / daySeconds) * daySeconds + 2 * hourSeconds, signal },
    );
    // Two hours and twice the day and the month, all of four rows but the new hour of what Kubecost said.
    expect(removed['cost_summaries']).toBe(24);
    expect(await rowsOf('cost_', other)).toEqual(await rowsOf('cost_'));
  });

  it('take what Kubecost said of an hour before what was measured, and keep the difference', async () => {
    // Pods 0 and 2 of node 0 are the shop's at 0.03 instead of 0.025, an unknown pod costs 0.001; the others cost nothing.
    await sayHour(
      store,
      { account, hour: day },
      {
        'shop/web-node-0-0': '0.030000000',
        'shop/web-node-0-2': '0.030000000',
        'batch/unknown': '0.001000000',
      },
    );
    await summarize();
    const hours = await summaryTotals(store, account, 'hour');
    // 22 × 0.15 + 0.06 and 22 × 0.075 + 0.001
    expect(hours['shop checkout']).toEqual(['api', '3.36', '3.45', '-0.09']);
    expect(hours['batch __unallocated__']).toEqual(['api', '1.651', '1.725', '-0.074']);
    const days = await summaryTotals(store, account, 'day');
    expect(days['shop checkout']).toEqual(['mixed', '3.36', '3.45', '-0.09']);
    expect(await totalOf('month')).toEqual([String(6_900_000_230n - 164_000_000n), '6900000230']);
  });

  it('do not take for a whole hour what Kubecost knows of ten minutes of it', async () => {
    const apiHours = async (): Promise<number[]> =>
      (await world.ports.summaries.listStates(account, 'month', { from: 0, until: end })).map(
        (state) => state.apiHours,
      );
    // 10 of 60 minutes, 56 (0.93) and 57 (0.95).
    const partly = { 'shop/web-node-0-0': '0.010000000' };
    await sayHour(store, { account, hour: day, minutes: 10 }, partly);
    await sayHour(store, { account, hour: day + hourSeconds, minutes: 56 }, partly);
    await summarize();
    expect(await summaryTotals(store, account, 'month')).toEqual(wholeDay);
    expect(await apiHours()).toEqual([0]);
    await sayHour(store, { account, hour: day + 2 * hourSeconds, minutes: 57 }, { 'shop/web-node-0-0': '0.025000000' });
    await summarize();
    expect(await apiHours()).toEqual([1]);
    // 9 pods at 0.025 without, 1 with
    expect(await totalOf('month')).toEqual([String(6_900_000_230n - 200_000_000n), '6900000230']);
  });

  it('know how long their hours were measured, and follow it where it changes no cost', async () => {
    const measured = async (): Promise<number[][]> =>
      (await world.ports.summaries.listStates(account, 'month', { from: 0, until: end })).map((state) => [
        ...[state.closedHours, state.measuredSeconds, state.expectedSeconds],
      ]);
    await runStatement(
      store.clickhouse,
      'DELETE FROM account_hours WHERE cloud_account_id = {account:UUID} AND measured_seconds = 0',
      { account },
    );
    await summarize();
    expect(await measured()).toEqual([[23, 23 * 3_600, 23 * 3_600]]);
    // The hour without samples is closed later: no row of the day changes.
    await closeHours(hoursOfDay(day));
    await summarize();
    expect(await measured()).toEqual([[24, 23 * 3_600, 24 * 3_600]]);
  });

  it('are made anew when the rules change', async () => {
    await summarize();
    world.rules.versions = [
      rulesOf(1, {
        mapping: [{ name: 'all', team: 'platform', conditions: [{ type: 'controller_is', value: 'web' }] }],
        shared_costs: [{ name: 'idle', costs: 'idle', split: 'proportional' }],
      }),
    ];
    // The hour without anything in it is the same; its pointer tells by which rules.
    expect((await summarize()).written).toBe(26);
    expect(await summaryTotals(store, account, 'month')).toEqual({
      '__idle__ __idle__': ['metrics', '0', '0', null],
      '__unmounted__ __unallocated__': ['metrics', '0.000000161', '0.000000161', null],
      // Idle of an hour is 0.075000003: 1/3 and 2/3 of it, 0.025000001 and 0.050000002, on top of 0.075 and 0.15
      'batch platform': ['metrics', '2.300000023', '2.300000023', null],
      'shop platform': ['metrics', '4.600000046', '4.600000046', null],
    });
  });
});

const postingRow = z.object({ sequence: z.number(), reason: z.string(), total: z.string(), rules_version: z.number() });
const books = () =>
  store.clickhouse.query({
    sql: `SELECT sequence, toString(reason) AS reason, total_cost AS total, rules_version FROM cost_postings
          WHERE cloud_account_id = {account:UUID} ORDER BY sequence, total`,
    params: { account },
    schema: postingRow,
    tag: { surface: 'test', route: 'books' },
    tenant: account,
  });
/** The rows of the closed month, and these with all adjustments. */
const published = async (): Promise<{ closed: string; adjusted: string }> => {
  const [row] = await store.clickhouse.query({
    sql: `WITH (SELECT argMax(data_version, precedence) FROM cost_postings WHERE cloud_account_id = {account:UUID} AND sequence = 0) AS first
          SELECT (SELECT sum(total_cost) FROM cost_summaries WHERE cloud_account_id = {account:UUID} AND window_duration = 'month'
                  AND data_version = first) AS closed,
                 closed + (SELECT sum(total_cost) FROM cost_adjustments WHERE cloud_account_id = {account:UUID}
                           AND (sequence, data_version) IN (SELECT sequence, data_version FROM cost_postings WHERE cloud_account_id = {account:UUID})) AS adjusted`,
    params: { account },
    schema: z.object({ closed: z.string(), adjusted: z.string() }),
    tag: { surface: 'test', route: 'books' },
    tenant: account,
  });
  return row ?? { closed: '', adjusted: '' };
};

describe('a month', () => {
  const closeMonth = async (): Promise<void> => {
    await summarize();
    world.clock.nowMs = (end + 5 * daySeconds) * 1_000;
    expect((await summarize()).closed).toBe(1);
  };

  it('closes five days after its end, not before, and not while an hour is missing that may still come', async () => {
    await summarize();
    world.clock.nowMs = (end + 5 * daySeconds) * 1_000 - 1;
    expect(await summarize()).toMatchObject({ closed: 0, openMonths: { waiting: 0, late: 0 } });
    world.created.at = new Date((day - daySeconds) * 1_000);
    world.clock.nowMs += 1;
    expect(await summarize()).toMatchObject({ closed: 0, openMonths: { waiting: 1, late: 0 } });
    // Hours are looked for seven days long; what has not come by then never comes.
    world.clock.nowMs += 7 * daySeconds * 1_000;
    expect(await summarize()).toMatchObject({ closed: 1, openMonths: { waiting: 0, late: 0 } });
    expect(await summarize()).toMatchObject({ closed: 0, openMonths: { waiting: 0, late: 0 } });
    expect(await books()).toEqual([{ sequence: 0, reason: 'closed', total: '6.90000023', rules_version: 0 }]);
  });

  it('of which a tenth was not measured is waited for as one with missing hours is', async () => {
    await runStatement(
      store.clickhouse,
      `INSERT INTO account_hours SELECT * REPLACE (measured_seconds * 0.5 AS measured_seconds, read_at_ms + 1 AS read_at_ms)
       FROM account_hours WHERE cloud_account_id = {account:UUID} AND hour < toDateTime({until:UInt32})`,
      { account, until: day + 4 * hourSeconds },
    );
    await summarize();
    world.clock.nowMs = (end + 5 * daySeconds) * 1_000;
    expect((await summarize()).closed).toBe(0);
    world.clock.nowMs += 7 * daySeconds * 1_000;
    expect((await summarize()).closed).toBe(1);
  });

  it('does not close within a day of a change, which may be one of many', async () => {
    world.clock.nowMs = (end + 20 * daySeconds) * 1_000;
    expect(await summarize()).toMatchObject({ closed: 0, openMonths: { waiting: 0, late: 1 } });
    world.clock.nowMs += daySeconds * 1_000;
    expect(await summarize()).toMatchObject({ closed: 1, openMonths: { waiting: 0, late: 0 } });
  });

  it('is told of as open also while days of it cannot be summarized', async () => {
    world.clock.nowMs = (end + 20 * daySeconds) * 1_000;
    const { left, openMonths } = await summarize({ ...world.ports, daysPerTurn: 0 });
    expect({ left, openMonths }).toEqual({ left: 1, openMonths: { waiting: 0, late: 1 } });
  });

  it('that is closed is never changed: what comes later is an adjustment, and both are what is true', async () => {
    await closeMonth();
    const closed = await rowsOf('cost_summaries');
    store.reader.revision = 2;
    await closeHours([day]);
    expect((await summarizeAndRest()).adjusted).toBe(1);
    await closeHours([day + hourSeconds]);
    expect((await summarizeAndRest()).adjusted).toBe(1);
    expect((await summarize()).adjusted).toBe(0);
    // Each hour costs 0.600000013 instead of 0.300000010.
    expect(await books()).toEqual([
      { sequence: 0, reason: 'closed', total: '6.90000023', rules_version: 0 },
      { sequence: 1, reason: 'data', total: '0.300000003', rules_version: 0 },
      { sequence: 2, reason: 'data', total: '0.300000003', rules_version: 0 },
    ]);
    expect(await published()).toEqual({ closed: '6.90000023', adjusted: '7.500000236' });
    expect(await totalOf('month')).toEqual(['7500000236', '7500000236']);
    const after = new Set(await rowsOf('cost_summaries'));
    expect(closed.filter((row) => !after.has(row))).toEqual([]);
  });

  it('keeps the rules that it was closed with, until others say that they restate it', async () => {
    await closeMonth();
    const mapping = [{ name: 'all', team: 'platform' }];
    world.rules.versions = [rulesOf(1, { mapping })];
    expect((await summarize()).written).toBe(0);
    world.rules.versions.push(rulesOf(2, { mapping, restates_from: new Date(day * 1_000).toISOString().slice(0, 7) }));
    expect((await summarizeAndRest()).adjusted).toBe(1);
    // Who pays has changed, what is paid has not.
    expect(await books()).toEqual([
      { sequence: 0, reason: 'closed', total: '6.90000023', rules_version: 0 },
      { sequence: 1, reason: 'rules', total: '0', rules_version: 2 },
    ]);
    expect((await summaryTotals(store, account, 'month'))['shop platform']?.[1]).toBe('3.45');
  });

  it('at the edge of retention keeps the rules of its days that cannot be summarized again', async () => {
    // The day before is there, and too old to be read again once only one day is looked at.
    await runStatement(
      store.clickhouse,
      `INSERT INTO account_hours SELECT * REPLACE (hour - INTERVAL 1 DAY AS hour) FROM account_hours
       WHERE cloud_account_id = {account:UUID} AND measured_seconds = 0`,
      { account },
    );
    await summarize();
    world.rules.versions = [rulesOf(1, { mapping: [{ name: 'all', team: 'platform' }] })];
    const retentionDays = (world.clock.nowMs / 1_000 - day) / daySeconds + 1;
    expect((await summarize({ ...world.ports, retentionDays })).written).toBe(0);
    expect((await summaryTotals(store, account, 'month'))['shop checkout']?.[1]).toBe('3.45');
    expect((await summarize()).written).toBeGreaterThan(0);
    expect((await summaryTotals(store, account, 'month'))['shop platform']?.[1]).toBe('3.45');
  });

  it('that is open loses its superseded versions though it has a new one every hour', async () => {
    await summarize();
    for (const hour of [0, 1, 2]) {
      world.clock.nowMs += hourSeconds * 1_000;
      store.reader.revision = 2;
      await closeHours([day + hour * hourSeconds]);
      await summarize();
    }
    await cleanUp(
      {
        accounts: { list: () => Promise.resolve([{ id: account }] as never) },
        ...{ store: createCleanupStore(store.clickhouse), locks: store.locks, log: world.ports.log },
        now: () => world.clock.nowMs + 60_000,
      },
      { hour: 2 * hourSeconds, signal },
    );
    const [row] = await store.clickhouse.query({
      sql: `SELECT uniqExact(data_version) AS versions FROM cost_summaries
            WHERE cloud_account_id = {account:UUID} AND window_duration = 'month'`,
      params: { account },
      schema: z.object({ versions: z.coerce.number() }),
      tag: { surface: 'test', route: 'books' },
      tenant: account,
    });
    // Of four versions the current one, and the one before, which is an hour old when it may go.
    expect(row?.versions).toBe(1);
  });

  it('keeps what was published when superseded versions are cleaned up', async () => {
    await closeMonth();
    store.reader.revision = 2;
    await closeHours([day]);
    await summarizeAndRest();
    await cleanUp(
      {
        accounts: { list: () => Promise.resolve([{ id: account }] as never) },
        ...{ store: createCleanupStore(store.clickhouse), locks: store.locks, log: world.ports.log },
        now: () => world.clock.nowMs + 2 * hourSeconds * 1_000,
      },
      { hour: 2 * hourSeconds, signal },
    );
    expect(await published()).toEqual({ closed: '6.90000023', adjusted: '7.200000233' });
  });
});

const writes: readonly string[] = ['insertRows', 'putStates', 'insertAdjustments', 'putPosting'];

/** A store that dies at its n-th write, before it or after it has done it; the worker is gone then. */
function dyingStore(summaries: SummaryStore, dies: { readonly at: number; readonly after: boolean }): SummaryStore {
  let written = 0;
  return new Proxy(summaries, {
    get(target, name: keyof SummaryStore) {
      const method = target[name] as (...of: unknown[]) => Promise<unknown>;
      return async (...of: unknown[]) => {
        if (written >= dies.at) throw new Error('dead');
        if (!writes.includes(name)) return method.apply(target, of);
        written += 1;
        if (written === dies.at && !dies.after) throw new Error('killed');
        const result = await method.apply(target, of);
        if (written === dies.at) throw new Error('killed');
        return result;
      };
    },
  });
}

describe('a worker that is killed', () => {
  it('leaves the old windows or the new ones, and the next run ends in the same rows', async () => {
    const reference = randomTenant();
    await copyHours(store.clickhouse, template, reference);
    await summarize(world.ports, reference);
    const truth = await rowsOf('cost_', reference);
    // Rows and pointers of the day, rows and pointer of the month.
    for (let at = 1; at <= 4; at += 1) {
      for (const after of [false, true]) {
        account = randomTenant();
        await copyHours(store.clickhouse, template, account);
        const ports = { ...world.ports, summaries: dyingStore(world.ports.summaries, { at, after }) };
        await summarize(ports).catch(() => undefined);
        for (const duration of ['hour', 'day', 'month']) {
          expect(['0', '6900000230']).toContain((await totalOf(duration))[0]);
        }
        await summarize();
        expect(await rowsOf('cost_')).toEqual(truth);
      }
    }
  });

  it('between an adjustment and its posting posts it once', async () => {
    await summarize();
    world.clock.nowMs = (end + 5 * daySeconds) * 1_000;
    await summarize();
    store.reader.revision = 2;
    await closeHours([day]);
    // It dies at its first write, now before it and now after it, until nothing is left to write.
    for (let attempt = 0; attempt < 14; attempt += 1) {
      const summaries = dyingStore(world.ports.summaries, { at: 1, after: attempt % 2 === 1 });
      await summarize({ ...world.ports, summaries }).catch(() => undefined);
      world.clock.nowMs += hourSeconds * 1_000;
    }
    expect((await summarize()).adjusted).toBe(0);
    expect(await books()).toHaveLength(2);
    expect(await published()).toEqual({ closed: '6.90000023', adjusted: '7.200000233' });
  });

  it('heals rows that the server has lost', async () => {
    await summarize();
    await runStatement(store.clickhouse, 'DELETE FROM cost_summaries WHERE cloud_account_id = {account:UUID}', {
      account,
    });
    await runStatement(store.clickhouse, 'DELETE FROM cost_summary_windows WHERE cloud_account_id = {account:UUID}', {
      account,
    });
    world.clock.nowMs += 1_000;
    await summarize();
    expect(await totalOf('month')).toEqual(['6900000230', '6900000230']);
  });
});
