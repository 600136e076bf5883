import { costComponents, type CostComponent } from '../asset-fact';
import { groupBy } from '../group-by';
import { sumKnownNanos, type Nanos } from '../money';
import type { CostRow } from './cost-row';
import { compare, distribute } from './distribute';
import type { AllocationQuery } from './query';
import { payersOf } from './sharing';

/** One resource's idle of a cluster or node, divided among those who ran there. */
export interface DividedIdle {
  readonly component: CostComponent;
  readonly amount: Nanos;
  /** Of the containers that pass the filter. */
  readonly matched: Nanos;
  /** Of the containers that others pay for. */
  readonly shared: Nanos;
}

/** The idle of a cluster or node. */
export interface IdleGroup {
  /** `cluster` or `cluster/node`. */
  readonly key: string;
  readonly rows: readonly CostRow[];
  /** Containers there that pass the filter and pay for themselves. */
  readonly consumers: readonly CostRow[];
  readonly divided: readonly DividedIdle[];
  /** Resources that nobody there used: they stay idle. */
  readonly unused: readonly CostComponent[];
}

const keyOf = ({ cluster, node }: CostRow, idleBy: AllocationQuery['idleBy']): string =>
  idleBy === 'cluster' ? cluster : `${cluster}/${node}`;

interface Sides {
  readonly matched: readonly CostRow[];
  readonly rest: readonly CostRow[];
  readonly shared: readonly CostRow[];
}

function sidesOf(containers: readonly CostRow[]): Sides {
  return {
    matched: containers.filter(({ matches, shared }) => matches && !shared),
    rest: containers.filter(({ matches, shared }) => !matches && !shared),
    shared: containers.filter(({ shared }) => shared),
  };
}

function divide(component: CostComponent, amount: Nanos, { matched, rest, shared }: Sides): DividedIdle | null {
  const payers = [matched, rest, shared].map((rows) => payersOf(rows, ({ costs }) => costs[component]));
  const parts = distribute(amount, payers);
  if (parts === null) return null;
  const [ofMatched = 0n, , ofShared = 0n] = parts;
  return { component, amount, matched: ofMatched, shared: ofShared };
}

/**
 * Each cluster's or node's idle, divided resource by resource in proportion to what its containers cost. The division is
 * made before rows are grouped, so the part of a filter does not depend on the grouping, and the parts of a filter and
 * its complement add up to the whole.
 */
export function idleGroups(
  idle: readonly CostRow[],
  containers: readonly CostRow[],
  idleBy: AllocationQuery['idleBy'],
): IdleGroup[] {
  const containersByKey = groupBy(containers, (row) => keyOf(row, idleBy));
  return [...groupBy(idle, (row) => keyOf(row, idleBy))]
    .sort(([a], [b]) => compare(a, b))
    .map(([key, rows]) => {
      const sides = sidesOf(containersByKey.get(key) ?? []);
      const divided: DividedIdle[] = [];
      const unused: CostComponent[] = [];
      for (const component of costComponents) {
        const amount = sumKnownNanos(rows.map(({ costs }) => costs[component]));
        if (amount === null) continue;
        const parts = divide(component, amount, sides);
        if (parts === null) unused.push(component);
        else divided.push(parts);
      }
      return { key, rows, consumers: sides.matched, divided, unused };
    });
}
