import type { ClusterNode } from './nodes';
import { createContainer, rhythmCycle, type Pod, type PodOwner } from './pods';
import {
  egressClasses,
  type ClusterProfile,
  type DeploymentSpec,
  type EgressClass,
  type Rhythm,
  type StatefulSetSpec,
  type TrafficSpec,
  type VolumeSpec,
  type WorkloadSpec,
} from './profile';
import { createRandom } from './random';
import { sumOfCycles, type Cycle } from './cycle';
import { createMountedVolume } from './volumes';

/** What the expansion of a profile needs to know about the cluster. */
export interface WorkloadContext {
  readonly profile: ClusterProfile;
  readonly seed: number;
  readonly epochMs: number;
  readonly sizeFactor: number;
  readonly nodes: readonly ClusterNode[];
}

/** When a pod runs. */
interface PodLife {
  readonly startMs: number;
  readonly endMs: number;
  readonly removedMs: number;
}

interface PodPlan {
  readonly spec: WorkloadSpec;
  readonly name: string;
  readonly owner: PodOwner;
  readonly node: ClusterNode;
  readonly life: PodLife;
  readonly traffic?: TrafficSpec;
  readonly volume?: { readonly spec: VolumeSpec; readonly claim: string };
}

/** Mean bytes per millisecond of a pod whose profile says nothing about its traffic. */
const BACKGROUND_TRAFFIC = 3;
/** Traffic changes little from hour to hour, so that a scrape across the hour can shift almost nothing. */
const TRAFFIC_JITTER = 0.03;

/** The ReplicaSet of a Deployment: its name carries a hash of the pod template. */
export function replicaSetName(seed: number, spec: { namespace: string; name: string }): string {
  return `${spec.name}-${createRandom(seed, 'replicaset', spec.namespace, spec.name).nameSuffix(10)}`;
}

/** The nodes that a workload may run on. @throws Error when the profile has no such pool. */
export function nodesOfPool(context: WorkloadContext, pool: string): readonly ClusterNode[] {
  const found = context.nodes.filter((node) => node.pool.name === pool);
  if (found.length === 0) throw new Error(`The profile has no node pool ${pool}.`);
  return found;
}

function egressOf(spec: TrafficSpec, rhythm: Rhythm, key: readonly (string | number)[]): Map<EgressClass, Cycle> {
  return new Map(
    egressClasses
      .filter((egressClass) => spec[egressClass] > 0)
      .map((egressClass) => [
        egressClass,
        rhythmCycle(rhythm, { mean: spec[egressClass], jitter: TRAFFIC_JITTER }, createRandom(...key, egressClass)),
      ]),
  );
}

/** Makes a pod out of a plan; the same plan gives the same pod. */
export function createPod(context: WorkloadContext, plan: PodPlan): Pod {
  const { spec } = plan;
  const key = [context.seed, 'pod', spec.namespace, plan.name] as const;
  const random = createRandom(...key);
  const background = (): Cycle => rhythmCycle('flat', { mean: BACKGROUND_TRAFFIC, jitter: 0.5 }, random);
  const egress = plan.traffic && egressOf(plan.traffic, spec.rhythm, key);
  return {
    name: plan.name,
    namespace: spec.namespace,
    uid: random.uuid(),
    ip: `10.0.${String(random.integer(0, 255))}.${String(random.integer(4, 250))}`,
    node: plan.node,
    workload: { kind: spec.kind, name: spec.name },
    owner: plan.owner,
    containers: spec.containers.map((container) => createContainer(container, spec.rhythm, key)),
    ...plan.life,
    received: background(),
    transmitted: egress ? sumOfCycles([...egress.values()]) : background(),
    ...(egress ? { egress } : {}),
    ...(plan.volume
      ? {
          volume: createMountedVolume(context.profile, plan.volume.spec, {
            seed: context.seed,
            namespace: spec.namespace,
            claim: plan.volume.claim,
          }),
        }
      : {}),
  };
}

function podNameAndOwner(
  context: WorkloadContext,
  spec: WorkloadSpec,
  index: number,
): { name: string; owner: PodOwner } {
  const random = createRandom(context.seed, 'pod-name', spec.namespace, spec.name, index);
  if (spec.kind === 'StatefulSet') {
    return { name: `${spec.name}-${String(index)}`, owner: { kind: 'StatefulSet', name: spec.name } };
  }
  if (spec.kind === 'DaemonSet') {
    return { name: `${spec.name}-${random.nameSuffix(5)}`, owner: { kind: 'DaemonSet', name: spec.name } };
  }
  const replicaSet = replicaSetName(context.seed, spec);
  return { name: `${replicaSet}-${random.nameSuffix(5)}`, owner: { kind: 'ReplicaSet', name: replicaSet } };
}

function replicaCount(context: WorkloadContext, spec: DeploymentSpec | StatefulSetSpec): number {
  // Each pod of a StatefulSet claims a volume of its own; those of a Deployment would share one, which mounts once.
  const isFixed = spec.kind === 'Deployment' && spec.volume !== undefined;
  return isFixed ? spec.replicas : Math.max(1, Math.round(spec.replicas * context.sizeFactor));
}

/** What a pod has of its own beside its containers. */
function belongings(spec: WorkloadSpec, podName: string): Pick<PodPlan, 'traffic' | 'volume'> {
  if (spec.kind === 'DaemonSet' || spec.kind === 'CronJob') return {};
  const { traffic, volume } = spec;
  return {
    ...(traffic === undefined ? {} : { traffic }),
    ...(volume === undefined ? {} : { volume: { spec: volume, claim: claimName(spec, volume, podName) } }),
  };
}

function claimName(spec: WorkloadSpec, volume: VolumeSpec, podName: string): string {
  return spec.kind === 'StatefulSet' ? `${volume.claim}-${podName}` : `${spec.name}-${volume.claim}`;
}

/** The pods of a workload that run for as long as the cluster: none for a CronJob. */
export function createStandingPods(context: WorkloadContext, spec: WorkloadSpec): Pod[] {
  if (spec.kind === 'CronJob') return [];
  const life: PodLife = { startMs: context.epochMs, endMs: Infinity, removedMs: Infinity };
  const candidates = spec.pool === undefined ? context.nodes : nodesOfPool(context, spec.pool);
  const count = spec.kind === 'DaemonSet' ? candidates.length : replicaCount(context, spec);
  return Array.from({ length: count }, (_, index) => {
    const node = candidates[index % candidates.length];
    if (node === undefined) throw new Error(`No node for ${spec.name}.`);
    const { name, owner } = podNameAndOwner(context, spec, index);
    return createPod(context, { spec, name, owner, node, life, ...belongings(spec, name) });
  });
}
