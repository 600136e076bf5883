import { randomUUID } from 'node:crypto';
import type { ClickhouseClient } from '@cloudtuner/clickhouse';
import { sharedServers, waitFor } from '@cloudtuner/test-kit';
import { cpuPoint, type FakeMetroculus } from './testing/fake-metroculus';
import { createOrganization, type RestapiHarness, type TestOrganization } from './testing/restapi-harness';
import { storeExpense, storeHours } from './testing/stored-hours';
import { startTestWorld, type TestWorld } from './testing/test-world';

const hourSeconds = 3600;
const daySeconds = 86_400;
/** 2026-03-10T00:00:00Z */
const today = Date.parse('2026-03-10T00:00:00Z') / 1000;
const yesterday = today - daySeconds;
const runningHour = today + 10 * hourSeconds;
/** 10:30 */
const nowSeconds = runningHour + 1800;

let world: TestWorld;
let metroculus: FakeMetroculus;
let clickhouse: ClickhouseClient;
let harness: RestapiHarness;
let organization: TestOrganization;

beforeAll(async () => {
  world = await startTestWorld(sharedServers(), { nowMs: nowSeconds * 1000 });
  ({ metroculus, clickhouse, harness } = world);
  organization = await createOrganization(harness);
}, 120_000);
afterAll(() => world.stop());

const api = () => harness.client(organization.owner.token);

async function createCluster(): Promise<{ id: string; resourceId: string; name: string }> {
  const name = `cluster-${randomUUID()}`;
  const account = await api().createCloudAccount({
    params: { organization_id: organization.id },
    body: { name, type: 'kubernetes_cnr', region: 'eu-west-1', owner: 'team-a' },
  });
  return { id: account.id, resourceId: account.cluster_resource_id ?? '', name };
}

const costsOf = (id: string, query: { start_time: number; end_time: number; step?: '1h' | '1d'; money?: 'string' }) =>
  api().getClusterCosts({ params: { cluster_id: id }, query });

describe('GET …/clusters/{id}/costs', () => {
  it('answers closed hours from their current versions only, with every component and exact sums', async () => {
    const { id, name } = await createCluster();
    await storeHours(clickhouse, id, [
      { hour: yesterday, version: 'old', readAtMs: 1, assets: [{ cpu_cost: 999_000_000_000n }] },
      {
        hour: yesterday,
        version: 'new',
        readAtMs: 2,
        // 0.1 + 0.2 and 0.1 + 0.2: in binary floating point neither sum is 0.3.
        assets: [
          { cpu_cost: 100_000_000n, ram_cost: 100_000_000n, gpu_cost: 1n },
          { cpu_cost: 200_000_000n, ram_cost: 200_000_000n },
          { pv_cost: 40_000_000n },
          { load_balancer_cost: 25_000_000n },
          { management_cost: 100_000_000n },
        ],
        flags: ['network-not-measured'],
      },
    ]);
    const answer = await costsOf(id, { start_time: yesterday, end_time: yesterday + hourSeconds, step: '1h' });
    expect(answer).toMatchObject({
      cluster_id: id,
      cluster_name: name,
      currency: 'USD',
      granularity: 'cluster',
      window: { start: yesterday, end: yesterday + hourSeconds },
      step: '1h',
      final_after: yesterday + hourSeconds + 600,
      coverage: 1,
      freshness: { last_sample_at: yesterday + 3590 },
      flags: ['network-not-measured'],
      warnings: [],
    });
    const expected = {
      start: yesterday,
      end: yesterday + hourSeconds,
      total_cost: 0.765000001,
      cpu_cost: 0.3,
      ram_cost: 0.3,
      gpu_cost: 1e-9,
      pv_cost: 0.04,
      network_cost: null,
      load_balancer_cost: 0.025,
      management_cost: 0.1,
      coverage: 1,
      partial: false,
    };
    expect(answer.total).toMatchObject(expected);
    expect(answer.costs).toMatchObject([expected]);
    const exact = await costsOf(id, { start_time: yesterday, end_time: yesterday + hourSeconds, money: 'string' });
    expect(exact.total).toMatchObject({ total_cost: '0.765000001', gpu_cost: '0.000000001', network_cost: null });
  });

  it('moves the edges of the window outward to whole hours and says which window it answered', async () => {
    const { id } = await createCluster();
    const { window } = await costsOf(id, { start_time: yesterday + 1, end_time: yesterday + hourSeconds + 1 });
    expect(window).toEqual({ start: yesterday, end: yesterday + 2 * hourSeconds });
  });

  it('has null and coverage 0 for a hole, never 0 dollars', async () => {
    const { id } = await createCluster();
    await storeHours(clickhouse, id, [
      { hour: yesterday, version: 'v', assets: [{ cpu_cost: 1_000_000_000n }] },
      {
        hour: yesterday + 2 * hourSeconds,
        version: 'v',
        assets: [{ cpu_cost: 1_000_000_000n }],
        measuredSeconds: 1800,
      },
    ]);
    const answer = await costsOf(id, { start_time: yesterday, end_time: yesterday + 3 * hourSeconds, step: '1h' });
    expect(answer.costs.map(({ total_cost, coverage, partial }) => [total_cost, coverage, partial])).toEqual([
      [1, 1, false],
      [null, 0, true],
      [1, 0.5, true],
    ]);
    expect(answer.total).toMatchObject({ total_cost: 2, coverage: 0.5, partial: true });
  });

  it('asks metroculus for the recent hours that are not closed, hands the request id on, and merges', async () => {
    const { id } = await createCluster();
    await storeHours(clickhouse, id, [
      { hour: runningHour - 2 * hourSeconds, version: 'closed', assets: [{ cpu_cost: 2_000_000_000n }] },
      {
        hour: runningHour,
        version: 'live-1',
        closed: false,
        assets: [{ cpu_cost: 7_000_000_000n }],
        measuredSeconds: 60,
      },
    ]);
    metroculus.points.set(id, [
      cpuPoint(runningHour - 3 * hourSeconds, 1.5),
      // Of a closed hour the stored facts win.
      cpuPoint(runningHour - 2 * hourSeconds, 99),
      cpuPoint(runningHour - hourSeconds, 2.5, { flags: ['coverage-gap'], coverage: 0.5 }),
      cpuPoint(runningHour, 0.75, { last_sample_at: nowSeconds - 20 }),
    ]);
    const response = await fetch(`${harness.url}/restapi/v2/kubecost/clusters/${id}/costs?window=today&step=1h`, {
      headers: { authorization: `Bearer ${organization.owner.token}`, 'x-request-id': 'request-of-this-test' },
    });
    const answer = (await response.json()) as Awaited<ReturnType<typeof costsOf>>;
    expect(metroculus.asked.filter(({ cloudAccountId }) => cloudAccountId === id)).toEqual([
      {
        cloudAccountId: id,
        start: runningHour - 3 * hourSeconds,
        end: runningHour + hourSeconds,
        requestId: 'request-of-this-test',
      },
    ]);
    expect(answer.costs).toHaveLength(24);
    expect(answer.costs.slice(6, 12).map(({ total_cost, partial }) => [total_cost, partial])).toEqual([
      [null, true],
      [1.5, true],
      [2, false],
      [2.5, true],
      [0.75, true],
      [null, true],
    ]);
    expect(answer.total).toMatchObject({ total_cost: 6.75, start: today, end: today + daySeconds });
    expect(answer.costs[11]?.coverage).toBeNull();
    // 3 whole hours, one half and half of a running one, of 10.5 that have passed: (3 + 0.5 + 0.5 − 1) / 10.5.
    expect(answer.coverage).toBeCloseTo((1 + 1 + 0.5 + 0.5) / 10.5, 9);
    expect(answer.freshness.last_sample_at).toBe(nowSeconds - 20);
    expect(answer.flags).toEqual(['coverage-gap']);
  });

  it('uses the expense of a day whose hours have expired, equally by the hour and by the day', async () => {
    const { id, resourceId } = await createCluster();
    await storeExpense(clickhouse, id, { resourceId, date: '2026-03-09', cost: 24_000_000_000n });
    await storeExpense(clickhouse, id, { resourceId, date: '2026-03-09', cost: 24_000_000_000n, sign: -1 });
    await storeExpense(clickhouse, id, { resourceId, date: '2026-03-09', cost: 25_000_000_000n });
    for (const step of ['1h', '1d'] as const) {
      const answer = await costsOf(id, { start_time: yesterday, end_time: today, step });
      expect(answer.total).toMatchObject({ total_cost: 25, cpu_cost: null });
      expect(answer.costs.map(({ start, end, total_cost }) => [start, end, total_cost])).toEqual([
        [yesterday, today, 25],
      ]);
      expect(answer.flags).toEqual(['hours-expired']);
    }
  });

  it('flags an hour whose facts are gone instead of calling it free', async () => {
    const { id } = await createCluster();
    await storeHours(clickhouse, id, [{ hour: yesterday, version: 'v', assets: [{ cpu_cost: 1_000_000_000n }] }]);
    await clickhouse.command({
      sql: 'ALTER TABLE asset_hours DELETE WHERE cloud_account_id = {account:UUID} SETTINGS mutations_sync = 1',
      params: { account: id },
      tag: { surface: 'test', route: 'restapi' },
      tenant: id,
    });
    const answer = await costsOf(id, { start_time: yesterday, end_time: yesterday + hourSeconds });
    expect(answer.total).toMatchObject({ total_cost: null, coverage: 0 });
    expect(answer.flags).toEqual(['facts-missing']);
  });

  it('changes its data version exactly when an hour gets another version', async () => {
    const { id } = await createCluster();
    const read = async () => (await costsOf(id, { start_time: yesterday, end_time: today })).data_version;
    await storeHours(clickhouse, id, [{ hour: yesterday, version: 'a', readAtMs: 1, assets: [{ cpu_cost: 1n }] }]);
    const before = await read();
    expect(await read()).toBe(before);
    await storeHours(clickhouse, id, [{ hour: yesterday, version: 'b', readAtMs: 2, assets: [{ cpu_cost: 2n }] }]);
    expect(await read()).not.toBe(before);
  });

  it('notes that the costs were read, which makes the worker refresh them', async () => {
    const { id } = await createCluster();
    await costsOf(id, { start_time: yesterday, end_time: today });
    const readAt = await waitFor(
      async () => (await api().getCloudAccount({ params: { cloud_account_id: id } })).last_read_at,
    );
    expect(readAt).toBe(nowSeconds);
  });
});

describe('GET …/kubecost/clusters', () => {
  it('tells receiving from stale from never, with the cost of the last 24 hours', async () => {
    const own = await createOrganization(harness, 'Clusters');
    const client = harness.client(own.owner.token);
    const params = { organization_id: own.id };
    const create = async (name: string) =>
      (await client.createCloudAccount({ params, body: { name, type: 'kubernetes_cnr' } })).id;
    const [live, quiet, old, silent] = [await create('a'), await create('b'), await create('c'), await create('d')];
    metroculus.points.set(live, [cpuPoint(runningHour, 1.25, { last_sample_at: nowSeconds - 300 })]);
    metroculus.points.set(quiet, [cpuPoint(runningHour, 0.5, { last_sample_at: nowSeconds - 301 })]);
    await storeHours(clickhouse, old, [
      {
        hour: today - 40 * daySeconds,
        version: 'v',
        assets: [{ cpu_cost: 1n }],
        lastSampleAt: today - 40 * daySeconds,
      },
    ]);
    const { clusters, window } = await client.listClusters({ params });
    expect(window).toEqual({ start: runningHour + hourSeconds - daySeconds, end: runningHour + hourSeconds });
    expect(clusters.map(({ id, status, last_sample_at, cost_24h }) => [id, status, last_sample_at, cost_24h])).toEqual([
      [live, 'receiving', nowSeconds - 300, 1.25],
      [quiet, 'stale', nowSeconds - 301, 0.5],
      [old, 'stale', today - 40 * daySeconds, null],
      [silent, 'never', null, null],
    ]);
  });
});
