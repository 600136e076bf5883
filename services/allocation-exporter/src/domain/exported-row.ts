import type { KubecostQuantity, KubecostResource } from '@cloudtuner/cost-model';

/** What is served of one container in one hour. */
export interface ExportedRow {
  readonly clusterId: string;
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly node: string;
  readonly controllerKind: string;
  readonly controller: string;
  /** Labels of the pod that were asked for, under their names in Kubecost. */
  readonly podLabels: Readonly<Record<string, string>>;
  readonly minutes: number;
  /** When it ran last, unix milliseconds; null when it is not told. */
  readonly endMs: number | null;
  /** Currency; what is 0 is left out. */
  readonly costs: Readonly<Partial<Record<KubecostResource, number>>>;
  /** What is 0 is left out. */
  readonly quantities: Readonly<Partial<Record<KubecostQuantity, number>>>;
}

/** What tells containers apart. A pod that moved in the hour has a row for each node. */
export function keyOf({ clusterId, namespace, pod, container, node }: ExportedRow): string {
  return `${clusterId}\0${namespace}\0${pod}\0${container}\0${node}`;
}

/** All costs of a row. */
export function costOf({ costs }: ExportedRow): number {
  return Object.values(costs).reduce((sum, cost) => sum + cost, 0);
}

function addParts<K extends string>(
  left: Readonly<Partial<Record<K, number>>>,
  right: Readonly<Partial<Record<K, number>>>,
): Partial<Record<K, number>> {
  const sum: Partial<Record<K, number>> = { ...left };
  for (const [key, value] of Object.entries(right) as [K, number][]) sum[key] = (sum[key] ?? 0) + value;
  return sum;
}

/** Two rows as one, under the names of the first. */
export function addRows(left: ExportedRow, right: ExportedRow): ExportedRow {
  return {
    ...left,
    minutes: left.minutes + right.minutes,
    endMs:
      left.endMs === null || right.endMs === null ? (left.endMs ?? right.endMs) : Math.max(left.endMs, right.endMs),
    costs: addParts(left.costs, right.costs),
    quantities: addParts(left.quantities, right.quantities),
  };
}
