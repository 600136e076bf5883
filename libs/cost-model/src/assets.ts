import type { AssetFact, DataQualityFlag } from './asset-fact';
import { byText, labelOf, AssetIndex } from './asset-index';
import { priceDisks, type PricedDisk } from './assets/disks';
import { priceLoadBalancers, priceManagement, type PricedLoadBalancer } from './assets/hourly-fees';
import { EgressMeter } from './assets/network';
import { priceNodes, type PricedNode } from './assets/nodes';
import { bridgedGapMs, lengthMs, longestHoleMs, union } from './intervals';
import type { PriceBook } from './price-book';
import type { AssetSeries, Series } from './series';
import type { TimeWindow } from './window';

export interface PriceAssetsInput {
  readonly window: TimeWindow;
  /** Samples from 5 minutes before the window to 5 minutes after it, so that its edges are whole. */
  readonly series: AssetSeries;
  /** Prices of the account that stand above or beside the exporter's. */
  readonly prices?: PriceBook | undefined;
}

export interface PricedAssets {
  /** Sorted by type, then key. */
  readonly assets: readonly AssetFact[];
  /** Seconds of the window in which at least one node could be charged. More samples never make this less. */
  readonly measuredSeconds: number;
  /** Seconds of the window in which anything was seen of at least one node, whatever is known of prices; at least those measured. */
  readonly observedSeconds: number;
  /** Length of the window in seconds. */
  readonly expectedSeconds: number;
  /** The latest sample inside the window; null when there is none. */
  readonly lastSampleMs: number | null;
  /** Sorted. */
  readonly flags: readonly DataQualityFlag[];
}

/** One account is one cluster: series of several are priced all the same, and flagged. */
export function flagSeveralClusters(series: readonly Series[], index: AssetIndex): void {
  const labels = new Set(series.map((one) => labelOf(one, 'cluster_id')).filter((id) => id !== ''));
  const infos = new Set(index.seriesOf('kubecost_cluster_info').map((one) => labelOf(one, 'id')));
  if (labels.size > 1 || infos.size > 1) index.flags.add('multiple-cluster-ids');
}

/** The assets of a window but its network, with what their facts were rounded from. */
export interface StandingAssets {
  readonly nodes: readonly PricedNode[];
  readonly disks: readonly PricedDisk[];
  readonly loadBalancers: readonly PricedLoadBalancer[];
  readonly management: readonly AssetFact[];
}

export function priceStandingAssets(index: AssetIndex): StandingAssets {
  return {
    nodes: priceNodes(index),
    disks: priceDisks(index),
    loadBalancers: priceLoadBalancers(index),
    management: priceManagement(index),
  };
}

/** Puts the answer together from assets that are priced. */
export function pricedAssets(standing: StandingAssets, network: readonly AssetFact[], index: AssetIndex): PricedAssets {
  const { window } = index;
  const { nodes, disks, loadBalancers, management } = standing;
  const assets = [...[...nodes, ...disks, ...loadBalancers].map(({ fact }) => fact), ...management, ...network].sort(
    (a, b) => byText(a.asset_type, b.asset_type) || byText(a.asset_key, b.asset_key),
  );
  const observed = union(nodes.map(({ covered }) => covered));
  const measured = union(nodes.map(({ charged }) => charged));
  if (longestHoleMs(observed, window) > bridgedGapMs) index.flags.add('coverage-gap');
  return {
    assets,
    observedSeconds: Math.round(lengthMs(union(nodes.map(({ present }) => present))) / 1000),
    measuredSeconds: Math.round(lengthMs(measured) / 1000),
    expectedSeconds: Math.round((window.endMs - window.startMs) / 1000),
    lastSampleMs: index.lastSampleMs(),
    flags: [...index.flags].sort(byText),
  };
}

/**
 * The cost of a cluster's assets in a window: nodes at capacity, volumes, load balancers, egress and the management fee.
 *
 * A sample holds until the next of the same asset when that comes within 5 minutes; over longer gaps nothing is charged,
 * and the last sample does not extend. Prices count from the moment at which they change. Arithmetic is exact; each part
 * of an asset is rounded once, to nanos, and a total is the integer sum of its parts. The answer depends on the set of
 * samples only, not on their order, and samples or series that are there twice count once.
 */
export function priceAssets({ window, series, prices }: PriceAssetsInput): PricedAssets {
  const index = new AssetIndex(series, window, prices);
  flagSeveralClusters(series, index);
  const egress = new EgressMeter(index);
  egress.add(index);
  return pricedAssets(priceStandingAssets(index), egress.facts(), index);
}
