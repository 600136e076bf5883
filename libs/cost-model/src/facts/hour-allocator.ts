import type { AllocationFact, AllocationFlag } from '../allocation-fact';
import { compareAllocationFacts } from '../allocation-fact';
import type { DataQualityFlag } from '../asset-fact';
import { AssetIndex, byText, labelOf } from '../asset-index';
import {
  flagSeveralClusters,
  pricedAssets,
  priceStandingAssets,
  type PriceAssetsInput,
  type PricedAssets,
  type StandingAssets,
} from '../assets';
import { EgressMeter } from '../assets/network';
import { groupBy } from '../group-by';
import { podMetricNames, type AssetSeries, type Series } from '../series';
import { clusterContext, type ClusterContext } from './cluster-context';
import { containerRows } from './container-rows';
import { divideLoadBalancer, divideNetwork, managementRow } from './divide-fees';
import { divideNode, rowsByNode } from './divide-nodes';
import { divideVolume, podsByVolume } from './divide-volumes';
import { podRecords, type PodRecord } from './pod-record';
import { PodSeriesIndex } from './pod-series';
import { factOf } from './row-draft';

export type AllocateHourInput = PriceAssetsInput;

export interface AllocatedHour extends Omit<PricedAssets, 'flags'> {
  /** Sorted by {@link compareAllocationFacts}; per resource and in total they add up to `assets`. */
  readonly allocations: readonly AllocationFact[];
  /** Sorted. */
  readonly flags: readonly (DataQualityFlag | AllocationFlag)[];
}

const podMetrics: ReadonlySet<string> = new Set(podMetricNames);
const isOfPod = ({ labels }: Series): boolean => podMetrics.has(labels['__name__'] ?? '');

/** Does something to so many things at a time, with a pause after each time. */
function* inSteps<Thing, Result>(
  things: readonly Thing[],
  count: number,
  act: (some: readonly Thing[]) => Result,
): Generator<undefined, Result[]> {
  const results: Result[] = [];
  for (let from = 0; from < things.length; from += count) {
    results.push(act(things.slice(from, from + count)));
    yield;
  }
  return results;
}

/**
 * Prices and divides one hour of a cluster whose series do not fit in memory at once: first what describes the cluster
 * (`clusterMetricNames`), then its pods (`podMetricNames`) in any number of parts. All series of one pod (namespace and
 * name) come in one part; how pods are divided into parts, and in what order they come, makes no difference to the answer.
 *
 * Of each part only sums and names are kept: a few kilobytes for each container.
 */
export class HourAllocator {
  private readonly index: AssetIndex;
  private readonly standing: StandingAssets;
  private readonly context: ClusterContext;
  private readonly meter: EgressMeter;
  private readonly clusterIds = new Set<string>();
  private readonly pods: PodRecord[] = [];
  private lastSampleMs: number | null;

  /** @param input The cluster's series. */
  constructor({ window, series, prices }: AllocateHourInput) {
    this.index = new AssetIndex(series, window, prices);
    this.noteClusterIds(series);
    flagSeveralClusters(series, this.index);
    this.standing = priceStandingAssets(this.index);
    this.context = clusterContext(this.index, this.standing.nodes);
    this.meter = new EgressMeter(this.index);
    this.lastSampleMs = this.index.lastSampleMs();
  }

  private noteClusterIds(series: AssetSeries): void {
    for (const one of series) this.clusterIds.add(labelOf(one, 'cluster_id'));
  }

  /** Reads some pods. */
  add(series: AssetSeries): void {
    this.noteClusterIds(series);
    const index = new AssetIndex(series, this.index.window);
    const podIndex = new PodSeriesIndex(series);
    const counters = groupBy(this.meter.add(index), ({ namespace, pod }) => podIndex.pod(namespace, pod));
    const reader = { context: this.context, meter: this.meter, index };
    for (const pod of podIndex.pods) this.pods.push(...podRecords(pod, counters.get(pod) ?? [], reader));
    for (const flag of index.flags) this.index.flags.add(flag);
    const lastMs = index.lastSampleMs();
    if (lastMs !== null) this.lastSampleMs = Math.max(this.lastSampleMs ?? lastMs, lastMs);
  }

  /** Divides the hour's assets among the pods that were added. */
  finish(): AllocatedHour {
    const steps = this.finishing();
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value;
    }
  }

  /** The same in steps of some milliseconds each, for callers that have others to answer in between. */
  *finishing(): Generator<undefined, AllocatedHour> {
    const { index, standing } = this;
    const network = this.meter.facts();
    this.clusterIds.delete('');
    if (this.clusterIds.size > 1) index.flags.add('multiple-cluster-ids');
    const priced = pricedAssets(standing, network, index);
    const allocations = (yield* this.dividing(network)).sort(compareAllocationFacts);
    const rowFlags = new Set<DataQualityFlag | AllocationFlag>(allocations.flatMap(({ flags }) => flags));
    return {
      allocations,
      assets: priced.assets,
      measuredSeconds: priced.measuredSeconds,
      observedSeconds: priced.observedSeconds,
      expectedSeconds: priced.expectedSeconds,
      lastSampleMs: this.lastSampleMs,
      flags: [...new Set([...priced.flags, ...rowFlags])].sort(byText),
    };
  }

  private *dividing(network: PricedAssets['assets']): Generator<undefined, AllocationFact[]> {
    const { window } = this.index;
    const { nodes, disks, loadBalancers, management } = this.standing;
    const inOrder = this.pods.sort(
      (a, b) => byText(a.namespace, b.namespace) || byText(a.pod, b.pod) || byText(a.uid, b.uid),
    );
    yield;
    const pods = (yield* inSteps(inOrder, 500, (some) => containerRows(some, window))).flat();
    const byNode = rowsByNode(pods);
    const byVolume = podsByVolume(pods);
    const idle = yield* inSteps(nodes, 50, (some) =>
      some.map((node) => divideNode(node, byNode.get(node.fact.asset_key) ?? [], window)),
    );
    const unmounted = disks.flatMap((disk) => {
      const volume = disk.fact.asset_key;
      const claim = this.context.claimOfVolume.get(volume);
      return divideVolume(disk, byVolume.get(volume) ?? [], { claim, window });
    });
    yield;
    const fees = [
      ...loadBalancers.flatMap((balancer) => divideLoadBalancer(balancer, pods, window)),
      ...management.map((fact) => managementRow(fact, window)),
      ...divideNetwork(network, pods),
    ];
    const drafts = [
      ...pods.flatMap(({ rows }) => rows.map(({ draft }) => draft)),
      ...idle.flat(),
      ...unmounted,
      ...fees,
    ];
    return (yield* inSteps(drafts, 1_000, (some) => some.map(factOf))).flat();
  }
}

/**
 * The cost of a cluster's containers in one hour, and what no container caused of the cost of its assets.
 *
 * A container is charged for the larger of request and usage at each moment at which it runs, at its node's price at that
 * moment; for its part of the volumes that its pod mounts, of the load balancers whose Services select it, and of what
 * its pod sends. Per resource and in total, rows add up to the assets of `priceAssets` to the nano. The answer depends on
 * the set of samples only, not on their order.
 */
export function allocateHour({ series, ...rest }: AllocateHourInput): AllocatedHour {
  const allocator = new HourAllocator({ ...rest, series: series.filter((one) => !isOfPod(one)) });
  allocator.add(series.filter(isOfPod));
  return allocator.finish();
}
