import { MS_PER_DAY, MS_PER_HOUR, MS_PER_MINUTE, MS_PER_SECOND } from './calendar';
import type { Pod } from './pods';
import type { CronJobSpec, DeploymentSpec, WorkloadSpec } from './profile';
import { createRandom } from './random';
import { createPod, nodesOfPool, replicaSetName, type WorkloadContext } from './workloads';

/** Pods that come and go by a timetable. */
export interface Timetable {
  readonly periodMs: number;
  /** From the beginning of a period (counted from the unix epoch) to the earliest start. */
  readonly offsetMs: number;
  /** From the earliest start to the latest removal. */
  readonly longestMs: number;
  /** The pod of the period with this number. */
  readonly occurrence: (period: number) => Pod;
}

/** A completed Job stays visible for this long (`ttlSecondsAfterFinished`). */
const COMPLETED_KEPT_MS = 15 * MS_PER_MINUTE;
const DAYTIME_FROM_MS = 8 * MS_PER_HOUR;
const DAYTIME_MS = 12 * MS_PER_HOUR;
/** Scheduling and pulling take a few seconds. */
const LATEST_START_SECONDS = 9;
const PODS_REMEMBERED = 16;

function cronJobTimetable(context: WorkloadContext, spec: CronJobSpec): Timetable {
  const periodMs = spec.everyMinutes * MS_PER_MINUTE;
  const offsetMs = spec.atMinute * MS_PER_MINUTE;
  const candidates = nodesOfPool(context, spec.pool);
  const occurrence = (period: number): Pod => {
    const scheduledMs = period * periodMs + offsetMs;
    const random = createRandom(context.seed, 'job', spec.namespace, spec.name, period);
    const startMs = scheduledMs + random.integer(2, LATEST_START_SECONDS) * MS_PER_SECOND;
    const endMs = startMs + random.integer(spec.shortestSeconds, spec.longestSeconds) * MS_PER_SECOND;
    const node = candidates[random.integer(0, candidates.length - 1)];
    if (node === undefined) throw new Error(`No node for ${spec.name}.`);
    // The CronJob controller names a Job by its scheduled time in minutes since the unix epoch.
    const job = `${spec.name}-${String(scheduledMs / MS_PER_MINUTE)}`;
    return createPod(context, {
      spec,
      name: `${job}-${random.nameSuffix(5)}`,
      owner: { kind: 'Job', name: job },
      node,
      life: { startMs, endMs, removedMs: endMs + COMPLETED_KEPT_MS },
    });
  };
  const longestMs = (LATEST_START_SECONDS + spec.longestSeconds) * MS_PER_SECOND + COMPLETED_KEPT_MS;
  return { periodMs, offsetMs, longestMs, occurrence };
}

function daytimeTimetable(context: WorkloadContext, spec: DeploymentSpec, replica: number): Timetable {
  const candidates = nodesOfPool(context, spec.pool);
  const replicaSet = replicaSetName(context.seed, spec);
  const node = candidates[(spec.replicas + replica) % candidates.length];
  if (node === undefined) throw new Error(`No node for ${spec.name}.`);
  const latestDelaySeconds = 600;
  const occurrence = (day: number): Pod => {
    const random = createRandom(context.seed, 'daytime', spec.namespace, spec.name, replica, day);
    const startMs = day * MS_PER_DAY + DAYTIME_FROM_MS + random.integer(0, latestDelaySeconds) * MS_PER_SECOND;
    const endMs = startMs + DAYTIME_MS;
    return createPod(context, {
      spec,
      name: `${replicaSet}-${random.nameSuffix(5)}`,
      owner: { kind: 'ReplicaSet', name: replicaSet },
      node,
      life: { startMs, endMs, removedMs: endMs },
    });
  };
  const longestMs = latestDelaySeconds * MS_PER_SECOND + DAYTIME_MS;
  return { periodMs: MS_PER_DAY, offsetMs: DAYTIME_FROM_MS, longestMs, occurrence };
}

/** Remembers the last few pods: neighbouring questions ask for the same ones, and a pod is always the same. */
function remembering(timetable: Timetable): Timetable {
  const remembered = new Map<number, Pod>();
  const occurrence = (period: number): Pod => {
    const known = remembered.get(period);
    if (known !== undefined) return known;
    const pod = timetable.occurrence(period);
    remembered.set(period, pod);
    if (remembered.size > PODS_REMEMBERED) remembered.delete(remembered.keys().next().value ?? period);
    return pod;
  };
  return { ...timetable, occurrence };
}

/** The timetables of a workload: one for a CronJob, one per daytime replica of a Deployment, else none. */
export function timetablesOf(context: WorkloadContext, spec: WorkloadSpec): Timetable[] {
  if (spec.kind === 'CronJob') return [remembering(cronJobTimetable(context, spec))];
  if (spec.kind !== 'Deployment') return [];
  const count = Math.round((spec.daytimeReplicas ?? 0) * context.sizeFactor);
  return Array.from({ length: count }, (_, replica) => remembering(daytimeTimetable(context, spec, replica)));
}

/** The pods of a timetable that are known to the API server at some time in [fromMs, toMs), in order of start. */
export function podsBetween(timetable: Timetable, fromMs: number, toMs: number): Pod[] {
  const { periodMs, offsetMs, longestMs } = timetable;
  const first = Math.floor((fromMs - offsetMs - longestMs) / periodMs);
  const last = Math.floor((toMs - offsetMs) / periodMs);
  const pods: Pod[] = [];
  for (let period = first; period <= last; period++) {
    const pod = timetable.occurrence(period);
    if (pod.startMs < toMs && pod.removedMs > fromMs) pods.push(pod);
  }
  return pods;
}
