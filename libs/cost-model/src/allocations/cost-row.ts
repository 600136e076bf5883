import type { AllocationFact, AllocationFlag, AllocationKind } from '../allocation-fact';
import { costComponents, type CostComponent } from '../asset-fact';
import { nanosOrNull, type Nanos } from '../money';
import type { TimeWindow } from '../window';
import { propertiesOf, type AllocationProperties } from './properties';
import { placerOf, type AllocationQuery, type RowPlacement } from './query';

/** Quantities of a row that add up over rows, by the names of the facts' columns. */
export const allocationQuantities = [
  'cpu_core_hours',
  'cpu_core_request_hours',
  'cpu_core_usage_hours',
  // The part of the request for which the usage is known: what usage is compared with.
  'cpu_core_measured_request_hours',
  'ram_byte_hours',
  'ram_byte_request_hours',
  'ram_byte_usage_hours',
  'ram_byte_measured_request_hours',
  'gpu_hours',
  'gpu_usage_hours',
  'gpu_measured_hours',
  'pv_byte_hours',
  'network_zone_bytes',
  'network_region_bytes',
  'network_internet_bytes',
  'network_transmit_bytes',
  'network_receive_bytes',
  'load_balancer_hours',
] as const;

export type AllocationQuantity = (typeof allocationQuantities)[number];

/** The components of a total, and the parts of `network_cost`, which are not added again. */
export const allocationCosts = [
  ...costComponents,
  'network_zone_cost',
  'network_region_cost',
  'network_internet_cost',
] as const;

export type AllocationCost = (typeof allocationCosts)[number];

export interface VolumeShare {
  readonly cluster: string;
  readonly volume: string;
  readonly providerId: string;
  readonly byteHours: number | null;
  readonly cost: Nanos | null;
}

export interface LoadBalancerShare {
  readonly cluster: string;
  /** `namespace/service`. */
  readonly service: string;
  readonly ip: string;
  readonly hours: number | null;
  readonly cost: Nanos | null;
}

/** What can be added up over rows and over time. */
export interface Sum {
  readonly properties: AllocationProperties;
  /** From the first start to the last end. */
  readonly startMs: number;
  readonly endMs: number;
  readonly quantities: Readonly<Record<AllocationQuantity, number | null>>;
  readonly costs: Readonly<Record<AllocationCost, Nanos | null>>;
  /** Greatest usage of one container; null for sums over several. */
  readonly cpuCoreUsageMax: number | null;
  readonly ramByteUsageMax: number | null;
  readonly volumes: readonly VolumeShare[];
  readonly loadBalancers: readonly LoadBalancerShare[];
  readonly flags: readonly AllocationFlag[];
}

/**
 * What an answer is computed from: one fact, or the sum of many that agree in `kind`, `name`, `matches`, `shared`, the step
 * that `atMs` is in, and, for containers and idle, the cluster (and the node, if idle is shared by node). That is what SQL
 * has to group by, so a year comes in thousands of rows.
 */
export interface CostRow extends Sum {
  /** Smallest identity of its facts. No two rows have the same one: sums are in this order, and it breaks ties. */
  readonly id: string;
  readonly kind: AllocationKind;
  /** The row of the answer; not used for idle. */
  readonly name: string;
  readonly cluster: string;
  /** Needed only where idle is shared or shown by node. */
  readonly node: string;
  /** It passes the filter. */
  readonly matches: boolean;
  /** Others pay for it. */
  readonly shared: boolean;
  /** A moment of the hour or step that it belongs to. */
  readonly atMs: number;
}

const measured = (usage: number | null, request: number | null): number | null => (usage === null ? null : request);

function quantityOf(fact: AllocationFact, name: AllocationQuantity): number | null {
  switch (name) {
    case 'cpu_core_measured_request_hours':
      return measured(fact.cpu_core_usage_hours, fact.cpu_core_request_hours);
    case 'ram_byte_measured_request_hours':
      return measured(fact.ram_byte_usage_hours, fact.ram_byte_request_hours);
    case 'gpu_measured_hours':
      return measured(fact.gpu_usage_hours, fact.gpu_hours);
    default:
      return fact[name];
  }
}

/** A record with a value under each of the names. */
export function recordOf<Name extends string, Value>(
  names: readonly Name[],
  valueOf: (name: Name) => Value,
): Record<Name, Value> {
  const record: Partial<Record<Name, Value>> = {};
  for (const name of names) record[name] = valueOf(name);
  // Every name has been given its value.
  return record as Record<Name, Value>;
}

function identityOf(fact: AllocationFact, cluster: string, hour: TimeWindow): string {
  const { kind, namespace, pod, pod_uid, container, asset_type, asset_key } = fact;
  return JSON.stringify([hour.startMs, cluster, kind, namespace, pod, pod_uid, container, asset_type, asset_key]);
}

/** The rows of one hour of one cluster, for one query. */
export function costRowsOf(
  { cluster, hour, facts }: { cluster: string; hour: TimeWindow; facts: Iterable<AllocationFact> },
  query: AllocationQuery,
): CostRow[] {
  const place = placerOf(query);
  return Array.from(facts, (fact) => costRowOf(fact, cluster, hour, place));
}

function costRowOf(
  fact: AllocationFact,
  cluster: string,
  hour: TimeWindow,
  place: (properties: AllocationProperties) => RowPlacement,
): CostRow {
  const properties = propertiesOf(fact, cluster);
  const { name, matches, shared } = place(properties);
  return {
    name,
    matches,
    shared,
    id: identityOf(fact, cluster, hour),
    kind: fact.kind,
    cluster,
    node: fact.node,
    atMs: hour.startMs,
    properties,
    startMs: hour.startMs + fact.started_seconds * 1000,
    endMs: hour.startMs + fact.ended_seconds * 1000,
    quantities: recordOf(allocationQuantities, (quantity) => quantityOf(fact, quantity)),
    costs: recordOf(allocationCosts, (cost) => nanosOrNull(fact[cost])),
    cpuCoreUsageMax: fact.cpu_core_usage_max,
    ramByteUsageMax: fact.ram_byte_usage_max,
    volumes: fact.volumes.map(({ volume, provider_id, byte_hours, cost }) => ({
      cluster,
      volume,
      providerId: provider_id,
      byteHours: byte_hours,
      cost: nanosOrNull(cost),
    })),
    loadBalancers: fact.load_balancers.map(({ service, ip, hours, cost }) => ({
      cluster,
      service,
      ip,
      hours,
      cost: nanosOrNull(cost),
    })),
    flags: fact.flags,
  };
}

/** What a row costs by its components, unknown ones left out; shared costs are not in it. */
export function ownCostOf(costs: Readonly<Record<CostComponent, Nanos | null>>): Nanos {
  return costComponents.reduce((sum, name) => sum + (costs[name] ?? 0n), 0n);
}
