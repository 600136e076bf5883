import {
  containerCosts,
  containerQuantities,
  isContainerRow,
  type KubecostAllocation,
} from '@cloudtuner/kubecost-client';
import type { ExportedRow } from '../domain/exported-row';

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
  if (!isContainerRow(row)) return undefined;
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
    costs: containerCosts(row),
    quantities: containerQuantities(row),
  };
}
