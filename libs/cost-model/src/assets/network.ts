import type { AssetFact } from '../asset-fact';
import { byText, canonicalText, groupBy, isPrice, labelOf, type AssetIndex } from '../asset-index';
import { chargeUnits, type Charge } from '../charge';
import { countedTime, countOnce, growthWithin, increasesOf, maxCounter, type Increase } from '../counters';
import { add, exactDecimalOf, exactZero, multiply } from '../exact-decimal';
import { bridgedGapMs, mergeSamples, union, type Observation } from '../intervals';
import type { AssetMetricName, Series } from '../series';
import type { TimeWindow } from '../window';
import { assetFact } from './fact';

const egressMetric = 'kubecost_pod_network_egress_bytes_total';

const priceMetricByTraffic = {
  internet: 'kubecost_network_internet_egress_cost',
  region: 'kubecost_network_region_egress_cost',
  zone: 'kubecost_network_zone_egress_cost',
} as const satisfies Record<string, AssetMetricName>;

type Traffic = keyof typeof priceMetricByTraffic;

/** Where the bytes went; undefined for traffic inside a zone, which costs nothing. */
function trafficOf(series: Series): Traffic | undefined {
  if (labelOf(series, 'internet') === 'true') return 'internet';
  if (labelOf(series, 'same_zone') !== 'false') return undefined;
  return labelOf(series, 'same_region') === 'true' ? 'zone' : 'region';
}

/** What makes a counter itself; everything else says who scraped it. */
const counterLabels = ['namespace', 'pod_name', 'service', 'internet', 'same_region', 'same_zone', 'nat_gateway'];

const counterKey = (series: Series): string =>
  trafficOf(series) === undefined ? '' : JSON.stringify(counterLabels.map((name) => labelOf(series, name)));

/** One series per label set, the one that began first in front; the order does not depend on how they came in. */
function leadingFirst(series: readonly Series[]): readonly Series[] {
  if (series.length === 1) return series;
  return [...groupBy(series, canonicalText)]
    .map(([text, parts]) => ({
      text,
      labels: parts[0]?.labels ?? {},
      timestampsMs: parts.flatMap(({ timestampsMs }) => timestampsMs),
      values: parts.flatMap(({ values }) => values),
    }))
    .map((merged) => ({ ...merged, firstMs: merged.timestampsMs.reduce((a, b) => Math.min(a, b), Infinity) }))
    .sort((a, b) => a.firstMs - b.firstMs || byText(a.text, b.text));
}

const isCounter = (value: number): boolean => value >= 0 && value <= maxCounter;

/** What one counter grew by inside the window, each moment counted once. */
function increasesInWindow(series: readonly Series[], index: AssetIndex): readonly Increase[] {
  if (series.some(({ values }) => !values.every(isCounter))) index.flags.add('invalid-sample');
  return countOnce(leadingFirst(series).map((one) => increasesOf(one, index.window, isCounter)));
}

interface PriceStretch extends TimeWindow {
  readonly price: number;
}

/** A price list does not lapse between scrapes: the last known price holds, and the first also before it was seen. */
function priceStretches(observations: readonly Observation[]): PriceStretch[] {
  const changes = observations.filter(({ value }, index) => value !== observations[index - 1]?.value);
  return changes.map(({ timestampMs, value }, index) => ({
    startMs: index === 0 ? -Infinity : timestampMs,
    endMs: changes[index + 1]?.timestampMs ?? Infinity,
    price: value,
  }));
}

const allTime: TimeWindow = { startMs: -Infinity, endMs: Infinity };

function chargeTraffic(increases: readonly Increase[], stretches: readonly PriceStretch[]): Charge {
  const quantity = { coefficient: growthWithin(increases, allTime), scale: 0 };
  if (stretches.length === 0)
    return { unit: chargeUnits.bytes, quantity, amount: null, intervals: [], atZeroPrice: false };
  let amount = exactZero;
  let atZeroPrice = false;
  for (const stretch of stretches) {
    const bytes = growthWithin(increases, stretch);
    amount = add(amount, multiply({ coefficient: bytes, scale: 0 }, exactDecimalOf(stretch.price)));
    atZeroPrice ||= stretch.price === 0 && bytes > 0n;
  }
  return { unit: chargeUnits.bytes, quantity, amount, intervals: [], atZeroPrice };
}

const isBridged = ({ startMs, endMs }: Increase): boolean => endMs - startMs > bridgedGapMs;

function priceTraffic(traffic: Traffic, counters: readonly (readonly Increase[])[], index: AssetIndex): AssetFact {
  const priceSeries = index.seriesOf(priceMetricByTraffic[traffic]);
  if (priceSeries.some(({ values }) => !values.every(isPrice))) index.flags.add('invalid-sample');
  const increases = counters.flat();
  const network = chargeTraffic(increases, priceStretches(mergeSamples(priceSeries, isPrice)));
  if (network.amount === null) index.flags.add('network-unpriced');
  if (increases.some(isBridged)) index.flags.add('network-gap-bridged');
  if (increases.some(({ afterReset }) => afterReset)) index.flags.add('counter-reset');
  const covered = union(counters.map((one) => countedTime(one, isBridged)));
  return assetFact({ type: 'network', key: traffic, covered }, { network }, index);
}

/**
 * Egress of pods by where it went, from the counters of the network-costs daemonset × the cluster's prices per GiB.
 * Increases are spread evenly over the time between their samples. Traffic across a gap of more than 5 minutes was real
 * and is kept, flagged, as far as both of its ends are among the samples given.
 *
 * Without such counters the traffic is unknown: no row, and the flag `network-not-measured`.
 */
export function priceNetwork(index: AssetIndex): AssetFact[] {
  const countersByTraffic = new Map<Traffic, (readonly Increase[])[]>();
  for (const series of index.group(egressMetric, counterKey).values()) {
    const traffic = series[0] === undefined ? undefined : trafficOf(series[0]);
    const increases = increasesInWindow(series, index);
    if (traffic === undefined || increases.length === 0) continue;
    const counters = countersByTraffic.get(traffic);
    if (counters === undefined) countersByTraffic.set(traffic, [increases]);
    else counters.push(increases);
  }
  if (countersByTraffic.size === 0 && !index.isPresent(egressMetric)) index.flags.add('network-not-measured');
  return [...countersByTraffic]
    .sort(([a], [b]) => byText(a, b))
    .map(([traffic, counters]) => priceTraffic(traffic, counters, index));
}
