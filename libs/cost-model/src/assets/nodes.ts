import type { AssetFact } from '../asset-fact';
import { firstLabel, labelOf, type AssetIndex } from '../asset-index';
import { chargeCapacity, chargeUnits, type Charge } from '../charge';
import { union, type StepFunction } from '../intervals';
import type { AssetMetricName, Series } from '../series';
import { textsOf } from '../labels';
import { priceSourceOf, type NodeTraits, type PriceSource } from '../price-book';
import { priceRange, quantityRange } from '../value-range';
import { assetFact } from './fact';

const priceMetrics = ['node_cpu_hourly_cost', 'node_ram_hourly_cost', 'node_gpu_hourly_cost'] as const;
const capacityMetrics = [
  'kube_node_status_capacity',
  'kube_node_status_capacity_cpu_cores',
  'kube_node_status_capacity_memory_bytes',
] as const;

/** All series of one node, by what they say. */
interface NodeSeries {
  readonly cpuPrice: readonly Series[];
  readonly ramPrice: readonly Series[];
  readonly gpuPrice: readonly Series[];
  readonly cpuCores: readonly Series[];
  readonly ramBytes: readonly Series[];
  readonly gpuCount: readonly Series[];
  readonly isSpot: readonly Series[];
  readonly labels: readonly Series[];
}

/** OpenCost names the node in `node`, and in `instance` too; only there in old versions. */
const pricedNode = (series: Series): string => labelOf(series, 'node', 'instance');

/** Looks up the series of a node; grouping is done once per metric for all nodes. */
function nodeSeriesLookup(index: AssetIndex): {
  readonly names: ReadonlySet<string>;
  readonly seriesOf: (node: string) => NodeSeries;
} {
  const group = (metric: AssetMetricName, keyOf = pricedNode): ReadonlyMap<string, readonly Series[]> =>
    index.group(metric, keyOf);
  const nodeOf = (series: Series): string => labelOf(series, 'node');
  const resourceOf = (resource: string) => (series: Series) =>
    labelOf(series, 'resource') === resource ? nodeOf(series) : '';
  const [cpuPrice, ramPrice, gpuPrice] = priceMetrics.map((metric) => group(metric));
  const cpuCores = [group(capacityMetrics[0], resourceOf('cpu')), group(capacityMetrics[1], nodeOf)];
  const ramBytes = [group(capacityMetrics[0], resourceOf('memory')), group(capacityMetrics[2], nodeOf)];
  const gpuCount = group('node_gpu_count');
  const isSpot = group('kubecost_node_is_spot');
  const labels = group('kube_node_labels', nodeOf);

  const identifying = [cpuPrice, ramPrice, gpuPrice, ...cpuCores, ...ramBytes];
  return {
    names: new Set(identifying.flatMap((groups) => [...(groups?.keys() ?? [])])),
    seriesOf: (node) => ({
      cpuPrice: cpuPrice?.get(node) ?? [],
      ramPrice: ramPrice?.get(node) ?? [],
      gpuPrice: gpuPrice?.get(node) ?? [],
      cpuCores: cpuCores.flatMap((groups) => groups.get(node) ?? []),
      ramBytes: ramBytes.flatMap((groups) => groups.get(node) ?? []),
      gpuCount: gpuCount.get(node) ?? [],
      isSpot: isSpot.get(node) ?? [],
      labels: labels.get(node) ?? [],
    }),
  };
}

function spotText(index: AssetIndex, series: readonly Series[]): string {
  const spot = index.known(series, quantityRange).at(-1);
  if (spot === undefined) return '';
  return spot.value > 0 ? 'true' : 'false';
}

function describeNode(node: string, series: NodeSeries, index: AssetIndex): NodeTraits {
  const priced = index.latestFirst([...series.cpuPrice, ...series.ramPrice, ...series.gpuPrice]);
  return {
    node,
    arch: firstLabel(priced, 'arch'),
    instanceType: firstLabel(priced, 'instance_type'),
    providerId: firstLabel(priced, 'provider_id'),
    region: firstLabel(priced, 'region'),
    spot: spotText(index, series.isSpot),
    labels: textsOf(series.labels, 'label_', index),
  };
}

/** The exporter's prices, and what the account's price book makes of them. */
function pricesOf(
  series: NodeSeries,
  traits: NodeTraits,
  index: AssetIndex,
): { readonly prices: PricedNode['prices']; readonly source: PriceSource } {
  const exported = {
    cpu: index.known(series.cpuPrice, priceRange),
    ram: index.known(series.ramPrice, priceRange),
    gpu: index.known(series.gpuPrice, priceRange),
  };
  const { book } = index;
  if (book === undefined) return { prices: exported, source: '' };
  const prices = {
    cpu: book.node(traits, 'cpu', exported.cpu),
    ram: book.node(traits, 'ram', exported.ram),
    gpu: book.node(traits, 'gpu', exported.gpu),
  };
  const source = priceSourceOf([prices.cpu, exported.cpu], [prices.ram, exported.ram], [prices.gpu, exported.gpu]);
  return { prices, source };
}

function flagUnknowns(charges: NodeCharges, index: AssetIndex): void {
  const { cpu, ram, gpu } = charges;
  if (cpu === null || ram === null) index.flags.add('node-capacity-unknown');
  const unpriced = [cpu, ram, gpu].some((charge) => charge?.amount === null && charge.quantity.coefficient !== 0n);
  if (unpriced) index.flags.add('node-unpriced');
}

export interface NodeCharges {
  readonly cpu: Charge | null;
  readonly ram: Charge | null;
  readonly gpu: Charge | null;
}

/** A node, when it was observed inside the window, and what its fact was rounded from. */
export interface PricedNode {
  readonly fact: AssetFact;
  /** When anything was seen of it, priced or not. */
  readonly present: StepFunction;
  readonly covered: StepFunction;
  /** When any of it could be charged. More samples never make this less. */
  readonly charged: StepFunction;
  readonly charges: NodeCharges;
  /** Per core-hour, GiB-hour and GPU-hour. */
  readonly prices: Readonly<Record<keyof NodeCharges, StepFunction>>;
}

function priceNode(node: string, series: NodeSeries, index: AssetIndex): PricedNode | undefined {
  const present = index.presence([
    ...series.cpuPrice,
    ...series.ramPrice,
    ...series.gpuPrice,
    ...series.cpuCores,
    ...series.ramBytes,
  ]);
  if (present.length === 0) return undefined;
  const described = describeNode(node, series, index);
  const { prices, source } = pricesOf(series, described, index);
  const charge = (capacity: readonly Series[], price: StepFunction, unit: Charge['unit']): Charge | null =>
    chargeCapacity(index.known(capacity, quantityRange), price, unit);
  const charges = {
    cpu: charge(series.cpuCores, prices.cpu, chargeUnits.countHours),
    ram: charge(series.ramBytes, prices.ram, chargeUnits.byteHours),
    gpu: charge(series.gpuCount, prices.gpu, chargeUnits.countHours),
  };
  flagUnknowns(charges, index);
  // What could be charged, as long as anything could: a price that is missing for a while is missing coverage.
  const known = Object.values(charges).flatMap((one) => (one === null || one.amount === null ? [] : [one.intervals]));
  const charged = union(known.map((intervals) => intervals.map((interval) => ({ ...interval, value: 1 }))));
  const covered = known.length === 0 ? present : charged;
  const { providerId, instanceType, labels: _labels, ...traits } = described;
  const properties = { ...traits, instance_type: instanceType, price_source: source };
  const fact = assetFact({ type: 'node', key: node, providerId, properties, covered }, charges, index);
  return { fact, present, covered, charged, charges, prices };
}

/**
 * Nodes at their capacity: cores, bytes of memory and GPUs × the node's own prices.
 *
 * **Source**: OpenCost's node assets, with prices taken as they change, not averaged over the window.
 */
export function priceNodes(index: AssetIndex): PricedNode[] {
  const { names, seriesOf } = nodeSeriesLookup(index);
  return [...names].flatMap((node) => priceNode(node, seriesOf(node), index) ?? []);
}
