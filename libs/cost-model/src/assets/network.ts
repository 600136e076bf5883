import type { AssetFact } from '../asset-fact';
import { byText, labelOf, leadingFirst, type AssetIndex } from '../asset-index';
import { addCharges, chargeUnits, type Charge } from '../charge';
import { countedTime, countOnce, growthWithin, increasesOf, type Increase } from '../counters';
import { add, exactDecimalOf, exactZero, multiply } from '../exact-decimal';
import { bridgedGapMs, mergeSamples, union, type Observation, type StepFunction } from '../intervals';
import type { AssetMetricName, Series } from '../series';
import { areWithin, counterRange, priceRange } from '../value-range';
import type { TimeWindow } from '../window';
import { assetFact } from './fact';

const egressMetric = 'kubecost_pod_network_egress_bytes_total';

const priceMetricByTraffic = {
  internet: 'kubecost_network_internet_egress_cost',
  region: 'kubecost_network_region_egress_cost',
  zone: 'kubecost_network_zone_egress_cost',
} as const satisfies Record<string, AssetMetricName>;

export type Traffic = keyof typeof priceMetricByTraffic;

export const traffics = ['internet', 'region', 'zone'] as const satisfies readonly Traffic[];

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

/** What one counter grew by inside the window, each moment counted once. */
function increasesInWindow(series: readonly Series[], index: AssetIndex): readonly Increase[] {
  if (series.some(({ values }) => !areWithin(values, counterRange))) index.flags.add('invalid-sample');
  return countOnce(leadingFirst(series).map((one) => increasesOf(one, index.window, counterRange)));
}

/** A price list does not lapse between scrapes: the last known price holds, and the first also before it was seen. */
function priceStretches(observations: readonly Observation[]): StepFunction {
  const changes = observations.filter(({ value }, index) => value !== observations[index - 1]?.value);
  return changes.map(({ timestampMs, value }, index) => ({
    startMs: index === 0 ? -Infinity : timestampMs,
    endMs: changes[index + 1]?.timestampMs ?? Infinity,
    value,
  }));
}

const allTime: TimeWindow = { startMs: -Infinity, endMs: Infinity };

function chargeTraffic(increases: readonly Increase[], stretches: StepFunction, span: TimeWindow): Charge {
  const quantity = { coefficient: growthWithin(increases, span), scale: 0 };
  if (stretches.length === 0)
    return { unit: chargeUnits.bytes, quantity, amount: null, intervals: [], atZeroPrice: false };
  let amount = exactZero;
  let atZeroPrice = false;
  for (const { startMs, endMs, value: price } of stretches) {
    const part = { startMs: Math.max(startMs, span.startMs), endMs: Math.min(endMs, span.endMs) };
    const bytes = growthWithin(increases, part);
    amount = add(amount, multiply({ coefficient: bytes, scale: 0 }, exactDecimalOf(price)));
    atZeroPrice ||= price === 0 && bytes > 0n;
  }
  return { unit: chargeUnits.bytes, quantity, amount, intervals: [], atZeroPrice };
}

const isBridged = ({ startMs, endMs }: Increase): boolean => endMs - startMs > bridgedGapMs;

/** What one counter counted inside the window. */
export interface EgressCounter {
  readonly namespace: string;
  readonly pod: string;
  readonly traffic: Traffic;
  readonly increases: readonly Increase[];
}

/** All counters of one kind of traffic so far; only sums are kept. */
interface TrafficTotal {
  charge: Charge;
  covered: StepFunction;
}

/**
 * Egress of pods by where it went, from the counters of the network-costs daemonset × the cluster's prices per GiB.
 * Increases are spread evenly over the time between their samples. Traffic across a gap of more than 5 minutes was real
 * and is kept, flagged, as far as both of its ends are among the samples given.
 *
 * Without such counters the traffic is unknown: no row, and the flag `network-not-measured`.
 */
export class EgressMeter {
  private readonly prices: Readonly<Record<Traffic, StepFunction>>;
  private readonly totals = new Map<Traffic, TrafficTotal>();
  private isMeasured = false;

  /** @param index Has the prices. */
  constructor(private readonly index: AssetIndex) {
    const stretchesOf = (traffic: Traffic): StepFunction => {
      const exported = priceStretches(mergeSamples(index.seriesOf(priceMetricByTraffic[traffic]), priceRange));
      return index.book?.cluster(traffic, exported) ?? exported;
    };
    this.prices = { internet: stretchesOf('internet'), region: stretchesOf('region'), zone: stretchesOf('zone') };
  }

  /** Counts and returns the counters of some pods. All series of one counter come at once. */
  add(some: AssetIndex): EgressCounter[] {
    this.isMeasured ||= some.isPresent(egressMetric);
    return [...some.group(egressMetric, counterKey).values()].flatMap((series) => {
      const [one] = series;
      const traffic = one === undefined ? undefined : trafficOf(one);
      const increases = increasesInWindow(series, some);
      if (one === undefined || traffic === undefined || increases.length === 0) return [];
      if (increases.some(isBridged)) this.index.flags.add('network-gap-bridged');
      if (increases.some(({ afterReset }) => afterReset)) this.index.flags.add('counter-reset');
      this.count(traffic, increases);
      return [{ namespace: labelOf(one, 'namespace'), pod: labelOf(one, 'pod_name', 'pod'), traffic, increases }];
    });
  }

  private count(traffic: Traffic, increases: readonly Increase[]): void {
    const charge = this.charge(traffic, increases);
    const covered = countedTime(increases, isBridged);
    const total = this.totals.get(traffic);
    if (total === undefined) {
      this.totals.set(traffic, { charge, covered });
    } else {
      total.charge = addCharges(total.charge, charge);
      total.covered = union([total.covered, covered]);
    }
  }

  /** What some increases cost, as far as they fall into a span. */
  charge(traffic: Traffic, increases: readonly Increase[], span: TimeWindow = allTime): Charge {
    return chargeTraffic(increases, this.prices[traffic], span);
  }

  /** The rows of everything that was added, sorted. */
  facts(): AssetFact[] {
    if (this.totals.size === 0 && !this.isMeasured) this.index.flags.add('network-not-measured');
    return [...this.totals]
      .sort(([a], [b]) => byText(a, b))
      .map(([traffic, { charge, covered }]) => {
        const priceSeries = this.index.seriesOf(priceMetricByTraffic[traffic]);
        if (priceSeries.some(({ values }) => !areWithin(values, priceRange))) this.index.flags.add('invalid-sample');
        if (charge.amount === null) this.index.flags.add('network-unpriced');
        return assetFact({ type: 'network', key: traffic, covered }, { network: charge }, this.index);
      });
  }
}
