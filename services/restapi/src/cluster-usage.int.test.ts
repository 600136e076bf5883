import { randomUUID } from 'node:crypto';
import type { CpuSaving, MemorySaving, UtilizationSeries } from '@cloudtuner/metroculus-client';
import { sharedServers } from '@cloudtuner/test-kit';
import { createOrganization, type TestOrganization } from './testing/restapi-harness';
import { storeHours } from './testing/stored-hours';
import { startTestWorld, type TestWorld } from './testing/test-world';
import { answerUsage, refuseUsage } from './testing/usage-answers';

const gib = 2 ** 30;
const today = Date.parse('2026-03-10T00:00:00Z') / 1000;
const yesterday = today - 86_400;

let world: TestWorld;
let organization: TestOrganization;

beforeAll(async () => {
  world = await startTestWorld(sharedServers(), { nowMs: (today + 37_800) * 1000 });
  organization = await createOrganization(world.harness);
}, 120_000);
afterAll(() => world.stop());
afterEach(() => {
  refuseUsage(world.metroculus);
});

const api = () => world.harness.client(organization.owner.token);

async function createCluster(): Promise<string> {
  const { id } = await api().createCloudAccount({
    params: { organization_id: organization.id },
    body: { name: `cluster-${randomUUID()}`, type: 'kubernetes_cnr' },
  });
  return id;
}

describe('GET …/clusters/{id}/metrics', () => {
  it('passes a chart on with its window in whole minutes, its step, and what each line was derived from', async () => {
    const id = await createCluster();
    const series: UtilizationSeries[] = [
      { name: 'usage', method: 'recorded', metrics: ['kubecost_cluster_cpu_usage'], points: [[60, 1.5]] },
      { name: 'capacity', method: 'derived', metrics: ['kube_node_status_capacity'], points: [] },
    ];
    const asked = answerUsage(world.metroculus, {
      utilization: { unit: 'cores', step: 120, coverage: 0.5, last_sample_at: yesterday + 3000, series },
    });
    const answer = await api().getClusterMetrics({
      params: { cluster_id: id },
      query: { metric: 'cpu', start_time: yesterday + 59, end_time: yesterday + 3601, step: 120 },
    });
    expect(asked.map((parameters) => Object.fromEntries(parameters))).toEqual([
      {
        cloud_account_id: id,
        start_date: String(yesterday),
        end_date: String(yesterday + 3660),
        metric: 'cpu',
        step: '120',
      },
    ]);
    expect(answer).toMatchObject({
      cluster_id: id,
      window: { start: yesterday, end: yesterday + 3660 },
      final_after: yesterday + 3660 + 600,
      metric: 'cpu',
      unit: 'cores',
      step: 120,
      coverage: 0.5,
      freshness: { last_sample_at: yesterday + 3000 },
      warnings: [],
      series,
    });
  });

  it('is 503 when metroculus cannot be asked: there is nothing else to tell', async () => {
    const id = await createCluster();
    world.metroculus.answers.set('/metroculus/v2/kubecost_utilization', () => 'failure');
    const refused = api().getClusterMetrics({ params: { cluster_id: id }, query: { window: '1h', metric: 'cpu' } });
    await expect(refused).rejects.toMatchObject({ status: 503, code: 'metroculus-unavailable' });
  });
});

const container = (controller: string, saving: number | null) => ({
  namespace: 'shop',
  controller_kind: 'deployment',
  controller,
  container: 'app',
  replicas: 2,
  monthly_saving: saving,
});
const cores = (controller: string, saving: number | null): CpuSaving => ({
  ...container(controller, saving),
  requested_cores: 1,
  used_p95_cores: 0.5,
  used_max_cores: 0.6,
  recommended_cores: 0.575,
});
const bytes = (controller: string, saving: number | null): MemorySaving => ({
  ...container(controller, saving),
  requested_bytes: 2 * gib,
  used_p95_bytes: gib,
  used_max_bytes: gib,
  recommended_bytes: 1.15 * gib,
});

describe('GET …/clusters/{id}/optimization', () => {
  const savings = {
    coverage: 0.9,
    cpu_core_hour_price: 0.025,
    ram_gib_hour_price: 0.0035,
    cpu_savings: [cores('web', 10.1), cores('api', -3), { ...cores('lab', 5), namespace: 'lab' }],
    memory_savings: [bytes('web', 0.2), bytes('cache', null)],
  };

  it('has one recommendation for each container of a workload, with the exact sum of both resources', async () => {
    const id = await createCluster();
    await storeHours(world.clickhouse, id, [{ hour: yesterday, version: 'v', assets: [{ cpu_cost: 1n }] }]);
    answerUsage(world.metroculus, { savings });
    const answer = await api().getClusterOptimization({ params: { cluster_id: id }, query: { window: 'yesterday' } });
    expect(answer).toMatchObject({
      currency: 'USD',
      window: { start: yesterday, end: today },
      coverage: 0.9,
      freshness: { last_sample_at: yesterday + 3590 },
      total_count: 4,
      cpu_core_hour_price: 0.025,
      monthly_saving: 12.3, // 10.1 + .2 + 5 − 3
    });
    expect(answer.recommendations.map((one) => [one.controller, one.monthly_saving])).toEqual([
      ['web', 10.3],
      ['lab', 5],
      ['api', -3],
      ['cache', null],
    ]);
    expect(answer.recommendations[0]).toEqual({
      namespace: 'shop',
      controller_kind: 'deployment',
      controller: 'web',
      container: 'app',
      replicas: 2,
      cpu: { requested: 1, used_p95: 0.5, used_max: 0.6, recommended: 0.575, monthly_saving: 10.1 },
      memory: { requested: 2 * gib, used_p95: gib, used_max: gib, recommended: 1.15 * gib, monthly_saving: 0.2 },
      monthly_saving: 10.3,
    });
    expect(answer.recommendations[2]).toMatchObject({ controller: 'api', memory: null });
  });

  it('sorts, pages, and keeps to one namespace', async () => {
    const id = await createCluster();
    answerUsage(world.metroculus, { savings });
    const ask = (query: object) =>
      api().getClusterOptimization({ params: { cluster_id: id }, query: { window: 'yesterday', ...query } });
    const names = async (query: object): Promise<string> =>
      (await ask(query)).recommendations.map(({ controller }) => controller).join();
    expect(await names({ sort: 'saving' })).toBe('api,lab,web,cache');
    expect(await names({ sort: 'name' })).toBe('lab,api,cache,web');
    expect(await names({ sort: '-name', limit: 2, offset: 1 })).toBe('cache,api');
    expect(await ask({ namespace: 'lab' })).toMatchObject({ total_count: 1, monthly_saving: 5 });
    expect((await ask({ money: 'string' })).monthly_saving).toBe('12.300000000');
  });

  it('is the same under /api/v1', async () => {
    const id = await createCluster();
    answerUsage(world.metroculus, { savings });
    const request = { params: { cluster_id: id }, query: { window: 'yesterday', namespace: 'shop' } };
    expect(await api().getKubernetesOptimization(request)).toEqual(await api().getClusterOptimization(request));
  });

  it('is 503 when metroculus does not answer within the budget', async () => {
    const quick = await startTestWorld(sharedServers(), { environment: { USAGE_BUDGET_MS: '50' } });
    const { id: organizationId, owner } = await createOrganization(quick.harness);
    const client = quick.harness.client(owner.token);
    const { id } = await client.createCloudAccount({
      params: { organization_id: organizationId },
      body: { name: 'shop', type: 'kubernetes_cnr' },
    });
    quick.metroculus.answers.set('/metroculus/v2/kubecost_savings', () => 'silence');
    const refused = client.getClusterOptimization({ params: { cluster_id: id }, query: { window: 'yesterday' } });
    await expect(refused).rejects.toMatchObject({ status: 503, code: 'metroculus-timeout' });
    expect(await quick.harness.registry.metrics()).toContain(
      'restapi_usage_read_seconds_count{question="savings",outcome="metroculus_timeout"} 1',
    );
    await quick.stop();
  });
});
