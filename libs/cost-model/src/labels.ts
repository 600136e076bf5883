import { byText, type AssetIndex } from './asset-index';
import type { Series } from './series';

export type Texts = Readonly<Record<string, string>>;

const isNonEmpty = ([, text]: readonly [string, string]): boolean => text !== '';

/** Sorted by key; of one key the last source wins. */
export function mergedTexts(...sources: readonly Texts[]): Texts {
  const entries = sources.flatMap((source) => Object.entries(source));
  return Object.fromEntries([...new Map(entries)].filter(isNonEmpty).sort(([a], [b]) => byText(a, b)));
}

/** Labels (`label_`) or annotations (`annotation_`) that series carry, without the prefix; the latest series wins. */
export function textsOf(series: readonly Series[], prefix: 'label_' | 'annotation_', index: AssetIndex): Texts {
  const oldestFirst = series.length < 2 ? series : index.latestFirst(series).toReversed();
  const sources = oldestFirst.map(({ labels }) => {
    const entries = Object.entries(labels).filter(([name]) => name.startsWith(prefix));
    return Object.fromEntries(entries.map(([name, text]) => [name.slice(prefix.length), text]));
  });
  return mergedTexts(...sources);
}

// What tells one pool of nodes from another; the rest of a node's labels are its own business.
const nodeLabelNames = new Set([
  'agentpool',
  'alpha_eksctl_io_nodegroup_name',
  'beta_kubernetes_io_instance_type',
  'cloud_google_com_gke_nodepool',
  'eks_amazonaws_com_nodegroup',
  'failure_domain_beta_kubernetes_io_region',
  'failure_domain_beta_kubernetes_io_zone',
  'karpenter_sh_nodepool',
  'kubernetes_azure_com_agentpool',
  'node_kubernetes_io_instance_type',
  'topology_kubernetes_io_region',
  'topology_kubernetes_io_zone',
]);

/** The node labels that its pods inherit. */
export function inheritedNodeLabels(labels: Texts): Texts {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => nodeLabelNames.has(name)));
}
