import { MINUTES_PER_HOUR } from './calendar';
import { cycleOf, levelAt, type Cycle } from './cycle';
import type { ClusterNode } from './nodes';
import type { ContainerSpec, EgressClass, Rhythm } from './profile';
import { createRandom, type Random } from './random';
import type { Volume } from './volumes';

/** A container of a pod and what it uses over time. */
export interface Container {
  readonly spec: ContainerSpec;
  /** Millicores. */
  readonly cpuUsed: Cycle;
  /** Bytes. */
  readonly ramUsed: Cycle;
  /** 64 hexadecimal digits, as a container runtime gives it. */
  readonly runtimeId: string;
}

export interface PodOwner {
  readonly kind: 'ReplicaSet' | 'StatefulSet' | 'DaemonSet' | 'Job';
  readonly name: string;
}

/** A pod from its start to its removal. */
export interface Pod {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly ip: string;
  readonly node: ClusterNode;
  /** What a person calls it: the Deployment, StatefulSet, DaemonSet or CronJob. */
  readonly workload: { readonly kind: string; readonly name: string };
  readonly owner: PodOwner;
  readonly containers: readonly Container[];
  readonly startMs: number;
  /** When its containers stop; Infinity = never. */
  readonly endMs: number;
  /** When the API server forgets it: later than `endMs` for a completed Job. */
  readonly removedMs: number;
  /** Bytes per millisecond. */
  readonly received: Cycle;
  readonly transmitted: Cycle;
  /** Bytes per millisecond to each place; absent = no per-destination counters for this pod. */
  readonly egress?: ReadonlyMap<EgressClass, Cycle>;
  readonly volume?: Volume;
}

const BYTES_PER_MIB = 1024 ** 2;
const PAGE_BYTES = 4096;
const WEEKEND_FIRST_DAY = 5;

/** How busy an hour of the week is: 1 is the average of a week. */
function activity(rhythm: Rhythm, hourOfWeek: number): number {
  if (rhythm === 'flat') return 1;
  const weekend = Math.floor(hourOfWeek / 24) >= WEEKEND_FIRST_DAY;
  const swing = weekend ? 0.15 : 0.4;
  // Busiest at 14:00Z, quietest at 02:00Z, without a jump from one hour to the next.
  return (weekend ? 0.7 : 1.1) + swing * Math.cos(((hourOfWeek - 14) / 24) * 2 * Math.PI);
}

interface LevelSpec {
  readonly mean: number;
  /** Levels are whole multiples of it; default 1. */
  readonly quantum?: number;
  /** How far an hour may lie from its rhythm, as a fraction. */
  readonly jitter: number;
  /** How much the minutes of an hour add, as a fraction of the mean; 2.5 times that in a burst of three minutes. */
  readonly minuteShare?: number;
  /** Never above it. */
  readonly limit?: number | undefined;
}

const BURST_MINUTES = 3;
const BURST_FACTOR = 2.5;

/** A weekly course around a mean, different for each stream of random numbers. */
export function rhythmCycle(rhythm: Rhythm, level: LevelSpec, random: Random): Cycle {
  const { mean, quantum = 1, jitter, minuteShare = 0, limit = Infinity } = level;
  const whole = (value: number): number => Math.max(0, Math.floor(value / quantum)) * quantum;
  const burstMinute = random.integer(0, MINUTES_PER_HOUR - BURST_MINUTES);
  const minutes = Array.from({ length: MINUTES_PER_HOUR }, (_, minute) => {
    const inBurst = minute >= burstMinute && minute < burstMinute + BURST_MINUTES;
    return whole(Math.min(limit, mean * minuteShare * (inBurst ? BURST_FACTOR : random.fraction())));
  });
  const highestMinute = Math.max(...minutes);
  const hourly = (hour: number): number => {
    const wanted = mean * activity(rhythm, hour) * random.between(1 - jitter, 1 + jitter);
    return whole(Math.min(wanted + quantum / 2, limit - highestMinute));
  };
  return minuteShare === 0 ? cycleOf(hourly) : cycleOf(hourly, (minute) => minutes[minute] ?? 0);
}

/** A container whose use of CPU follows the workload's rhythm, with bursts; its memory is level. Neither passes its limit. */
export function createContainer(spec: ContainerSpec, rhythm: Rhythm, key: readonly (string | number)[]): Container {
  const random = createRandom(...key, spec.name);
  const { cpuLimitMillicores, ramLimitMib } = spec;
  const cpu = { mean: spec.cpuUsedMillicores * 0.85, jitter: 0.12, minuteShare: 0.3, limit: cpuLimitMillicores };
  const ram = {
    mean: spec.ramUsedMib * BYTES_PER_MIB * 0.97,
    quantum: PAGE_BYTES,
    jitter: 0.04,
    minuteShare: 0.06,
    limit: ramLimitMib === undefined ? undefined : ramLimitMib * BYTES_PER_MIB,
  };
  return {
    spec,
    cpuUsed: rhythmCycle(rhythm, cpu, random),
    ramUsed: rhythmCycle('flat', ram, random),
    runtimeId: random.hex(64),
  };
}

/** Allocated millicores at an instant: OpenCost's rule, the larger of request and use. */
export function cpuAllocatedMillicores(container: Container, tMs: number): number {
  return Math.max(container.spec.cpuRequestMillicores ?? 0, levelAt(container.cpuUsed, tMs));
}

/** Allocated bytes at an instant, by the same rule. */
export function ramAllocatedBytes(container: Container, tMs: number): number {
  return Math.max((container.spec.ramRequestMib ?? 0) * BYTES_PER_MIB, levelAt(container.ramUsed, tMs));
}
