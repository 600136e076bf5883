import type { CostComponent } from '../asset-fact';
import { nanosToNumber, sumNanos, type Nanos } from '../money';
import type { TimeWindow } from '../window';
import type { AllocationSet } from './aggregate';
import { ratesOf, type AllocationRates } from './efficiency';
import {
  openCostPropertiesSchema,
  type OpenCostAllocation,
  type OpenCostAllocationResponse,
  type OpenCostProperties,
  type OpenCostWindow,
} from './opencost-schema';
import type { AllocationProperties } from './properties';
import type { AllocationRow } from './sum-builder';

/**
 * How an answer is spelled. `exact`: numbers as they are, null for unknown, everything that was paid for. `compat`: as
 * OpenCost of October 2024 writes it: five decimals, 0 for unknown, no management fee, no part of idle.
 */
export type AllocationMode = 'exact' | 'compat';

/** How numbers are written. */
export interface Spelling {
  readonly mode: AllocationMode;
  readonly number: (value: number | null) => number | null;
}

/** Five decimals, halves away from zero, null for what is no number. **Source**: OpenCost (its comment says six). */
function roundAsOpenCost(value: number): number | null {
  if (!Number.isFinite(value)) return null;
  return (Math.sign(value) * Math.round(Math.abs(value) * 100_000)) / 100_000;
}

/** The spelling of the rows of `/model/allocation`. */
export function spellingOf(mode: AllocationMode): Spelling {
  return { mode, number: mode === 'exact' ? (value) => value : (value) => roundAsOpenCost(value ?? 0) };
}

const costIn = ({ number: spelled }: Spelling, nanos: Nanos | null): number | null =>
  spelled(nanos === null ? null : nanosToNumber(nanos));

/** A moment as RFC 3339 in whole seconds. */
export function rfc3339Of(timestampMs: number): string {
  return `${new Date(timestampMs).toISOString().slice(0, 19)}Z`;
}

/** A window in OpenCost's form. */
export function openCostWindowOf({ startMs, endMs }: TimeWindow): OpenCostWindow {
  return { start: rfc3339Of(startMs), end: rfc3339Of(endMs) };
}

/** Properties that are empty are left out. */
function propertiesOf(properties: AllocationProperties, includeMetadata: boolean): OpenCostProperties {
  const { providerId, services, labels, annotations, ...rest } = properties;
  const metadata = includeMetadata ? { labels, annotations } : {};
  const all = { ...rest, providerID: providerId, services: [...services], ...metadata };
  const isEmpty = (value: string | readonly string[] | Readonly<Record<string, string>>): boolean =>
    Object.keys(value).length === 0;
  return openCostPropertiesSchema.parse(Object.fromEntries(Object.entries(all).filter(([, value]) => !isEmpty(value))));
}

// OpenCost does not round within these either.
const unspelled = spellingOf('exact');

/** Volumes of a row that are not told apart, as one: clients add this list up rather than read `pvCost`. */
const otherVolumes = '__volumes__';

function otherVolumesOf({ volumes, quantities, costs, properties }: AllocationRow): AllocationRow['volumes'] {
  const cost = (costs.pv_cost ?? 0n) - sumNanos(volumes.map((volume) => volume.cost ?? 0n));
  if (cost <= 0n) return [];
  const told = volumes.reduce((sum, volume) => sum + (volume.byteHours ?? 0), 0);
  const byteHours = quantities.pv_byte_hours === null ? null : quantities.pv_byte_hours - told;
  return [{ cluster: properties.cluster, volume: otherVolumes, providerId: '', byteHours, cost }];
}

function volumesOf(row: AllocationRow, mode: AllocationMode): OpenCostAllocation['pvs'] {
  const volumes = mode === 'exact' ? [...row.volumes, ...otherVolumesOf(row)] : row.volumes;
  if (volumes.length === 0) return null;
  const entries = volumes.map(
    ({ cluster, volume, providerId, byteHours, cost }) =>
      [
        `cluster=${cluster}:name=${volume}`,
        { byteHours, cost: costIn(unspelled, cost), providerID: providerId, adjustment: 0 },
      ] as const,
  );
  return Object.fromEntries(entries);
}

function loadBalancersOf(row: AllocationRow): OpenCostAllocation['lbAllocations'] {
  if (row.loadBalancers.length === 0) return null;
  const entries = row.loadBalancers.map(
    ({ cluster, service, ip, hours, cost }) =>
      [`${cluster}/${service}`, { service, cost: costIn(unspelled, cost), ip, hours, adjustment: 0 }] as const,
  );
  return Object.fromEntries(entries);
}

type Costs = Pick<
  OpenCostAllocation,
  | 'cpuCost'
  | 'cpuCostIdle'
  | 'ramCost'
  | 'ramCostIdle'
  | 'gpuCost'
  | 'gpuCostIdle'
  | 'pvCost'
  | 'networkCost'
  | 'loadBalancerCost'
  | 'externalCost'
  | 'sharedCost'
  | 'totalCost'
>;

/** What a row costs in a mode: the fee of the control plane is not known to OpenCost. */
function totalCostIn(mode: AllocationMode, { totalCost, costs }: AllocationRow): Nanos {
  return mode === 'exact' ? totalCost : totalCost - (costs.management_cost ?? 0n);
}

/** The costs that the full and the summary form share. */
export function openCostCostsOf(row: AllocationRow, spelling: Spelling): Costs {
  const { mode } = spelling;
  const cost = (nanos: Nanos | null): number | null => costIn(spelling, nanos);
  const idle = (name: CostComponent): number | null => (mode === 'exact' ? cost(row.idleCosts[name]) : 0);
  const { costs } = row;
  return {
    cpuCost: cost(costs.cpu_cost),
    cpuCostIdle: idle('cpu_cost'),
    ramCost: cost(costs.ram_cost),
    ramCostIdle: idle('ram_cost'),
    gpuCost: cost(costs.gpu_cost),
    gpuCostIdle: idle('gpu_cost'),
    pvCost: cost(costs.pv_cost),
    networkCost: cost(costs.network_cost),
    loadBalancerCost: cost(costs.load_balancer_cost),
    externalCost: 0,
    sharedCost: cost(row.sharedCost),
    totalCost: cost(totalCostIn(mode, row)),
  };
}

const noAdjustments = {
  cpuCostAdjustment: 0,
  gpuCostAdjustment: 0,
  ramCostAdjustment: 0,
  pvCostAdjustment: 0,
  networkCostAdjustment: 0,
  loadBalancerCostAdjustment: 0,
};

/** Rates by the names that they have in OpenCost. */
export function openCostRatesOf(rates: AllocationRates, { number: spelled }: Spelling): OpenCostRates {
  return {
    minutes: spelled(rates.minutes),
    cpuCores: spelled(rates.cpuCores),
    cpuCoreRequestAverage: spelled(rates.cpuCoreRequestAverage),
    cpuCoreUsageAverage: spelled(rates.cpuCoreUsageAverage),
    ramBytes: spelled(rates.ramBytes),
    ramByteRequestAverage: spelled(rates.ramByteRequestAverage),
    ramByteUsageAverage: spelled(rates.ramByteUsageAverage),
    gpuCount: spelled(rates.gpuCount),
    gpuUsageAverage: spelled(rates.gpuUsageAverage),
    pvBytes: spelled(rates.pvBytes),
    cpuEfficiency: spelled(rates.cpuEfficiency),
    ramEfficiency: spelled(rates.ramEfficiency),
    gpuEfficiency: spelled(rates.gpuEfficiency),
    totalEfficiency: spelled(rates.totalEfficiency),
  };
}

type OpenCostRates = Record<keyof AllocationRates, number | null>;

/** How rows are written. */
export interface OpenCostForm {
  readonly mode: AllocationMode;
  /** With the labels and annotations that all of a row have in common. */
  readonly includeMetadata: boolean;
}

/** One row in OpenCost's form. Amounts are rounded here for the first and only time; never sum what this returns. */
export function openCostAllocationOf(row: AllocationRow, { mode, includeMetadata }: OpenCostForm): OpenCostAllocation {
  const spelling = spellingOf(mode);
  const { number: spelled } = spelling;
  const cost = (nanos: Nanos | null): number | null => costIn(spelling, nanos);
  const { quantities, costs, cpuCoreUsageMax, ramByteUsageMax } = row;
  const rates = openCostRatesOf(ratesOf(row), spelling);
  const hasMaxima = cpuCoreUsageMax !== null || ramByteUsageMax !== null;
  return {
    name: row.name,
    properties: propertiesOf(row.properties, includeMetadata),
    window: openCostWindowOf(row.window),
    start: rfc3339Of(row.startMs),
    end: rfc3339Of(row.endMs),
    ...rates,
    ...openCostCostsOf(row, spelling),
    ...noAdjustments,
    gpuRequestAverage: rates.gpuCount,
    cpuCoreHours: spelled(quantities.cpu_core_hours),
    ramByteHours: spelled(quantities.ram_byte_hours),
    gpuHours: spelled(quantities.gpu_hours),
    pvByteHours: spelled(quantities.pv_byte_hours),
    networkTransferBytes: spelled(quantities.network_transmit_bytes),
    networkReceiveBytes: spelled(quantities.network_receive_bytes),
    networkCrossZoneCost: cost(costs.network_zone_cost),
    networkCrossRegionCost: cost(costs.network_region_cost),
    networkInternetCost: cost(costs.network_internet_cost),
    pvs: volumesOf(row, mode),
    lbAllocations: loadBalancersOf(row),
    ...(mode === 'exact' ? { managementCost: cost(costs.management_cost) } : {}),
    ...(hasMaxima ? { rawAllocationOnly: { cpuCoreUsageMax, ramByteUsageMax } } : {}),
  };
}

/** Whether OpenCost would have such a row: one that holds nothing but the control plane's fee is unknown to it. */
export function isKnownIn(mode: AllocationMode, row: AllocationRow): boolean {
  return mode === 'exact' || row.costs.management_cost === null || totalCostIn(mode, row) !== 0n;
}

/** The answer of `/model/allocation`. */
export function openCostAllocationResponse(
  sets: readonly AllocationSet[],
  form: OpenCostForm,
): OpenCostAllocationResponse {
  const mapOf = ({ rows }: AllocationSet): Record<string, OpenCostAllocation> =>
    Object.fromEntries(
      rows.filter((row) => isKnownIn(form.mode, row)).map((row) => [row.name, openCostAllocationOf(row, form)]),
    );
  return { code: 200, status: 'success', data: sets.map(mapOf) };
}
