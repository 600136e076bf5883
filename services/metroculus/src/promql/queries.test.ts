import { assetQueries } from './asset-queries';
import { metricsQuery } from './metric-queries';
import { probeQuery } from './probe-query';
import { savingsQueries, savingsStepMs } from './savings-queries';

const tenantId = '7f6c2c1e-0000-4000-8000-000000000001';
const tenant = `tenant_id="${tenantId}"`;
const minute = 60_000;
const hour = 60 * minute;
const startMs = Date.parse('2024-10-16T10:00:00Z');
const window = { startMs, endMs: startMs + hour };

describe('assetQueries', () => {
  const gauges =
    '{__name__=~"kube_node_labels|kube_node_status_capacity|kube_node_status_capacity_cpu_cores|' +
    'kube_node_status_capacity_memory_bytes|kube_persistentvolume_capacity_bytes|kubecost_cluster_info|' +
    'kubecost_cluster_management_cost|kubecost_load_balancer_cost|kubecost_network_internet_egress_cost|' +
    'kubecost_network_region_egress_cost|kubecost_network_zone_egress_cost|kubecost_node_is_spot|kubecost_pv_info|' +
    `node_cpu_hourly_cost|node_gpu_count|node_gpu_hourly_cost|node_ram_hourly_cost|pv_hourly_cost",${tenant},` +
    'resource=~"|cpu|memory"}';
  const counters = `{__name__="kubecost_pod_network_egress_bytes_total",${tenant}}`;
  const asked = (nowMs: number): string[] =>
    assetQueries(tenantId, window, nowMs).map(({ query, atMs }) => `${query.toString()} @${String(atMs - startMs)}`);

  it('ask for an hour of raw samples with 5 minutes before and after it', () => {
    expect(asked(startMs + 2 * hour)).toEqual([
      `${gauges}[4200s] @${String(65 * minute)}`,
      `${counters}[4200s] @${String(65 * minute)}`,
    ]);
  });

  it('of a running hour reach to now, and no further back than 5 minutes before it', () => {
    expect(asked(startMs + 20 * minute + 500)).toEqual([
      `${gauges}[1500500ms] @${String(20 * minute + 500)}`,
      `${counters}[1500500ms] @${String(20 * minute + 500)}`,
    ]);
  });
});

describe('metricsQuery', () => {
  it('takes all metrics of costs when none is named', () => {
    expect(metricsQuery(tenantId, undefined).toString()).toBe(
      `{__name__=~"kubecost_.+|node_.+_hourly_cost|pv_hourly_cost|container_.+_allocation.*",${tenant}}`,
    );
    expect(metricsQuery(tenantId, ['up', 'node:x']).toString()).toBe(`{__name__=~"up|node:x",${tenant}}`);
  });
});

describe('probeQuery', () => {
  it('makes the store look for series', () => {
    expect(probeQuery().toString()).toBe('{__name__="up",tenant_id="readiness"}');
  });
});

describe('savingsQueries', () => {
  it('ask at the end of the window, over all of it, without its very first moment', () => {
    const { atMs, expectedSteps, ...queries } = savingsQueries(tenantId, window);
    const containers = 'namespace,pod,container,exported_namespace,exported_pod,exported_container';
    const real = 'container!="",container!="POD"';
    const memory = `{__name__="container_memory_working_set_bytes",${tenant},${real}}`;
    const cpu = `(rate({__name__="container_cpu_usage_seconds_total",${tenant},${real}}[300s]))[3299999ms:300s]`;
    expect({ atMs, expectedSteps }).toEqual({ atMs: window.endMs, expectedSteps: 12 });
    expect(Object.fromEntries(Object.entries(queries).map(([name, query]) => [name, query.toString()]))).toEqual({
      requests:
        `max by (${containers},resource) (avg_over_time({__name__="kube_pod_container_resource_requests",${tenant},` +
        'resource=~"cpu|memory"}[3599999ms]))',
      cpuP95: `max by (${containers}) (quantile_over_time(0.95,${cpu}))`,
      cpuMax: `max by (${containers}) (max_over_time(${cpu}))`,
      memoryP95: `max by (${containers}) (quantile_over_time(0.95,${memory}[3599999ms]))`,
      memoryMax: `max by (${containers}) (max_over_time(${memory}[3599999ms]))`,
      presence:
        `count_over_time((max by (${containers}) ({__name__=~"container_memory_working_set_bytes|` +
        `kube_pod_container_resource_requests",${tenant},${real}}))[3599999ms:300s])`,
      coverage: `count_over_time((count by () (${memory}))[3599999ms:300s])`,
      podOwners:
        'max by (pod,exported_pod,owner_kind,owner_name,namespace,exported_namespace) ' +
        `(last_over_time({__name__="kube_pod_owner",${tenant}}[3599999ms]))`,
      replicaSetOwners:
        'max by (replicaset,exported_replicaset,owner_kind,owner_name,namespace,exported_namespace) ' +
        `(last_over_time({__name__="kube_replicaset_owner",${tenant}}[3599999ms]))`,
      cpuPrices: `avg by (node,exported_node,instance) (avg_over_time({__name__="node_cpu_hourly_cost",${tenant}}[3599999ms]))`,
      ramPrices: `avg by (node,exported_node,instance) (avg_over_time({__name__="node_ram_hourly_cost",${tenant}}[3599999ms]))`,
    });
  });

  it('look in steps of 5 minutes, and in longer ones beyond a week', () => {
    const stepOf = (days: number): number => savingsStepMs({ startMs, endMs: startMs + days * 24 * hour }) / minute;
    expect([1, 7, 8, 31].map(stepOf)).toEqual([5, 5, 10, 25]);
  });
});
