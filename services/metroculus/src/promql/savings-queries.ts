import type { TimeWindow } from '@cloudtuner/cost-model';
import {
  avgBy,
  avgOverTime,
  countBy,
  countOverTime,
  lastOverTime,
  maxBy,
  maxOverTime,
  quantileOverTime,
  range,
  rate,
  selector,
  subquery,
  type InstantVector,
} from '@cloudtuner/prometheus-client';

const minStepMs = 5 * 60_000;
// A week at 5 minutes; a longer window is looked at in longer steps, so that no window costs the store more.
const maxSteps = 2_016;

// A scrape without honor_labels renames the exporter's labels.
const containerLabels = ['namespace', 'pod', 'container', 'exported_namespace', 'exported_pod', 'exported_container'];
const ownerLabels = ['owner_kind', 'owner_name', 'namespace', 'exported_namespace'];

// Without the cgroup of the whole pod and without the container that only holds its network.
const realContainers = [
  { label: 'container', operator: '!=', value: '' },
  { label: 'container', operator: '!=', value: 'POD' },
] as const;

/** The questions of right-sizing, all asked at the end of the window. */
export interface SavingsQueries {
  readonly atMs: number;
  /** Steps of {@link SavingsQueries.presence} and {@link SavingsQueries.coverage} in the whole window. */
  readonly expectedSteps: number;
  readonly requests: InstantVector;
  readonly cpuP95: InstantVector;
  readonly cpuMax: InstantVector;
  readonly memoryP95: InstantVector;
  readonly memoryMax: InstantVector;
  /** Steps at which a container was there. */
  readonly presence: InstantVector;
  /** Steps at which any container's usage was measured. */
  readonly coverage: InstantVector;
  readonly podOwners: InstantVector;
  readonly replicaSetOwners: InstantVector;
  readonly cpuPrices: InstantVector;
  readonly ramPrices: InstantVector;
}

/** How long one step is: at least 5 minutes, a multiple of them. */
export function savingsStepMs(window: TimeWindow): number {
  return Math.max(1, Math.ceil((window.endMs - window.startMs) / maxSteps / minStepMs)) * minStepMs;
}

/** The queries over a window. Samples are taken from `(start, end]` on Prometheus 2 and 3 alike. */
export function savingsQueries(tenantId: string, window: TimeWindow): SavingsQueries {
  const stepMs = savingsStepMs(window);
  const wholeMs = Math.max(1, window.endMs - window.startMs - 1);
  const expectedSteps = Math.floor(window.endMs / stepMs) - Math.floor(window.startMs / stepMs);
  const of = (metric: string): InstantVector => selector({ tenantId, metric });
  const usage = (metric: string): InstantVector => selector({ tenantId, metric, matchers: realContainers });
  const memory = usage('container_memory_working_set_bytes');
  const cpuRate = rate(range(usage('container_cpu_usage_seconds_total'), stepMs));
  const cpuSteps = subquery(cpuRate, Math.max(wholeMs - stepMs, stepMs), stepMs);
  const requested = selector({
    tenantId,
    metric: 'kube_pod_container_resource_requests',
    matchers: [{ label: 'resource', operator: '=~', value: 'cpu|memory' }],
  });
  const there = selector({
    tenantId,
    metrics: ['container_memory_working_set_bytes', 'kube_pod_container_resource_requests'],
    matchers: realContainers,
  });
  const mean = (metric: string): InstantVector =>
    avgBy(['node', 'exported_node', 'instance'], avgOverTime(range(of(metric), wholeMs)));
  const owners = (metric: string, owned: string): InstantVector =>
    maxBy([owned, `exported_${owned}`, ...ownerLabels], lastOverTime(range(of(metric), wholeMs)));
  return {
    atMs: window.endMs,
    expectedSteps: Math.max(1, expectedSteps),
    requests: maxBy([...containerLabels, 'resource'], avgOverTime(range(requested, wholeMs))),
    cpuP95: maxBy(containerLabels, quantileOverTime(0.95, cpuSteps)),
    cpuMax: maxBy(containerLabels, maxOverTime(cpuSteps)),
    memoryP95: maxBy(containerLabels, quantileOverTime(0.95, range(memory, wholeMs))),
    memoryMax: maxBy(containerLabels, maxOverTime(range(memory, wholeMs))),
    presence: countOverTime(subquery(maxBy(containerLabels, there), wholeMs, stepMs)),
    coverage: countOverTime(subquery(countBy([], memory), wholeMs, stepMs)),
    podOwners: owners('kube_pod_owner', 'pod'),
    replicaSetOwners: owners('kube_replicaset_owner', 'replicaset'),
    cpuPrices: mean('node_cpu_hourly_cost'),
    ramPrices: mean('node_ram_hourly_cost'),
  };
}
