import { MS_PER_HOUR } from './calendar';
import { createNodes, type ClusterNode } from './nodes';
import type { Pod } from './pods';
import type { ClusterProfile } from './profile';
import { podsBetween, timetablesOf } from './recurring-pods';
import { createStandingPods, type WorkloadContext } from './workloads';
import { createUnmountedVolumes, type Volume } from './volumes';

/** Everything that is in a cluster. The metrics and the price book are both read from it, never from each other. */
export interface ClusterModel {
  readonly profile: ClusterProfile;
  readonly name: string;
  readonly clusterId: string;
  readonly seed: number;
  /** The cluster's first instant: nothing runs and nothing costs before it, and counters are 0 at it. */
  readonly epochMs: number;
  readonly nodes: readonly ClusterNode[];
  /** Pods that run for as long as the cluster. */
  readonly standingPods: readonly Pod[];
  readonly volumes: readonly Volume[];
  /** Pods that come and go, known to the API server at some time in [fromMs, toMs). */
  readonly passingPods: (fromMs: number, toMs: number) => Pod[];
}

export interface ClusterModelOptions {
  readonly profile: ClusterProfile;
  readonly name: string;
  readonly clusterId: string;
  readonly seed: number;
  readonly epochMs: number;
  readonly sizeFactor: number;
}

/**
 * Expands a profile into nodes, pods and volumes.
 *
 * @throws RangeError when the epoch is not a whole UTC hour, or the size factor is not above 0.
 */
export function createClusterModel(options: ClusterModelOptions): ClusterModel {
  const { profile, seed, epochMs, sizeFactor } = options;
  if (!Number.isInteger(epochMs / MS_PER_HOUR)) throw new RangeError('startMs must be a whole UTC hour.');
  if (!(sizeFactor > 0 && sizeFactor < Infinity)) throw new RangeError('sizeFactor must be above 0.');
  const nodes = createNodes(profile, { seed, sizeFactor });
  const context: WorkloadContext = { profile, seed, epochMs, sizeFactor, nodes };
  const standingPods = profile.workloads.flatMap((spec) => createStandingPods(context, spec));
  const timetables = profile.workloads.flatMap((spec) => timetablesOf(context, spec));
  const mounted = standingPods.flatMap((pod) => (pod.volume === undefined ? [] : [pod.volume]));
  return {
    profile,
    name: options.name,
    clusterId: options.clusterId,
    seed,
    epochMs,
    nodes,
    standingPods,
    volumes: [...mounted, ...createUnmountedVolumes(profile, seed)],
    passingPods: (fromMs, toMs) =>
      timetables.flatMap((timetable) => podsBetween(timetable, fromMs, toMs)).filter((pod) => pod.startMs >= epochMs),
  };
}
