import { byText, labelOf } from '../asset-index';
import type { Series } from '../series';
import type { PodSeries } from './pod-series';

/**
 * One life of a pod name. Names of StatefulSet pods are used again; two lives never overlap, so what does not carry a uid
 * belongs to the life in whose time it was sampled.
 */
export interface Incarnation {
  /** Empty where no exporter tells it. */
  readonly uid: string;
  /** The time that belongs to it, `[fromMs, toMs)`: from its beginning to the beginning of the next. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Known start and completion of the pod. */
  readonly startedMs: number | undefined;
  readonly completedMs: number | undefined;
  /** It is not the only one. */
  readonly isShared: boolean;
}

// Year 33,658: what is later is no time.
const maxUnixSeconds = 1e12;

function secondsOf(series: readonly Series[], better: (a: number, b: number) => number): number | undefined {
  let found: number | undefined;
  for (const { values } of series) {
    for (const value of values) {
      if (!(value > 0 && value < maxUnixSeconds)) continue;
      found = found === undefined ? value : better(found, value);
    }
  }
  return found === undefined ? undefined : Math.round(found * 1000);
}

const firstSampleMs = ({ timestampsMs }: Series): number =>
  timestampsMs.reduce((first, timestampMs) => Math.min(first, timestampMs), Infinity);

function identifyingSeries(pod: PodSeries): Series[] {
  const containers = [...pod.containers.values()].flatMap(({ running, cpuRequest, ramRequest }) => [
    ...running,
    ...cpuRequest,
    ...ramRequest,
  ]);
  return [...pod.startTime, ...pod.info, ...pod.owner, ...pod.labels, ...pod.completionTime, ...containers];
}

/** The lives of a pod name in order; together they own all time. */
export function incarnationsOf(pod: PodSeries): Incarnation[] {
  const firstSeenMs = new Map<string, number>();
  for (const series of identifyingSeries(pod)) {
    const uid = labelOf(series, 'uid');
    if (uid === '') continue;
    firstSeenMs.set(uid, Math.min(firstSeenMs.get(uid) ?? Infinity, firstSampleMs(series)));
  }
  const uids = firstSeenMs.size === 0 ? [''] : [...firstSeenMs.keys()];
  const isOf = (uid: string) => (series: Series) => [uid, ''].includes(labelOf(series, 'uid'));
  const isShared = uids.length > 1;
  const exactly = (uid: string) => (series: Series) => labelOf(series, 'uid') === uid;
  const lives = uids.map((uid) => {
    const mine = isShared ? exactly(uid) : isOf(uid);
    const startedMs = secondsOf(pod.startTime.filter(mine), Math.min);
    const completedMs = secondsOf(pod.completionTime.filter(mine), Math.max);
    const beganMs = Math.min(startedMs ?? Infinity, firstSeenMs.get(uid) ?? Infinity);
    return { uid, startedMs, completedMs, beganMs };
  });
  lives.sort((a, b) => a.beganMs - b.beganMs || byText(a.uid, b.uid));
  return lives.map(({ beganMs, ...life }, index) => ({
    ...life,
    fromMs: index === 0 ? -Infinity : beganMs,
    toMs: lives[index + 1]?.beganMs ?? Infinity,
    isShared,
  }));
}

/** The samples of some series of the pod name that belong to one life. */
export function samplesOf(series: readonly Series[], life: Incarnation): readonly Series[] {
  if (!life.isShared) return series;
  return series.flatMap((one) => {
    if (![life.uid, ''].includes(labelOf(one, 'uid'))) return [];
    const mine = [...one.timestampsMs.keys()].filter((index) => {
      const timestampMs = one.timestampsMs[index] ?? 0;
      return timestampMs >= life.fromMs && timestampMs < life.toMs;
    });
    if (mine.length === 0) return [];
    return {
      labels: one.labels,
      timestampsMs: mine.map((index) => one.timestampsMs[index] ?? 0),
      values: mine.map((index) => one.values[index] ?? 0),
    };
  });
}
