import {
  bridgedGapMs,
  samplesInOrder,
  type Growing,
  type Samples,
  type StepFunction,
  type StepInterval,
} from '../intervals';
import type { Series } from '../series';
import { numberRange } from '../value-range';
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

/** Moments at which something is known of a container, in order of time; it ran where the value is above zero. */
type Sightings = Samples;

function sightingsWithin({ timestampsMs, values }: Sightings, { startMs, endMs }: TimeWindow): Sightings {
  const isInside = (timestampMs: number): boolean => timestampMs >= startMs && timestampMs < endMs;
  if (timestampsMs.every(isInside)) return { timestampsMs, values };
  return {
    timestampsMs: timestampsMs.filter(isInside),
    values: values.filter((_, index) => isInside(timestampsMs[index] ?? 0)),
  };
}

/**
 * Whether the container ran at each moment of which something is known. kube-state-metrics says so; without it, a
 * container runs while anything of it is measured.
 */
function sightingsOf(container: ContainerSeries, ofLife: (series: readonly Series[]) => readonly Series[]): Sightings {
  const told = ofLife(container.running);
  if (told.length > 0) return samplesInOrder(told, numberRange);
  const { cpuAllocation, ramAllocation, cpuUsage, ramUsage } = container;
  const measured = ofLife([...cpuAllocation, ...ramAllocation, ...cpuUsage, ...ramUsage]);
  const { timestampsMs } = samplesInOrder(measured, numberRange);
  return { timestampsMs, values: timestampsMs.map(() => 1) };
}

/**
 * Whether what the pod's own start says is a sighting too: it runs from its start, unless the next sighting is that it does not run yet. So a
 * pod that began and ended between two scrapes has run.
 */
function ranFromStart({ timestampsMs, values }: Sightings, startedMs: number, completedMs: number): boolean {
  const [firstMs] = timestampsMs;
  const ranAtOnce = firstMs === undefined ? completedMs !== Infinity : (values[0] ?? 0) > 0 && firstMs > startedMs;
  return startedMs !== -Infinity && startedMs < completedMs && ranAtOnce;
}

/**
 * When a container ran inside the window. A sighting holds until the next when that comes within 5 minutes; and over
 * any gap between two sightings of the same pod uid, which is then an estimate.
 */
export function runningTime(
  container: ContainerSeries,
  life: Incarnation,
  of: { window: TimeWindow; ofLife: (series: readonly Series[]) => readonly Series[] },
): RunningTime {
  const { window, ofLife } = of;
  const { startedMs = -Infinity, completedMs = Infinity } = life;
  const sightings = sightingsWithin(sightingsOf(container, ofLife), { startMs: startedMs, endMs: completedMs });
  const { timestampsMs, values } = sightings;
  const isFromStart = ranFromStart(sightings, startedMs, completedMs);
  const running: StepInterval[] = [];
  let last: Growing | undefined;
  let isEstimated = false;
  // The start stands before the sightings, the completion behind them.
  for (let index = isFromStart ? -1 : 0; index < timestampsMs.length; index += 1) {
    const runs = index < 0 || (values[index] ?? 0) > 0;
    const seenAtMs = index < 0 ? startedMs : (timestampsMs[index] ?? 0);
    const nextMs = index + 1 < timestampsMs.length ? (timestampsMs[index + 1] ?? 0) : completedMs;
    if (!runs || nextMs === Infinity) continue;
    const startMs = Math.max(seenAtMs, window.startMs, life.fromMs);
    const endMs = Math.min(nextMs, window.endMs, life.toMs);
    // A start of long ago was no sighting: what came before the window is no gap.
    const seenMs = seenAtMs === startedMs ? Math.max(seenAtMs, window.startMs) : seenAtMs;
    const isBridge = nextMs - seenMs > bridgedGapMs;
    if (startMs >= endMs || (isBridge && life.uid === '')) continue;
    isEstimated ||= isBridge;
    if (last?.endMs === startMs) {
      last.endMs = endMs;
    } else {
      last = { startMs, endMs, value: 1 };
      running.push(last);
    }
  }
  return { running, isEstimated };
}
