import type { Nanos } from '../money';

/** One of those among whom an amount is divided. Keys differ from each other; weights are not negative. */
export interface Share {
  readonly key: string;
  readonly weight: bigint;
}

const magnitudeOf = (amount: Nanos): bigint => (amount < 0n ? -amount : amount);

/**
 * The parts of an amount in proportion to the weights, in the order of the shares. They add up to the amount exactly:
 * each is rounded towards zero, and the nanos that are left go to the largest remainders, ties by key. Null when no
 * weight is above zero, because then nobody is there to pay.
 */
export function distribute(amount: Nanos, shares: readonly Share[]): Nanos[] | null {
  const totalWeight = shares.reduce((sum, { weight }) => sum + weight, 0n);
  if (totalWeight === 0n) return null;
  const magnitude = magnitudeOf(amount);
  const sign = amount < 0n ? -1n : 1n;
  const parts = shares.map(({ weight }) => (magnitude * weight) / totalWeight);
  const left = Number(magnitude - parts.reduce((sum, part) => sum + part, 0n));
  const byRemainder = shares
    .map(({ key, weight }, index) => ({ key, index, remainder: (magnitude * weight) % totalWeight }))
    .sort((a, b) => compare(b.remainder, a.remainder) || compare(a.key, b.key));
  const favoured = new Set(byRemainder.slice(0, left).map(({ index }) => index));
  return parts.map((part, index) => sign * (favoured.has(index) ? part + 1n : part));
}

/** Negative, zero or positive, as a sort wants it. */
export function compare<Value extends string | bigint | number>(a: Value, b: Value): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
