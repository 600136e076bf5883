import {
  lastOverTime,
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

/** What containers used, asked at every step; what they requested and were limited to, less often; the rest once, at the end. */
export interface UsageQueries {
  readonly seldom: {
    /** Cores and bytes, told apart by the label `resource`. */
    readonly requests: readonly InstantVector[];
    readonly limits: readonly InstantVector[];
  };
  readonly atEachStep: {
    readonly cpu: readonly InstantVector[];
    readonly memory: readonly InstantVector[];
  };
  readonly atTheEnd: {
    readonly quotas: readonly InstantVector[];
    /** Of the pods of the one namespace that is asked for. */
    readonly podOwners: readonly InstantVector[];
    readonly replicaSetOwners: readonly InstantVector[];
  };
  /** Unix seconds of the latest sample that usage was measured by. */
  readonly lastSample: readonly InstantVector[];
}

// As for charts: two samples at every usual scrape interval.
const minRateMs = 5 * 60_000;

/** Selectors see a namespace as the exporter named it, or as a scrape without honor_labels renamed it. */
function scopesOf(namespace: string | undefined): readonly (readonly Matcher[])[] {
  if (namespace === undefined) return [[]];
  return [
    [
      { label: 'namespace', operator: '=', value: namespace },
      { label: 'exported_namespace', operator: '=', value: '' },
    ],
    [{ label: 'exported_namespace', operator: '=', value: namespace }],
  ];
}

/**
 * The queries over a window that ends at the moment they are asked: totals of every namespace, or of every pod of one.
 *
 * **Shape**: series carry `namespace` or `exported_namespace`, with one namespace `pod` or `exported_pod` too.
 */
export function usageQueries(
  tenantId: string,
  { windowMs, stepMs, namespace }: { windowMs: number; stepMs: number; namespace?: string },
): UsageQueries {
  const scopes = scopesOf(namespace);
  const ofEach = (metric: string, matchers: readonly Matcher[]): InstantVector[] =>
    scopes.map((scope) => selector({ tenantId, metric, matchers: [...matchers, ...scope] }));
  const groups = ['namespace', 'exported_namespace', ...(namespace === undefined ? [] : ['pod', 'exported_pod'])];
  // Two exporters, or two replicas of Prometheus, tell of one container: the greatest of what they say stands.
  const total = (vector: InstantVector, more: readonly string[] = []): InstantVector =>
    sumBy([...groups, ...more], maxBy([...containerLabels, ...more], vector));
  const bounds = (kind: 'requests' | 'limits'): InstantVector[] =>
    ofEach(`kube_pod_container_resource_${kind}`, [{ label: 'resource', operator: '=~', value: 'cpu|memory' }]).map(
      (vector) => total(vector, ['resource']),
    );
  const rateMs = Math.max(stepMs, minRateMs);
  const memory = ofEach('container_memory_working_set_bytes', realContainers);
  const latest = (vector: InstantVector): InstantVector => lastOverTime(range(vector, windowMs));
  const owners = (metric: string, owned: string): InstantVector[] =>
    namespace === undefined
      ? []
      : ofEach(metric, []).map((vector) =>
          maxBy(
            [owned, `exported_${owned}`, 'owner_kind', 'owner_name', 'namespace', 'exported_namespace'],
            latest(vector),
          ),
        );
  return {
    seldom: { requests: bounds('requests'), limits: bounds('limits') },
    atEachStep: {
      cpu: ofEach('container_cpu_usage_seconds_total', realContainers).map((vector) =>
        total(rate(range(vector, rateMs))),
      ),
      memory: memory.map((vector) => total(vector)),
    },
    atTheEnd: {
      quotas: ofEach('kube_resourcequota', []).map((vector) =>
        maxBy(['namespace', 'exported_namespace', 'resourcequota', 'resource', 'type'], latest(vector)),
      ),
      podOwners: owners('kube_pod_owner', 'pod'),
      replicaSetOwners: owners('kube_replicaset_owner', 'replicaset'),
    },
    lastSample: memory.map((vector) => maxBy([], timestamp(vector))),
  };
}
