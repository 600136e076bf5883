import type { TimeWindow } from '@cloudtuner/cost-model';
import { range, selector } from '@cloudtuner/prometheus-client';
import type { TimedQuery } from './asset-queries';

/** Metrics that say what a cluster, its nodes and namespaces are. */
const descriptionMetrics = [
  'kube_namespace_annotations',
  'kube_namespace_labels',
  'kube_node_labels',
  'kube_resourcequota',
  'kubecost_cluster_info',
  'opencost_build_info',
] as const;

// Of a quota only its bound describes; other metrics have no such label.
const boundsOnly = { label: 'type', operator: '!=', value: 'used' } as const;

/** The samples of what describes a cluster: few series beside those of its pods. */
export function descriptionsQuery(tenantId: string, { startMs, endMs }: TimeWindow): TimedQuery {
  const described = selector({ tenantId, metrics: descriptionMetrics, matchers: [boundsOnly] });
  return { query: range(described, endMs - startMs), atMs: endMs };
}
