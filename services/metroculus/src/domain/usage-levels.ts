import type { Series } from '@cloudtuner/cost-model';
import type { UsageReading } from './usage-reading';
import type { LabelledValue } from './workload-usage';
import { createWorkloadFinder, exportedLabel } from './workloads';

/** Of cores or bytes, over the moments at which there were any; null is unknown. */
export interface ResourceLevels {
  readonly requested: number | null;
  readonly limit: number | null;
  readonly usedAvg: number | null;
  readonly usedP95: number | null;
  readonly usedMax: number | null;
}

/** A namespace, or a workload of one. */
export interface UsageLevels {
  readonly namespace: string;
  readonly controllerKind: string | null;
  readonly controller: string | null;
  /** Mean number of pods; null for a whole namespace. */
  readonly pods: number | null;
  readonly cpuCores: ResourceLevels;
  readonly ramBytes: ResourceLevels;
}

/** One bound of a ResourceQuota. */
export interface QuotaLevel {
  readonly namespace: string;
  readonly quota: string;
  readonly resource: string;
  readonly hard: number | null;
  readonly used: number | null;
}

/** Values by moment, in ms. */
type Timeline = Map<number, number>;

/** The value at each moment, added to or compared with what is there. */
function put(timeline: Timeline, timestampMs: number, value: number, combine: (a: number, b: number) => number): void {
  const known = timeline.get(timestampMs);
  timeline.set(timestampMs, known === undefined ? value : combine(known, value));
}

const add = (a: number, b: number): number => a + b;

const placeOf = (labels: Series['labels']): string =>
  JSON.stringify(['namespace', 'pod'].map((name) => exportedLabel(labels, name)));

/** What is told of one namespace or pod by several exporters, of which the greatest stands. */
interface Place {
  readonly labels: Series['labels'];
  readonly timeline: Timeline;
}

function placesOf(series: readonly Series[]): Place[] {
  const places = new Map<string, Place>();
  for (const { labels, timestampsMs, values } of series) {
    const key = placeOf(labels);
    const place = places.get(key) ?? { labels, timeline: new Map<number, number>() };
    places.set(key, place);
    timestampsMs.forEach((timestampMs, index) => {
      const value = values[index];
      if (value !== undefined && Number.isFinite(value)) put(place.timeline, timestampMs, value, Math.max);
    });
  }
  return [...places.values()];
}

const meanOf = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce(add, 0) / values.length;

/**
 * The φ-quantile, interpolated between the two values that it lies between.
 *
 * **Source**: Prometheus' `quantile_over_time`.
 */
function quantileOf(values: readonly number[], quantile: number): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  const rank = quantile * (sorted.length - 1);
  const [below, above] = [sorted[Math.floor(rank)], sorted[Math.ceil(rank)]];
  return below === undefined || above === undefined ? null : below + (above - below) * (rank - Math.floor(rank));
}

interface Group {
  readonly namespace: string;
  readonly controllerKind: string | null;
  readonly controller: string | null;
  readonly timelines: Readonly<Record<Measure, Timeline>>;
  /** Moments at which a pod was there, once for each pod. */
  readonly podMoments: Map<string, Set<number>>;
}

const measures = ['cpuRequests', 'cpuLimits', 'cpuUsed', 'ramRequests', 'ramLimits', 'ramUsed'] as const;
type Measure = (typeof measures)[number];

function emptyTimelines(): Record<Measure, Timeline> {
  const timelines: Partial<Record<Measure, Timeline>> = {};
  for (const measure of measures) timelines[measure] = new Map();
  // Every measure has been given its timeline.
  return timelines as Record<Measure, Timeline>;
}

function seriesOf(reading: UsageReading): Readonly<Record<Measure, readonly Series[]>> {
  const of = (series: readonly Series[], resource: string): Series[] =>
    series.filter(({ labels }) => labels['resource'] === resource);
  return {
    cpuRequests: of(reading.requests, 'cpu'),
    cpuLimits: of(reading.limits, 'cpu'),
    cpuUsed: reading.cpu,
    ramRequests: of(reading.requests, 'memory'),
    ramLimits: of(reading.limits, 'memory'),
    ramUsed: reading.memory,
  };
}

function levelsOf(requests: Timeline, limits: Timeline, used: Timeline): ResourceLevels {
  const values = [...used.values()];
  return {
    requested: meanOf([...requests.values()]),
    limit: meanOf([...limits.values()]),
    usedAvg: meanOf(values),
    usedP95: quantileOf(values, 0.95),
    usedMax: values.length === 0 ? null : values.reduce((a, b) => Math.max(a, b)),
  };
}

function groupsOf(reading: UsageReading, byWorkload: boolean): Group[] {
  const workloadOf = createWorkloadFinder(reading.podOwners, reading.replicaSetOwners);
  const groups = new Map<string, Group>();
  const groupOf = (labels: Series['labels']): Group => {
    const { namespace, controllerKind, controller } = workloadOf(labels);
    const owner = byWorkload ? { controllerKind, controller } : { controllerKind: null, controller: null };
    const key = JSON.stringify([namespace, owner]);
    const group = groups.get(key) ?? { namespace, ...owner, timelines: emptyTimelines(), podMoments: new Map() };
    groups.set(key, group);
    return group;
  };
  const series = seriesOf(reading);
  for (const measure of measures) {
    for (const { labels, timeline } of placesOf(series[measure])) {
      const { timelines, podMoments } = groupOf(labels);
      const moments = podMoments.get(placeOf(labels)) ?? new Set();
      podMoments.set(placeOf(labels), moments);
      for (const [timestampMs, value] of timeline) {
        put(timelines[measure], timestampMs, value, add);
        moments.add(timestampMs);
      }
    }
  }
  return [...groups.values()];
}

const compareTexts = (a: string, b: string): number => Number(a > b) - Number(a < b);
const byName = (a: UsageLevels, b: UsageLevels): number =>
  compareTexts(a.namespace, b.namespace) ||
  compareTexts(a.controllerKind ?? '', b.controllerKind ?? '') ||
  compareTexts(a.controller ?? '', b.controller ?? '');

/** Moments at which any usage was measured. */
export function measuredMoments({ cpu, memory }: UsageReading): ReadonlySet<number> {
  return new Set([...cpu, ...memory].flatMap(({ timestampsMs }) => [...timestampsMs]));
}

/** What each namespace, or each workload, requested, was limited to and used. Sorted by name. */
export function usageLevels(reading: UsageReading, { byWorkload }: { readonly byWorkload: boolean }): UsageLevels[] {
  const moments = measuredMoments(reading).size;
  return groupsOf(reading, byWorkload)
    .map(({ namespace, controllerKind, controller, timelines, podMoments }) => {
      const there = [...podMoments.values()].reduce((sum, { size }) => sum + size, 0);
      return {
        namespace,
        controllerKind,
        controller,
        pods: byWorkload && moments > 0 ? there / moments : null,
        cpuCores: levelsOf(timelines.cpuRequests, timelines.cpuLimits, timelines.cpuUsed),
        ramBytes: levelsOf(timelines.ramRequests, timelines.ramLimits, timelines.ramUsed),
      };
    })
    .sort(byName);
}

/** The bounds of each ResourceQuota. Sorted by name. */
export function quotaLevels(quotas: readonly LabelledValue[]): QuotaLevel[] {
  const levels = new Map<string, { -readonly [K in keyof QuotaLevel]: QuotaLevel[K] }>();
  for (const { labels, value } of quotas) {
    const [namespace, quota, resource] = [
      exportedLabel(labels, 'namespace'),
      labels['resourcequota'] ?? '',
      labels['resource'] ?? '',
    ];
    const type = labels['type'];
    if (type !== 'hard' && type !== 'used') continue;
    const key = JSON.stringify([namespace, quota, resource]);
    const level = levels.get(key) ?? { namespace, quota, resource, hard: null, used: null };
    level[type] = Math.max(level[type] ?? 0, value);
    levels.set(key, level);
  }
  return [...levels].sort(([a], [b]) => compareTexts(a, b)).map(([, level]) => level);
}
