import { usageQueries } from './usage-queries';
import { utilizationQueries } from './utilization-queries';

const tenantId = '7f6c2c1e-0000-4000-8000-000000000001';
const tenant = `tenant_id="${tenantId}"`;
const minute = 60_000;
const hour = 60 * minute;
const containers = 'namespace,pod,container,exported_namespace,exported_pod,exported_container';
const real = 'container!="",container!="POD"';

describe('utilizationQueries', () => {
  const textsOf = (metric: 'cpu' | 'memory' | 'network' | 'storage', stepMs: number): string[] =>
    utilizationQueries(tenantId, metric, stepMs).lines.map(
      ({ name, method, query }) => `${name} ${method} ${query.toString()}`,
    );

  it('ask for cores: the gauge of the cluster itself, then usage, requests and capacity, each thing once', () => {
    expect(textsOf('cpu', minute)).toEqual([
      `usage recorded max by () ({__name__=~"kubecost_cluster_cpu_usage",${tenant}})`,
      `usage derived sum by () (max by (${containers}) ` +
        `(rate({__name__=~"container_cpu_usage_seconds_total",${tenant},${real}}[300s])))`,
      `requested derived sum by () (max by (${containers}) ` +
        `({__name__=~"kube_pod_container_resource_requests",${tenant},resource="cpu"}))`,
      'capacity derived sum by () (max by (node,exported_node) ' +
        `({__name__=~"kube_node_status_capacity|kube_node_status_capacity_cpu_cores",${tenant},resource=~"|cpu"}))`,
    ]);
  });

  it('take rates over the step where that is longer than 5 minutes', () => {
    expect(textsOf('network', 10 * minute)[1]).toBe(
      'received derived sum by () (max by (namespace,pod,exported_namespace,exported_pod,interface) ' +
        `(rate({__name__=~"container_network_receive_bytes_total",${tenant},pod!=""}[600s])))`,
    );
  });

  it('tell egress that is paid for apart by where it goes', () => {
    expect(textsOf('network', minute).map((text) => text.split(' ')[0])).toEqual([
      'usage',
      'received',
      'transmitted',
      'egress_zone',
      'egress_region',
      'egress_internet',
    ]);
    expect(textsOf('network', minute)[3]).toContain('internet="false",same_region="true",same_zone="false"');
    expect(textsOf('network', minute)[5]).toContain('internet="true"}');
  });
});

describe('usageQueries', () => {
  const texts = (queries: readonly { toString(): string }[]): string[] => queries.map((query) => query.toString());

  it('ask for the totals of all namespaces', () => {
    const { atEachStep, seldom, atTheEnd } = usageQueries(tenantId, { windowMs: hour, stepMs: minute });
    expect(texts(atEachStep.cpu)).toEqual([
      `sum by (namespace,exported_namespace) (max by (${containers}) ` +
        `(rate({__name__="container_cpu_usage_seconds_total",${tenant},${real}}[300s])))`,
    ]);
    expect(texts(seldom.limits)).toEqual([
      `sum by (namespace,exported_namespace,resource) (max by (${containers},resource) ` +
        `({__name__="kube_pod_container_resource_limits",${tenant},resource=~"cpu|memory"}))`,
    ]);
    expect(texts(atTheEnd.quotas)).toEqual([
      'max by (namespace,exported_namespace,resourcequota,resource,type) ' +
        `(last_over_time({__name__="kube_resourcequota",${tenant}}[3600s]))`,
    ]);
    expect(atTheEnd.podOwners).toEqual([]);
  });

  it('ask for the pods of one namespace, under both names that a scrape may give it, escaped', () => {
    const { atEachStep } = usageQueries(tenantId, { windowMs: hour, stepMs: minute, namespace: 'a"}' });
    const pods = `sum by (namespace,exported_namespace,pod,exported_pod) (max by (${containers}) `;
    const memory = `{__name__="container_memory_working_set_bytes",${tenant},${real}`;
    expect(texts(atEachStep.memory)).toEqual([
      `${pods}(${memory},namespace="a\\"}",exported_namespace=""}))`,
      `${pods}(${memory},exported_namespace="a\\"}"}))`,
    ]);
  });
});
