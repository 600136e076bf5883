import { AppError } from '@cloudtuner/errors';
import { divideRounded, exactDecimalOf } from './exact-decimal';

/** Money as an integer: 1e-9 of the account's currency. Sums of it are exact. */
export type Nanos = bigint;

const nanoDigits = 9;
const nanosPerUnit = 10n ** BigInt(nanoDigits);
const decimalPattern = /^(-?)(\d+)(?:\.(\d{1,9}))?$/;

/**
 * Nanos of an amount in currency units, rounded once, halves away from zero.
 *
 * @throws AppError `internal-error` when the amount is not finite.
 */
export function nanosFromNumber(amount: number): Nanos {
  const { coefficient, scale } = exactDecimalOf(amount);
  return divideRounded(coefficient * nanosPerUnit, 10n ** BigInt(scale));
}

/** The amount with always nine decimals: `"12.345000000"`. */
export function formatNanos(nanos: Nanos): string {
  const magnitude = nanos < 0n ? -nanos : nanos;
  const fraction = (magnitude % nanosPerUnit).toString().padStart(nanoDigits, '0');
  return `${nanos < 0n ? '-' : ''}${(magnitude / nanosPerUnit).toString()}.${fraction}`;
}

/**
 * Reads what {@link formatNanos} writes; fewer decimals are accepted, more are not.
 *
 * @throws AppError `internal-error` when the text is not such a decimal.
 */
export function parseNanos(text: string): Nanos {
  const match = decimalPattern.exec(text);
  if (match === null) throw new AppError('internal-error', 'An amount must be a decimal with at most nine decimals.');
  const [, sign = '', whole = '0', fraction = ''] = match;
  const nanos = BigInt(whole) * nanosPerUnit + BigInt(fraction.padEnd(nanoDigits, '0'));
  return sign === '-' ? -nanos : nanos;
}

/** A cost as rows and the wire carry it; null is not known. */
export function formatCost(cost: Nanos | null): string | null {
  return cost === null ? null : formatNanos(cost);
}

/** Reads what {@link formatCost} writes. @throws AppError as {@link parseNanos} does */
export function nanosOrNull(cost: string | null): Nanos | null {
  return cost === null ? null : parseNanos(cost);
}

/** The double nearest to the amount in currency units, which is exact below a million. For display: never sum it. */
export function nanosToNumber(nanos: Nanos): number {
  return Number(formatNanos(nanos));
}

/** The exact sum. */
export function sumNanos(amounts: Iterable<Nanos>): Nanos {
  let total = 0n;
  for (const amount of amounts) total += amount;
  return total;
}

/** The exact sum of the known amounts; null when none of them is known, because unknown is not zero. */
export function sumKnownNanos(amounts: Iterable<Nanos | null>): Nanos | null {
  let total: Nanos | null = null;
  for (const amount of amounts) {
    if (amount !== null) total = (total ?? 0n) + amount;
  }
  return total;
}
