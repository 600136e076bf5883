import { createHash } from 'node:crypto';
import { assetFactSchema, parseNanos, sumNanos } from '@cloudtuner/cost-model';
import type { CostBreakdown } from '@cloudtuner/metroculus-client';
import { randomTenant, sharedServers, waitFor, type StoreAddress } from '@cloudtuner/test-kit';
import { startMetroculus, type Metroculus } from './testing/metroculus-harness';
import { eachMinute, pushSeries, type Labels, type PushedSeries } from './testing/sample-store';

const minute = 60_000;
const hour = 60 * minute;
const gib = 2 ** 30;

// Three hours that are whole in every store: the first two are closed, the third is running for the service's clock.
const zeroMs = Math.floor(Date.now() / hour) * hour - 4 * hour;
const nowMs = zeroMs + 2 * hour + 15 * minute + 30_000;
const zero = zeroMs / 1000;

/**
 * n1 all the time: 4 cores at .03, 16 GiB at .004. n2 from 00:30: 8 cores at .02, 32 GiB at .003, one GPU at .95.
 * A volume of 100 GiB at .0001, a load balancer at .025, a fee of .10, 6 GiB an hour to the internet at .12.
 * Nothing was scraped between 01:20 and 01:40; the last samples are of 02:15.
 */
function cluster(): PushedSeries[] {
  const span = { zeroMs, from: -5, to: 135, skip: (at: number) => at > 80 && at < 100 };
  const late = { ...span, from: 30 };
  const node = (name: string, metric: string, more: Labels = {}): Labels => ({
    __name__: metric,
    node: name,
    instance: name,
    ...more,
  });
  const capacity = (name: string, resource: string): Labels => node(name, 'kube_node_status_capacity', { resource });
  const priced = (name: string, metric: string): Labels =>
    node(name, metric, { instance_type: 'm5', region: 'eu-west-1', provider_id: `aws:///${name}` });
  const egress = { internet: 'true', same_zone: 'false', same_region: 'false', namespace: 'web', pod_name: 'p1' };
  return [
    eachMinute(capacity('n1', 'cpu'), 4, span),
    eachMinute(capacity('n1', 'memory'), 16 * gib, span),
    eachMinute(capacity('n1', 'pods'), 110, span),
    eachMinute(priced('n1', 'node_cpu_hourly_cost'), 0.03, span),
    eachMinute(priced('n1', 'node_ram_hourly_cost'), 0.004, span),
    eachMinute(capacity('n2', 'cpu'), 8, late),
    eachMinute(capacity('n2', 'memory'), 32 * gib, late),
    eachMinute(priced('n2', 'node_cpu_hourly_cost'), 0.02, late),
    eachMinute(priced('n2', 'node_ram_hourly_cost'), 0.003, late),
    eachMinute(priced('n2', 'node_gpu_hourly_cost'), 0.95, late),
    eachMinute(priced('n2', 'node_gpu_count'), 1, late),
    eachMinute(priced('n2', 'kubecost_node_is_spot'), 1, late),
    eachMinute({ __name__: 'pv_hourly_cost', volumename: 'pv-1' }, 0.0001, span),
    eachMinute({ __name__: 'kube_persistentvolume_capacity_bytes', persistentvolume: 'pv-1' }, 100 * gib, span),
    eachMinute(
      { __name__: 'kubecost_load_balancer_cost', namespace: 'web', service_name: 'front', ingress_ip: '10.0.0.1' },
      0.025,
      span,
    ),
    eachMinute({ __name__: 'kubecost_cluster_management_cost', provisioner_name: 'EKS' }, 0.1, span),
    eachMinute({ __name__: 'kubecost_network_internet_egress_cost' }, 0.12, span),
    eachMinute(
      { __name__: 'kubecost_pod_network_egress_bytes_total', ...egress },
      (at) => Math.round(((at + 5) * gib) / 10),
      span,
    ),
  ];
}

const parts: readonly (keyof CostBreakdown)[] = [
  'management_cost',
  'cpu_cost',
  'ram_cost',
  'gpu_cost',
  'pv_cost',
  'network_cost',
  'load_balancer_cost',
];

/** Adds decimals of nine places without a double in between. */
function exactSum(costs: readonly (number | null)[]): bigint {
  return sumNanos(costs.map((cost) => parseNanos((cost ?? 0).toFixed(9))));
}

const stores = [
  ['Prometheus', () => sharedServers().prometheus()],
  ['Thanos', () => sharedServers().thanos()],
] as const;

describe.each(stores)('over %s', (_name, storeOf) => {
  let store: StoreAddress;
  let metroculus: Metroculus;
  const cloudAccountId = randomTenant();
  const costs = (fromSeconds: number, toSeconds: number) =>
    metroculus.client.getKubecostClusterCosts({ cloudAccountId, startSeconds: fromSeconds, endSeconds: toSeconds });
  const assets = (startSeconds: number, endSeconds = startSeconds + 3600, accountId = cloudAccountId) =>
    metroculus.client.getKubecostAssets({ cloudAccountId: accountId, startSeconds, endSeconds });

  beforeAll(async () => {
    store = await storeOf();
    metroculus = await startMetroculus({ queryUrl: store.queryUrl, nowMs: () => nowMs });
    await pushSeries(store, cloudAccountId, cluster());
    await waitFor(async () => (await assets(zero)).rows.length > 0, { what: 'the first series' });
  });
  afterAll(() => metroculus.stop());

  it('a closed hour costs what its prices and quantities come to, per resource', async () => {
    const { summary, total_cost, coverage, data_points } = await costs(zero, zero + 3600);
    expect(summary).toEqual({
      cpu_cost: 0.2, // 4 × .03 + half an hour of 8 × .02
      ram_cost: 0.112, // 16 × .004 + half an hour of 32 × .003
      gpu_cost: 0.475, // half an hour of .95
      pv_cost: 0.01, // 100 × .0001
      load_balancer_cost: 0.025,
      management_cost: 0.1,
      network_cost: 0.72, // 6 × .12
      total_cost: 1.642,
    });
    expect({ total_cost, coverage }).toEqual({ total_cost: 1.642, coverage: 1 });
    expect(data_points).toHaveLength(1);
    expect(data_points[0]).toMatchObject({
      timestamp: zero,
      end_timestamp: zero + 3600,
      total_cost: 1.642,
      coverage: 1,
      last_sample_at: zero + 3600,
      flags: [],
    });
  });

  it('an hour with a gap of 20 minutes is charged for 40, says so, and keeps the traffic of the gap', async () => {
    const { data_points } = await costs(zero + 3600, zero + 7200);
    expect(data_points[0]).toMatchObject({
      cpu_cost: 0.186666667, // 2/3 of .12 and of .16, each rounded to nanos: .08 + .106666667
      ram_cost: 0.106666667, // .042666667 + .064
      gpu_cost: 0.633333333,
      pv_cost: 0.006666667,
      load_balancer_cost: 0.016666667,
      management_cost: 0.066666667,
      network_cost: 0.72,
      total_cost: 1.736666668,
      coverage: 2400 / 3600,
      flags: ['coverage-gap', 'network-gap-bridged'],
    });
  });

  it('the running hour is charged to its last sample and expected up to now', async () => {
    const { data_points } = await costs(zero + 7200, zero + 10800);
    // A quarter of an hour of everything: .28, .16, .95, .01, .025, .1; 1.5 GiB × .12
    expect(data_points[0]).toMatchObject({
      cpu_cost: 0.07,
      ram_cost: 0.04,
      gpu_cost: 0.2375,
      pv_cost: 0.0025,
      load_balancer_cost: 0.00625,
      management_cost: 0.025,
      network_cost: 0.18,
      total_cost: 0.56125,
      timestamp: zero + 7200,
      end_timestamp: nowMs / 1000,
      coverage: 900 / 930,
      last_sample_at: zero + 7200 + 900,
      flags: [],
    });
  });

  it('a window of several hours has one point per hour, and its summary is their exact sum', async () => {
    const answer = await costs(zero + 1800, zero + 10800);
    expect(answer.data_points.map(({ timestamp, end_timestamp }) => [timestamp, end_timestamp])).toEqual([
      [zero + 1800, zero + 3600],
      [zero + 3600, zero + 7200],
      [zero + 7200, nowMs / 1000],
    ]);
    for (const part of [...parts, 'total_cost'] as const) {
      expect(exactSum([answer.summary[part]])).toBe(exactSum(answer.data_points.map((point) => point[part])));
    }
    for (const breakdown of [answer.summary, ...answer.data_points]) {
      expect(exactSum([breakdown.total_cost])).toBe(exactSum(parts.map((part) => breakdown[part])));
    }
    expect(answer.coverage).toBe((1800 + 2400 + 900) / (1800 + 3600 + 930));
    expect(answer.flags).toEqual(['coverage-gap', 'network-gap-bridged']);
    expect(answer.metrics).toContain('node_cpu_hourly_cost');
  });

  it('two half hours cost what the whole hour costs, to a nano per asset and part', async () => {
    const whole = await costs(zero, zero + 3600);
    const halves = [await costs(zero, zero + 1800), await costs(zero + 1800, zero + 3600)];
    const difference = exactSum(halves.map(({ total_cost }) => total_cost)) - exactSum([whole.total_cost]);
    expect(difference >= -17n && difference <= 17n).toBe(true);
  });

  it('assets are streamed in order, with the hash of the rows as the version of the hour', async () => {
    const response = await metroculus.get(
      `/metroculus/v2/kubecost_assets?cloud_account_id=${cloudAccountId}&start_date=${String(zero)}&end_date=${String(zero + 3600)}`,
    );
    expect(response.headers.get('content-type')).toMatch('application/x-ndjson');
    const lines = (await response.text()).split('\n');
    expect(lines.pop()).toBe('');
    const end: unknown = JSON.parse(lines.pop() ?? '');
    const sha256 = createHash('sha256')
      .update(lines.map((line) => `${line}\n`).join(''))
      .digest('hex');
    expect(end).toEqual({
      end: true,
      rows: 6,
      sha256,
      measured_seconds: 3600,
      observed_seconds: 3600,
      expected_seconds: 3600,
      last_sample_at: zero + 3600,
      flags: [],
    });
    const rows = lines.map((line) => assetFactSchema.parse(JSON.parse(line)));
    expect(rows.map(({ asset_type, asset_key, total_cost }) => [asset_type, asset_key, total_cost])).toEqual([
      ['disk', 'pv-1', '0.010000000'],
      ['load_balancer', 'web/front/10.0.0.1', '0.025000000'],
      ['management', 'EKS', '0.100000000'],
      ['network', 'internet', '0.720000000'],
      ['node', 'n1', '0.184000000'],
      ['node', 'n2', '0.603000000'], // .08 + .048 + .475
    ]);
    expect(Object.keys(JSON.parse(lines[0] ?? '') as object)).toEqual(Object.keys(assetFactSchema.shape));
    const { data_points } = await costs(zero, zero + 3600);
    expect(data_points[0]?.data_version).toBe(sha256);
  });

  it('the same hour read again, any number of times, is the same to the byte', async () => {
    const reads = await Promise.all([1, 2, 3, 4, 5].map(() => assets(zero + 3600)));
    for (const read of reads) expect(read).toEqual(reads[0]);
  });

  it('an account without any sample is not measured, which is not zero and not an error', async () => {
    const nobody = randomTenant();
    const window = { cloudAccountId: nobody, startSeconds: zero, endSeconds: zero + 3600 };
    const nothing = Object.fromEntries([...parts, 'total_cost'].map((part) => [part, null]));
    expect(await metroculus.client.getKubecostClusterCosts(window)).toMatchObject({
      summary: nothing,
      total_cost: null,
      coverage: 0,
      last_sample_at: null,
      metrics: [],
      data_points: [{ ...nothing, coverage: 0 }],
    });
    expect(await metroculus.client.getKubecostAssets(window)).toMatchObject({
      rows: [],
      end: { rows: 0, measured_seconds: 0, expected_seconds: 3600, last_sample_at: null },
    });
    expect(await metroculus.client.getKubecostSavings(window)).toMatchObject({
      cpu_savings: [],
      memory_savings: [],
      cpu_core_hour_price: null,
      coverage: 0,
    });
    expect(await metroculus.client.getKubecostMetrics(window)).toMatchObject({ metrics: {} });
  });

  it('a window that has not begun has no hours', async () => {
    const window = { cloudAccountId, startSeconds: zero + 4 * 3600, endSeconds: zero + 5 * 3600 };
    expect(await metroculus.client.getKubecostClusterCosts(window)).toMatchObject({
      total_cost: null,
      coverage: 0,
      data_points: [],
    });
    expect((await metroculus.client.getKubecostAssets(window)).end).toMatchObject({ rows: 0, expected_seconds: 0 });
    expect((await metroculus.client.getKubecostSavings(window)).cpu_savings).toEqual([]);
  });

  it('what one account pays never shows in the costs of another', async () => {
    const other = randomTenant();
    const dearer = cluster().map(({ labels, samples }) => ({
      labels,
      samples: /cost$/.test(labels['__name__'] ?? '')
        ? samples.map(([timestampMs, value]) => [timestampMs, value * 10] as const)
        : samples,
    }));
    await pushSeries(store, other, dearer);
    const totalOf = async (accountId: string): Promise<number | null> =>
      (
        await metroculus.client.getKubecostClusterCosts({
          cloudAccountId: accountId,
          startSeconds: zero,
          endSeconds: zero + 3600,
        })
      ).total_cost;
    await waitFor(async () => (await totalOf(other)) !== null, { what: 'the other account' });
    expect(await totalOf(other)).toBe(16.42);
    expect(await totalOf(cloudAccountId)).toBe(1.642);
  });
});
