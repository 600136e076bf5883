import { kubecostOther } from '@cloudtuner/cost-model';
import { addRows, costOf, keyOf, type ExportedRow } from './exported-row';

/** Rows that have a series each, and how many pods were folded into others. */
export interface FoldedRows {
  readonly rows: readonly ExportedRow[];
  readonly foldedPods: number;
  readonly foldedCost: number;
}

/** What a pod has to cost to have series of its own. */
export interface FoldLimits {
  /** Currency an hour of running. */
  readonly minHourlyCost: number;
  readonly maxPods: number;
}

interface Pod {
  readonly rows: ExportedRow[];
  readonly key: string;
  cost: number;
  minutes: number;
}

const minutesPerHour = 60;

function podsOf(rows: Iterable<ExportedRow>): Pod[] {
  const pods = new Map<string, Pod>();
  for (const row of rows) {
    const key = `${row.clusterId}\0${row.namespace}\0${row.pod}`;
    const pod = pods.get(key) ?? { rows: [], key, cost: 0, minutes: 0 };
    pods.set(key, pod);
    pod.rows.push(row);
    pod.cost += costOf(row);
    pod.minutes = Math.max(pod.minutes, row.minutes);
  }
  return [...pods.values()];
}

function nameless(row: ExportedRow): ExportedRow {
  return {
    ...row,
    pod: kubecostOther,
    container: kubecostOther,
    node: '',
    controllerKind: '',
    controller: '',
    podLabels: {},
  };
}

/**
 * Keeps the number of series bounded: pods below the floor, and the cheapest of those beyond the greatest number, become
 * one row for each namespace. The floor is of cost per hour of running, so that a pod does not cross it as the hour
 * goes on. Sums stay what they were.
 */
export function foldRows(rows: readonly ExportedRow[], { minHourlyCost, maxPods }: FoldLimits): FoldedRows {
  if (minHourlyCost === 0 && rows.length <= maxPods) return { rows, foldedPods: 0, foldedCost: 0 };
  const hourlyCostOf = ({ cost, minutes }: Pod): number => (minutes > 0 ? (cost / minutes) * minutesPerHour : cost);
  const byCost = podsOf(rows).sort((left, right) => right.cost - left.cost || (left.key < right.key ? -1 : 1));
  const kept: ExportedRow[] = [];
  const others = new Map<string, ExportedRow>();
  let [keptPods, foldedPods, foldedCost] = [0, 0, 0];
  for (const pod of byCost) {
    if (keptPods < maxPods && hourlyCostOf(pod) >= minHourlyCost) {
      keptPods += 1;
      kept.push(...pod.rows);
      continue;
    }
    foldedPods += 1;
    foldedCost += pod.cost;
    for (const row of pod.rows.map(nameless)) {
      const before = others.get(keyOf(row));
      others.set(keyOf(row), before === undefined ? row : addRows(before, row));
    }
  }
  return { rows: [...kept, ...others.values()], foldedPods, foldedCost };
}
