import { parseNanos } from '@cloudtuner/cost-model';
import { splitOf } from './amounts';
import { backfill, floorTo, hourMs, minuteMs, pushPast, startPlatform, type Platform, type Tenant } from './platform';

/**
 * One closed hour of the sample cluster from remote_write to the routes of assets, namespaces, workloads and metrics.
 * What is expected comes from the generator's books, and from adding up the values that it exposes, minute by minute.
 */

const startDeadlineMs = 600_000;
const aroundMs = 10 * minuteMs;

type Labels = Readonly<Record<string, string>>;

describe('usage over Prometheus', () => {
  let platform: Platform;
  let tenant: Tenant;
  const startMs = floorTo(hourMs, Date.now() - 2 * aroundMs) - hourMs;
  const window = { start_time: startMs / 1000, end_time: (startMs + hourMs) / 1000 };
  const exactly = { ...window, money: 'string' } as const;
  const minutes = Array.from({ length: 60 }, (_, index) => startMs + index * minuteMs);

  beforeAll(async () => {
    platform = await startPlatform('prometheus');
    tenant = await platform.createTenant('shop', 'shop');
    await pushPast(platform, [tenant], startMs - aroundMs, startMs + hourMs + aroundMs);
    await backfill(tenant, startMs, startMs + hourMs);
  }, startDeadlineMs);

  afterAll(() => platform.stop(), startDeadlineMs);

  const params = () => ({ cluster_id: tenant.accountId });

  /** The sum of what the cluster exposes of a metric at a minute; null when nothing is exposed. */
  function exposedAt(tMs: number, metric: string, isMeant: (labels: Labels) => boolean = () => true): number | null {
    let sum: number | null = null;
    for (const { labels, value } of tenant.cluster.seriesAt(tMs)) {
      const named = Object.fromEntries(labels.map((label) => [label.name, label.value]));
      if (named['__name__'] === metric && isMeant(named)) sum = (sum ?? 0) + value;
    }
    return sum;
  }

  it('has the assets of the books, each at its cost to a few nanos, and all together those of …/costs', async () => {
    const answer = await tenant.client.listClusterAssets({
      params: params(),
      query: { ...exactly, sort: 'name', limit: 1000 },
    });
    const { total } = await tenant.client.getClusterCosts({ params: params(), query: exactly });
    const books = new Map(
      tenant.cluster.book
        .assets(startMs, startMs + hourMs)
        .map((asset) => [`${asset.assetType} ${asset.assetKey}`, asset]),
    );
    expect(answer.assets.map(({ asset_type, name }) => `${asset_type} ${name}`).sort()).toEqual(
      [...books.keys()].sort(),
    );
    for (const asset of answer.assets) {
      const difference =
        parseNanos(String(asset.total_cost)) - (books.get(`${asset.asset_type} ${asset.name}`)?.total ?? 0n);
      // Each of the parts of an asset is rounded once, here and in the books.
      expect([asset.name, difference >= -8n && difference <= 8n]).toEqual([asset.name, true]);
    }
    expect(answer.total_cost).toBe(total.total_cost);
    expect(answer).toMatchObject({ coverage: 1, expired_cost: null, warnings: [] });
    expect(answer.by_type.reduce((sum, { cost }) => sum + parseNanos(String(cost)), 0n)).toBe(splitOf(total).total);
  });

  it('charts what the cluster exposes, minute by minute', async () => {
    const chart = async (metric: 'cpu' | 'memory' | 'storage') => {
      const { step, coverage, series } = await tenant.client.getClusterMetrics({
        params: params(),
        query: { ...window, metric },
      });
      expect([step, coverage]).toEqual([60, 1]);
      return Object.fromEntries(series.map(({ name, points }) => [name, new Map(points)]));
    };
    const [cpu, memory, storage] = [await chart('cpu'), await chart('memory'), await chart('storage')];
    for (const tMs of minutes.filter((_, index) => index % 15 === 0)) {
      const at = (points: ReadonlyMap<number, number> | undefined): number | null => points?.get(tMs / 1000) ?? null;
      const of = (resource: string) => (labels: Labels) => labels['resource'] === resource;
      const requests = 'kube_pod_container_resource_requests';
      expect(at(cpu['capacity'])).toBe(exposedAt(tMs, 'kube_node_status_capacity', of('cpu')));
      expect(at(cpu['requested'])).toBeCloseTo(exposedAt(tMs, requests, of('cpu')) ?? Number.NaN, 9);
      expect(at(memory['requested'])).toBe(exposedAt(tMs, requests, of('memory')));
      expect(at(memory['usage'])).toBe(exposedAt(tMs, 'container_memory_working_set_bytes'));
      expect(at(storage['usage'])).toBe(exposedAt(tMs, 'kubelet_volume_stats_used_bytes'));
      expect(at(storage['capacity'])).toBe(exposedAt(tMs, 'kube_persistentvolume_capacity_bytes'));
    }
    const { assets } = await tenant.client.listClusterAssets({
      params: params(),
      query: { ...window, asset_type: 'node' },
    });
    // Cores for an hour are core-hours: what nodes are charged for is what they are said to have.
    const coreHours = assets.reduce((sum, { cpu_core_hours }) => sum + (cpu_core_hours ?? 0), 0);
    expect(coreHours).toBeCloseTo(cpu['capacity']?.get(startMs / 1000) ?? Number.NaN, 6);
  });

  it('has of each namespace its quotas, limits and cost, and of each of its workloads a part of that cost', async () => {
    const answer = await tenant.client.listClusterNamespaces({ params: params(), query: exactly });
    const { total } = await tenant.client.getClusterCosts({ params: params(), query: exactly });
    const nanos = (amount: number | string | null): bigint => (amount === null ? 0n : parseNanos(String(amount)));
    expect(answer.warnings).toEqual([]);
    expect(nanos(answer.total_cost) + nanos(answer.idle_cost) + nanos(answer.unallocated_cost)).toBe(
      splitOf(total).total,
    );
    const pods = tenant.cluster.book.pods(startMs, startMs + hourMs);
    const named = answer.namespaces.filter(({ total_cost }) => total_cost !== null);
    expect(new Set(pods.map(({ namespace }) => namespace))).toEqual(new Set(named.map(({ namespace }) => namespace)));
    let quotas = 0;
    for (const { namespace, total_cost, cpu, quotas: bounds } of named) {
      const inNamespace = (labels: Labels): boolean => labels['namespace'] === namespace;
      // Limits are looked at every ten minutes.
      const limits = minutes
        .filter((_, index) => index % 10 === 0)
        .flatMap(
          (tMs) =>
            exposedAt(
              tMs,
              'kube_pod_container_resource_limits',
              (labels) => inNamespace(labels) && labels['resource'] === 'cpu',
            ) ?? [],
        );
      if (limits.length === 0) expect(cpu.limit).toBeNull();
      else expect(cpu.limit).toBeCloseTo(limits.reduce((a, b) => a + b, 0) / limits.length, 6);
      for (const { resource, hard } of bounds ?? []) {
        quotas += 1;
        const isMeant = (labels: Labels): boolean =>
          inNamespace(labels) && labels['resource'] === resource && labels['type'] === 'hard';
        expect(hard).toBe(exposedAt(startMs, 'kube_resourcequota', isMeant));
      }
      const workloads = await tenant.client.listNamespaceWorkloads({
        params: { ...params(), namespace },
        query: exactly,
      });
      expect(workloads.total_cost).toBe(total_cost);
      expect(workloads.warnings).toEqual([]);
      const owners = new Set(pods.filter((pod) => pod.namespace === namespace).map(({ workload }) => workload));
      expect(new Set(workloads.workloads.flatMap(({ controller }) => controller ?? []))).toEqual(owners);
      // What ran all hour has a percentile of its use.
      const whole = pods.filter((pod) => pod.namespace === namespace && pod.endMs - pod.startMs === hourMs);
      for (const { controller, cpu: used, pods: count } of workloads.workloads) {
        if (!whole.some(({ workload }) => workload === controller)) continue;
        expect([controller, used.used_p95 !== null && used.used_p95 <= (used.used_max ?? 0)]).toEqual([
          controller,
          true,
        ]);
        expect(count).toBeGreaterThan(0);
      }
    }
    expect(quotas).toBeGreaterThan(0);
  }, 60_000);
});
