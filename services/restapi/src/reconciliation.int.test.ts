import { randomUUID } from 'node:crypto';
import { kubecostHourRow, kubecostStatementFields } from '@cloudtuner/clickhouse';
import type { InputOf } from '@cloudtuner/restapi-client';
import { sharedServers } from '@cloudtuner/test-kit';
import { createOrganization, type TestOrganization } from './testing/restapi-harness';
import { containerFact, storeAllocationHours } from './testing/stored-allocations';
import { startTestWorld, type TestWorld } from './testing/test-world';

const hourSeconds = 3600;
const today = Date.parse('2026-03-10T00:00:00Z') / 1000;
const runningHour = today + 4 * hourSeconds;
const nowSeconds = runningHour + 1800;
const tag = { surface: 'test', route: 'reconciliation' };

let world: TestWorld;
let organization: TestOrganization;

beforeAll(async () => {
  world = await startTestWorld(sharedServers(), { nowMs: nowSeconds * 1000 });
  organization = await createOrganization(world.harness);
}, 120_000);
afterAll(() => world.stop());

const api = () => world.harness.client(organization.owner.token);

async function createCluster(): Promise<string> {
  const body = { name: `cluster-${randomUUID()}`, type: 'kubernetes_cnr' as const };
  return (await api().createCloudAccount({ params: { organization_id: organization.id }, body })).id;
}

type Costs = Readonly<Record<string, string>>;
const noFigures = Object.fromEntries(
  [
    ...['minutes', 'cpu_core_hours', 'ram_byte_hours', 'gpu_hours', 'pv_byte_hours'],
    ...['network_transfer_bytes', 'network_receive_bytes', 'cpu_cost', 'ram_cost', 'gpu_cost', 'pv_cost'],
    ...['network_cost', 'load_balancer_cost', 'shared_cost', 'external_cost', 'other_cost'],
  ].map((name) => [name, 0]),
);

/** Writes what Kubecost said of an hour in the order of the worker. */
async function storeSaid(
  account: string,
  hour: number,
  said: { readonly atMs?: number; readonly rows: readonly Costs[]; readonly claimed?: number },
): Promise<void> {
  const { atMs = (hour + hourSeconds) * 1000, rows, claimed = rows.length } = said;
  const version = { hour, dataVersion: String(atMs) };
  const container = { cluster_id: 'c', pod: 'p', container: 'main', node: 'n' };
  const facts = rows.map((row) => kubecostHourRow(account, version, { ...noFigures, ...container, ...row }));
  await world.clickhouse.insert({ table: 'kubecost_hours', rows: facts, tag, tenant: account });
  const statement = { ...version, saidAtMs: atMs, sha256: `hash-${String(atMs)}`, rows: claimed };
  const pointer = [kubecostStatementFields(account, statement, atMs)];
  await world.clickhouse.insert({ table: 'kubecost_statements', rows: pointer, tag, tenant: account });
}

const ofDay = { start_time: today, end_time: today + 24 * hourSeconds };
type Query = NonNullable<InputOf<'getClusterReconciliation'>['query']>;
const ask = (id: string, query: Partial<Query> = {}) =>
  api().getClusterReconciliation({ params: { cluster_id: id }, query: { ...ofDay, money: 'string', ...query } });

const shop = containerFact({ namespace: 'shop', cpu_cost: '2.500000000', ram_cost: '0.500000000' });
const batch = containerFact({ namespace: 'batch', cpu_cost: '1.000000000', network_cost: null });
const idle = { ...containerFact({ cpu_cost: '7.000000000' }), kind: 'idle' as const, asset_key: 'n1' };
const volume = {
  ...containerFact({ pv_cost: '0.125000000' }),
  ...{ kind: 'unattributed' as const, asset_type: 'disk' as const, asset_key: 'pv', pod: '' },
};

describe('the reconciliation of a cluster', () => {
  it('holds each namespace and resource against Kubecost’s, over the hours that both have closed', async () => {
    const id = await createCluster();
    const facts = [shop, batch, idle, volume];
    await storeAllocationHours(world.clickhouse, id, [
      { hour: today, version: 'a', facts },
      { hour: today + hourSeconds, version: 'b', facts },
      // Kubecost has nothing of this one, and of the next ours is not closed.
      { hour: today + 2 * hourSeconds, version: 'c', facts },
      { hour: today + 3 * hourSeconds, version: 'd', facts, closed: false },
    ]);
    for (const hour of [today, today + hourSeconds, today + 3 * hourSeconds])
      await storeSaid(id, hour, {
        rows: [
          { namespace: 'shop', cpu_cost: '2.600000000', ram_cost: '0.500000000', shared_cost: '0.300000000' },
          { namespace: 'batch', cpu_cost: '1.000000000', network_cost: '0.200000000', external_cost: '0.040000000' },
          { namespace: '', pv_cost: '0.125000000' },
        ],
      });
    const answer = await ask(id);
    // Two hours: shop cpu 5 beside 5.2; everything else that is known is the same; batch's network is not known here.
    expect(answer.rows.slice(0, 1)).toEqual([
      {
        ...{ namespace: 'shop', resource: 'cpu', ours: '5.000000000', kubecost: '5.200000000' },
        ...{ difference: '-0.200000000', relative_difference: -0.2 / 5.2 },
      },
    ]);
    expect(answer.rows.map((row) => [row.namespace, row.resource, row.ours, row.difference])).toEqual([
      ['shop', 'cpu', '5.000000000', '-0.200000000'],
      ['__unmounted__', 'pv', '0.250000000', '0.000000000'],
      ['batch', 'cpu', '2.000000000', '0.000000000'],
      ['shop', 'ram', '1.000000000', '0.000000000'],
      ['batch', 'network', null, null],
    ]);
    // 0.2 apart of 5.2 + 1 + 2 + 0.25.
    expect(answer.consistency).toBeCloseTo(1 - 0.2 / 8.45, 12);
    expect(answer.total).toMatchObject({ ours: '8.250000000', kubecost: '8.450000000', difference: '-0.200000000' });
    expect(answer.kubecost_only).toEqual({ shared: '0.600000000', external: '0.080000000', other: '0.000000000' });
    // Half past four: five hours have begun.
    expect(answer).toMatchObject({ compared_hours: 2, window_hours: 5, coverage: 0.4, total_count: 5 });
  });

  it('is unknown, not 0, when Kubecost said nothing', async () => {
    const id = await createCluster();
    await storeAllocationHours(world.clickhouse, id, [{ hour: today, version: 'a', facts: [shop] }]);
    expect(await ask(id)).toMatchObject({
      ...{ consistency: null, total: null, kubecost_only: null, rows: [] },
      ...{ compared_hours: 0, coverage: 0 },
    });
    const ahead = { start_time: today + 48 * hourSeconds, end_time: today + 72 * hourSeconds };
    expect(await ask(id, ahead)).toMatchObject({ window_hours: 0, coverage: null, consistency: null });
  });

  it('follows what was said last, and changes no total of ours', async () => {
    const id = await createCluster();
    await storeAllocationHours(world.clickhouse, id, [{ hour: today, version: 'a', facts: [shop] }]);
    const costs = () => api().getClusterCosts({ params: { cluster_id: id }, query: { ...ofDay, money: 'string' } });
    const before = await costs();
    const rows = [{ namespace: 'shop', cpu_cost: '2.500000000', ram_cost: '0.500000000' }];
    await storeSaid(id, today, { rows });
    const same = await ask(id);
    expect(same.consistency).toBe(1);
    await storeSaid(id, today, { atMs: nowSeconds * 1000, rows: [{ namespace: 'shop', cpu_cost: '2.000000000' }] });
    const restated = await ask(id);
    expect(restated.rows.map(({ resource, difference }) => [resource, difference])).toEqual([
      ['cpu', '0.500000000'],
      ['ram', '0.500000000'],
    ]);
    expect(restated.data_version).not.toBe(same.data_version);
    expect(await costs()).toEqual(before);
    expect(before.total.total_cost).toBe('3.000000000');
  });

  it('answers parts of the list, with the consistency of the whole', async () => {
    const id = await createCluster();
    await storeAllocationHours(world.clickhouse, id, [{ hour: today, version: 'a', facts: [shop, batch] }]);
    await storeSaid(id, today, { rows: [{ namespace: 'shop', cpu_cost: '2.500000000' }] });
    const whole = await ask(id);
    expect(whole.rows).toHaveLength(3);
    const page = await ask(id, { sort: 'name', limit: 1, offset: 1 });
    expect(page.rows.map(({ namespace, resource }) => [namespace, resource])).toEqual([['shop', 'cpu']]);
    expect([page.total_count, page.consistency]).toEqual([3, whole.consistency]);
    const cpu = await ask(id, { namespace: 'shop', resource: 'cpu' });
    expect(cpu).toMatchObject({ total_count: 1, total: { ours: '2.500000000' }, consistency: whole.consistency });
  });

  it('does not answer from half of what was said', async () => {
    const id = await createCluster();
    await storeAllocationHours(world.clickhouse, id, [{ hour: today, version: 'a', facts: [shop] }]);
    await storeSaid(id, today, { rows: [{ namespace: 'shop', cpu_cost: '2.500000000' }], claimed: 2 });
    await expect(ask(id)).rejects.toMatchObject({ code: 'facts-incomplete' });
  });

  it('is not there for an account of bills', async () => {
    const body = { name: 'bills', type: 'environment' as const };
    const { id } = await api().createCloudAccount({ params: { organization_id: organization.id }, body });
    await expect(ask(id)).rejects.toMatchObject({ code: 'not-found' });
  });
});
