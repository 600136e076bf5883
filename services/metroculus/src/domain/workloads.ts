import type { LabelledValue } from './workload-usage';

/** Who a container belongs to, whatever pod it runs in at the moment. */
export interface Workload {
  readonly namespace: string;
  /** `deployment`, `statefulset`, …, `pod` for one without an owner; null when nothing is known of an owner. */
  readonly controllerKind: string | null;
  /** The pod's own name when it has no owner, or none is known. */
  readonly controller: string;
  readonly container: string;
}

type Labels = Readonly<Record<string, string>>;

/** A label of the exporter, which a scrape without `honor_labels` has renamed. */
export function exportedLabel(labels: Labels, name: string): string {
  return labels[`exported_${name}`] ?? labels[name] ?? '';
}

interface Owner {
  readonly kind: string;
  readonly name: string;
}

const noOwner = new Set(['', '<none>']);
// A CronJob names its Jobs after itself and the time: minutes or seconds since the epoch.
const jobOfCronJob = /^(.+)-(\d{10}|\d{8})$/;

const ownerKey = (labels: Labels, owned: string): string =>
  JSON.stringify([exportedLabel(labels, 'namespace'), exportedLabel(labels, owned)]);

function ownersBy(entries: readonly LabelledValue[], owned: string): ReadonlyMap<string, Owner> {
  const owners = entries.map(({ labels }): [string, Owner] => [
    ownerKey(labels, owned),
    { kind: labels['owner_kind'] ?? '', name: labels['owner_name'] ?? '' },
  ]);
  // With several owners in one window the choice must not depend on the order of an answer.
  return new Map(owners.sort(([, a], [, b]) => (a.name < b.name ? -1 : 1)));
}

/**
 * Finds the workload of a container: its pod's owner, the owner of that where it is a ReplicaSet, the CronJob of a Job.
 *
 * **Source**: OpenCost's controllers; kinds are in lower case as there.
 */
export function createWorkloadFinder(
  podOwners: readonly LabelledValue[],
  replicaSetOwners: readonly LabelledValue[],
): (containerLabels: Labels) => Workload {
  const ownerOfPod = ownersBy(podOwners, 'pod');
  const ownerOfReplicaSet = ownersBy(replicaSetOwners, 'replicaset');

  return (labels) => {
    const [namespace, pod, container] = ['namespace', 'pod', 'container'].map((name) => exportedLabel(labels, name));
    const found = { namespace: namespace ?? '', container: container ?? '' };
    const owner = ownerOfPod.get(ownerKey(labels, 'pod'));
    if (owner === undefined) return { ...found, controllerKind: null, controller: pod ?? '' };
    if (noOwner.has(owner.kind)) return { ...found, controllerKind: 'pod', controller: pod ?? '' };
    if (owner.kind === 'ReplicaSet') {
      const above = ownerOfReplicaSet.get(JSON.stringify([namespace, owner.name]));
      if (above !== undefined && !noOwner.has(above.kind)) {
        return { ...found, controllerKind: above.kind.toLowerCase(), controller: above.name };
      }
    }
    const cronJob = owner.kind === 'Job' ? jobOfCronJob.exec(owner.name)?.[1] : undefined;
    if (cronJob !== undefined) return { ...found, controllerKind: 'cronjob', controller: cronJob };
    return { ...found, controllerKind: owner.kind.toLowerCase(), controller: owner.name };
  };
}
