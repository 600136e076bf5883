import type { Series, TimeWindow } from '@cloudtuner/cost-model';
import type { KubecostDescriptions } from '@cloudtuner/metroculus-client';
import type { MetricsStore } from '../ports';

type Descriptions = Pick<KubecostDescriptions, 'info' | 'nodes' | 'namespaces'>;
type Namespace = Descriptions['namespaces'][number];
type Texts = Readonly<Record<string, string>>;

/** Of the exporters, not of what they tell. */
const ofTheScrape = new Set(['__name__', 'tenant_id', 'job', 'instance', 'uid', 'container', 'pod', 'service']);

// A scrape that does not honor the exporter's labels renames them.
const named = (labels: Texts, label: string): string => labels[`exported_${label}`] ?? labels[label] ?? '';

function prefixed(labels: Texts, prefix: string): Record<string, string> {
  const entries = Object.entries(labels).filter(([name, value]) => name.startsWith(prefix) && value !== '');
  return Object.fromEntries(entries.map(([name, value]) => [name.slice(prefix.length), value] as const).sort());
}

const snakeCase = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Of two series of one thing the one that goes on is how it is now. */
function latestFirst(series: readonly Series[]): Series[] {
  const lastOf = ({ timestampsMs }: Series): number => timestampsMs.reduce((last, at) => Math.max(last, at), 0);
  return series.toSorted((left, right) => lastOf(right) - lastOf(left));
}

function firstOfEach(series: readonly Series[], nameOf: (labels: Texts) => string): Map<string, Texts> {
  const found = new Map<string, Texts>();
  for (const { labels } of series) {
    const name = nameOf(labels);
    if (name !== '' && !found.has(name)) found.set(name, labels);
  }
  return found;
}

function infoOf(cluster: Texts | undefined, build: Texts | undefined): Descriptions['info'] {
  if (cluster === undefined && build === undefined) return null;
  const own = Object.entries(cluster ?? {}).filter(([name, value]) => !ofTheScrape.has(name) && value !== '');
  const version = build?.['version'];
  const texts = [
    ...own.map(([name, value]) => [snakeCase(name), value] as const),
    ...(version === undefined ? [] : [['exporter_version', version] as const]),
  ];
  return Object.fromEntries(texts.sort(([left], [right]) => (left < right ? -1 : 1)));
}

function quotasOf(series: readonly Series[]): Map<string, Namespace['quotas']> {
  const quotas = new Map<string, Map<string, Namespace['quotas'][number]>>();
  for (const { labels, values } of series) {
    const [namespace, hard] = [named(labels, 'namespace'), values.at(-1)];
    if (labels['type'] !== 'hard' || hard === undefined || !Number.isFinite(hard)) continue;
    const bound = { quota: labels['resourcequota'] ?? '', resource: labels['resource'] ?? '', hard };
    const bounds = quotas.get(namespace) ?? new Map<string, Namespace['quotas'][number]>();
    quotas.set(namespace, bounds);
    const key = JSON.stringify([bound.quota, bound.resource]);
    if (!bounds.has(key)) bounds.set(key, bound);
  }
  const inOrder = (bounds: ReadonlyMap<string, Namespace['quotas'][number]>): Namespace['quotas'] =>
    [...bounds].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, bound]) => bound);
  return new Map([...quotas].map(([namespace, bounds]) => [namespace, inOrder(bounds)]));
}

/** What describes a cluster, as it was last seen at the end of a window. */
export async function readDescriptions(
  tenantId: string,
  window: TimeWindow,
  { store, signal }: { readonly store: Pick<MetricsStore, 'descriptionSeries'>; readonly signal: AbortSignal },
): Promise<Descriptions> {
  if (window.endMs <= window.startMs) return { info: null, nodes: [], namespaces: [] };
  const series = latestFirst(await store.descriptionSeries(tenantId, window, signal));
  const of = (metric: string): Series[] => series.filter(({ labels }) => labels['__name__'] === metric);
  const inNamespace = (labels: Texts): string => named(labels, 'namespace');
  const labelled = firstOfEach(of('kube_namespace_labels'), inNamespace);
  const annotated = firstOfEach(of('kube_namespace_annotations'), inNamespace);
  const quotas = quotasOf(of('kube_resourcequota'));
  const namespaces = [...new Set([...labelled.keys(), ...annotated.keys(), ...quotas.keys()])].sort();
  const nodes = firstOfEach(of('kube_node_labels'), (labels) => named(labels, 'node'));
  return {
    info: infoOf(of('kubecost_cluster_info')[0]?.labels, of('opencost_build_info')[0]?.labels),
    nodes: [...nodes]
      .map(([node, labels]) => ({ node, labels: prefixed(labels, 'label_') }))
      .sort((left, right) => (left.node < right.node ? -1 : 1)),
    namespaces: namespaces.map((namespace) => ({
      namespace,
      labels: prefixed(labelled.get(namespace) ?? {}, 'label_'),
      annotations: prefixed(annotated.get(namespace) ?? {}, 'annotation_'),
      quotas: quotas.get(namespace) ?? [],
    })),
  };
}
