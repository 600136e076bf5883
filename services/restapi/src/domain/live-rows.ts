import { createHash } from 'node:crypto';
import {
  allocationCosts,
  allocationQuantities,
  costComponents,
  nanosFromNumber,
  sumKnownNanos,
  sumNanos,
  type AllocationCost,
  type AllocationProperties,
  type AllocationQuantity,
  type AllocationRow,
  type CostComponent,
  type KubecostResource,
  type Nanos,
  type TimeWindow,
} from '@cloudtuner/cost-model';
import { containerCosts, type KubecostAllocation, type KubecostAsset } from '@cloudtuner/kubecost-client';
import { componentsFrom, type Costs } from './costs';

const nanosOf = (value: number | undefined): Nanos => nanosFromNumber(value ?? 0);

/** What Kubecost puts into a row that is neither a component nor shared: it is in its total. */
const besides: readonly KubecostResource[] = ['shared', 'external', 'other'];

const splitOf: Readonly<Partial<Record<AllocationCost, string>>> = {
  network_zone_cost: 'networkCrossZoneCost',
  network_region_cost: 'networkCrossRegionCost',
  network_internet_cost: 'networkInternetCost',
};

const record = <Name extends string, Value>(names: readonly Name[], valueOf: (name: Name) => Value) =>
  Object.fromEntries(names.map((name) => [name, valueOf(name)])) as Record<Name, Value>;

/** What is 0 in every row that Kubecost has is said to be 0; what it has no field for is not known. */
function costsOf(row: KubecostAllocation): Record<AllocationCost, Nanos | null> {
  const costs = containerCosts(row);
  const known: Partial<Record<AllocationCost, Nanos>> = {
    cpu_cost: nanosOf(costs.cpu),
    ram_cost: nanosOf(costs.ram),
    gpu_cost: nanosOf(costs.gpu),
    pv_cost: nanosOf(costs.pv),
    network_cost: nanosOf(costs.network),
    load_balancer_cost: nanosOf(costs.load_balancer),
  };
  return record(allocationCosts, (name) => {
    const field = splitOf[name];
    const split: unknown = field === undefined ? undefined : (row as Readonly<Record<string, unknown>>)[field];
    return known[name] ?? (typeof split === 'number' ? nanosFromNumber(split) : null);
  });
}

function quantitiesOf(row: KubecostAllocation): Record<AllocationQuantity, number | null> {
  const hours = row.minutes === null ? null : row.minutes / 60;
  const overTime = (average: number | null): number | null =>
    average === null || hours === null ? null : average * hours;
  const known: Partial<Record<AllocationQuantity, number | null>> = {
    cpu_core_hours: row.cpuCoreHours,
    cpu_core_request_hours: overTime(row.cpuCoreRequestAverage),
    cpu_core_measured_request_hours: overTime(row.cpuCoreRequestAverage),
    cpu_core_usage_hours: overTime(row.cpuCoreUsageAverage),
    ram_byte_hours: row.ramByteHours,
    ram_byte_request_hours: overTime(row.ramByteRequestAverage),
    ram_byte_measured_request_hours: overTime(row.ramByteRequestAverage),
    ram_byte_usage_hours: overTime(row.ramByteUsageAverage),
    gpu_hours: row.gpuHours,
    pv_byte_hours: row.pvByteHours,
    network_transmit_bytes: row.networkTransferBytes,
    network_receive_bytes: row.networkReceiveBytes,
  };
  return record(allocationQuantities, (name) => known[name] ?? null);
}

function propertiesOf({ properties }: KubecostAllocation): AllocationProperties {
  return {
    cluster: properties?.cluster ?? '',
    node: properties?.node ?? '',
    providerId: properties?.providerID ?? '',
    namespace: properties?.namespace ?? '',
    controllerKind: properties?.controllerKind ?? '',
    controller: properties?.controller ?? '',
    pod: properties?.pod ?? '',
    container: properties?.container ?? '',
    services: [...(properties?.services ?? [])].sort(),
    labels: properties?.labels ?? {},
    annotations: properties?.annotations ?? {},
  };
}

/** A time as Kubecost writes it, in unix milliseconds. */
export const timeOf = (text: string | null | undefined, otherwise: number): number => {
  const timestampMs = Date.parse(text ?? '');
  return Number.isNaN(timestampMs) ? otherwise : timestampMs;
};

/** Where the window of a row begins; null when it does not say. */
export function startOfRow({ window }: KubecostAllocation): number | null {
  const startMs = timeOf(window?.start, Number.NaN);
  return Number.isNaN(startMs) ? null : startMs;
}

/** A row of Kubecost in the form of ours. What it shares, adds from outside, or does not tell apart is its shared cost, so that its parts are its total. */
export function liveRow(row: KubecostAllocation, window: TimeWindow): AllocationRow {
  const costs = costsOf(row);
  const parts = containerCosts(row);
  const sharedCost = sumNanos(besides.map((resource) => nanosOf(parts[resource])));
  return {
    name: row.name,
    window,
    properties: propertiesOf(row),
    startMs: timeOf(row.start, window.startMs),
    endMs: timeOf(row.end, window.endMs),
    quantities: quantitiesOf(row),
    costs,
    idleCosts: record(costComponents, () => 0n),
    sharedCost,
    totalCost: sumNanos([...costComponents.map((name) => costs[name] ?? 0n), sharedCost]),
    ...{ cpuCoreUsageMax: null, ramByteUsageMax: null, volumes: [], loadBalancers: [], flags: [] },
  };
}

const componentOfType: Readonly<Record<string, CostComponent>> = {
  Disk: 'pv_cost',
  LoadBalancer: 'load_balancer_cost',
  Network: 'network_cost',
  ClusterManagement: 'management_cost',
};

type NodeComponent = 'cpu_cost' | 'ram_cost' | 'gpu_cost';

/**
 * A node's CPU and memory are priced before its discount. What its total has beyond its parts, an adjustment, goes with its CPU; where
 * that is not said, it is in no part. What is not said is null.
 */
function nodeCosts({ cpuCost, ramCost, gpuCost, discount, totalCost }: KubecostAsset): {
  readonly parts: Readonly<Record<NodeComponent, Nanos | null>>;
  readonly undivided: Nanos | null;
} {
  const factor = 1 - (discount ?? 0);
  const partOf = (cost: number | null): Nanos | null => (cost === null ? null : nanosOf(cost * factor));
  const parts = {
    cpu_cost: partOf(cpuCost),
    ram_cost: partOf(ramCost),
    gpu_cost: gpuCost === null ? null : nanosOf(gpuCost),
  };
  if (totalCost === null) return { parts, undivided: null };
  const rest = nanosOf(totalCost) - (sumKnownNanos(Object.values(parts)) ?? 0n);
  if (parts.cpu_cost === null) return { parts, undivided: rest };
  return { parts: { ...parts, cpu_cost: parts.cpu_cost + rest }, undivided: null };
}

/** What the assets of a cluster cost; null parts are what Kubecost told nothing of, be they in the total. What is not the cluster's, the bill of its cloud, is left out. */
export function liveCosts(assets: readonly KubecostAsset[]): Costs {
  const sums: Partial<Record<CostComponent, Nanos>> = {};
  let undivided: Nanos | null = null;
  const add = (component: CostComponent, nanos: Nanos | null): void => {
    if (nanos !== null) sums[component] = (sums[component] ?? 0n) + nanos;
  };
  for (const asset of assets) {
    const component = componentOfType[asset.type];
    if (asset.type === 'Node') {
      const node = nodeCosts(asset);
      for (const [name, nanos] of Object.entries(node.parts) as [NodeComponent, Nanos | null][]) add(name, nanos);
      undivided = sumKnownNanos([undivided, node.undivided]);
    } else if (component !== undefined && asset.totalCost !== null) add(component, nanosOf(asset.totalCost));
  }
  return {
    total: sumKnownNanos([...costComponents.map((component) => sums[component] ?? null), undivided]),
    components: componentsFrom((component) => sums[component] ?? null),
  };
}

/** Names what was answered: the same answer has the same version. */
export function liveVersion(answer: unknown): string {
  return createHash('sha256').update(JSON.stringify(answer)).digest('hex');
}
