import { randomTenant, sharedServers, waitFor, type StoreAddress } from '@cloudtuner/test-kit';
import { startMetroculus, type Metroculus } from './testing/metroculus-harness';
import { eachMinute, pushSeries, type Labels, type PushedSeries } from './testing/sample-store';

const minute = 60_000;
const gib = 2 ** 30;
const zeroMs = Math.floor(Date.now() / (60 * minute)) * 60 * minute - 4 * 60 * minute;
const zero = zeroMs / 1000;

const stores = [
  ['Prometheus', () => sharedServers().prometheus()],
  ['Thanos', () => sharedServers().thanos()],
] as const;

async function untilThere(metroculus: Metroculus, cloudAccountId: string, metric: string): Promise<void> {
  await waitFor(
    async () => {
      const window = { cloudAccountId, startSeconds: zero, endSeconds: zero + 3600, metrics: [metric] };
      return Object.keys((await metroculus.client.getKubecostMetrics(window)).metrics).length > 0;
    },
    { what: metric },
  );
}

describe.each(stores)('kubecost_metrics over %s', (_name, storeOf) => {
  const cloudAccountId = randomTenant();
  let store: StoreAddress;
  let metroculus: Metroculus;
  const window = { cloudAccountId, startSeconds: zero, endSeconds: zero + 3600 };

  beforeAll(async () => {
    store = await storeOf();
    metroculus = await startMetroculus({ queryUrl: store.queryUrl, env: { METRICS_MAX_POINTS: '250' } });
    const span = { zeroMs, from: 0, to: 60 };
    await pushSeries(store, cloudAccountId, [
      eachMinute({ __name__: 'node_cpu_hourly_cost', node: 'n1' }, (at) => at, span),
      eachMinute({ __name__: 'kubecost_odd', kind: 'nan' }, Number.NaN, span),
      eachMinute({ __name__: 'kubecost_odd', kind: 'inf' }, Number.POSITIVE_INFINITY, { ...span, to: 1 }),
      eachMinute({ __name__: 'container_cpu_allocation', pod: 'p"\\\n' }, 0.5, span),
      eachMinute({ __name__: 'not_a_cost' }, 1, span),
    ]);
    await untilThere(metroculus, cloudAccountId, 'not_a_cost');
  });
  afterAll(() => metroculus.stop());

  it('gives the series of costs, at each minute of an hour, the end not included', async () => {
    const { step, metrics } = await metroculus.client.getKubecostMetrics(window);
    expect(step).toBe(60);
    expect(Object.keys(metrics)).toEqual(['container_cpu_allocation', 'kubecost_odd', 'node_cpu_hourly_cost']);
    expect(metrics['node_cpu_hourly_cost']).toEqual([
      { labels: { node: 'n1' }, values: Array.from({ length: 60 }, (_, at) => [zero + at * 60, at]) },
    ]);
    expect(metrics['container_cpu_allocation']?.[0]?.labels).toEqual({ pod: 'p"\\\n' });
  });

  it('gives what JSON has no number for as text', async () => {
    const { metrics } = await metroculus.client.getKubecostMetrics({ ...window, endSeconds: zero + 60 });
    const values = Object.fromEntries(
      (metrics['kubecost_odd'] ?? []).map(({ labels, values: points }): [string, unknown] => [
        labels['kind'] ?? '',
        points[0]?.[1],
      ]),
    );
    expect(values).toEqual({ nan: 'NaN', inf: '+Inf' });
  });

  it('gives the metrics that are named, and those only, at the step asked for', async () => {
    const { step, metrics } = await metroculus.client.getKubecostMetrics({
      ...window,
      metrics: ['not_a_cost', 'absent'],
      stepSeconds: 1800,
    });
    expect(step).toBe(1800);
    expect(metrics).toEqual({
      not_a_cost: [
        {
          labels: {},
          values: [
            [zero, 1],
            [zero + 1800, 1],
          ],
        },
      ],
    });
  });

  it('gives about 300 points of a longer window', async () => {
    // 31 days in 300 parts is 8928 s: the next whole minute is 8940 s
    const { step } = await metroculus.client.getKubecostMetrics({ ...window, endSeconds: zero + 31 * 86_400 });
    expect(step).toBe(8940);
  });

  it('names its cap of 250 points when the answer would have more', async () => {
    const refused = metroculus.client.getKubecostMetrics({ ...window, stepSeconds: 30 });
    await expect(refused).rejects.toMatchObject({ code: 'too-many-points', details: { limit: 250, unit: 'points' } });
  });
});

/**
 * Deployment web: two pods for the whole 2 h, each requesting 1 core and 2 GiB, using ¼ and ½ core, 1 and 1½ GiB.
 * A Job of CronJob nightly for half an hour, requesting 2 cores, using 1, no memory request.
 * A pod without an owner that requests nothing. Nodes at .03 and .02 a core, .004 and .003 a GiB.
 */
function workloads(): PushedSeries[] {
  const span = { zeroMs, from: 0, to: 120 };
  const container = (metric: string, pod: string, more: Labels = {}): Labels => ({
    __name__: metric,
    namespace: 'shop',
    pod,
    container: 'app',
    ...more,
  });
  const request = (pod: string, resource: string): Labels =>
    container('kube_pod_container_resource_requests', pod, { resource });
  const owner = (pod: string, kind: string, name: string): Labels => ({
    __name__: 'kube_pod_owner',
    namespace: 'shop',
    pod,
    owner_kind: kind,
    owner_name: name,
  });
  const usage = (pod: string, cores: number, bytes: number, within = span): PushedSeries[] => [
    eachMinute(container('container_cpu_usage_seconds_total', pod), (at) => (at + 10) * 60 * cores, within),
    eachMinute(container('container_memory_working_set_bytes', pod), bytes, within),
    // What the kubelet reports for the whole pod, and for the container that holds its network.
    eachMinute({ __name__: 'container_memory_working_set_bytes', namespace: 'shop', pod }, 9 * gib, within),
    eachMinute({ ...container('container_memory_working_set_bytes', pod), container: 'POD' }, 9 * gib, within),
  ];
  const shortly = { zeroMs, from: 30, to: 60 };
  return [
    ...usage('web-7f-a', 0.25, gib),
    ...usage('web-7f-b', 0.5, 1.5 * gib),
    ...['web-7f-a', 'web-7f-b'].flatMap((pod) => [
      eachMinute(request(pod, 'cpu'), 1, span),
      // From a second exporter too, whose labels were renamed by the scrape.
      eachMinute(
        {
          __name__: 'kube_pod_container_resource_requests',
          namespace: 'kubecost',
          pod: 'ksm-0',
          container: 'ksm',
          exported_namespace: 'shop',
          exported_pod: pod,
          exported_container: 'app',
          resource: 'memory',
        },
        2 * gib,
        span,
      ),
      eachMinute(owner(pod, 'ReplicaSet', 'web-7f'), 1, span),
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
    ...usage('nightly-28819200-x', 1, gib, shortly),
    eachMinute(request('nightly-28819200-x', 'cpu'), 2, shortly),
    eachMinute(owner('nightly-28819200-x', 'Job', 'nightly-28819200'), 1, shortly),
    ...usage('bare', 0.1, gib),
    eachMinute(owner('bare', '<none>', '<none>'), 1, span),
    eachMinute({ __name__: 'node_cpu_hourly_cost', node: 'n1' }, 0.03, span),
    eachMinute({ __name__: 'node_cpu_hourly_cost', node: 'n2' }, 0.02, span),
    eachMinute({ __name__: 'node_ram_hourly_cost', node: 'n1' }, 0.004, span),
    eachMinute({ __name__: 'node_ram_hourly_cost', node: 'n2' }, 0.003, span),
  ];
}

describe.each(stores)('kubecost_savings over %s', (_name, storeOf) => {
  const cloudAccountId = randomTenant();
  let metroculus: Metroculus;
  const window = { cloudAccountId, startSeconds: zero, endSeconds: zero + 7200 };

  beforeAll(async () => {
    const store = await storeOf();
    metroculus = await startMetroculus({ queryUrl: store.queryUrl });
    await pushSeries(store, cloudAccountId, workloads());
    await untilThere(metroculus, cloudAccountId, 'kube_replicaset_owner');
  });
  afterAll(() => metroculus.stop());

  it('sizes cores by the 95th percentile of the busiest pod with 15 % of headroom', async () => {
    const { cpu_savings, cpu_core_hour_price, coverage } = await metroculus.client.getKubecostSavings(window);
    expect(cpu_core_hour_price).toBeCloseTo(0.025, 12);
    expect(coverage).toBe(1);
    const [first, second, third] = cpu_savings;
    expect(first).toMatchObject({
      namespace: 'shop',
      controller_kind: 'deployment',
      controller: 'web',
      container: 'app',
      requested_cores: 1,
    });
    expect(first?.replicas).toBeCloseTo(2, 6);
    expect(first?.used_p95_cores).toBeCloseTo(0.5, 6);
    expect(first?.used_max_cores).toBeCloseTo(0.5, 6);
    expect(first?.recommended_cores).toBeCloseTo(0.575, 6); // .5 × 1.15
    expect(first?.monthly_saving).toBeCloseTo(15.5125, 4); // (1 − .575) × 2 × .025 × 730
    expect(second).toMatchObject({ controller_kind: 'cronjob', controller: 'nightly', requested_cores: 2 });
    // There from :30 to 1:00, and seen for the 5 minutes in which a sample stays valid: 6 to 8 of 24 steps.
    expect(second?.replicas).toBeGreaterThanOrEqual(6 / 24);
    expect(second?.replicas).toBeLessThanOrEqual(8 / 24);
    expect(third).toMatchObject({
      controller_kind: 'pod',
      controller: 'bare',
      requested_cores: null,
      monthly_saving: null,
    });
    expect(cpu_savings).toHaveLength(3);
  });

  it('sizes memory by the greatest use of any pod with 15 % of headroom', async () => {
    const { memory_savings, ram_gib_hour_price } = await metroculus.client.getKubecostSavings(window);
    expect(ram_gib_hour_price).toBeCloseTo(0.0035, 12);
    const [first, ...others] = memory_savings;
    expect(first).toMatchObject({
      controller: 'web',
      requested_bytes: 2 * gib,
      used_p95_bytes: 1.5 * gib,
      used_max_bytes: 1.5 * gib,
      recommended_bytes: 1_852_204_647, // 1.5 × 2^30 × 1.15, up to a whole byte
    });
    expect(first?.monthly_saving).toBeCloseTo(1.40525, 4); // (2 − 1.725) × 2 × .0035 × 730
    expect(
      others.map(({ controller, requested_bytes, monthly_saving }) => [controller, requested_bytes, monthly_saving]),
    ).toEqual([
      ['nightly', null, null],
      ['bare', null, null],
    ]);
  });

  it('takes other headrooms from its configuration', async () => {
    const { queryUrl } = await storeOf();
    const generous = await startMetroculus({
      queryUrl,
      env: { SAVINGS_CPU_HEADROOM: '2', SAVINGS_MEMORY_HEADROOM: '1' },
    });
    const savings = await generous.client.getKubecostSavings(window);
    await generous.stop();
    expect(savings.cpu_savings.find(({ controller }) => controller === 'web')?.recommended_cores).toBeCloseTo(1, 6);
    expect(savings.memory_savings.find(({ controller }) => controller === 'web')?.recommended_bytes).toBe(1.5 * gib);
  });

  it('knows nothing of another account’s workloads', async () => {
    const other = await metroculus.client.getKubecostSavings({ ...window, cloudAccountId: randomTenant() });
    expect(other).toMatchObject({ cpu_savings: [], memory_savings: [], coverage: 0 });
  });
});
