import {
  kubecostQuantities,
  nanosFromNumber,
  type KubecostQuantity,
  type KubecostResource,
  type KubecostRow,
  type Nanos,
} from '@cloudtuner/cost-model';
import type { KubecostAllocation } from './allocation-schema';

// Both products round to five decimals, each part by itself: less than this is rounding, not a part that is not known.
const roundingOfTotal = 0.0001;

const sumOf = (...parts: readonly (number | null)[]): number =>
  parts.reduce<number>((sum, part) => sum + (part ?? 0), 0);

function nonZero<K extends string>(entries: readonly (readonly [K, number])[]): Partial<Record<K, number>> {
  return Object.fromEntries(entries.filter(([, value]) => value !== 0)) as Partial<Record<K, number>>;
}

/** Whether the row is of a container: idle is not. */
export function isContainerRow({ name }: KubecostAllocation): boolean {
  return !name.includes('__idle__');
}

/** What a row cost by resource, adjustments from the bill included; what its total has beyond the known parts is `other`. What is 0 is left out. */
export function containerCosts(row: KubecostAllocation): Partial<Record<KubecostResource, number>> {
  const known: (readonly [KubecostResource, number])[] = [
    ['cpu', sumOf(row.cpuCost, row.cpuCostAdjustment)],
    ['ram', sumOf(row.ramCost, row.ramCostAdjustment)],
    ['gpu', sumOf(row.gpuCost, row.gpuCostAdjustment)],
    ['pv', sumOf(row.pvCost, row.pvCostAdjustment)],
    ['network', sumOf(row.networkCost, row.networkCostAdjustment)],
    ['load_balancer', sumOf(row.loadBalancerCost, row.loadBalancerCostAdjustment)],
    ['shared', sumOf(row.sharedCost)],
    ['external', sumOf(row.externalCost)],
  ];
  const rest = (row.totalCost ?? 0) - known.reduce((sum, [, cost]) => sum + cost, 0);
  const isKnown = row.totalCost === null || Math.abs(rest) <= roundingOfTotal;
  return nonZero(isKnown ? known : [...known, ['other', rest]]);
}

/** Quantities of a row; what is 0 is left out. */
export function containerQuantities(row: KubecostAllocation): Partial<Record<KubecostQuantity, number>> {
  return nonZero<KubecostQuantity>(kubecostQuantities.map((quantity) => [quantity, row[quantity] ?? 0]));
}

const nanosOf = (costs: Partial<Record<KubecostResource, number>>): Partial<Record<KubecostResource, Nanos>> =>
  Object.fromEntries(Object.entries(costs).map(([resource, cost]) => [resource, nanosFromNumber(cost)]));

function toRow(row: KubecostAllocation): KubecostRow {
  const { properties, minutes } = row;
  return {
    clusterId: properties?.cluster ?? '',
    namespace: properties?.namespace ?? '',
    pod: properties?.pod ?? '',
    container: properties?.container ?? '',
    node: properties?.node ?? '',
    minutes: minutes ?? 0,
    costs: nanosOf(containerCosts(row)),
    quantities: containerQuantities(row),
  };
}

function addNanos(left: KubecostRow['costs'], right: KubecostRow['costs']): KubecostRow['costs'] {
  const sum: Partial<Record<KubecostResource, Nanos>> = { ...left };
  for (const [resource, cost] of Object.entries(right) as [KubecostResource, Nanos][]) {
    sum[resource] = (sum[resource] ?? 0n) + cost;
  }
  return sum;
}

function addQuantities(left: KubecostRow['quantities'], right: KubecostRow['quantities']): KubecostRow['quantities'] {
  const sum: Partial<Record<KubecostQuantity, number>> = { ...left };
  for (const [quantity, value] of Object.entries(right) as [KubecostQuantity, number][]) {
    sum[quantity] = (sum[quantity] ?? 0) + value;
  }
  return sum;
}

/**
 * What Kubecost says of the containers of an hour, in the form that its series are read into as well. Rows that have the same
 * labels become one.
 *
 * **Shape**: sorted by cluster, namespace, pod, container and node.
 */
export function toKubecostRows(allocations: Iterable<KubecostAllocation>): KubecostRow[] {
  const rows = new Map<string, KubecostRow>();
  for (const allocation of allocations) {
    if (!isContainerRow(allocation)) continue;
    const row = toRow(allocation);
    const key = [row.clusterId, row.namespace, row.pod, row.container, row.node].join('\0');
    const before = rows.get(key);
    rows.set(
      key,
      before === undefined
        ? row
        : {
            ...row,
            minutes: before.minutes + row.minutes,
            costs: addNanos(before.costs, row.costs),
            quantities: addQuantities(before.quantities, row.quantities),
          },
    );
  }
  return [...rows].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, row]) => row);
}
