import { byText, labelOf, type AssetIndex } from '../asset-index';
import { groupBy } from '../group-by';
import type { AllocationMetricName, Series } from '../series';
import { textsOf, type Texts } from '../labels';

export interface Controller {
  /** Lower case; empty when there is none. */
  readonly kind: string;
  readonly name: string;
}

/** What selects pods by their labels, of one namespace. */
interface Selector {
  readonly name: string;
  readonly labels: readonly (readonly [string, string])[];
}

const noController: Controller = { kind: '', name: '' };
// How kube-state-metrics says that there is no owner.
const noOwner = '<none>';
// A CronJob names its Jobs by their time: minutes or, in old versions, seconds since the epoch.
const cronJobRun = /^(.+)-(\d{10}|\d{8})$/;

function selectorsOf(index: AssetIndex, metric: AllocationMetricName, nameLabel: string): Map<string, Selector[]> {
  const groups = groupBy(index.seriesOf(metric), (one) => `${labelOf(one, 'namespace')}/${labelOf(one, nameLabel)}`);
  const byNamespace = new Map<string, Selector[]>();
  for (const [key, series] of [...groups].sort(([a], [b]) => byText(a, b))) {
    const [namespace = '', name = ''] = key.split('/');
    const labels = Object.entries(textsOf(index.latestFirst(series).slice(0, 1), 'label_', index));
    // An empty selector selects nothing.
    if (name === '' || labels.length === 0) continue;
    const selectors = byNamespace.get(namespace);
    if (selectors === undefined) byNamespace.set(namespace, [{ name, labels }]);
    else selectors.push({ name, labels });
  }
  return byNamespace;
}

const selects = ({ labels }: Selector, podLabels: Texts): boolean =>
  labels.every(([name, text]) => podLabels[name] === text);

/** Who owns what in a cluster, and which Services select what. */
export class ControllerIndex {
  private readonly services: ReadonlyMap<string, readonly Selector[]>;
  private readonly deployments: ReadonlyMap<string, readonly Selector[]>;
  private readonly statefulSets: ReadonlyMap<string, readonly Selector[]>;
  private readonly replicaSetOwners: ReadonlyMap<string, readonly Series[]>;

  constructor(private readonly index: AssetIndex) {
    this.services = selectorsOf(index, 'service_selector_labels', 'service');
    this.deployments = selectorsOf(index, 'deployment_match_labels', 'deployment');
    this.statefulSets = selectorsOf(index, 'statefulSet_match_labels', 'statefulSet');
    const replicaSetOf = (one: Series): string => `${labelOf(one, 'namespace')}/${labelOf(one, 'replicaset')}`;
    this.replicaSetOwners = groupBy(index.seriesOf('kube_replicaset_owner'), replicaSetOf);
  }

  /** Names of the Services that select a pod, sorted. */
  servicesOf(namespace: string, podLabels: Texts): string[] {
    const services = this.services.get(namespace) ?? [];
    return services.filter((service) => selects(service, podLabels)).map(({ name }) => name);
  }

  /** The controller that a user would name: the Deployment, not its ReplicaSet; the CronJob, not its Job. */
  controllerOf(namespace: string, ownerSeries: readonly Series[], podLabels: Texts): Controller {
    const owner = this.ownerIn(ownerSeries);
    if (owner.kind === '') return this.selectingController(namespace, podLabels);
    if (owner.kind === 'replicaset') return this.ownerOfReplicaSet(namespace, owner, podLabels);
    // Static pods belong to their node.
    if (owner.kind === 'node') return noController;
    if (owner.kind === 'job') return { kind: 'job', name: cronJobRun.exec(owner.name)?.[1] ?? owner.name };
    return owner;
  }

  /** The owner that the latest series tells; the managing one before others. */
  private ownerIn(series: readonly Series[]): Controller {
    const owned = series.filter((one) => !['', noOwner].includes(labelOf(one, 'owner_name')));
    const latest = owned.length < 2 ? owned : this.index.latestFirst(owned);
    const owner = latest.find((one) => labelOf(one, 'owner_is_controller') === 'true') ?? latest[0];
    if (owner === undefined) return noController;
    return { kind: labelOf(owner, 'owner_kind').toLowerCase(), name: labelOf(owner, 'owner_name') };
  }

  private ownerOfReplicaSet(namespace: string, replicaSet: Controller, podLabels: Texts): Controller {
    const series = this.replicaSetOwners.get(`${namespace}/${replicaSet.name}`);
    if (series !== undefined) {
      const owner = this.ownerIn(series);
      return owner.kind === '' ? replicaSet : owner;
    }
    // Deployments and Rollouts name a ReplicaSet by its pod template.
    const templates = [
      ['deployment', podLabels['pod_template_hash']],
      ['rollout', podLabels['rollouts_pod_template_hash']],
    ] as const;
    for (const [kind, hash] of templates) {
      const suffix = `-${hash ?? ''}`;
      if (suffix !== '-' && replicaSet.name.endsWith(suffix)) {
        return { kind, name: replicaSet.name.slice(0, -suffix.length) };
      }
    }
    const selecting = this.selectingController(namespace, podLabels);
    return selecting.kind === 'deployment' ? selecting : replicaSet;
  }

  private selectingController(namespace: string, podLabels: Texts): Controller {
    const select = (selectors: ReadonlyMap<string, readonly Selector[]>): string | undefined =>
      selectors.get(namespace)?.find((one) => selects(one, podLabels))?.name;
    const statefulSet = select(this.statefulSets);
    if (statefulSet !== undefined) return { kind: 'statefulset', name: statefulSet };
    const deployment = select(this.deployments);
    return deployment === undefined ? noController : { kind: 'deployment', name: deployment };
  }
}
