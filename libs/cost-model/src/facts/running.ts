import { bridgedGapMs, mergeSamples, type Observation, type StepFunction, type StepInterval } from '../intervals';
import type { Series } from '../series';
import type { TimeWindow } from '../window';
import type { Incarnation } from './incarnations';
import type { ContainerSeries } from './pod-series';

/** When a container ran. */
export interface RunningTime {
  /** Inside the window; of value 1. */
  readonly running: StepFunction;
  /** A gap of more than 5 minutes is in it. */
  readonly isEstimated: boolean;
}

const isNumber = (value: number): boolean => !Number.isNaN(value);

/**
 * Whether the container ran at each moment of which something is known. kube-state-metrics says so; without it, a
 * container runs while anything of it is measured.
 */
function observationsOf(container: ContainerSeries, ofLife: (series: readonly Series[]) => readonly Series[]) {
  const told = ofLife(container.running);
  if (told.length > 0) return mergeSamples(told, isNumber).map((one) => ({ ...one, value: one.value > 0 ? 1 : 0 }));
  const { cpuAllocation, ramAllocation, cpuUsage, ramUsage } = container;
  const measured = ofLife([...cpuAllocation, ...ramAllocation, ...cpuUsage, ...ramUsage]);
  return mergeSamples(measured, isNumber).map(({ timestampMs }) => ({ timestampMs, value: 1 }));
}

/**
 * The observations together with what the pod's own start and completion say: it runs from its start, unless the next
 * observation is that it does not run yet, and not after its completion. So a pod that began and ended between two
 * scrapes has run.
 */
function sharpened(observations: readonly Observation[], life: Incarnation): Observation[] {
  const { startedMs = -Infinity, completedMs = Infinity } = life;
  const inside = observations.filter(({ timestampMs }) => timestampMs >= startedMs && timestampMs < completedMs);
  const [first] = inside;
  const ranAtOnce = first === undefined ? completedMs !== Infinity : first.value === 1 && first.timestampMs > startedMs;
  if (startedMs !== -Infinity && startedMs < completedMs && ranAtOnce) {
    inside.unshift({ timestampMs: startedMs, value: 1 });
  }
  if (completedMs !== Infinity && inside.length > 0) inside.push({ timestampMs: completedMs, value: 0 });
  return inside;
}

/**
 * When a container ran inside the window. An observation holds until the next when that comes within 5 minutes; and over
 * any gap between two observations of the same pod uid, which is then an estimate.
 */
export function runningTime(
  container: ContainerSeries,
  life: Incarnation,
  of: { window: TimeWindow; ofLife: (series: readonly Series[]) => readonly Series[] },
): RunningTime {
  const { window, ofLife } = of;
  const observations = sharpened(observationsOf(container, ofLife), life);
  const running: StepInterval[] = [];
  let isEstimated = false;
  observations.forEach(({ timestampMs, value }, index) => {
    const next = observations[index + 1];
    if (value === 0 || next === undefined) return;
    const startMs = Math.max(timestampMs, window.startMs, life.fromMs);
    const endMs = Math.min(next.timestampMs, window.endMs, life.toMs);
    // A start of long ago was no observation: what came before the window is no gap.
    const seenMs = timestampMs === life.startedMs ? Math.max(timestampMs, window.startMs) : timestampMs;
    const isBridge = next.timestampMs - seenMs > bridgedGapMs;
    if (startMs >= endMs || (isBridge && life.uid === '')) return;
    isEstimated ||= isBridge;
    const last = running.at(-1);
    if (last?.endMs === startMs) running[running.length - 1] = { ...last, endMs };
    else running.push({ startMs, endMs, value: 1 });
  });
  return { running, isEstimated };
}
