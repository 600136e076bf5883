import { parseNanos, sumNanos, type Nanos } from '@cloudtuner/cost-model';
import { randomDatabase, randomTenant, sharedServers } from '@cloudtuner/test-kit';
import { z } from 'zod';
import { connectClickhouse } from '../client';
import type { ClickhouseClient } from '../client-port';
import { migrate } from '../migrate';
import { AllocationWorld, fact, tag } from '../testing/allocation-world';
import { clusterHour, groups, seeded, totalOf } from '../testing/cluster-hours';
import { countAllocationHour, findSupersededHours, removeAllocationHours } from './hour-statements';
import { allocationDayRow, readAllocationDays } from './allocation-days';
import { allocationRankRow, allocationSumRow, rankAllocations, readAllocations } from './read-statement';
import type { AllocationGroup } from './reading-plan';
import { findSupersededDays, removeAllocationDays, rollupVersionOf } from './rollup-statements';

const day = Date.parse('2026-03-01T00:00:00Z') / 1_000;
const wholeDay = { from: day, until: day + 86_400 };
const hourAt = (index: number, dataVersion = `v${String(index)}`) => ({ hour: day + index * 3_600, dataVersion });
/** Of the day in these tests; more would show nothing else. */
const hourIndexes = [0, 1, 2, 3, 4, 5, 6, 7];
const count = z.object({ count: z.coerce.number() });

let client: ClickhouseClient;
let world: AllocationWorld;

beforeAll(async () => {
  const { url, username, password } = await sharedServers().clickhouse();
  client = connectClickhouse({ url, username, password, database: randomDatabase() });
  await migrate(client);
});

beforeEach(() => {
  world = new AllocationWorld(client, randomTenant());
});

afterAll(async () => {
  await client.server().command({ sql: `DROP DATABASE ${client.database}`, tag, tenant: 'none' });
  await client.close();
});

/** The day's first hours; returns what they cost. */
async function storeDayOfHours(target = world): Promise<Nanos> {
  const hours = hourIndexes.map((index) => ({ ...hourAt(index), facts: clusterHour(index) }));
  await target.storeHours(hours);
  return totalOf(hours.flatMap(({ facts }) => facts));
}

/** Every row of both rollup tables, as text. */
async function rollupTexts(target: AllocationWorld): Promise<string[]> {
  const tables = ['allocation_days', 'allocation_dimension_days'];
  const texts = await Promise.all(
    tables.map((table) =>
      target.ask(
        {
          sql: `SELECT * EXCEPT cloud_account_id FROM ${table} WHERE cloud_account_id = {account:UUID} ORDER BY ALL`,
          params: { account: target.account },
        },
        z.unknown(),
      ),
    ),
  );
  return texts.flat().map((row) => JSON.stringify(row));
}

describe('an hour', () => {
  it('comes back as it was written, with its labels, volumes and unknown values', async () => {
    const written = fact({
      kind: 'unattributed',
      asset_type: 'disk',
      asset_key: 'pv-1',
      services: ['a', 'b'],
      labels: { app: 'web', 'weird "\n\\': "'; DROP TABLE x; --" },
      annotations: { note: 'é' },
      started_seconds: 12.345,
      cpu_core_hours: 0.1 + 0.2,
      ram_byte_hours: 123_456_789_012_345,
      volumes: [
        { volume: 'pv-1', claim: 'data', provider_id: 'vol-1', byte_hours: 1.5, cost: '0.000000001' },
        { volume: 'pv-2', claim: '', provider_id: '', byte_hours: null, cost: null },
      ],
      load_balancers: [{ service: 'a/web', ip: '10.0.0.1', hours: 0.5, cost: '-1.5' }],
      cpu_cost: '-123456789.987654321',
      total_cost: '123456789.123456789',
      flags: ['estimated'],
    });
    await world.storeHours([{ ...hourAt(0), facts: [written] }]);
    const rows = await world.ask(
      {
        sql: 'SELECT * EXCEPT (cloud_account_id, hour, data_version) FROM allocation_hours WHERE cloud_account_id = {account:UUID}',
        params: { account: world.account },
      },
      z.unknown(),
    );
    expect(rows).toEqual([written]);
  });

  it('is stored once however often it is sent with its token, and counted by account and version', async () => {
    const facts = clusterHour(1);
    await world.insertFacts(hourAt(0), facts, `${world.account}|0`);
    await world.insertFacts(hourAt(0), facts, `${world.account}|0`);
    await world.insertFacts(hourAt(0, 'other'), facts.slice(0, 3));
    const stranger = new AllocationWorld(client, randomTenant());
    await stranger.insertFacts(hourAt(0), facts.slice(0, 5));
    expect(await world.ask(countAllocationHour(world.account, hourAt(0)), count)).toEqual([{ count: facts.length }]);
  });
});

describe('the answers of a window', () => {
  it.each(Object.entries(groups))(
    'by %s add up to its cost, from hours and from rollups alike',
    async (_name, group) => {
      const total = await storeDayOfHours();
      const fromHours = await world.read(wholeDay, group);
      expect(totalOf(fromHours)).toBe(total);
      await world.storeDay(day, ['team']);
      const plan = await world.plan(wholeDay, group);
      expect(plan.hours).toEqual([]);
      expect(await world.read(wholeDay, group, { plan })).toEqual(fromHours);
      expect(fromHours.reduce((sum, row) => sum + row.fact_rows, 0)).toBe(plan.factRows);
    },
  );

  it('hold the costs of each resource, with unknown ones as null and idle apart', async () => {
    const [none, known] = [
      { cpu_cost: null, total_cost: '0.000000000' },
      { cpu_cost: '0.1', total_cost: '0.1' },
    ];
    await world.storeHours([{ ...hourAt(0), facts: [fact(none), fact({ ...none, namespace: 'b' })] }]);
    await world.storeHours([
      {
        ...hourAt(1),
        facts: [fact({ ...known, cpu_core_usage_max: 2, started_seconds: 60.5 }), fact({ ...none, namespace: 'b' })],
      },
    ]);
    await world.storeHours([
      {
        ...hourAt(2),
        facts: [
          fact({ ...known, cpu_core_usage_max: 1, cpu_core_request_hours: 1, cpu_core_usage_hours: 0.25 }),
          fact({ ...known, kind: 'idle', asset_type: 'node', asset_key: 'n1', namespace: '' }),
        ],
      },
    ]);
    await world.storeDay(day, []);
    const rows = await world.read(wholeDay, { columns: ['namespace'], labelKeys: [] });
    expect(rows).toMatchObject([
      {
        ...{ kind: 'container', namespace: 'a', cpu_cost: '0.2', ram_cost: null, total_cost: '0.2' },
        ...{
          cpu_core_usage_max: 2,
          cpu_core_request_hours: 1,
          cpu_core_measured_request_hours: 1,
          ram_byte_hours: null,
        },
        ...{
          started_at_ms: day * 1_000,
          ended_at_ms: (day + 3 * 3_600) * 1_000,
          covered_seconds: 10_800,
          fact_rows: 3,
        },
      },
      { kind: 'container', namespace: 'b', cpu_cost: null, total_cost: '0' },
      { kind: 'idle', asset_type: 'node', namespace: '', cpu_cost: '0.1', fact_rows: 1 },
    ]);
  });

  it('follow a correction at once, and the rollup when it is written again', async () => {
    const total = await storeDayOfHours();
    await world.storeDay(day, ['team']);
    const facts = clusterHour(99);
    const corrected = total - totalOf(clusterHour(7)) + totalOf(facts);
    await world.storeHours([{ ...hourAt(7, 'late'), facts }], 2);
    for (const group of Object.values(groups)) expect(totalOf(await world.read(wholeDay, group))).toBe(corrected);
    expect((await world.plan(wholeDay, { columns: [], labelKeys: [] })).hours).toHaveLength(hourIndexes.length);

    await world.storeDay(day, ['team'], 2);
    for (const group of Object.values(groups)) {
      const plan = await world.plan(wholeDay, group);
      expect(plan.hours).toEqual([]);
      expect(totalOf(await world.read(wholeDay, group, { plan }))).toBe(corrected);
    }
  });

  it('are of what was read and written last, in whatever order that arrived', async () => {
    await world.storeHours([{ ...hourAt(0, 'late'), facts: clusterHour(1) }], 2);
    const rollup = await world.storeDay(day, [], 2);
    await world.storeHours([{ ...hourAt(0), facts: clusterHour(2) }], 1);
    await world.putDay({ day, hours: [hourAt(0)], labelKeys: [] }, 0, 1);
    const days = await world.ask(readAllocationDays(world.account, wholeDay), allocationDayRow);
    expect(days).toMatchObject([
      { hourCount: 1, hours: [hourAt(0, 'late')], rollup: { dataVersion: rollupVersionOf(rollup) } },
    ]);
  });

  it('that were planned before a correction are of the old hours to the last row', async () => {
    const total = await storeDayOfHours();
    const plan = await world.plan(wholeDay, { columns: ['namespace'], labelKeys: [] });
    await world.storeHours([{ ...hourAt(3, 'late'), facts: clusterHour(77) }], 2);
    const rows = await world.read(wholeDay, { columns: ['namespace'], labelKeys: [] }, { plan });
    expect(totalOf(rows)).toBe(total);
  });

  it('are of the window alone: half a day comes from its hours, steps begin where they are asked to', async () => {
    await storeDayOfHours();
    await world.storeDay(day, []);
    const window = { from: day + 3_600, until: day + 7 * 3_600 };
    const rows = await world.read(window, { columns: [], labelKeys: [] }, { stepSeconds: 7_200 });
    const wanted = [1, 3, 5].map((index) => ({
      step: day + index * 3_600,
      total: totalOf([...clusterHour(index), ...clusterHour(index + 1)]),
    }));
    const steps = [...new Set(rows.map(({ step }) => step))];
    expect(steps.map((step) => ({ step, total: totalOf(rows.filter((row) => row.step === step)) }))).toEqual(wanted);
  });

  it('by pod can be cut to the most expensive', async () => {
    await storeDayOfHours();
    await world.storeDay(day, []);
    const pods: AllocationGroup = { columns: ['namespace', 'pod'], labelKeys: [] };
    const all = await world.read(wholeDay, pods);
    const byCost = all.map((row) => parseNanos(row.total_cost)).toSorted((a, b) => (a < b ? 1 : -1));
    const top = await world.read(wholeDay, pods, { top: 5 });
    expect(top.map((row) => parseNanos(row.total_cost))).toEqual(byCost.slice(0, 5));
  });

  it('by name come in pages, the dearest first, with how many there are; idle is one name, or left out', async () => {
    await storeDayOfHours();
    await world.storeDay(day, []);
    const group: AllocationGroup = { columns: ['namespace', 'pod'], labelKeys: [] };
    const named = { parts: ['cluster', 'namespace', 'pod'], cluster: 'one' } as const;
    const costs = new Map<string, Nanos>();
    for (const row of await world.read(wholeDay, group)) {
      const isUnused = ['disk', 'load_balancer'].includes(row.asset_type) && row.kind === 'unattributed';
      const part = (text: string): string => text || (isUnused ? '__unmounted__' : '__unallocated__');
      const name = row.kind === 'idle' ? '__idle__' : `one/${part(row.namespace)}/${part(row.pod)}`;
      costs.set(name, (costs.get(name) ?? 0n) + parseNanos(row.total_cost));
    }
    const expected = [...costs].sort(([a, left], [b, right]) =>
      left === right ? (a < b ? -1 : 1) : left > right ? -1 : 1,
    );
    for (const plan of [await world.plan(wholeDay, group), await world.plan(wholeDay, group, 3_600)]) {
      const rank = (withIdle: boolean, limit: number, offset: number) =>
        world.ask(rankAllocations(world.account, { plan, names: named, withIdle, limit, offset }), allocationRankRow);
      const page = await rank(true, 5, 3);
      expect(page.map(({ name, total_cost }) => [name, parseNanos(total_cost)])).toEqual(expected.slice(3, 8));
      expect(page[0]).toMatchObject({ names: expected.length, all_fact_rows: plan.factRows });
      const withoutIdle = expected.filter(([name]) => name !== '__idle__');
      const all = await rank(false, 100, 0);
      expect(all.map(({ name }) => name)).toEqual(withoutIdle.map(([name]) => name));
      expect(all[0]).toMatchObject({ names: withoutIdle.length, all_fact_rows: plan.factRows });
      const names = page.map(({ name }) => name);
      const reading = { plan, group, from: day, stepSeconds: null, top: null, named: { ...named, names } };
      const rows = await world.ask(readAllocations(world.account, reading), allocationSumRow);
      expect(totalOf(rows)).toBe(sumNanos(page.map(({ total_cost }) => parseNanos(total_cost))));
    }
  });

  it('begin with what was seen of each day; hours are listed where they have to be read, and from a day on', async () => {
    await storeDayOfHours();
    await world.storeDay(day, []);
    const next = day + 86_400;
    await world.storeHours([{ hour: next, dataVersion: 'v', facts: clusterHour(1) }]);
    const window = { from: day, until: next + 86_400 };
    const read = (hoursFrom?: number) =>
      world.ask(
        readAllocationDays(world.account, window, hoursFrom === undefined ? {} : { hoursFrom }),
        allocationDayRow,
      );
    const listed = async (hoursFrom?: number) => (await read(hoursFrom)).map(({ hours }) => hours.length);
    expect(await listed()).toEqual([hourIndexes.length, 1]);
    expect(await listed(day)).toEqual([hourIndexes.length, 1]);
    expect(await listed(next)).toEqual([0, 1]);
    expect((await read(next))[0]).toMatchObject({
      hourCount: hourIndexes.length,
      closed: true,
      measuredSeconds: hourIndexes.length * 3_600,
      lastSample: null,
      flags: [],
    });
    // A correction, an hour without pods: then the day is not its sum any more.
    await world.storeHours([{ ...hourAt(2, 'late'), facts: clusterHour(5) }], 2);
    expect(await listed(next)).toEqual([hourIndexes.length, 1]);
  });

  it('are of one account', async () => {
    const total = await storeDayOfHours();
    const stranger = new AllocationWorld(client, randomTenant());
    await stranger.storeHours([{ ...hourAt(0), facts: clusterHour(50) }]);
    await stranger.storeDay(day, ['team']);
    await world.storeDay(day, ['team']);
    for (const group of Object.values(groups)) expect(totalOf(await world.read(wholeDay, group))).toBe(total);
  });

  it('name hours that were stored without pods', async () => {
    await world.storeHours([{ ...hourAt(0), facts: clusterHour(1) }]);
    await world.storeHours([{ ...hourAt(1), facts: null }]);
    const plan = await world.plan(wholeDay, { columns: [], labelKeys: [] });
    expect(plan.hoursWithoutPods).toEqual([day + 3_600]);
    expect(plan.hours).toEqual([hourAt(0)]);
  });

  it('outlive the hours they were made from', async () => {
    const total = await storeDayOfHours();
    await world.storeDay(day, ['team']);
    for (const table of ['allocation_hours', 'account_hours']) {
      await world.run({
        sql: `DELETE FROM ${table} WHERE cloud_account_id = {account:UUID}`,
        params: { account: world.account },
      });
    }
    for (const group of Object.values(groups)) expect(totalOf(await world.read(wholeDay, group))).toBe(total);
  });
});

describe('a rollup', () => {
  it('has the same bytes in whatever order and in however many parts its hours arrived', async () => {
    const other = new AllocationWorld(client, randomTenant());
    const random = seeded(5);
    const hours = hourIndexes.map((index) => hourAt(index));
    for (const [index, hour] of hours.entries()) await world.insertFacts(hour, clusterHour(index));
    for (const [index, hour] of [...hours.entries()].reverse()) {
      const shuffled = clusterHour(index).map((one) => ({ one, at: random() }));
      const facts = shuffled.sort((a, b) => a.at - b.at).map(({ one }) => one);
      for (const half of [facts.slice(0, 20), facts.slice(20)]) await other.insertFacts(hour, half);
    }
    const rollup = { day, hours, labelKeys: ['team'] };
    await world.writeRollup(rollup);
    await other.writeRollup(rollup);
    const texts = await rollupTexts(world);
    // Compared first by number and then one by one: a failure shows a row, not all of them.
    const others = await rollupTexts(other);
    expect(others).toHaveLength(texts.length);
    expect(others.find((text, index) => text !== texts[index])).toBeUndefined();
  });

  it('that is written twice is there once; where the server has forgotten, it is seen, removed and written again', async () => {
    await storeDayOfHours();
    const rollup = await world.storeDay(day, ['team']);
    const first = await rollupTexts(world);
    await world.writeRollup(rollup);
    expect(await rollupTexts(world)).toEqual(first);

    await world.writeRollup(rollup, 'another token');
    expect(await world.isBalanced(rollup)).toBe(false);
    const version = { day, dataVersion: rollupVersionOf(rollup) };
    for (const statement of removeAllocationDays(world.account, [version])) await world.run(statement);
    expect(await rollupTexts(world)).toEqual([]);
    expect(await world.isBalanced(rollup)).toBe(false);
    await world.writeRollup(rollup, 'a third token');
    expect(await world.isBalanced(rollup)).toBe(true);
    expect(await rollupTexts(world)).toEqual(first);
  });

  it('has another version with other hours or other label keys, and only then', () => {
    const hours = [hourAt(0), hourAt(1)];
    const version = rollupVersionOf({ hours, labelKeys: ['a', 'b'] });
    expect(rollupVersionOf({ hours: hours.toReversed(), labelKeys: ['b', 'a'] })).toBe(version);
    expect(rollupVersionOf({ hours, labelKeys: ['a'] })).not.toBe(version);
    expect(rollupVersionOf({ hours: [hourAt(0), hourAt(1, 'late')], labelKeys: ['a', 'b'] })).not.toBe(version);
  });
});

describe('what was superseded', () => {
  const version = z.object({ hour: z.number(), data_version: z.string() });
  const dayVersion = z.object({ day: z.number(), data_version: z.string() });
  const window = { fromDay: day, untilDay: day + 86_400, nowMs: 10_000_000, graceSeconds: 3_600 };

  it('is found after its grace and removed, and what is current stays', async () => {
    await world.storeHours([{ ...hourAt(0), facts: clusterHour(1) }], 1);
    await world.storeDay(day, [], 1);
    await world.storeHours([{ ...hourAt(0, 'late'), facts: clusterHour(2) }], 6_000_000);
    await world.storeHours([{ ...hourAt(1), facts: clusterHour(3) }], 1);
    await world.storeDay(day, [], 6_000_000);
    const old = [{ hour: day, data_version: 'v0' }];
    const find = (nowMs: number) => world.ask(findSupersededHours(world.account, { ...window, nowMs }), version);
    expect(await find(9_000_000)).toEqual([]);
    expect(await find(10_000_000)).toEqual(old);
    await world.run(removeAllocationHours(world.account, [hourAt(0)]));
    expect(await find(10_000_000)).toEqual([]);

    const before = await world.read(wholeDay, { columns: ['namespace'], labelKeys: [] });
    const [superseded, ...others] = await world.ask(findSupersededDays(world.account, window), dayVersion);
    expect(others).toEqual([]);
    expect(superseded?.data_version).toBe(rollupVersionOf({ hours: [hourAt(0)], labelKeys: [] }));
    for (const statement of removeAllocationDays(world.account, [
      { day, dataVersion: superseded?.data_version ?? '' },
    ])) {
      await world.run(statement);
    }
    expect(await world.ask(findSupersededDays(world.account, window), dayVersion)).toEqual([]);
    expect(await world.read(wholeDay, { columns: ['namespace'], labelKeys: [] })).toEqual(before);
  });
});
