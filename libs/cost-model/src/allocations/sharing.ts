import { groupBy } from '../group-by';
import type { Nanos } from '../money';
import { ownCostOf, type CostRow } from './cost-row';
import { compare, distribute, type Share } from './distribute';

/** An amount after a filter: what its rows pay, by name. The rest is what the other rows pay. */
export type PaidByName = ReadonlyMap<string, Nanos>;

/** Rows whose part of an amount is one number. */
export interface Payers {
  readonly weight: bigint;
  /** Smallest identity: the same whichever side of a filter they are on, so that ties fall the same way. */
  readonly key: string;
  readonly count: number;
}

/** The weight of rows that are in order, with their first identity. Rounding can leave a row a nano below zero: no weight. */
export function payersOf(rows: readonly CostRow[], weightOf: (row: CostRow) => Nanos | null): Payers {
  const weight = rows.reduce((sum, row) => sum + (weightOf(row) ?? 0n), 0n);
  return { weight: weight > 0n ? weight : 0n, key: rows[0]?.id ?? '', count: rows.length };
}

/** The part of the rows that pass the filter, decided before they are grouped: it is the same for every grouping. */
function matchedPart(amount: Nanos, matched: Payers, rest: Payers): Nanos | null {
  const present = [matched, rest].filter(({ count }) => count > 0);
  const weighted = present.some(({ weight }) => weight > 0n);
  const shares: Share[] = present.map(({ key, weight }) => ({ key, weight: weighted ? weight : 1n }));
  const parts = distribute(amount, shares);
  if (parts === null) return null;
  return matched.count > 0 ? (parts[0] ?? 0n) : 0n;
}

/** An amount among rows by name, in proportion to a weight; null when no row has any. */
export function payByWeight(
  amount: Nanos,
  rows: readonly CostRow[],
  weightOf: (row: CostRow) => Nanos | null,
): PaidByName | null {
  const shares = [...groupBy(rows, ({ name }) => name)].map(([key, group]) => ({
    key,
    weight: payersOf(group, weightOf).weight,
  }));
  const parts = distribute(amount, shares);
  return parts === null ? null : new Map(shares.map(({ key }, index) => [key, parts[index] ?? 0n]));
}

const split = (rows: readonly CostRow[]): { matched: CostRow[]; rest: CostRow[] } => ({
  matched: rows.filter(({ matches }) => matches),
  rest: rows.filter(({ matches }) => !matches),
});

const costOf = (row: CostRow): Nanos => ownCostOf(row.costs);

function payWeighted(amount: Nanos, payers: readonly CostRow[]): PaidByName | null {
  const { matched, rest } = split(payers);
  const [ours, theirs] = [payersOf(matched, costOf), payersOf(rest, costOf)];
  if (ours.weight + theirs.weight === 0n) return null;
  return payByWeight(matchedPart(amount, ours, theirs) ?? 0n, matched, costOf) ?? new Map<string, Nanos>();
}

function payEven(amount: Nanos, payers: readonly CostRow[]): PaidByName | null {
  const names = [...groupBy(payers, ({ name }) => name)].sort(([a], [b]) => compare(a, b));
  const parts = distribute(
    amount,
    names.map(([key]) => ({ key, weight: 1n })),
  );
  if (parts === null) return null;
  const paid = new Map<string, Nanos>();
  for (const [index, [name, group]] of names.entries()) {
    const { matched, rest } = split(group);
    if (matched.length === 0) continue;
    paid.set(name, matchedPart(parts[index] ?? 0n, payersOf(matched, costOf), payersOf(rest, costOf)) ?? 0n);
  }
  return paid;
}

/**
 * What the rows that pass the filter pay of an amount that all payers share, by name. Who pays how much is decided without
 * the filter. Null when nobody can pay.
 */
export function payShared(amount: Nanos, payers: readonly CostRow[], splitBy: 'weighted' | 'even'): PaidByName | null {
  return splitBy === 'even' ? payEven(amount, payers) : payWeighted(amount, payers);
}
