import {
  allocationCosts,
  allocationQuantities,
  costComponents,
  noProperties,
  type AllocationRow,
  type AllocationSet,
  type Nanos,
} from '@cloudtuner/cost-model';

function emptyRow(name: string, { window }: AllocationSet): AllocationRow {
  const { startMs, endMs } = window;
  return {
    name,
    window,
    startMs,
    endMs,
    properties: noProperties,
    quantities: nullsOf(allocationQuantities),
    costs: nullsOf(allocationCosts),
    idleCosts: recordOf(costComponents, 0n),
    sharedCost: 0n,
    totalCost: 0n,
    cpuCoreUsageMax: null,
    ramByteUsageMax: null,
    volumes: [],
    loadBalancers: [],
    flags: [],
  };
}

// Every name is given its value.
const recordOf = <Name extends string, Value>(names: readonly Name[], value: Value): Record<Name, Value> =>
  Object.fromEntries(names.map((name) => [name, value])) as Record<Name, Value>;
const nullsOf = <Name extends string>(names: readonly Name[]): Record<Name, null> => recordOf(names, null);

/** Adds a cost of which no component is known to the row of a name, in the set that its moment lies in. */
export function withUnnamedCost(
  sets: readonly AllocationSet[],
  name: string,
  { startMs, cost }: { readonly startMs: number; readonly cost: Nanos },
): AllocationSet[] {
  return sets.map((set) => {
    if (startMs < set.window.startMs || startMs >= set.window.endMs) return set;
    const row = set.rows.find((one) => one.name === name) ?? emptyRow(name, set);
    const others = set.rows.filter((one) => one.name !== name);
    const rows = [...others, { ...row, totalCost: row.totalCost + cost }];
    return { ...set, rows: rows.sort((a, b) => (a.name < b.name ? -1 : 1)) };
  });
}
