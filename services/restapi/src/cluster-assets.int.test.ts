import { randomUUID } from 'node:crypto';
import type { ClickhouseClient } from '@cloudtuner/clickhouse';
import { assetTypes, costComponents, parseNanos, type Nanos } from '@cloudtuner/cost-model';
import type { InputOf } from '@cloudtuner/restapi-client';
import { sharedServers } from '@cloudtuner/test-kit';
import fc from 'fast-check';
import { cpuPoint, type FakeMetroculus } from './testing/fake-metroculus';
import { createOrganization, type RestapiHarness, type TestOrganization } from './testing/restapi-harness';
import { storeExpense, storeHours, type AssetCosts, type StoredAsset, type StoredHour } from './testing/stored-hours';
import { startTestWorld, type TestWorld } from './testing/test-world';

const hourSeconds = 3600;
const daySeconds = 86_400;
const today = Date.parse('2026-03-10T00:00:00Z') / 1000;
const yesterday = today - daySeconds;
const runningHour = today + 10 * hourSeconds;
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

async function createCluster(): Promise<{ id: string; resourceId: string }> {
  const account = await api().createCloudAccount({
    params: { organization_id: organization.id },
    body: { name: `cluster-${randomUUID()}`, type: 'kubernetes_cnr' },
  });
  return { id: account.id, resourceId: account.cluster_resource_id ?? '' };
}

type Query = NonNullable<InputOf<'listClusterAssets'>['query']>;
const assetsOf = (id: string, query: Query) => api().listClusterAssets({ params: { cluster_id: id }, query });
const exact = (amount: number | string | null): Nanos => (amount === null ? 0n : parseNanos(String(amount)));
const sum = (amounts: readonly (number | string | null)[]): Nanos =>
  amounts.reduce<Nanos>((total, amount) => total + exact(amount), 0n);

const firstDay = today - 2 * daySeconds;

interface Cluster {
  readonly hours: readonly (readonly [offset: number, assets: readonly StoredAsset[]])[];
  readonly live: readonly (readonly [back: number, cost: number])[];
  readonly expense: Nanos | null;
}

const nanos = fc.oneof(fc.bigInt(0n, 10n ** 9n), fc.bigInt(10n ** 14n, 10n ** 15n));
const costs: fc.Arbitrary<AssetCosts> = fc
  .array(fc.tuple(fc.constantFrom(...costComponents), nanos), { maxLength: 3 })
  .map((pairs) => Object.fromEntries(pairs) as AssetCosts);
const asset = fc
  .tuple(fc.constantFrom(...assetTypes), fc.constantFrom('a', 'b', 'live-node'), costs)
  .map(([type, key, parts]): StoredAsset => ({ ...parts, type, key }));
const cluster: fc.Arbitrary<Cluster> = fc.record({
  hours: fc.array(
    fc.tuple(
      // Every third hour, so that some are stored twice.
      fc.nat(18).map((third) => 3 * third + 2),
      fc.uniqueArray(asset, { maxLength: 5, selector: ({ type, key }) => `${type ?? ''} ${key ?? ''}` }),
    ),
    { minLength: 5, maxLength: 30 },
  ),
  live: fc.array(
    fc.tuple(
      fc.nat(3),
      fc.nat(1_000_000).map((micros) => micros / 1e6),
    ),
    { maxLength: 4 },
  ),
  expense: fc.option(nanos, { nil: null }),
});

async function store(account: string, resourceId: string, { hours, live, expense }: Cluster): Promise<void> {
  const stored = hours.map(([offset, assets], index): StoredHour => ({
    hour: firstDay + offset * hourSeconds,
    version: `v${String(index)}`,
    readAtMs: index + 1,
    closed: offset < 55,
    assets,
  }));
  if (stored.length > 0) await storeHours(clickhouse, account, stored);
  const points = new Map(live.map(([back, cost]) => [runningHour - back * hourSeconds, cost]));
  metroculus.points.set(
    account,
    [...points].sort(([a], [b]) => a - b).map(([hour, cost]) => cpuPoint(hour, cost)),
  );
  if (expense !== null) await storeExpense(clickhouse, account, { resourceId, date: '2026-03-08', cost: expense });
}

const windows = fc
  .tuple(fc.nat(57), fc.integer({ min: 1, max: 58 }))
  .map(([from, hours]) => ({ from: firstDay + from * hourSeconds, until: firstDay + (from + hours) * hourSeconds }));

describe('law 2: the assets add up to the total of …/costs', () => {
  it('over all types, over each type asked for alone, and over all pages, in every component', async () => {
    await fc.assert(
      fc.asyncProperty(
        cluster,
        fc.oneof(fc.constant({ from: firstDay, until: today + daySeconds }), windows),
        fc.integer({ min: 1, max: 4 }),
        async (generated, window, limit) => {
          const { id, resourceId } = await createCluster();
          await store(id, resourceId, generated);
          const asked = { start_time: window.from, end_time: window.until, money: 'string' } as const;
          const { total } = await api().getClusterCosts({ params: { cluster_id: id }, query: asked });

          const rows: Awaited<ReturnType<typeof assetsOf>>['assets'] = [];
          for (let offset = 0; ; offset += limit) {
            const page = await assetsOf(id, { ...asked, limit, offset });
            expect(exact(page.total_cost) + exact(page.expired_cost)).toBe(exact(total.total_cost));

            rows.push(...page.assets);
            if (offset + limit >= page.total_count) {
              expect(rows).toHaveLength(page.total_count);
              expect(sum(page.by_type.map(({ cost }) => cost))).toBe(exact(page.total_cost));
              expect(sum(rows.map(({ total_cost }) => total_cost))).toBe(exact(page.total_cost));
              break;
            }
          }
          for (const component of costComponents) {
            expect(sum(rows.map((row) => row[component]))).toBe(exact(total[component]));
          }
          expect(new Set(rows.map(({ asset_type, name }) => `${asset_type} ${name}`)).size).toBe(rows.length);

          let byType: Nanos = 0n;
          for (const type of assetTypes) {
            const answer = await assetsOf(id, { ...asked, asset_type: type });
            expect(answer.assets.every(({ asset_type }) => asset_type === type)).toBe(true);
            byType += exact(answer.total_cost);
          }
          expect(byType).toBe(sum(rows.map(({ total_cost }) => total_cost)));
        },
      ),
      { numRuns: 10, endOnFailure: true },
    );
  }, 120_000);
});

describe('GET …/clusters/{id}/assets', () => {
  it('sums an asset over its hours, as last seen, with null for what does not apply', async () => {
    const { id } = await createCluster();
    const node = (instance: string, cpu: Nanos, coreHours: number): StoredAsset => ({
      type: 'node',
      key: 'n1',
      providerId: 'aws:///i-1',
      properties: { instance_type: instance },
      quantities: { cpu_core_hours: coreHours },
      cpu_cost: cpu,
    });
    await storeHours(clickhouse, id, [
      { hour: yesterday, version: 'old', readAtMs: 1, assets: [node('m5.large', 9_000_000_000n, 9)] },
      { hour: yesterday, version: 'new', readAtMs: 2, assets: [node('m5.large', 100_000_000n, 2)] },
      {
        hour: yesterday + 2 * hourSeconds,
        version: 'v',
        assets: [node('m5.xlarge', 200_000_000n, 4), { type: 'disk', key: 'pv-1', pv_cost: 40_000_000n }],
        flags: ['network-not-measured'],
      },
    ]);
    const answer = await assetsOf(id, { start_time: yesterday, end_time: yesterday + 3 * hourSeconds });
    expect(answer).toMatchObject({
      cluster_id: id,
      currency: 'USD',
      window: { start: yesterday, end: yesterday + 3 * hourSeconds },
      final_after: yesterday + 3 * hourSeconds + 600,
      coverage: 2 / 3,
      freshness: { last_sample_at: yesterday + 2 * hourSeconds + 3590 },
      flags: ['network-not-measured'],
      warnings: [],
      limit: 100,
      offset: 0,
      total_count: 2,
      total_cost: 0.34,
      expired_cost: null,
      by_type: [
        { asset_type: 'disk', count: 1, cost: 0.04 },
        { asset_type: 'node', count: 1, cost: 0.3 },
      ],
    });
    expect(answer.assets[0]).toEqual({
      asset_type: 'node',
      name: 'n1',
      provider_id: 'aws:///i-1',
      properties: { instance_type: 'm5.xlarge' },
      start: yesterday,
      end: yesterday + 3 * hourSeconds,
      covered_seconds: 7200,
      cpu_core_hours: 6,
      ram_byte_hours: null,
      gpu_hours: null,
      storage_byte_hours: null,
      network_bytes: null,
      load_balancer_hours: null,
      management_hours: null,
      total_cost: 0.3,
      cpu_cost: 0.3,
      ram_cost: null,
      gpu_cost: null,
      pv_cost: null,
      network_cost: null,
      load_balancer_cost: null,
      management_cost: null,
    });
  });

  it('knows what has gone as it was in its own last hour, and a disk apart from a node of its name', async () => {
    const { id } = await createCluster();
    const asset = (type: 'node' | 'disk', key: string, seen: string): StoredAsset => ({
      ...{ type, key, providerId: `id-${seen}`, properties: { seen } },
      ...(type === 'node' ? { cpu_cost: 1_000_000_000n } : { pv_cost: 1_000_000_000n }),
    });
    await storeHours(clickhouse, id, [
      { hour: yesterday, version: 'a', assets: [asset('node', 'gone', 'first'), asset('node', 'here', 'first')] },
      { hour: yesterday + hourSeconds, version: 'old', readAtMs: 1, assets: [asset('node', 'gone', 'superseded')] },
      {
        hour: yesterday + hourSeconds,
        version: 'new',
        readAtMs: 2,
        assets: [asset('node', 'gone', 'last'), asset('disk', 'here', 'disk'), asset('node', 'here', 'middle')],
      },
      { hour: yesterday + 2 * hourSeconds, version: 'c', assets: [asset('node', 'here', 'last')] },
    ]);
    const answer = await assetsOf(id, { start_time: yesterday, end_time: yesterday + 3 * hourSeconds, sort: 'name' });
    const shown = answer.assets.map(({ asset_type, name, provider_id, properties, total_cost }) =>
      [asset_type, name, provider_id, properties['seen'], total_cost].join(' '),
    );
    expect(shown).toEqual(['node gone id-last last 2', 'disk here id-disk disk 1', 'node here id-last last 3']);
  });

  it('sorts by cost or name, either way, and pages what it has sorted', async () => {
    const { id } = await createCluster();
    const disk = (key: string, cost: Nanos): StoredAsset => ({ type: 'disk', key, pv_cost: cost });
    await storeHours(clickhouse, id, [
      { hour: yesterday, version: 'v', assets: [disk('b', 1n), disk('c', 3n), disk('a', 1n), disk('d', 2n)] },
    ]);
    const names = async (query: Partial<Query>): Promise<string> =>
      (await assetsOf(id, { window: 'yesterday', ...query })).assets.map(({ name }) => name).join('');
    expect(await names({})).toBe('cdab');
    expect(await names({ sort: 'cost' })).toBe('abdc');
    expect(await names({ sort: 'name' })).toBe('abcd');
    expect(await names({ sort: '-name' })).toBe('dcba');
    expect(await names({ limit: 2, offset: 1 })).toBe('da');
    expect(await names({ offset: 4 })).toBe('');
  });

  it('reads more than a month of hours in pieces that add up', async () => {
    const { id } = await createCluster();
    const first = today - 40 * daySeconds;
    await storeHours(
      clickhouse,
      id,
      Array.from({ length: 40 * 24 }, (_, index) => ({
        hour: first + index * hourSeconds,
        version: 'v',
        assets: [{ type: 'management' as const, key: 'eks', management_cost: 100_000_000n }],
      })),
    );
    const { assets, total_cost } = await assetsOf(id, { start_time: first, end_time: today, money: 'string' });
    expect(total_cost).toBe('96.000000000'); // 960 h × .1
    expect(assets).toMatchObject([{ name: 'eks', start: first, end: today, covered_seconds: 960 * 3600 }]);
  });

  it('has the stored assets of the running hour, with a warning, when metroculus does not answer', async () => {
    const { id } = await createCluster();
    metroculus.points.set(id, [cpuPoint(runningHour, 5)]);
    const running = { start_time: runningHour, end_time: runningHour + hourSeconds };
    await storeHours(clickhouse, id, [
      { hour: runningHour, version: 'open', closed: false, assets: [{ key: 'stored-node', cpu_cost: 7n }] },
    ]);
    const live = await assetsOf(id, running);
    expect(live.assets).toMatchObject([{ name: 'live-node', provider_id: 'provider-of-live-node', total_cost: 5 }]);
    expect(live.warnings).toEqual([]);

    metroculus.points.set(id, [cpuPoint(runningHour, 5, { flags: ['refuse'] })]);
    const away = await assetsOf(id, running);
    expect(away.assets).toMatchObject([{ name: 'stored-node' }]);
    expect(away.warnings).toMatchObject([{ code: 'live-costs-unavailable' }]);
  });

  it('counts no asset of an hour whose facts are not all there, and says so', async () => {
    const { id } = await createCluster();
    await storeHours(clickhouse, id, [
      { hour: yesterday, version: 'whole', assets: [{ key: 'n1', cpu_cost: 1_000_000_000n }] },
      { hour: yesterday + hourSeconds, version: 'part', assets: [{ key: 'n1', cpu_cost: 1_000_000_000n }] },
    ]);
    await clickhouse.command({
      sql: `ALTER TABLE account_hours UPDATE rows = 2 WHERE cloud_account_id = {account:UUID} AND data_version = 'part'
            SETTINGS mutations_sync = 1`,
      params: { account: id },
      tag: { surface: 'test', route: 'restapi' },
      tenant: id,
    });
    const answer = await assetsOf(id, { window: 'yesterday' });
    expect(answer).toMatchObject({ total_cost: 1, flags: ['facts-missing'] });
  });

  it('knows a day of which only the expense is left as cost without assets', async () => {
    const { id, resourceId } = await createCluster();
    await storeExpense(clickhouse, id, { resourceId, date: '2026-03-09', cost: 2_500_000_000n });
    const answer = await assetsOf(id, { window: 'yesterday' });
    expect(answer).toMatchObject({ total_cost: null, expired_cost: 2.5, assets: [], flags: ['hours-expired'] });
  });
});
