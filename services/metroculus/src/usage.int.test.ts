import { randomTenant, sharedServers, waitFor } from '@cloudtuner/test-kit';
import { startMetroculus, type Metroculus } from './testing/metroculus-harness';
import { eachMinute, pushSeries, type Labels, type PushedSeries } from './testing/sample-store';

const minuteMs = 60_000;
const gib = 2 ** 30;
const zeroMs = Math.floor(Date.now() / (60 * minuteMs)) * 60 * minuteMs - 4 * 60 * minuteMs;
const zero = zeroMs / 1000;

const recordedGauges = [
  { metric: 'cpu', gauge: 'kubecost_cluster_cpu_usage', value: 3 },
  { metric: 'memory', gauge: 'kubecost_cluster_memory_usage', value: 7 * gib },
  { metric: 'network', gauge: 'kubecost_network_usage', value: 700 },
  { metric: 'storage', gauge: 'kubecost_storage_usage', value: 9 * gib },
] as const;

const stores = [
  ['Prometheus', () => sharedServers().prometheus()],
  ['Thanos', () => sharedServers().thanos()],
] as const;

/**
 * Namespace shop: Deployment web of two pods, ¼ and ½ core, 1 and 2 GiB, each requesting 1 core of at most 2; a pod
 * without an owner that has a limit of 1 GiB only. Namespace idle has a quota and nothing else. A node of 8 cores that
 * kube-state-metrics 1 and 2 both tell of. Volume of 20 GiB, 5 of them used. Samples from one hour before the window.
 */
function clusterOf(seconds: number): PushedSeries[] {
  const span = { zeroMs, from: -60, to: seconds / 60 };
  const container = (metric: string, pod: string, more: Labels = {}): Labels => ({
    __name__: metric,
    namespace: 'shop',
    pod,
    container: 'app',
    ...more,
  });
  const bound = (kind: 'requests' | 'limits', pod: string, resource: string, value: number): PushedSeries =>
    eachMinute(container(`kube_pod_container_resource_${kind}`, pod, { resource }), value, span);
  const usage = (pod: string, cores: number, bytes: number): PushedSeries[] => [
    eachMinute(container('container_cpu_usage_seconds_total', pod), (at) => (at + 100) * 60 * cores, span),
    eachMinute(container('container_memory_working_set_bytes', pod), bytes, span),
    eachMinute({ __name__: 'container_memory_working_set_bytes', namespace: 'shop', pod }, 99 * gib, span),
    eachMinute(
      { __name__: 'container_network_receive_bytes_total', namespace: 'shop', pod, interface: 'eth0' },
      (at) => (at + 100) * 60 * 1000,
      span,
    ),
    eachMinute(
      { __name__: 'container_network_transmit_bytes_total', namespace: 'shop', pod, interface: 'eth0' },
      (at) => (at + 100) * 60 * 500,
      span,
    ),
  ];
  const quota = (resource: string, type: string, value: number): PushedSeries =>
    eachMinute(
      { __name__: 'kube_resourcequota', namespace: 'idle', resourcequota: 'compute', resource, type },
      value,
      span,
    );
  const web = ['web-7f-a', 'web-7f-b'];
  return [
    ...usage('web-7f-a', 0.25, gib),
    ...usage('web-7f-b', 0.5, 2 * gib),
    ...usage('bare', 0.1, gib / 2),
    ...web.flatMap((pod) => [
      bound('requests', pod, 'cpu', 1),
      bound('limits', pod, 'cpu', 2),
      eachMinute(
        { __name__: 'kube_pod_owner', namespace: 'shop', pod, owner_kind: 'ReplicaSet', owner_name: 'web-7f' },
        1,
        span,
      ),
    ]),
    eachMinute(
      {
        __name__: 'kube_replicaset_owner',
        namespace: 'shop',
        replicaset: 'web-7f',
        owner_kind: 'Deployment',
        owner_name: 'web',
      },
      1,
      span,
    ),
    bound('limits', 'bare', 'memory', gib),
    quota('requests.cpu', 'hard', 8),
    quota('requests.cpu', 'used', 3),
    eachMinute({ __name__: 'kube_node_status_capacity', node: 'n1', resource: 'cpu', unit: 'core' }, 8, span),
    eachMinute({ __name__: 'kube_node_status_capacity', node: 'n1', resource: 'pods', unit: 'integer' }, 110, span),
    eachMinute({ __name__: 'kube_node_status_capacity_cpu_cores', node: 'n1' }, 8, span),
    eachMinute(
      { __name__: 'kubelet_volume_stats_used_bytes', namespace: 'shop', persistentvolumeclaim: 'data' },
      5 * gib,
      span,
    ),
    eachMinute({ __name__: 'kube_persistentvolume_capacity_bytes', persistentvolume: 'pv' }, 20 * gib, span),
  ];
}

describe.each(stores)('how a cluster is used, over %s', (_name, storeOf) => {
  const cloudAccountId = randomTenant();
  const recording = randomTenant();
  /** Sends gauges, and nothing that anything could be derived from. */
  const gaugesOnly = randomTenant();
  const window = { cloudAccountId, startSeconds: zero, endSeconds: zero + 3600 };
  let metroculus: Metroculus;

  beforeAll(async () => {
    const store = await storeOf();
    metroculus = await startMetroculus({ queryUrl: store.queryUrl });
    const gauges = recordedGauges.map(({ gauge, value }) =>
      eachMinute({ __name__: gauge }, value, { zeroMs, from: 0, to: 57 }),
    );
    await pushSeries(store, recording, [...gauges, ...clusterOf(3600)]);
    await pushSeries(store, gaugesOnly, gauges);
    await pushSeries(store, cloudAccountId, clusterOf(3600));
    for (const tenant of [cloudAccountId, recording, gaugesOnly]) {
      await waitFor(
        async () =>
          (await metroculus.client.getKubecostUtilization({ ...window, cloudAccountId: tenant, metric: 'cpu' }))
            .coverage > 0,
        { what: 'samples' },
      );
    }
  }, 60_000);
  afterAll(() => metroculus.stop());

  const chart = async (metric: 'cpu' | 'memory' | 'network' | 'storage', more: object = {}) =>
    metroculus.client.getKubecostUtilization({ ...window, metric, ...more });

  it('has a point each minute of an hour, and says what each line is derived from', async () => {
    const { unit, step, coverage, last_sample_at, series } = await chart('cpu');
    expect({ unit, step, coverage, last_sample_at }).toEqual({
      unit: 'cores',
      step: 60,
      coverage: 1,
      last_sample_at: zero + 59 * 60,
    });
    expect(series.map(({ name, method, metrics }) => [name, method, metrics])).toEqual([
      ['usage', 'derived', ['container_cpu_usage_seconds_total']],
      ['requested', 'derived', ['kube_pod_container_resource_requests']],
      ['capacity', 'derived', ['kube_node_status_capacity', 'kube_node_status_capacity_cpu_cores']],
    ]);
    const [usage, requested, capacity] = series;
    expect(usage?.points).toHaveLength(60);
    expect(usage?.points[0]?.[0]).toBe(zero);
    for (const [, value] of usage?.points ?? []) expect(value).toBeCloseTo(0.85, 9); // ¼ + ½ + .1
    expect(requested?.points[0]).toEqual([zero, 2]);
    expect(capacity?.points.at(-1)).toEqual([zero + 59 * 60, 8]);
  });

  it('sums memory, traffic and storage', async () => {
    const lastOf = async (metric: 'memory' | 'network' | 'storage') =>
      Object.fromEntries((await chart(metric)).series.map(({ name, points }) => [name, points.at(-1)?.[1]]));
    expect(await lastOf('memory')).toEqual({ usage: 3.5 * gib, requested: undefined, capacity: undefined });
    const network = await lastOf('network');
    expect(Object.keys(network)).toEqual([
      'usage',
      'received',
      'transmitted',
      'egress_zone',
      'egress_region',
      'egress_internet',
    ]);
    expect(network['received']).toBeCloseTo(3000, 6);
    expect(network['usage']).toBeCloseTo(4500, 6);
    expect(network['egress_internet']).toBeUndefined();
    expect(await lastOf('storage')).toEqual({ usage: 5 * gib, requested: undefined, capacity: 20 * gib });
  });

  it.each(recordedGauges)(
    'takes $gauge, which a cluster records itself, before what could be derived of $metric, and says so',
    async ({ metric, gauge, value }) => {
      for (const tenant of [recording, gaugesOnly]) {
        const { series, last_sample_at } = await chart(metric, { cloudAccountId: tenant });
        const [usage] = series.filter(({ name }) => name === 'usage');
        expect(usage).toMatchObject({ method: 'recorded', metrics: [gauge] });
        expect(usage?.points[0]).toEqual([zero, value]);
        // Of the gauge, not of what else the cluster sends.
        expect(last_sample_at).toBe(zero + 57 * 60);
      }
    },
  );

  it('takes the step that is asked for, and names its cap when that makes too many points', async () => {
    const { step, series } = await chart('memory', { stepSeconds: 1800 });
    expect([step, series[0]?.points.map(([at]) => at)]).toEqual([1800, [zero, zero + 1800]]);
    await expect(
      chart('memory', { stepSeconds: 60, startSeconds: zero - 20 * 86_400, endSeconds: zero }),
    ).rejects.toMatchObject({ code: 'too-many-points', details: { limit: 11_000 } });
  });

  it('totals namespaces, with quotas of those that use nothing', async () => {
    const { step, coverage, usage, quotas } = await metroculus.client.getKubecostUsage(window);
    expect([step, coverage]).toEqual([60, 1]);
    expect(usage).toMatchObject([
      {
        namespace: 'shop',
        controller: null,
        pods: null,
        cpu_cores: { requested: 2, limit: 4 },
        ram_bytes: { requested: null, limit: gib, used_avg: 3.5 * gib, used_p95: 3.5 * gib, used_max: 3.5 * gib },
      },
    ]);
    expect(usage[0]?.cpu_cores.used_p95).toBeCloseTo(0.85, 9);
    expect(quotas).toEqual([{ namespace: 'idle', quota: 'compute', resource: 'requests.cpu', hard: 8, used: 3 }]);
  });

  it('totals the workloads of one namespace', async () => {
    const { usage, quotas } = await metroculus.client.getKubecostUsage({ ...window, namespace: 'shop' });
    expect(usage).toMatchObject([
      { controller_kind: null, controller: 'bare', pods: 1, ram_bytes: { limit: gib, used_max: gib / 2 } },
      {
        controller_kind: 'deployment',
        controller: 'web',
        pods: 2,
        cpu_cores: { requested: 2, limit: 4 },
        ram_bytes: { limit: null, used_p95: 3 * gib },
      },
    ]);
    expect(usage[1]?.cpu_cores.used_avg).toBeCloseTo(0.75, 9);
    expect(quotas).toEqual([]);
  });

  it('knows nothing of another account, nor of a window that has not begun', async () => {
    const other = { ...window, cloudAccountId: randomTenant() };
    expect(await metroculus.client.getKubecostUsage(other)).toMatchObject({ usage: [], quotas: [], coverage: 0 });
    expect(await metroculus.client.getKubecostUtilization({ ...other, metric: 'cpu' })).toMatchObject({
      coverage: 0,
      last_sample_at: null,
      series: [{ points: [] }, { points: [] }, { points: [] }],
    });
    const future = { cloudAccountId, startSeconds: zero + 864_000, endSeconds: zero + 867_600 };
    expect(await metroculus.client.getKubecostUsage(future)).toMatchObject({ usage: [], coverage: 0 });
    expect(await metroculus.client.getKubecostUtilization({ ...future, metric: 'cpu' })).toMatchObject({ coverage: 0 });
  });
});

describe('parameters', () => {
  let metroculus: Metroculus;
  beforeAll(async () => {
    metroculus = await startMetroculus({ queryUrl: 'http://127.0.0.1:9' });
  });
  afterAll(() => metroculus.stop());

  const window = `cloud_account_id=${randomTenant()}&start_date=0&end_date=3600`;
  it.each([
    ['utilization without a metric', `kubecost_utilization?${window}`, 400],
    ['utilization of another metric', `kubecost_utilization?${window}&metric=disk`, 400],
    ['a step of nothing', `kubecost_utilization?${window}&metric=cpu&step=0`, 400],
    ['an empty namespace', `kubecost_usage?${window}&namespace=`, 400],
    ['two namespaces', `kubecost_usage?${window}&namespace=a&namespace=b`, 400],
    ['an unknown parameter', `kubecost_usage?${window}&pod=a`, 400],
    ['a store that is away', `kubecost_usage?${window}`, 503],
  ])('%s: %d', async (_title, path, status) => {
    expect((await metroculus.get(`/metroculus/v2/${path}`)).status).toBe(status);
  });

  it('needs the secret', async () => {
    expect((await metroculus.get(`/metroculus/v2/kubecost_usage?${window}`, {})).status).toBe(401);
  });
});
