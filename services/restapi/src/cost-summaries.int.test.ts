import { randomUUID } from 'node:crypto';
import type { InputOf } from '@cloudtuner/restapi-client';
import { sharedServers, waitFor } from '@cloudtuner/test-kit';
import { createOrganization, type TestOrganization } from './testing/restapi-harness';
import { storePosting, storeSummary } from './testing/stored-summaries';
import { startTestWorld, type TestWorld } from './testing/test-world';

const secondsOf = (iso: string): number => Date.parse(iso) / 1000;
const [january, february, march] = ['2026-01-01', '2026-02-01', '2026-03-01'].map(secondsOf) as [
  number,
  number,
  number,
];
const nowMs = Date.parse('2026-03-10T12:00:00Z');

let world: TestWorld;
let organization: TestOrganization;

beforeAll(async () => {
  world = await startTestWorld(sharedServers(), { nowMs });
}, 120_000);
afterAll(() => world.stop());

beforeEach(async () => {
  organization = await createOrganization(world.harness);
});

const api = (of = organization) => world.harness.client(of.owner.token);
const params = () => ({ organization_id: organization.id });

async function createCluster(): Promise<string> {
  const body = { name: `cluster-${randomUUID()}`, type: 'kubernetes_cnr' as const };
  return (await api().createCloudAccount({ params: params(), body })).id;
}

type Query = NonNullable<InputOf<'getCostSummaries'>['query']>;
const ask = (query: Partial<Query> = {}) =>
  api().getCostSummaries({
    params: params(),
    query: {
      ...{ window_duration: 'month', start_date: february, end_date: march, group_by: 'team', money: 'string' },
      ...query,
    },
  });
const inMonth = (
  account: string,
  start: number,
  closedHours: number,
  rows: Parameters<typeof storeSummary>[2]['rows'],
) =>
  storeSummary(world.clickhouse, account, {
    ...{ duration: 'month', start, version: `${String(start)} 1`, closedHours, rows },
  });
const web = (cpu: string) => ({ namespace: 'shop', team: 'web', cpu });
const data = (cpu: string) => ({ namespace: 'batch', team: 'data', cpu });
/** Hours of January and February. */
const [longMonth, shortMonth] = [744, 672];

describe('cost summaries', () => {
  it('are what each team cost in a window, over all clusters, compared with the window before', async () => {
    const [one, two] = [await createCluster(), await createCluster()];
    await inMonth(one, january, longMonth, [web('10.000000000'), data('4.000000000')]);
    await inMonth(two, january, longMonth, [web('2.000000000')]);
    await inMonth(one, february, shortMonth, [{ ...web('11.500000001'), used: 5 }, data('3.000000000')]);
    await inMonth(two, february, shortMonth, [{ namespace: 'ml', team: 'new', cpu: '1.000000000' }]);
    const answer = await ask();
    expect(answer).toMatchObject({ total_count: 3, total_cost: '15.500000001', metrics_total_cost: '15.500000001' });
    expect(answer.summaries).toMatchObject([
      {
        ...{ start: february, end: march, name: 'web', total_cost: '11.500000001', source: 'metrics' },
        // 12 before, in both clusters; memory cost nothing
        trend: { previous_cost: '12.000000000', change_cost: '-0.499999999' },
        efficiency_score: 0.5,
        ...{ closed_cost: null, adjustment_cost: null, difference_cost: null },
      },
      { name: 'data', total_cost: '3.000000000', trend: { change_ratio: -0.25 }, efficiency_score: null },
      // Before it cost nothing, so by how much it has grown cannot be said.
      { name: 'new', total_cost: '1.000000000', trend: null },
    ]);
    expect(answer.windows).toHaveLength(2);
    expect(answer.windows).toContainEqual(
      expect.objectContaining({ cloud_account_id: one, complete: true, closed_hours: 672, rules_version: 3 }),
    );
    for (const group_by of ['cluster', 'namespace', 'owner'] as const) {
      expect((await ask({ group_by })).total_cost).toBe('15.500000001');
    }
    const byCluster = await ask({ group_by: 'cluster', cloud_account_id: two });
    expect(byCluster.summaries.map(({ name, total_cost }) => [name, total_cost])).toEqual([[two, '1.000000000']]);
    expect(byCluster.summaries[0]?.cloud_account_name).toMatch(/^cluster-/);
    const page = await ask({ limit: 1, offset: 1 });
    expect(page).toMatchObject({ total_count: 3, total_cost: '15.500000001', summaries: [{ name: 'data' }] });
  });

  it('say no trend while a window is not complete', async () => {
    const cluster = await createCluster();
    await inMonth(cluster, february, shortMonth, [web('10.000000000')]);
    await inMonth(cluster, march, 100, [web('3.000000000')]);
    const answer = await ask({ start_date: march, end_date: march + 60 });
    expect(answer).toMatchObject({
      windows: [
        { start: march, end: secondsOf('2026-04-01'), complete: false, closed_hours: 100, expected_hours: 744 },
      ],
      summaries: [{ total_cost: '3.000000000', trend: null }],
    });
  });

  it('say how much of a window was measured, and take one with a hole for no complete one', async () => {
    const cluster = await createCluster();
    const [first, second] = [march, march + 86_400];
    for (const [start, measuredSeconds] of [
      [first, 86_400],
      [second, 43_200],
    ] as const)
      await storeSummary(world.clickhouse, cluster, {
        ...{
          duration: 'day',
          start,
          version: String(start),
          closedHours: 24,
          rows: [web('4.000000000')],
          measuredSeconds,
        },
      });
    const answer = await ask({ window_duration: 'day', start_date: first, end_date: second + 86_400 });
    expect(answer.windows).toMatchObject([
      { complete: true, coverage: 1 },
      { complete: false, coverage: 0.5, closed_hours: 24 },
    ]);
    expect(answer.summaries.map(({ trend }) => trend)).toEqual([null, null]);
  });

  it('are the version that is true now', async () => {
    const cluster = await createCluster();
    const window = { duration: 'day', start: march, closedHours: 24 };
    await storeSummary(world.clickhouse, cluster, {
      ...window,
      version: 'a',
      rows: [web('10.000000000')],
      writtenAtMs: 2,
    });
    await storeSummary(world.clickhouse, cluster, {
      ...window,
      version: 'b',
      rows: [web('11.000000000')],
      writtenAtMs: 3,
    });
    const day = { window_duration: 'day', start_date: march, end_date: march + 86_400 } as const;
    expect((await ask(day)).total_cost).toBe('11.000000000');
    await storeSummary(world.clickhouse, cluster, { ...window, version: 'c', rows: [], claimed: 1, writtenAtMs: 4 });
    await expect(ask(day)).rejects.toMatchObject({ code: 'facts-incomplete' });
  });

  it('of a closed month say what it was closed with, and what has been adjusted since', async () => {
    const cluster = await createCluster();
    await inMonth(cluster, february, shortMonth, [web('12.000000000'), data('5.000000000')]);
    const closed = {
      month: february,
      sequence: 0,
      version: `${String(february)} 1`,
      rows: 2,
      postedAtMs: nowMs - 5_000,
    };
    await storePosting(world.clickhouse, cluster, closed);
    // Somebody who was too late with closing it; the first one counts.
    await storePosting(world.clickhouse, cluster, { ...closed, version: 'late', postedAtMs: nowMs - 4_000 });
    const changed = { duration: 'month', start: february, version: 'v2', closedHours: shortMonth, writtenAtMs: 2 };
    await storeSummary(world.clickhouse, cluster, { ...changed, rows: [web('12.500000000'), data('5.000000000')] });
    const posting = { month: february, sequence: 1, version: 'v2', rows: 2, postedAtMs: nowMs - 3_000 };
    await storePosting(world.clickhouse, cluster, { ...posting, changes: [web('0.500000000')] });
    const answer = await ask();
    expect(answer.total_cost).toBe('17.500000000');
    expect(answer.windows).toMatchObject([{ data_version: 'v2', closed_at: nowMs / 1000 - 5 }]);
    expect(answer.summaries).toMatchObject([
      { name: 'web', total_cost: '12.500000000', closed_cost: '12.000000000', adjustment_cost: '0.500000000' },
      { name: 'data', total_cost: '5.000000000', closed_cost: '5.000000000', adjustment_cost: '0.000000000' },
    ]);
    expect(answer.adjustments).toEqual([
      {
        ...{ cloud_account_id: cluster, start: february, end: march, sequence: 1, posted_at: nowMs / 1000 - 3 },
        ...{ reason: 'data', rules_version: 3, data_version: 'v2', name: 'web', total_cost: '0.500000000' },
      },
    ]);
  });

  it('call a team by the pool and an owner by the employee of the same name', async () => {
    const cluster = await createCluster();
    const { email } = organization.owner;
    await inMonth(cluster, february, shortMonth, [{ ...web('1.000000000'), owner: email }, data('2.000000000')]);
    const pool = await api().createPool({ params: params(), body: { name: 'web' } });
    expect((await ask()).summaries.map(({ pool_id }) => pool_id)).toEqual([null, pool.id]);
    const owners = (await ask({ group_by: 'owner' })).summaries;
    expect(owners.find(({ name }) => name === email)?.employee_id).toEqual(expect.any(String));
  });

  it('are refused for more windows of all clusters than an answer holds', async () => {
    // 31 days are 744 hours: 26 clusters have 19,344, one more has 20,088.
    const days = { window_duration: 'hour', start_date: january, end_date: january + 31 * 86_400 } as const;
    for (let count = 0; count < 26; count += 1) await createCluster();
    expect((await ask(days)).total_count).toBe(0);
    await createCluster();
    await expect(ask(days)).rejects.toMatchObject({ code: 'range-too-long' });
    expect((await ask({ ...days, window_duration: 'day' })).total_count).toBe(0);
  });

  it('are refused for windows that there are not, and for clusters of others', async () => {
    await expect(ask({ end_date: february })).rejects.toMatchObject({ code: 'invalid-window' });
    await expect(ask({ window_duration: 'hour', start_date: january })).rejects.toMatchObject({
      code: 'range-too-long',
    });
    const foreign = await createCluster();
    organization = await createOrganization(world.harness);
    await expect(ask({ cloud_account_id: foreign })).rejects.toMatchObject({ code: 'not-found' });
    expect(await ask()).toMatchObject({ total_count: 0, total_cost: null, windows: [], summaries: [] });
  });
});

describe('allocation rules', () => {
  const mapping = [{ name: 'shop', conditions: [{ type: 'namespace_is' as const, value: 'shop' }], team: 'web' }];
  it('are those of the labels team and owner until there are others, and versions from then on', async () => {
    expect(await api().getAllocationRules({ params: params() })).toMatchObject({
      ...{ version: 0, precedence: 'api', shared_costs: [], restates_from: null, created_at: null },
      mapping: [{ team_label: 'team', owner_label: 'owner', conditions: [] }],
    });
    const first = await api().putAllocationRules({ params: params(), body: { version: 0, mapping } });
    expect(first).toMatchObject({ version: 1, mapping: [{ name: 'shop', team: 'web', team_label: null }] });
    expect(await api().getAllocationRules({ params: params() })).toEqual(first);
    await expect(
      api().putAllocationRules({ params: params(), body: { version: 0, mapping: [] } }),
    ).rejects.toMatchObject({
      code: 'allocation-rules-changed',
    });
  });

  it('may name clusters of the organization only', async () => {
    const cluster = await createCluster();
    const body = (value: string) => ({
      version: 0,
      mapping: [{ name: 'a', team: 'a', conditions: [{ type: 'cloud_account_is' as const, value }] }],
    });
    await expect(api().putAllocationRules({ params: params(), body: body(randomUUID()) })).rejects.toMatchObject({
      code: 'invalid-request',
    });
    expect((await api().putAllocationRules({ params: params(), body: body(cluster) })).version).toBe(1);
  });

  it('are in the audit log when they change', async () => {
    await api().putAllocationRules({ params: params(), body: { version: 0, mapping } });
    await waitFor(async () => {
      const { records } = await api().listAudit({ params: params(), query: {} });
      return records.some(({ operation }) => operation === 'putAllocationRules');
    });
  });
});
