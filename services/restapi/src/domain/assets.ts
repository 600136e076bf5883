import type { AssetType, TimeWindow } from '@cloudtuner/cost-model';
import { sumCosts, type Costs } from './costs';

/** Quantities of an asset, in the names of the facts. */
export const assetQuantities = [
  'cpu_core_hours',
  'ram_byte_hours',
  'gpu_hours',
  'storage_byte_hours',
  'network_bytes',
  'load_balancer_hours',
  'management_hours',
] as const;

/** One of {@link assetQuantities}. */
export type AssetQuantity = (typeof assetQuantities)[number];

/** One asset over the hours in which it was there: from the start of the first to the end of the last. */
export interface ClusterAsset extends TimeWindow {
  readonly assetType: AssetType;
  readonly name: string;
  readonly providerId: string;
  /** As last seen. */
  readonly properties: Readonly<Record<string, string>>;
  readonly coveredSeconds: number;
  /** Null: not applicable or not measured. */
  readonly quantities: Readonly<Record<AssetQuantity, number | null>>;
  readonly costs: Costs;
}

/** How a list of assets is sorted; what is equal in it is by type and name. */
export type AssetOrder = '-cost' | 'cost' | 'name' | '-name';

/** A record with one number for each quantity. */
export function quantitiesFrom(
  numberOf: (quantity: AssetQuantity) => number | null,
): Readonly<Record<AssetQuantity, number | null>> {
  const quantities: Partial<Record<AssetQuantity, number | null>> = {};
  for (const quantity of assetQuantities) quantities[quantity] = numberOf(quantity);
  // Every quantity has been given its number.
  return quantities as Record<AssetQuantity, number | null>;
}

function sumKnown(numbers: readonly (number | null)[]): number | null {
  const known = numbers.filter((number) => number !== null);
  return known.length === 0 ? null : known.reduce((a, b) => a + b, 0);
}

function combined(first: ClusterAsset, parts: readonly ClusterAsset[]): ClusterAsset {
  const latest = parts.reduce((a, b) => (b.endMs > a.endMs ? b : a), first);
  return {
    assetType: first.assetType,
    name: first.name,
    providerId: latest.providerId,
    properties: latest.properties,
    startMs: Math.min(...parts.map(({ startMs }) => startMs)),
    endMs: latest.endMs,
    coveredSeconds: parts.reduce((sum, { coveredSeconds }) => sum + coveredSeconds, 0),
    quantities: quantitiesFrom((quantity) => sumKnown(parts.map(({ quantities }) => quantities[quantity]))),
    costs: sumCosts(parts.map(({ costs }) => costs)),
  };
}

/** One asset of each type and name, with the sums over all that is given of it. */
export function combineAssets(parts: readonly ClusterAsset[]): ClusterAsset[] {
  const groups = new Map<string, [ClusterAsset, ...ClusterAsset[]]>();
  for (const part of parts) {
    const key = `${part.assetType} ${part.name}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [part]);
    else group.push(part);
  }
  return [...groups.values()].map((group) => (group.length === 1 ? group[0] : combined(group[0], group)));
}

const compareTexts = (a: string, b: string): number => Number(a > b) - Number(a < b);
const byIdentity = (a: ClusterAsset, b: ClusterAsset): number =>
  compareTexts(a.assetType, b.assetType) || compareTexts(a.name, b.name);

/** Sorted; of what is sorted by cost, an unknown cost is last either way. */
export function sortAssets(assets: readonly ClusterAsset[], order: AssetOrder): ClusterAsset[] {
  const sign = order.startsWith('-') ? -1 : 1;
  const byCost = (a: ClusterAsset, b: ClusterAsset): number => {
    const [left, right] = [a.costs.total, b.costs.total];
    if (left === null || right === null) return Number(left === null) - Number(right === null);
    return sign * (Number(left > right) - Number(left < right));
  };
  const byName = (a: ClusterAsset, b: ClusterAsset): number => sign * compareTexts(a.name, b.name);
  const compare = order.endsWith('name') ? byName : byCost;
  return [...assets].sort((a, b) => compare(a, b) || byIdentity(a, b));
}
