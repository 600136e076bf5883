import { firstLabel, labelOf, leadingFirst, type AssetIndex } from '../asset-index';
import { groupBy } from '../group-by';
import type { EgressCounter, EgressMeter, Traffic } from '../assets/network';
import { addCharges, type Charge } from '../charge';
import { countOnce, growthOf, growthWithin, increasesOf } from '../counters';
import { bridgedGapMs, union, type StepFunction } from '../intervals';
import type { Series } from '../series';
import { counterRange } from '../value-range';
import type { TimeWindow } from '../window';
import type { ClusterContext } from './cluster-context';
import { containerRecord, type ContainerRecord } from './container-record';
import type { Controller } from './controllers';
import { incarnationsOf, samplesOf, type Incarnation } from './incarnations';
import { mergedTexts, textsOf, type Texts } from '../labels';
import type { PodSeries } from './pod-series';

/** One life of a pod: all that is kept of its series. */
export interface PodRecord {
  readonly namespace: string;
  readonly pod: string;
  readonly uid: string;
  readonly node: string;
  readonly providerId: string;
  readonly controller: Controller;
  readonly services: readonly string[];
  readonly labels: Texts;
  readonly annotations: Texts;
  /** Those that ran inside the window, sorted by name. A pod of which none did is kept for its traffic only. */
  readonly containers: readonly ContainerRecord[];
  /** When any of them ran. */
  readonly running: StepFunction;
  /** Name of the claim by volume. */
  readonly volumes: ReadonlyMap<string, string>;
  readonly egress: ReadonlyMap<Traffic, Charge>;
  /** Bytes; null when not measured. */
  readonly transmittedBytes: number | null;
  readonly receivedBytes: number | null;
}

/** What pods are read with. */
export interface PodReader {
  readonly context: ClusterContext;
  readonly meter: EgressMeter;
  /** Of the pods' own series. */
  readonly index: AssetIndex;
}

/** Bytes that a pod's interfaces counted in a span; null when nothing was counted at all. */
function bytesWithin(series: readonly Series[], span: TimeWindow): number | null {
  let total: number | null = null;
  for (const counters of groupBy(series, (one) => labelOf(one, 'interface')).values()) {
    const [only] = counters;
    let growth = only === undefined ? null : growthOf(only, span, counterRange);
    if (counters.length > 1) {
      // A second exporter, or a pod whose sandbox was made anew.
      const increases = countOnce(leadingFirst(counters).map((one) => increasesOf(one, span, counterRange)));
      growth = increases.length === 0 ? null : Number(growthWithin(increases, span));
    }
    if (growth !== null) total = (total ?? 0) + growth;
  }
  return total;
}

function nodeOf(pod: PodSeries, life: Incarnation, { context, index }: PodReader): string {
  const containers = [...pod.containers.values()];
  const sources = [
    () => pod.info,
    () => containers.flatMap(({ cpuRequest, ramRequest }) => [...cpuRequest, ...ramRequest]),
    () => containers.flatMap(({ cpuAllocation, ramAllocation }) => [...cpuAllocation, ...ramAllocation]),
    () => containers.flatMap(({ cpuUsage, ramUsage }) => [...cpuUsage, ...ramUsage]),
  ];
  for (const source of sources) {
    const series = samplesOf(source(), life);
    const names = new Set(series.map((one) => labelOf(one, 'node')));
    names.delete('');
    const [only = ''] = names;
    if (names.size > 0) return names.size === 1 ? only : firstLabel(index.latestFirst(series), 'node');
  }
  // cAdvisor is scraped at the node, and OpenCost of old named it so: where a node of that name exists, that is it.
  const instances = sources.flatMap((source) => source()).map((one) => labelOf(one, 'instance'));
  return instances.sort().find((instance) => context.nodes.has(instance)) ?? '';
}

function volumesOf(pod: PodSeries, life: Incarnation, { context, index }: PodReader): Map<string, string> {
  const volumes = new Map<string, string>();
  for (const series of index.latestFirst(samplesOf(pod.volumes, life)).toReversed()) {
    const claim = labelOf(series, 'persistentvolumeclaim');
    const volume =
      labelOf(series, 'persistentvolume') || (context.volumeOfClaim.get(`${pod.namespace}/${claim}`) ?? '');
    if (volume !== '') volumes.set(volume, claim);
  }
  return volumes;
}

function egressOf(counters: readonly EgressCounter[], life: Incarnation, meter: EgressMeter): Map<Traffic, Charge> {
  const byTraffic = new Map<Traffic, Charge>();
  const span = { startMs: life.fromMs, endMs: life.toMs };
  for (const { traffic, increases } of counters) {
    if (!increases.some(({ fromMs, toMs }) => fromMs < span.endMs && toMs > span.startMs)) continue;
    const charge = meter.charge(traffic, increases, span);
    const before = byTraffic.get(traffic);
    byTraffic.set(traffic, before === undefined ? charge : addCharges(before, charge));
  }
  return byTraffic;
}

function containersOf(pod: PodSeries, life: Incarnation, of: { reader: PodReader; node: string }): ContainerRecord[] {
  const { context, index } = of.reader;
  const { window } = index;
  const place = {
    window,
    around: { startMs: window.startMs - bridgedGapMs, endMs: window.endMs + bridgedGapMs },
    life,
    ofLife: (series: readonly Series[]) => samplesOf(series, life),
    node: context.nodes.get(of.node),
    index,
  };
  return [...pod.containers]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, series]) => containerRecord(name, series, place) ?? []);
}

function podRecord(
  pod: PodSeries,
  life: Incarnation,
  counters: readonly EgressCounter[],
  reader: PodReader,
): PodRecord {
  const { context, meter, index } = reader;
  const { namespace } = pod;
  const node = nodeOf(pod, life, reader);
  const containers = containersOf(pod, life, { reader, node });
  const podLabels = textsOf(samplesOf(pod.labels, life), 'label_', index);
  const namespaceLabels = context.namespaceLabels.get(namespace) ?? {};
  const annotations = textsOf(samplesOf(pod.annotations, life), 'annotation_', index);
  return {
    namespace,
    pod: pod.pod,
    uid: life.uid,
    node,
    providerId: context.nodes.get(node)?.fact.provider_id ?? '',
    controller: context.controllers.controllerOf(namespace, samplesOf(pod.owner, life), podLabels),
    services: context.controllers.servicesOf(namespace, podLabels),
    labels: mergedTexts(context.nodeLabels.get(node) ?? {}, namespaceLabels, podLabels),
    annotations: mergedTexts(context.namespaceAnnotations.get(namespace) ?? {}, annotations),
    containers,
    running: union(containers.map(({ running }) => running)),
    volumes: volumesOf(pod, life, reader),
    egress: egressOf(counters, life, meter),
    transmittedBytes: bytesWithin(samplesOf(pod.transmitted, life), index.window),
    receivedBytes: bytesWithin(samplesOf(pod.received, life), index.window),
  };
}

/** The lives of a pod name that ran or sent something inside the window. */
export function podRecords(pod: PodSeries, counters: readonly EgressCounter[], reader: PodReader): PodRecord[] {
  return incarnationsOf(pod)
    .map((life) => podRecord(pod, life, counters, reader))
    .filter(({ containers, egress }) => containers.length > 0 || egress.size > 0);
}
