import { randomUUID } from 'node:crypto';
import type { ClickhouseClient } from '@cloudtuner/clickhouse';
import { formatNanos, parseNanos, type Nanos } from '@cloudtuner/cost-model';
import type { RestapiClient } from '@cloudtuner/restapi-client';
import { sharedServers } from '@cloudtuner/test-kit';
import fc from 'fast-check';
import { expenseDimensions } from './domain/expenses/expense-filter';
import { focusFile, type FocusCharge } from './testing/focus-files';
import { createOrganization, type RestapiHarness } from './testing/restapi-harness';
import { costOfAll, storeRollup, storeWorkloadHours, type WorkloadHour } from './testing/stored-workloads';
import { startTestWorld, type TestWorld } from './testing/test-world';

const hourSeconds = 3600;
const daySeconds = 86_400;
const today = Date.parse('2026-03-10T00:00:00Z') / 1000;
const firstDay = today - 2 * daySeconds;

let world: TestWorld;
let clickhouse: ClickhouseClient;
let harness: RestapiHarness;

beforeAll(async () => {
  world = await startTestWorld(sharedServers(), { nowMs: (today + 10.5 * hourSeconds) * 1000 });
  ({ clickhouse, harness } = world);
}, 120_000);
afterAll(() => world.stop());

/** The same machine in the words of Kubernetes and of the bill. */
const machines = [
  { providerId: 'aws:///us-east-1a/i-0123456789abcdef0', resourceId: 'i-0123456789abcdef0' },
  {
    providerId: 'aws:///us-east-1b/i-0fedcba9876543210',
    resourceId: 'arn:aws:ec2:us-east-1:1:instance/i-0fedcba9876543210',
  },
  {
    providerId: 'gce://shop/europe-west1-b/gke-1',
    resourceId: '//compute.googleapis.com/projects/shop/zones/europe-west1-b/instances/gke-1',
  },
  {
    providerId: 'azure:///subscriptions/S/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/v',
    resourceId: '/subscriptions/s/resourcegroups/G/providers/microsoft.compute/virtualmachines/v',
  },
] as const;

const nanos = fc.oneof(fc.bigInt(1n, 10n ** 9n), fc.bigInt(10n ** 14n, 10n ** 15n));

const hour = (index: number): fc.Arbitrary<WorkloadHour> =>
  fc.record({
    hour: fc.constant(firstDay + index * 7 * hourSeconds),
    version: fc.constant(`v${String(index)}`),
    assets: fc.array(
      fc.record({ providerId: fc.constantFrom('', 'unknown://x', ...machines.map((m) => m.providerId)), cost: nanos }),
      { minLength: 1, maxLength: 3 },
    ),
    workloads: fc.array(
      fc.record({
        node: fc.constantFrom('n1', 'n2'),
        namespace: fc.constantFrom('', 'shop', "it's; DROP TABLE x"),
        services: fc.constantFrom([], ['web'], ['web', 'api']),
        cost: nanos,
      }),
      { maxLength: 4 },
    ),
  });

const cluster = fc.tuple(...[0, 1, 2, 3, 4, 5].map(hour));

interface Charge {
  readonly day: number;
  readonly resourceId: string;
  readonly service: string;
  readonly region: string;
  readonly type: string;
  readonly team: string | null;
  readonly cost: Nanos;
}

const charge: fc.Arbitrary<Charge> = fc.record({
  day: fc.constantFrom(-1, 0, 1, 2),
  resourceId: fc.constantFrom('', 'bucket', "b'ucket", ...machines.map((m) => m.resourceId)),
  service: fc.constantFrom('EC2', 'S3', "S'3\\"),
  region: fc.constantFrom('', 'us-east-1', 'eu-west-1'),
  type: fc.constantFrom('', 'Instance'),
  team: fc.constantFrom(null, 'a', 'b'),
  cost: fc.oneof(
    nanos,
    nanos.map((cost) => -cost),
    fc.constant(0n),
  ),
});

const dateOf = (day: number): string => new Date((firstDay + day * daySeconds) * 1000).toISOString();

const toFocus = ({ day, resourceId, service, region, type, team, cost }: Charge): FocusCharge => ({
  ChargePeriodStart: dateOf(day),
  ChargePeriodEnd: dateOf(day + 1),
  ResourceId: resourceId,
  ServiceName: service,
  RegionId: region,
  ResourceType: type,
  Tags: team === null ? '' : JSON.stringify({ team }),
  EffectiveCost: formatNanos(cost),
});

async function createAccount(api: RestapiClient, organizationId: string, type: 'aws_cnr' | 'kubernetes_cnr') {
  const { id } = await api.createCloudAccount({
    params: { organization_id: organizationId },
    body: { name: randomUUID(), type, ...(type === 'aws_cnr' ? {} : { region: 'us-east-1' }) },
  });
  return id;
}

const exact = (amount: number | string | null): Nanos => (amount === null ? 0n : parseNanos(String(amount)));
const sum = (amounts: readonly (number | string | null)[]): Nanos =>
  amounts.reduce<Nanos>((total, amount) => total + exact(amount), 0n);

/** What has to come out, worked out from the generated facts without any of the code under test. */
function expectedOf(clusters: readonly (readonly WorkloadHour[])[], bills: readonly (readonly Charge[])[]) {
  const charges = bills.flat().filter(({ day }) => day === 0 || day === 1);
  const billed = new Set(charges.map(({ day, resourceId }) => `${String(day)} ${resourceId}`));
  const inBill = (providerId: string, start: number): boolean => {
    const machine = machines.find((one) => one.providerId === providerId);
    const day = Math.floor((start - firstDay) / daySeconds);
    return machine !== undefined && billed.has(`${String(day)} ${machine.resourceId}`);
  };
  const hours = clusters.flat();
  const gross = costOfAll(hours.flatMap(({ assets }) => assets)) + costOfAll(charges);
  const overlap = costOfAll(
    hours.flatMap(({ hour: start, assets }) => assets.filter(({ providerId }) => inBill(providerId, start))),
  );
  const byNamespace = new Map<string, Nanos>();
  for (const { namespace, cost } of hours.flatMap(({ workloads }) => workloads)) {
    if (namespace !== '') byNamespace.set(namespace, (byNamespace.get(namespace) ?? 0n) + cost);
  }
  const explained = [...byNamespace.values()].reduce((a, b) => a + b, 0n);
  byNamespace.set('null', gross - explained);
  const byService = new Map<string, Nanos>([['null', costOfAll(hours.flatMap(({ assets }) => assets))]]);
  for (const { service, cost } of charges) byService.set(service, (byService.get(service) ?? 0n) + cost);
  return { gross, overlap, total: gross - overlap, byNamespace, byService, charges };
}

const nonZero = (sums: ReadonlyMap<string, Nanos>): Record<string, string> =>
  Object.fromEntries([...sums].filter(([, cost]) => cost !== 0n).map(([value, cost]) => [value, formatNanos(cost)]));

describe('law 2 over clusters and bills', () => {
  it('every breakdown, filter with its complement, and paging sums to the total of clean_expenses, a machine on a bill once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(cluster, { minLength: 1, maxLength: 2 }),
        fc.array(fc.array(charge, { minLength: 1, maxLength: 25 }), { minLength: 1, maxLength: 2 }),
        fc.boolean(),
        async (clusters, bills, withRollup) => {
          const organization = await createOrganization(harness, randomUUID());
          const api = harness.client(organization.owner.token);
          const params = { organization_id: organization.id };
          for (const hours of clusters) {
            const id = await createAccount(api, organization.id, 'kubernetes_cnr');
            await storeWorkloadHours(clickhouse, id, hours);
            if (withRollup) await storeRollup(clickhouse, id, firstDay);
          }
          const accounts: string[] = [];
          for (const [index, charges] of bills.entries()) {
            const id = await createAccount(api, organization.id, 'aws_cnr');
            accounts.push(id);
            await api.createExpenseImport({
              params: { cloud_account_id: id },
              query: { file_name: `${String(index)}.csv` },
              upload: focusFile(charges.map(toFocus)),
            });
          }
          const pool = await api.createPool({ params, body: { name: 'A' } });
          await api.createAssignmentRule({
            params,
            body: {
              name: 'a',
              priority: 1,
              conditions: [{ type: 'tag_is', key: 'team', value: 'a' }],
              pool_id: pool.id,
            },
          });

          const expected = expectedOf(clusters, bills);
          const window = { start_date: firstDay, end_date: today, money: 'string' as const };
          for (const by of expenseDimensions) {
            const answer = await api.breakDownExpenses({ params, query: { ...window, breakdown_by: by } });
            expect(exact(answer.total_cost)).toBe(expected.total);
            expect(exact(answer.overlap.cost)).toBe(expected.overlap);
            expect(sum(answer.values.map(({ cost }) => cost))).toBe(expected.gross);
            expect(sum(answer.breakdown.flatMap(({ costs }) => costs.map(({ cost }) => cost)))).toBe(expected.gross);
            expect(sum(answer.breakdown.map(({ overlap_cost: cost }) => cost))).toBe(expected.overlap);
            const values = new Map(answer.values.map(({ value, cost }) => [value, exact(cost)]));
            if (by === 'k8s_namespace') expect(nonZero(values)).toEqual(nonZero(expected.byNamespace));
            if (by === 'service_name') expect(nonZero(values)).toEqual(nonZero(expected.byService));
            if (by === 'pool_id') {
              const inPool = costOfAll(expected.charges.filter(({ team }) => team === 'a'));
              expect(values.get(pool.id) ?? 0n).toBe(inPool);
            }
          }

          const clean = (query: object) =>
            api.getCleanExpenses({ query: { ...window, organization_id: organization.id, ...query } });
          const rows: (number | string | null)[] = [];
          for (let offset = 0; ; offset += 9) {
            const page = await clean({ limit: 9, offset, sort: 'name' });
            expect(exact(page.total_cost)).toBe(expected.total);
            rows.push(...page.clean_expenses.map(({ cost }) => cost));
            if (offset + 9 >= page.total_count) {
              expect(rows).toHaveLength(page.total_count);
              break;
            }
          }
          expect(sum(rows) - expected.overlap).toBe(expected.total);

          for (const [name, wanted] of [
            ['region', [['us-east-1'], ['eu-west-1', 'null']]],
            ['service_name', [['S3', "S'3\\"], ['EC2'], ['null']]],
            ['pool_id', [[pool.id], ['null']]],
            ['resource_type', [['K8s Cluster', 'null'], ['Instance']]],
          ] as const) {
            const totals = await Promise.all(wanted.map((values) => clean({ [name]: values })));
            expect(sum(totals.map(({ total_cost: total }) => total))).toBe(expected.total);
          }
        },
      ),
      { numRuns: 3, endOnFailure: true },
    );
  }, 300_000);
});
