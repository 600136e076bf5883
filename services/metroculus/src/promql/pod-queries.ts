import {
  allocationMetricNames,
  assetMetricNames,
  clusterMetricNames,
  compatMetricNames,
  podMetricNames,
  type TimeWindow,
} from '@cloudtuner/cost-model';
import { oneOf, range, selector, type InstantVector, type Matcher } from '@cloudtuner/prometheus-client';
import { egressMetric, gaugesQuery, type TimedQuery } from './asset-queries';

const assetMetrics: ReadonlySet<string> = new Set(assetMetricNames);
const allocationMetrics: ReadonlySet<string> = new Set(allocationMetricNames);
const descriptions = clusterMetricNames.filter((name) => !assetMetrics.has(name));

/** Everything of a cluster but its pods: prices and capacities; owners, namespaces, Services and claims. */
export function clusterQueries(tenantId: string, time: TimeWindow): readonly TimedQuery[] {
  const described = range(selector({ tenantId, metrics: descriptions }), time.endMs - time.startMs);
  return [gaugesQuery(tenantId, time), { query: described, atMs: time.endMs }];
}

// What OpenCost's arithmetic reads beside what the exact one does.
const claims = compatMetricNames.filter((name) => !allocationMetrics.has(name));

/** What claims of volumes ask for. */
export function claimsQuery(tenantId: string, time: TimeWindow): TimedQuery {
  const asked = selector({ tenantId, metrics: claims });
  return { query: range(asked, time.endMs - time.startMs), atMs: time.endMs };
}

/**
 * Series that name their pod in one way: in `label`, because the labels that go before it are not there. The order is that
 * in which the cost model looks for the name, so that each series is in one form, and all series of a pod can be found by
 * its name.
 */
export interface PodForm {
  readonly metrics: readonly string[];
  readonly label: string;
  /** Labels that would go before. */
  readonly absent: readonly string[];
}

function formsOf(metrics: readonly string[], labels: readonly string[]): PodForm[] {
  return labels.map((label, index) => ({ metrics, label, absent: labels.slice(0, index) }));
}

// A scrape that does not honor the exporter's labels renames them to `exported_…`. The exporter of egress runs in a pod
// of its own, and tells of others in `pod_name`.
const namedByPod = podMetricNames.filter((name) => name !== egressMetric);
const egressLabels = ['exported_pod_name', 'pod_name', 'exported_pod', 'pod'];

/** All ways in which series of pods name them. */
export const podForms: readonly PodForm[] = [
  ...formsOf(namedByPod, ['exported_pod', 'pod', 'exported_pod_name', 'pod_name']),
  ...formsOf([egressMetric], egressLabels),
];

const isAbsent = (label: string): Matcher => ({ label, operator: '=', value: '' });

/** The series of a form: what its label is asked for. */
export function podsOfForm(tenantId: string, { metrics, label, absent }: PodForm): InstantVector {
  const matchers = [...absent.map(isAbsent), { label, operator: '!=', value: '' } as const];
  return selector({ tenantId, metrics, matchers });
}

/** All samples of some pods whose series are of one form. */
export function podsQuery(
  tenantId: string,
  time: TimeWindow,
  { form, names }: { readonly form: PodForm; readonly names: readonly string[] },
): TimedQuery {
  const matchers = [...form.absent.map(isAbsent), oneOf(form.label, names)];
  const selected = selector({ tenantId, metrics: form.metrics, matchers });
  return { query: range(selected, time.endMs - time.startMs), atMs: time.endMs };
}

/** Traffic that names no pod. It is charged all the same. */
export function strayEgressQuery(tenantId: string, time: TimeWindow): TimedQuery {
  const stray = selector({ tenantId, metric: egressMetric, matchers: egressLabels.map(isAbsent) });
  return { query: range(stray, time.endMs - time.startMs), atMs: time.endMs };
}
