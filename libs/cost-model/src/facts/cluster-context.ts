import { firstLabel, labelOf, type AssetIndex } from '../asset-index';
import { groupBy } from '../group-by';
import type { PricedNode } from '../assets/nodes';
import type { AllocationMetricName } from '../series';
import { ControllerIndex } from './controllers';
import { inheritedNodeLabels, textsOf, type Texts } from '../labels';

export interface VolumeClaim {
  readonly namespace: string;
  readonly claim: string;
}

/** What is known of a cluster before its pods are looked at. */
export interface ClusterContext {
  readonly nodes: ReadonlyMap<string, PricedNode>;
  readonly controllers: ControllerIndex;
  /** Those that pods inherit, by node or namespace. */
  readonly nodeLabels: ReadonlyMap<string, Texts>;
  readonly namespaceLabels: ReadonlyMap<string, Texts>;
  readonly namespaceAnnotations: ReadonlyMap<string, Texts>;
  /** Volume by `namespace/claim`, and the reverse. */
  readonly volumeOfClaim: ReadonlyMap<string, string>;
  readonly claimOfVolume: ReadonlyMap<string, VolumeClaim>;
}

function textsBy(
  index: AssetIndex,
  of: { metric: AllocationMetricName; label: string; prefix: 'label_' | 'annotation_' },
): Map<string, Texts> {
  const groups = groupBy(index.seriesOf(of.metric), (series) => labelOf(series, of.label));
  return new Map([...groups].map(([key, series]) => [key, textsOf(series, of.prefix, index)]));
}

function claimsOf(index: AssetIndex): Pick<ClusterContext, 'volumeOfClaim' | 'claimOfVolume'> {
  const volumeOfClaim = new Map<string, string>();
  const claimOfVolume = new Map<string, VolumeClaim>();
  const oldestFirst = index.latestFirst(index.seriesOf('kube_persistentvolumeclaim_info')).toReversed();
  for (const series of oldestFirst) {
    const volume = firstLabel([series], 'volumename', 'persistentvolume');
    const [namespace, claim] = [labelOf(series, 'namespace'), labelOf(series, 'persistentvolumeclaim')];
    if (volume === '' || claim === '') continue;
    volumeOfClaim.set(`${namespace}/${claim}`, volume);
    claimOfVolume.set(volume, { namespace, claim });
  }
  return { volumeOfClaim, claimOfVolume };
}

/** Reads {@link ClusterContext} from a cluster's series and its priced nodes. */
export function clusterContext(index: AssetIndex, nodes: readonly PricedNode[]): ClusterContext {
  const nodeLabels = textsBy(index, { metric: 'kube_node_labels', label: 'node', prefix: 'label_' });
  const namespace = { label: 'namespace' } as const;
  return {
    nodes: new Map(nodes.map((node) => [node.fact.asset_key, node])),
    controllers: new ControllerIndex(index),
    nodeLabels: new Map([...nodeLabels].map(([node, labels]) => [node, inheritedNodeLabels(labels)])),
    namespaceLabels: textsBy(index, { ...namespace, metric: 'kube_namespace_labels', prefix: 'label_' }),
    namespaceAnnotations: textsBy(index, { ...namespace, metric: 'kube_namespace_annotations', prefix: 'annotation_' }),
    ...claimsOf(index),
  };
}
