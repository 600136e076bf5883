import type { AllocationFact, AllocationFlag } from '../allocation-fact';
import { compareAllocationFacts } from '../allocation-fact';
import type { DataQualityFlag } from '../asset-fact';
import { AssetIndex, byText, labelOf } from '../asset-index';
import {
  flagSeveralClusters,
  pricedAssets,
  priceStandingAssets,
  type PricedAssets,
  type StandingAssets,
} from '../assets';
import { EgressMeter, type EgressCounter } from '../assets/network';
import { podMetricNames, type AssetSeries, type Series } from '../series';
import type { TimeWindow } from '../window';
import { clusterContext, type ClusterContext } from './cluster-context';
import { containerRows } from './container-rows';
import { divideLoadBalancer, divideNetwork, managementRow } from './divide-fees';
import { divideNode, rowsByNode } from './divide-nodes';
import { divideVolume, podsByVolume } from './divide-volumes';
import { podRecords, type PodRecord } from './pod-record';
import { PodSeriesIndex } from './pod-series';
import { factOf } from './row-draft';

export interface AllocateHourInput {
  readonly window: TimeWindow;
  /** Samples from 5 minutes before the window to 5 minutes after it, so that its edges are whole. */
  readonly series: AssetSeries;
}

export interface AllocatedHour extends Omit<PricedAssets, 'flags'> {
  /** Sorted by {@link compareAllocationFacts}; per resource and in total they add up to `assets`. */
  readonly allocations: readonly AllocationFact[];
  /** Sorted. */
  readonly flags: readonly (DataQualityFlag | AllocationFlag)[];
}

const podMetrics: ReadonlySet<string> = new Set(podMetricNames);
const isOfPod = ({ labels }: Series): boolean => podMetrics.has(labels['__name__'] ?? '');

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
  constructor({ window, series }: AllocateHourInput) {
    this.index = new AssetIndex(series, window);
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
    const counters = new Map<object, EgressCounter[]>();
    for (const counter of this.meter.add(index)) {
      const pod = podIndex.pod(counter.namespace, counter.pod);
      const known = counters.get(pod);
      if (known === undefined) counters.set(pod, [counter]);
      else known.push(counter);
    }
    const reader = { context: this.context, meter: this.meter, index };
    for (const pod of podIndex.pods) this.pods.push(...podRecords(pod, counters.get(pod) ?? [], reader));
    for (const flag of index.flags) this.index.flags.add(flag);
    const lastMs = index.lastSampleMs();
    if (lastMs !== null) this.lastSampleMs = Math.max(this.lastSampleMs ?? lastMs, lastMs);
  }

  /** Divides the hour's assets among the pods that were added. */
  finish(): AllocatedHour {
    const { index, standing } = this;
    const network = this.meter.facts();
    this.clusterIds.delete('');
    if (this.clusterIds.size > 1) index.flags.add('multiple-cluster-ids');
    const priced = pricedAssets(standing, network, index);
    const allocations = this.divide(network).sort(compareAllocationFacts);
    const rowFlags = new Set<DataQualityFlag | AllocationFlag>(allocations.flatMap(({ flags }) => flags));
    return {
      allocations,
      assets: priced.assets,
      measuredSeconds: priced.measuredSeconds,
      expectedSeconds: priced.expectedSeconds,
      lastSampleMs: this.lastSampleMs,
      flags: [...new Set([...priced.flags, ...rowFlags])].sort(byText),
    };
  }

  private divide(network: PricedAssets['assets']): AllocationFact[] {
    const { window } = this.index;
    const { nodes, disks, loadBalancers, management } = this.standing;
    const inOrder = this.pods.sort(
      (a, b) => byText(a.namespace, b.namespace) || byText(a.pod, b.pod) || byText(a.uid, b.uid),
    );
    const pods = containerRows(inOrder, window);
    const byNode = rowsByNode(pods);
    const byVolume = podsByVolume(pods);
    const rest = [
      ...nodes.map((node) => divideNode(node, byNode.get(node.fact.asset_key) ?? [], window)),
      ...disks.flatMap((disk) => {
        const volume = disk.fact.asset_key;
        const claim = this.context.claimOfVolume.get(volume);
        return divideVolume(disk, byVolume.get(volume) ?? [], { claim, window });
      }),
      ...loadBalancers.flatMap((balancer) => divideLoadBalancer(balancer, pods, window)),
      ...management.map((fact) => managementRow(fact, window)),
      ...divideNetwork(network, pods),
    ];
    return [...pods.flatMap(({ rows }) => rows.map(({ draft }) => draft)), ...rest].map(factOf);
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
export function allocateHour({ window, series }: AllocateHourInput): AllocatedHour {
  const allocator = new HourAllocator({ window, series: series.filter((one) => !isOfPod(one)) });
  allocator.add(series.filter(isOfPod));
  return allocator.finish();
}
