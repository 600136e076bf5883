import { randomUUID } from 'node:crypto';
import type { ClickhouseClient } from '@cloudtuner/clickhouse';
import { costComponents, parseNanos, type CostComponent, type Nanos } from '@cloudtuner/cost-model';
import { sharedServers } from '@cloudtuner/test-kit';
import fc from 'fast-check';
import { cpuPoint, type FakeMetroculus } from './testing/fake-metroculus';
import { createOrganization, type RestapiHarness } from './testing/restapi-harness';
import { storeExpense, storeHours, type AssetCosts, type StoredHour } from './testing/stored-hours';
import { startTestWorld, type TestWorld } from './testing/test-world';

const hourSeconds = 3600;
const daySeconds = 86_400;
const today = Date.parse('2026-03-10T00:00:00Z') / 1000;
const nowSeconds = today + 10.5 * hourSeconds;
const firstHour = today - 2 * daySeconds;
const hoursInAll = 58;

let world: TestWorld;
let metroculus: FakeMetroculus;
let clickhouse: ClickhouseClient;
let harness: RestapiHarness;

beforeAll(async () => {
  world = await startTestWorld(sharedServers(), { nowMs: nowSeconds * 1000 });
  ({ metroculus, clickhouse, harness } = world);
}, 120_000);
afterAll(() => world.stop());

// Two parts of a cent and sums near the precision of a double, in one.
const nanos = fc.oneof(fc.bigInt(0n, 10n ** 9n), fc.bigInt(10n ** 14n, 10n ** 15n));
const asset: fc.Arbitrary<AssetCosts> = fc
  .array(fc.tuple(fc.constantFrom(...costComponents), nanos), { maxLength: 4 })
  .map((pairs) => Object.fromEntries(pairs) as AssetCosts);

interface Cluster {
  /** By offset of the hour from the first; a later pair of the same hour supersedes an earlier one. */
  readonly hours: readonly (readonly [number, readonly AssetCosts[]])[];
  readonly live: readonly (readonly [number, number])[];
  readonly expense: Nanos | null;
}

const cluster: fc.Arbitrary<Cluster> = fc.record({
  hours: fc.array(fc.tuple(fc.nat(hoursInAll - 4), fc.array(asset, { maxLength: 4 })), { maxLength: 60 }),
  live: fc.array(
    fc.tuple(
      fc.nat(3),
      fc.nat(1_000_000).map((micros) => micros / 1e6),
    ),
    { maxLength: 4 },
  ),
  // Of the first day: right by accident, or (nearly always) not corrected yet.
  expense: fc.option(nanos, { nil: null }),
});

async function store(account: string, resourceId: string, { hours, live, expense }: Cluster): Promise<void> {
  const stored = hours.map(([offset, assets], index): StoredHour => ({
    hour: firstHour + offset * hourSeconds,
    version: `v${String(index)}`,
    readAtMs: index + 1,
    assets,
  }));
  if (stored.length > 0) await storeHours(clickhouse, account, stored);
  const points = new Map(live.map(([back, cost]) => [nowSeconds - 1800 - back * hourSeconds, cost]));
  metroculus.points.set(
    account,
    [...points].sort(([a], [b]) => a - b).map(([hour, cost]) => cpuPoint(hour, cost)),
  );
  if (expense !== null) await storeExpense(clickhouse, account, { resourceId, date: '2026-03-08', cost: expense });
}

/** What each component must come to, worked out from the generated facts without any of the code under test. */
function expectedCosts({ hours, live, expense }: Cluster, window: { from: number; until: number }) {
  const current = new Map(hours.map(([offset, assets]) => [firstHour + offset * hourSeconds, assets]));
  const sums = new Map<CostComponent | 'total', Nanos>();
  const add = (component: CostComponent | 'total', amount: Nanos): void => {
    sums.set(component, (sums.get(component) ?? 0n) + amount);
  };
  for (const [hour, assets] of current) {
    if (hour < window.from || hour >= window.until) continue;
    for (const costs of assets) {
      for (const component of costComponents) {
        const amount = costs[component];
        if (amount === undefined) continue;
        add(component, amount);
        add('total', amount);
      }
    }
  }
  const points = new Map(live.map(([back, cost]) => [nowSeconds - 1800 - back * hourSeconds, cost]));
  for (const [hour, cost] of points) {
    if (current.has(hour) || hour < window.from || hour >= window.until) continue;
    const amount = BigInt(Math.round(cost * 1e6)) * 1000n;
    add('cpu_cost', amount);
    add('total', amount);
  }
  const firstDayHasHours = [...current.keys()].some((hour) => hour < firstHour + daySeconds);
  const firstDayInWindow = window.from <= firstHour && window.until >= firstHour + daySeconds;
  if (expense !== null && !firstDayHasHours && firstDayInWindow) add('total', expense);
  return sums;
}

const exact = (amount: number | string | null | undefined): Nanos | null =>
  amount === null || amount === undefined ? null : parseNanos(String(amount));

const sum = (amounts: readonly (number | string | null)[]): Nanos =>
  amounts.reduce<Nanos>((total, amount) => total + (exact(amount) ?? 0n), 0n);

const windows = fc
  .tuple(fc.nat(hoursInAll - 1), fc.integer({ min: 1, max: hoursInAll }))
  .map(([from, hours]) => ({ from: firstHour + from * hourSeconds, until: firstHour + (from + hours) * hourSeconds }));

describe('law 2: one total', () => {
  it('rows = total = Σ k8s_costs = Σ …/costs by hour and by day = the facts, for every page size', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(cluster, { minLength: 2, maxLength: 4 }),
        fc.oneof(fc.constant({ from: firstHour, until: today + daySeconds }), windows),
        fc.integer({ min: 1, max: 3 }),
        async (clusters, window, limit) => {
          const organization = await createOrganization(harness, randomUUID());
          const api = harness.client(organization.owner.token);
          const ids: string[] = [];
          for (const [index, generated] of clusters.entries()) {
            const account = await api.createCloudAccount({
              params: { organization_id: organization.id },
              body: { name: `c${String(index)}`, type: 'kubernetes_cnr' },
            });
            await store(account.id, account.cluster_resource_id ?? '', generated);
            ids.push(account.id);
          }

          let total: Nanos = 0n;
          for (const [index, id] of ids.entries()) {
            const expected = expectedCosts(clusters[index] ?? { hours: [], live: [], expense: null }, window);
            for (const step of ['1h', '1d'] as const) {
              const answer = await api.getClusterCosts({
                params: { cluster_id: id },
                query: { start_time: window.from, end_time: window.until, step, money: 'string' },
              });
              expect(exact(answer.total.total_cost)).toBe(expected.get('total') ?? null);
              expect(sum(answer.costs.map(({ total_cost }) => total_cost))).toBe(expected.get('total') ?? 0n);
              for (const component of costComponents) {
                expect(exact(answer.total[component])).toBe(expected.get(component) ?? null);
                expect(sum(answer.costs.map((bucket) => bucket[component]))).toBe(expected.get(component) ?? 0n);
              }
            }
            total += expected.get('total') ?? 0n;
          }

          const rows: (number | string | null)[] = [];
          for (let offset = 0; ; offset += limit) {
            const page = await api.getCleanExpenses({
              query: {
                organization_id: organization.id,
                start_date: window.from,
                end_date: window.until,
                money: 'string',
                limit,
                offset,
              },
            });
            expect(exact(page.total_cost)).toBe(total);
            expect(page.overlap.cost).toBe('0.000000000');
            if (total > 0n) {
              expect(exact(page.k8s_costs?.k8s_total_cost)).toBe(total);
              expect(sum(page.k8s_costs?.k8s_cost_breakdown.map(({ cost }) => cost) ?? [])).toBe(total);
              expect(sum(page.k8s_costs?.k8s_cost_breakdown.map(({ breakdown }) => breakdown.total_cost) ?? [])).toBe(
                total,
              );
            } else {
              expect(page.k8s_costs).toBeUndefined();
            }
            rows.push(...page.clean_expenses.map(({ cost }) => cost));
            if (offset + limit >= page.total_count) {
              expect(rows).toHaveLength(page.total_count);
              break;
            }
          }
          expect(sum(rows)).toBe(total);
        },
      ),
      { numRuns: 12, endOnFailure: true },
    );
  }, 300_000);
});

describe('GET …/clean_expenses', () => {
  it('is one row per cluster, with the dollars of a deleted cluster, and none of another organization', async () => {
    const [organization, other] = [await createOrganization(harness, 'A'), await createOrganization(harness, 'B')];
    const create = async (of: typeof organization, name: string) => {
      const account = await harness.client(of.owner.token).createCloudAccount({
        params: { organization_id: of.id },
        body: { name, type: 'kubernetes_cnr', region: 'eu-west-1', owner: 'team-a' },
      });
      await storeHours(clickhouse, account.id, [
        { hour: today - daySeconds, version: 'v', assets: [{ cpu_cost: 1_500_000_000n }, { pv_cost: 250_000_000n }] },
      ]);
      return account;
    };
    const [shop, gone] = [await create(organization, 'shop'), await create(organization, 'gone')];
    await create(other, 'foreign');
    const api = harness.client(organization.owner.token);
    await api.deleteCloudAccount({ params: { cloud_account_id: gone.id } });
    const answer = await api.getCleanExpenses({
      query: { organization_id: organization.id, start_date: today - daySeconds, end_date: today },
    });
    expect(answer).toMatchObject({
      start_date: today - daySeconds,
      end_date: today,
      final_after: today + 600,
      granularity: 'cluster',
      currency: 'USD',
      total_count: 2,
      total_cost: 3.5,
      overlap: { cost: 0 },
      warnings: [],
    });
    expect(answer.clean_expenses.map(({ name }) => name)).toEqual(['gone', 'shop']);
    expect(answer.clean_expenses[1]).toEqual({
      start: today - daySeconds,
      end: today,
      cloud_account_id: shop.id,
      cloud_account_name: 'shop',
      resource_id: shop.cluster_resource_id,
      resource_type: 'K8s Cluster',
      name: 'shop',
      service_name: null,
      region: 'eu-west-1',
      owner: 'team-a',
      pool_id: null,
      employee_id: null,
      cost: 1.75,
      billed_cost: null,
      coverage: 1 / 24,
    });
    const pages = await Promise.all(
      [0, 1, 2].map((offset) =>
        api.getCleanExpenses({
          query: {
            organization_id: organization.id,
            start_date: today - daySeconds,
            end_date: today,
            limit: 1,
            offset,
          },
        }),
      ),
    );
    expect(pages.map((page) => page.clean_expenses.map(({ name }) => name))).toEqual([['gone'], ['shop'], []]);
    expect(pages.map(({ total_count, total_cost }) => [total_count, total_cost])).toEqual([
      [2, 3.5],
      [2, 3.5],
      [2, 3.5],
    ]);
    expect(answer.k8s_costs?.k8s_cost_breakdown[1]).toMatchObject({
      cloud_account_id: shop.id,
      cost: 1.75,
      breakdown: { total_cost: 1.75, cpu_cost: 1.5, pv_cost: 0.25, ram_cost: null },
    });
  });

  it('says which cluster was not measured instead of listing it with 0 dollars', async () => {
    const organization = await createOrganization(harness, 'Silent');
    const api = harness.client(organization.owner.token);
    const { id } = await api.createCloudAccount({
      params: { organization_id: organization.id },
      body: { name: 'silent', type: 'kubernetes_cnr' },
    });
    const answer = await api.getCleanExpenses({
      query: { organization_id: organization.id, start_date: today - daySeconds, end_date: today },
    });
    expect(answer).toMatchObject({ total_count: 0, total_cost: 0, clean_expenses: [] });
    expect(answer.k8s_costs).toBeUndefined();
    expect(answer.warnings).toEqual([
      { code: 'not-measured', detail: 'Nothing was measured of silent in this window.', cloud_account_id: id },
    ]);
  });

  it('leaves out an account whose costs cannot be read, names it, counts it, and serves the rest', async () => {
    const organization = await createOrganization(harness, 'Partly');
    const api = harness.client(organization.owner.token);
    const create = async (name: string) =>
      (
        await api.createCloudAccount({
          params: { organization_id: organization.id },
          body: { name, type: 'kubernetes_cnr' },
        })
      ).id;
    const [good, broken] = [await create('good'), await create('broken')];
    const hour = today - daySeconds;
    await storeHours(clickhouse, good, [{ hour, version: 'v', assets: [{ cpu_cost: 1_000_000_000n }] }]);
    // A value that JSON cannot carry: the row of this one account cannot be read.
    await storeHours(clickhouse, broken, [{ hour, version: 'v', assets: [{ cpu_cost: 1n }] }]);
    await clickhouse.command({
      sql: `ALTER TABLE account_hours UPDATE measured_seconds = nan WHERE cloud_account_id = {account:UUID}
            SETTINGS mutations_sync = 1`,
      params: { account: broken },
      tag: { surface: 'test', route: 'restapi' },
      tenant: broken,
    });
    const answer = await api.getCleanExpenses({
      query: { organization_id: organization.id, start_date: hour, end_date: today },
    });
    expect(answer.clean_expenses.map(({ name }) => name)).toEqual(['good']);
    expect(answer.total_cost).toBe(1);
    expect(answer.warnings).toMatchObject([{ code: 'account-left-out', cloud_account_id: broken }]);
    expect(harness.logLines.some((line) => line.includes(broken) && line.includes('account left out'))).toBe(true);
    expect(await harness.registry.metrics()).toContain(
      'restapi_accounts_left_out_total{reason="clickhouse_unexpected_row"} 1',
    );
  });
});
