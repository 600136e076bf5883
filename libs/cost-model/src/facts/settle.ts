import { sumNanos, type Nanos } from '../money';

/** What becomes of one asset's cost. */
export interface Settlement {
  /** In the order of the claims. */
  readonly shares: readonly Nanos[];
  /** What nobody claimed; below zero when more was claimed than there is. */
  readonly rest: Nanos;
}

/**
 * Divides a cost among claims that are each rounded to nanos. Shares and rest add up to the total.
 *
 * n claims and a total, each rounded, can miss each other by (n + 1)/2 nanos. A rest of no more than that is rounding, and
 * goes to the largest claim, of equals to the first. A larger one is real, and then every share is what was claimed.
 *
 * @param claims In an order that does not depend on how the input came.
 */
export function settle(total: Nanos, claims: readonly Nanos[]): Settlement {
  const rest = total - sumNanos(claims);
  const magnitude = rest < 0n ? -rest : rest;
  if (claims.length === 0 || rest === 0n || 2n * magnitude > BigInt(claims.length + 1)) return { shares: claims, rest };
  const largest = claims.reduce((best, claim, index) => (claim > (claims[best] ?? 0n) ? index : best), 0);
  return { shares: claims.map((claim, index) => (index === largest ? claim + rest : claim)), rest: 0n };
}
