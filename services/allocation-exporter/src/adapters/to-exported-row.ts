import type { KubecostQuantity, KubecostResource } from '@cloudtuner/cost-model';
import type { KubecostAllocation } from '@cloudtuner/kubecost-client';
import type { ExportedRow } from '../domain/exported-row';

// Both products round to five decimals, each part by itself: less than this is rounding, not a part that is not known.
const roundingOfTotal = 0.0001;

const rowsOfNoContainer = new Set(['__idle__']);

const sumOf = (...parts: readonly (number | null)[]): number =>
  parts.reduce<number>((sum, part) => sum + (part ?? 0), 0);

function nonZero<K extends string>(entries: readonly (readonly [K, number])[]): Partial<Record<K, number>> {
  return Object.fromEntries(entries.filter(([, value]) => value !== 0)) as Partial<Record<K, number>>;
}

function costsOf(row: KubecostAllocation): Partial<Record<KubecostResource, number>> {
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

function quantitiesOf(row: KubecostAllocation): Partial<Record<KubecostQuantity, number>> {
  return nonZero<KubecostQuantity>([
    ['cpuCoreHours', row.cpuCoreHours ?? 0],
    ['ramByteHours', row.ramByteHours ?? 0],
    ['gpuHours', row.gpuHours ?? 0],
    ['pvByteHours', row.pvByteHours ?? 0],
    ['networkTransferBytes', row.networkTransferBytes ?? 0],
    ['networkReceiveBytes', row.networkReceiveBytes ?? 0],
  ]);
}

// Most pods have none that were asked for.
const noLabels: Readonly<Record<string, string>> = {};

/**
 * Gives equal texts as one: a parser makes a new text each time, and tens of thousands of rows name the same namespaces
 * and nodes.
 */
export function createIntern(): (text: string) => string {
  const known = new Map<string, string>();
  return (text) => {
    const found = known.get(text);
    if (found === undefined) known.set(text, text);
    return found ?? text;
  };
}

/** A row of Kubecost as it is served; undefined for one that is of no container, such as idle. */
export function toExportedRow(
  row: KubecostAllocation,
  podLabels: readonly string[],
  intern: (text: string) => string,
): ExportedRow | undefined {
  if ([...rowsOfNoContainer].some((name) => row.name.includes(name))) return undefined;
  const { properties, minutes, end } = row;
  const labels = properties?.labels ?? {};
  const wanted = podLabels.flatMap((name) => (labels[name] === undefined ? [] : [[name, labels[name]] as const]));
  const endMs = end === null ? Number.NaN : Date.parse(end);
  return {
    clusterId: intern(properties?.cluster ?? ''),
    namespace: intern(properties?.namespace ?? ''),
    pod: properties?.pod ?? '',
    container: intern(properties?.container ?? ''),
    node: intern(properties?.node ?? ''),
    controllerKind: intern(properties?.controllerKind ?? ''),
    controller: intern(properties?.controller ?? ''),
    podLabels:
      wanted.length === 0 ? noLabels : Object.fromEntries(wanted.map(([name, value]) => [name, intern(value)])),
    minutes: minutes ?? 0,
    endMs: Number.isNaN(endMs) ? null : endMs,
    costs: costsOf(row),
    quantities: quantitiesOf(row),
  };
}
