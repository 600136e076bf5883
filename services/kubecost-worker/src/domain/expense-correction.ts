/** Rows of one (account, resource, day) that carry the same cost, counted by their signs. */
export interface ExpenseBalance {
  readonly costNanos: bigint;
  /** Rows with sign 1 minus rows with sign −1. */
  readonly copies: number;
}

/** One row to be written. */
export interface ExpenseRow {
  readonly costNanos: bigint;
  readonly sign: 1 | -1;
}

/**
 * The rows that turn what is stored into one row of the wanted cost (none for null): what cancels first, then the new one, the order in
 * which CollapsingMergeTree keeps the last state. Empty when nothing is to be done.
 */
export function correctionOf(balances: readonly ExpenseBalance[], wantedNanos: bigint | null): readonly ExpenseRow[] {
  const missing = new Map<bigint, number>();
  for (const { costNanos, copies } of balances) missing.set(costNanos, (missing.get(costNanos) ?? 0) - copies);
  if (wantedNanos !== null) missing.set(wantedNanos, (missing.get(wantedNanos) ?? 0) + 1);
  const rows = [...missing].flatMap(([costNanos, count]): ExpenseRow[] =>
    Array.from({ length: Math.abs(count) }, () => ({ costNanos, sign: count > 0 ? 1 : -1 })),
  );
  return rows.toSorted((a, b) => a.sign - b.sign);
}
