import { randomUUID } from 'node:crypto';
import type { ClickhouseClient } from '@cloudtuner/clickhouse';
import { parseNanos, type AllocationFact, type Nanos } from '@cloudtuner/cost-model';
import type { KubecostUsage, ResourceUsage, UsageEntry } from '@cloudtuner/metroculus-client';
import { sharedServers } from '@cloudtuner/test-kit';
import type { FakeMetroculus } from './testing/fake-metroculus';
import { createOrganization, type RestapiHarness, type TestOrganization } from './testing/restapi-harness';
import { containerFact, storeAllocationHours } from './testing/stored-allocations';
import { startTestWorld, type TestWorld } from './testing/test-world';
import { answerUsage, refuseUsage } from './testing/usage-answers';

const gib = 2 ** 30;
const hourSeconds = 3600;
const daySeconds = 86_400;
const today = Date.parse('2026-03-10T00:00:00Z') / 1000;
const yesterday = today - daySeconds;

let world: TestWorld;
let metroculus: FakeMetroculus;
let clickhouse: ClickhouseClient;
let harness: RestapiHarness;
let organization: TestOrganization;

beforeAll(async () => {
  world = await startTestWorld(sharedServers(), { nowMs: (today + 10.5 * hourSeconds) * 1000 });
  ({ metroculus, clickhouse, harness } = world);
  organization = await createOrganization(harness);
}, 120_000);
afterAll(() => world.stop());

const api = () => harness.client(organization.owner.token);
const window = { start_time: yesterday, end_time: yesterday + 2 * hourSeconds };
const exact = (amount: number | string | null): Nanos => (amount === null ? 0n : parseNanos(String(amount)));
const sum = (amounts: readonly (number | string | null)[]): Nanos =>
  amounts.reduce<Nanos>((total, amount) => total + exact(amount), 0n);

/**
 * Two hours. Namespace shop: Deployment web of two pods (each 1 core requested, ½ used, 2 GiB requested, 1 used), runs of
 * a CronJob, and a pod that nobody owns. Namespace lab: one pod, usage not known. A node's idle, a volume of no claim.
 */
function factsOfAnHour(): AllocationFact[] {
  const container = (pod: string, overrides: Partial<AllocationFact>): AllocationFact =>
    containerFact({ namespace: 'shop', pod, ...overrides });
  const web = (pod: string): AllocationFact =>
    container(pod, {
      controller_kind: 'deployment',
      controller: 'web',
      cpu_core_hours: 1,
      cpu_core_request_hours: 1,
      cpu_core_usage_hours: 0.5,
      ram_byte_hours: 2 * gib,
      ram_byte_request_hours: 2 * gib,
      ram_byte_usage_hours: gib,
      cpu_cost: '0.030000000',
      ram_cost: '0.010000000',
    });
  return [
    web('web-7f-a'),
    web('web-7f-b'),
    container('nightly-28819200-x', { controller_kind: 'job', controller: 'nightly', cpu_cost: '0.005000000' }),
    container('bare', { cpu_cost: '0.000000007' }),
    container('probe', { namespace: 'lab', cpu_core_request_hours: 1, cpu_cost: '0.100000000' }),
    containerFact({
      kind: 'idle',
      asset_type: 'node',
      asset_key: 'n1',
      pod: '',
      container: '',
      cpu_cost: '0.700000000',
    }),
    containerFact({
      kind: 'unattributed',
      asset_type: 'disk',
      asset_key: 'pv',
      node: '',
      pod: '',
      container: '',
      pv_cost: '0.040000000',
    }),
  ];
}

async function createCluster(): Promise<string> {
  const { id } = await api().createCloudAccount({
    params: { organization_id: organization.id },
    body: { name: `cluster-${randomUUID()}`, type: 'kubernetes_cnr' },
  });
  await storeAllocationHours(
    clickhouse,
    id,
    [0, 1].map((offset) => ({ hour: yesterday + offset * hourSeconds, version: 'v', facts: factsOfAnHour() })),
  );
  return id;
}

const levels = (overrides: Partial<ResourceUsage> = {}): ResourceUsage => ({
  requested: null,
  limit: null,
  used_avg: null,
  used_p95: null,
  used_max: null,
  ...overrides,
});
const entry = (overrides: Partial<UsageEntry>): UsageEntry => ({
  namespace: 'shop',
  controller_kind: null,
  controller: null,
  pods: null,
  cpu_cores: levels(),
  ram_bytes: levels(),
  ...overrides,
});

/** What metroculus says from now on. */
const usageIs = (usage: readonly UsageEntry[], quotas: KubecostUsage['quotas'] = []): URLSearchParams[] =>
  answerUsage(metroculus, {
    usage: { coverage: 0.75, last_sample_at: yesterday + 7000, usage: [...usage], quotas },
  });

afterEach(() => {
  refuseUsage(metroculus);
});

describe('GET …/clusters/{id}/namespaces', () => {
  it('has cost, requests, usage, limits, efficiency and quotas of each, and all of the cluster’s cost', async () => {
    const id = await createCluster();
    const asked = usageIs(
      [
        entry({
          cpu_cores: levels({ requested: 9, limit: 4, used_avg: 9, used_p95: 1.2, used_max: 1.5 }),
          ram_bytes: levels({ limit: 8 * gib, used_p95: 2.5 * gib, used_max: 3 * gib }),
        }),
      ],
      [
        { namespace: 'shop', quota: 'compute', resource: 'requests.cpu', hard: 8, used: 2 },
        { namespace: 'empty', quota: 'compute', resource: 'pods', hard: 0, used: 0 },
      ],
    );
    const answer = await api().listClusterNamespaces({ params: { cluster_id: id }, query: window });
    expect(asked.map((parameters) => [parameters.get('start_date'), parameters.get('namespace')])).toEqual([
      [String(yesterday), null],
    ]);
    expect(answer).toMatchObject({
      cluster_id: id,
      currency: 'USD',
      window: { start: yesterday, end: yesterday + 2 * hourSeconds },
      final_after: yesterday + 2 * hourSeconds + 600,
      coverage: 1,
      freshness: { last_sample_at: yesterday + hourSeconds + 3590 },
      usage: { coverage: 0.75, last_sample_at: yesterday + 7000 },
      warnings: [],
      total_count: 3,
      total_cost: 0.370000014, // 2 × (.08 + .005 + 7e-9 + .1)
      idle_cost: 1.4,
      unallocated_cost: 0.08,
    });
    const [lab, shop, empty] = answer.namespaces;
    expect(shop).toMatchObject({
      namespace: 'shop',
      total_cost: 0.170000014,
      cpu_cost: 0.130000014,
      ram_cost: 0.04,
      network_cost: null,
      // Facts count before what metroculus was asked: 2 cores requested, 1 used.
      cpu: { requested: 2, limit: 4, used_avg: 1, used_p95: 1.2, used_max: 1.5, efficiency: 0.5, utilization: 0.5 },
      ram: {
        requested: 4 * gib,
        limit: 8 * gib,
        used_avg: 2 * gib,
        used_p95: 2.5 * gib,
        used_max: 3 * gib,
        efficiency: 0.5,
      },
      efficiency: 0.5,
      started_at: yesterday,
      ended_at: yesterday + 2 * hourSeconds,
      quotas: [{ quota: 'compute', resource: 'requests.cpu', hard: 8, used: 2, utilization: 0.25 }],
    });
    expect(lab).toMatchObject({
      namespace: 'lab',
      cpu: { requested: 1, used_avg: null, efficiency: null },
      quotas: [],
    });
    // Only its quota is known: what it cost is not zero but not known.
    expect(empty).toMatchObject({
      namespace: 'empty',
      total_cost: null,
      started_at: null,
      quotas: [{ resource: 'pods', hard: 0, used: 0, utilization: null }],
    });
  });

  it('adds up to the total of …/costs with what is idle and what belongs to no namespace, over all pages', async () => {
    const id = await createCluster();
    const asked = { ...window, money: 'string' } as const;
    const { total } = await api().getClusterCosts({ params: { cluster_id: id }, query: asked });
    expect(total.total_cost).toBe('1.850000014');
    const pages = await Promise.all(
      [0, 1].map((offset) =>
        api().listClusterNamespaces({ params: { cluster_id: id }, query: { ...asked, limit: 1, offset } }),
      ),
    );
    for (const page of pages) {
      expect(sum([page.total_cost, page.idle_cost, page.unallocated_cost])).toBe(exact(total.total_cost));
    }
    expect(sum(pages.flatMap(({ namespaces }) => namespaces.map(({ total_cost }) => total_cost)))).toBe(
      exact(pages[0]?.total_cost ?? null),
    );
    expect(pages.map(({ namespaces }) => namespaces[0]?.namespace)).toEqual(['lab', 'shop']);
  });

  it('serves costs with a warning, and null for what it could not ask, when metroculus does not answer', async () => {
    const id = await createCluster();
    const answer = await api().listClusterNamespaces({ params: { cluster_id: id }, query: window });
    expect(answer.warnings).toMatchObject([{ code: 'usage-unavailable' }]);
    expect(answer.usage).toEqual({ coverage: null, last_sample_at: null });
    expect(answer.namespaces.find(({ namespace }) => namespace === 'shop')).toMatchObject({
      total_cost: 0.170000014,
      cpu: { requested: 2, limit: null, used_avg: 1, used_p95: null },
      quotas: null,
    });
  });

  it('asks no usage of more than 31 days, and says so', async () => {
    const id = await createCluster();
    const asked = usageIs([]);
    const query = { start_time: today - 32 * daySeconds, end_time: today };
    const answer = await api().listClusterNamespaces({ params: { cluster_id: id }, query });
    expect(asked).toEqual([]);
    expect(answer.warnings.map(({ detail }) => detail)).toEqual([expect.stringContaining('31 days')]);
    expect(answer.total_cost).toBe(0.370000014);
  });

  it('sorts by cost, name or efficiency, what is unknown last', async () => {
    const id = await createCluster();
    usageIs([], [{ namespace: 'empty', quota: 'q', resource: 'pods', hard: 1, used: 0 }]);
    const names = async (sort: 'cost' | '-name' | 'efficiency' | '-efficiency') =>
      (await api().listClusterNamespaces({ params: { cluster_id: id }, query: { ...window, sort } })).namespaces
        .map(({ namespace }) => namespace)
        .join();
    expect(await names('cost')).toBe('shop,lab,empty');
    expect(await names('-name')).toBe('shop,lab,empty');
    expect(await names('efficiency')).toBe('shop,empty,lab');
    expect(await names('-efficiency')).toBe('shop,empty,lab');
  });
});

describe('GET …/namespaces/{namespace}/workloads', () => {
  it('has each controller with its pods, limits and percentiles, and what no controller owns together', async () => {
    const id = await createCluster();
    const asked = usageIs([
      entry({
        controller_kind: 'deployment',
        controller: 'web',
        pods: 2,
        cpu_cores: levels({ limit: 4, used_p95: 1.2, used_max: 1.4 }),
      }),
      entry({ controller_kind: 'cronjob', controller: 'nightly', pods: 0.5, cpu_cores: levels({ used_p95: 0.3 }) }),
      entry({ controller: 'bare', controller_kind: 'pod', pods: 1, cpu_cores: levels({ limit: 1, used_p95: 0.2 }) }),
      entry({ controller: 'gone', pods: 0.25, cpu_cores: levels({ limit: 0.5, used_p95: 0.1 }) }),
    ]);
    const params = { cluster_id: id, namespace: 'shop' };
    const answer = await api().listNamespaceWorkloads({ params, query: window });
    expect(asked.map((parameters) => parameters.get('namespace'))).toEqual(['shop']);
    expect(answer).toMatchObject({ total_count: 3, total_cost: 0.170000014, coverage: 1, warnings: [] });
    expect(answer.workloads).toMatchObject([
      {
        namespace: 'shop',
        controller_kind: 'deployment',
        controller: 'web',
        pods: 2,
        total_cost: 0.16,
        cpu: { requested: 2, limit: 4, used_avg: 1, used_p95: 1.2, used_max: 1.4, efficiency: 0.5 },
        ram: { requested: 4 * gib, limit: null },
        efficiency: 0.5,
      },
      // A CronJob's runs are kept as jobs of its name.
      { controller_kind: 'job', controller: 'nightly', pods: 0.5, total_cost: 0.01, cpu: { used_p95: 0.3 } },
      // Limits add up; when the two were busy is not known.
      {
        controller_kind: null,
        controller: null,
        pods: 1.25,
        total_cost: 1.4e-8,
        cpu: { limit: 1.5, used_p95: null },
      },
    ]);
  });

  it('adds up to what the namespace costs', async () => {
    const id = await createCluster();
    const query = { ...window, money: 'string' } as const;
    const { namespaces } = await api().listClusterNamespaces({ params: { cluster_id: id }, query });
    for (const { namespace, total_cost } of namespaces) {
      const params = { cluster_id: id, namespace };
      const answer = await api().listNamespaceWorkloads({ params, query });
      expect(answer.total_cost).toBe(total_cost);
      expect(sum(answer.workloads.map((workload) => workload.total_cost))).toBe(exact(total_cost));
    }
  });

  it('is empty for a namespace that nobody knows', async () => {
    const id = await createCluster();
    usageIs([]);
    const params = { cluster_id: id, namespace: 'nowhere' };
    const answer = await api().listNamespaceWorkloads({ params, query: window });
    expect(answer).toMatchObject({ total_count: 0, total_cost: null, workloads: [] });
  });
});

describe('GET /api/v1/costs/kubernetes/{cluster}', () => {
  it('answers as /restapi/v2 does', async () => {
    const id = await createCluster();
    usageIs([entry({ cpu_cores: levels({ limit: 4 }) })]);
    const params = { cluster_id: id };
    expect(await api().getKubernetesCosts({ params, query: window })).toEqual(
      await api().getClusterCosts({ params, query: window }),
    );
    const byNamespace = { ...window, aggregate: 'namespace' };
    expect(await api().getKubernetesCosts({ params, query: byNamespace })).toEqual(
      await api().getClusterCosts({ params, query: byNamespace }),
    );
    expect(await api().listKubernetesNamespaces({ params, query: window })).toEqual(
      await api().listClusterNamespaces({ params, query: window }),
    );
    expect(await api().listKubernetesWorkloads({ params, query: { ...window, namespace: 'shop' } })).toEqual(
      await api().listNamespaceWorkloads({ params: { ...params, namespace: 'shop' }, query: window }),
    );
  });

  it('lists the workloads of all namespaces, with a warning that what is told by namespace is left out', async () => {
    const id = await createCluster();
    const asked = usageIs([]);
    const answer = await api().listKubernetesWorkloads({ params: { cluster_id: id }, query: window });
    expect(asked).toEqual([]);
    expect(answer.workloads.map(({ namespace, controller }) => [namespace, controller])).toEqual([
      ['lab', null],
      ['shop', 'web'],
      ['shop', 'nightly'],
      ['shop', null],
    ]);
    expect(answer).toMatchObject({ total_cost: 0.370000014, warnings: [{ code: 'usage-unavailable' }] });
  });
});
