import type { UtilizationMetric } from '@cloudtuner/metroculus-client';
import {
  maxBy,
  range,
  rate,
  selector,
  sumBy,
  timestamp,
  type InstantVector,
  type Matcher,
} from '@cloudtuner/prometheus-client';
import { containerLabels, realContainers } from './container-selectors';

/** One line of a chart: what it is called, and what it is computed from. */
export interface UtilizationQuery {
  readonly name: string;
  readonly method: 'recorded' | 'derived';
  readonly metrics: readonly string[];
  /** Gives at most one series. */
  readonly query: InstantVector;
}

/** The lines of one chart, and the series whose samples tell how fresh it is. */
export interface UtilizationQueries {
  readonly unit: 'cores' | 'bytes' | 'bytes_per_second';
  readonly lines: readonly UtilizationQuery[];
  /** Unix seconds of the latest sample that usage is derived from; its only value. */
  readonly lastSample: InstantVector;
}

/** Unix seconds of the latest sample of a gauge; its only value. */
export function lastSampleOf(tenantId: string, metrics: readonly string[]): InstantVector {
  return maxBy([], timestamp(selector({ tenantId, metrics, matchers: [] })));
}

/** A rate needs two samples; 5 minutes have them at every usual scrape interval, and after a lost scrape too. */
const minRateMs = 5 * 60_000;

const nodeLabels = ['node', 'exported_node'];
const claimLabels = ['namespace', 'persistentvolumeclaim', 'exported_namespace', 'exported_persistentvolumeclaim'];
const volumeLabels = ['persistentvolume', 'exported_persistentvolume'];
const podLabels = ['namespace', 'pod', 'exported_namespace', 'exported_pod', 'interface'];
const inPods: readonly Matcher[] = [{ label: 'pod', operator: '!=', value: '' }];
const resourceIs = (resource: string): Matcher => ({ label: 'resource', operator: '=', value: resource });
// kube-state-metrics 1 has a metric for each resource, without the label.
const resourceIsOrAbsent = (resource: string): Matcher => ({
  label: 'resource',
  operator: '=~',
  value: `|${resource}`,
});

interface Source {
  readonly metrics: readonly string[];
  readonly matchers?: readonly Matcher[];
}

function linesFor(tenantId: string, stepMs: number) {
  const select = ({ metrics, matchers = [] }: Source): InstantVector => selector({ tenantId, metrics, matchers });
  const rateMs = Math.max(stepMs, minRateMs);
  const derived = (name: string, metrics: readonly string[], query: InstantVector): UtilizationQuery => ({
    name,
    method: 'derived',
    metrics,
    query: sumBy([], query),
  });
  return {
    lastSample: (source: Source): InstantVector => maxBy([], timestamp(select(source))),
    recorded: (...metrics: readonly string[]): UtilizationQuery[] =>
      metrics.map((metric) => ({
        name: 'usage',
        method: 'recorded',
        metrics: [metric],
        // Two replicas of Prometheus send the same gauge.
        query: maxBy([], select({ metrics: [metric] })),
      })),
    /** The sum over things that these labels name; of several series about one, the greatest. */
    level: (name: string, labels: readonly string[], source: Source): UtilizationQuery =>
      derived(name, source.metrics, maxBy(labels, select(source))),
    flow: (name: string, labels: readonly string[], source: Source): UtilizationQuery =>
      derived(name, source.metrics, maxBy(labels, rate(range(select(source), rateMs)))),
  };
}

type Lines = ReturnType<typeof linesFor>;

function cpu({ recorded, level, flow, lastSample }: Lines): UtilizationQueries {
  const used = { metrics: ['container_cpu_usage_seconds_total'], matchers: realContainers };
  const requests = { metrics: ['kube_pod_container_resource_requests'], matchers: [resourceIs('cpu')] };
  const capacity = {
    metrics: ['kube_node_status_capacity', 'kube_node_status_capacity_cpu_cores'],
    matchers: [resourceIsOrAbsent('cpu')],
  };
  return {
    unit: 'cores',
    lines: [
      ...recorded('kubecost_cluster_cpu_usage'),
      flow('usage', containerLabels, used),
      level('requested', containerLabels, requests),
      level('capacity', nodeLabels, capacity),
    ],
    lastSample: lastSample(used),
  };
}

function memory({ recorded, level, lastSample }: Lines): UtilizationQueries {
  const used = { metrics: ['container_memory_working_set_bytes'], matchers: realContainers };
  const requests = { metrics: ['kube_pod_container_resource_requests'], matchers: [resourceIs('memory')] };
  const capacity = {
    metrics: ['kube_node_status_capacity', 'kube_node_status_capacity_memory_bytes'],
    matchers: [resourceIsOrAbsent('memory')],
  };
  return {
    unit: 'bytes',
    lines: [
      ...recorded('kubecost_cluster_memory_usage', 'kubecost_cluster_memory_working_set_bytes'),
      level('usage', containerLabels, used),
      level('requested', containerLabels, requests),
      level('capacity', nodeLabels, capacity),
    ],
    lastSample: lastSample(used),
  };
}

function network({ recorded, flow, lastSample }: Lines): UtilizationQueries {
  const of = (direction: 'receive' | 'transmit'): Source => ({
    metrics: [`container_network_${direction}_bytes_total`],
    matchers: inPods,
  });
  const egressLabels = ['pod_name', 'namespace', 'exported_namespace', 'service'];
  const egress = (name: string, internet: boolean, sameRegion: boolean): UtilizationQuery =>
    flow(name, egressLabels, {
      metrics: ['kubecost_pod_network_egress_bytes_total'],
      matchers: [
        { label: 'internet', operator: '=', value: String(internet) },
        ...(internet
          ? []
          : [
              { label: 'same_region', operator: '=', value: String(sameRegion) } as const,
              { label: 'same_zone', operator: '=', value: 'false' } as const,
            ]),
      ],
    });
  return {
    unit: 'bytes_per_second',
    lines: [
      ...recorded('kubecost_network_usage'),
      flow('received', podLabels, of('receive')),
      flow('transmitted', podLabels, of('transmit')),
      egress('egress_zone', false, true),
      egress('egress_region', false, false),
      egress('egress_internet', true, false),
    ],
    // Of two metrics the times would be two series with the same labels.
    lastSample: lastSample(of('receive')),
  };
}

function storage({ recorded, level, lastSample }: Lines): UtilizationQueries {
  const used = { metrics: ['kubelet_volume_stats_used_bytes'] };
  return {
    unit: 'bytes',
    lines: [
      ...recorded('kubecost_storage_usage'),
      level('usage', claimLabels, used),
      level('requested', claimLabels, { metrics: ['kube_persistentvolumeclaim_resource_requests_storage_bytes'] }),
      level('capacity', volumeLabels, { metrics: ['kube_persistentvolume_capacity_bytes'] }),
    ],
    lastSample: lastSample(used),
  };
}

const chartOf = { cpu, memory, network, storage } as const;

/** What a chart of a cluster is asked for. A gauge that the cluster records itself comes before what is derived. */
export function utilizationQueries(tenantId: string, metric: UtilizationMetric, stepMs: number): UtilizationQueries {
  return chartOf[metric](linesFor(tenantId, stepMs));
}
