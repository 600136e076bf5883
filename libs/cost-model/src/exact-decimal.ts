import { AppError } from '@cloudtuner/errors';

/** An exact decimal: `coefficient × 10^-scale`. */
export interface ExactDecimal {
  readonly coefficient: bigint;
  readonly scale: number;
}

export const exactZero: ExactDecimal = { coefficient: 0n, scale: 0 };

/** Quotient rounded to the nearest integer, halves away from zero; the divisor is positive. */
export function divideRounded(dividend: bigint, divisor: bigint): bigint {
  const magnitude = dividend < 0n ? -dividend : dividend;
  const rounded = (2n * magnitude + divisor) / (2n * divisor);
  return dividend < 0n ? -rounded : rounded;
}

/**
 * The shortest decimal that denotes a double, so that 0.03 is exactly 3 × 10^-2.
 *
 * @throws AppError `internal-error` when the number is not finite.
 */
export function exactDecimalOf(double: number): ExactDecimal {
  if (!Number.isFinite(double)) throw new AppError('internal-error', 'A decimal must be a finite number.');
  const [mantissa = '0', exponent = '0'] = double.toString().split('e');
  const [whole = '0', fraction = ''] = mantissa.split('.');
  const scale = fraction.length - Number(exponent);
  const coefficient = BigInt(whole + fraction);
  return scale < 0 ? { coefficient: coefficient * 10n ** BigInt(-scale), scale: 0 } : { coefficient, scale };
}

export function add(a: ExactDecimal, b: ExactDecimal): ExactDecimal {
  const scale = Math.max(a.scale, b.scale);
  const aligned = ({ coefficient, scale: own }: ExactDecimal): bigint => coefficient * 10n ** BigInt(scale - own);
  return { coefficient: aligned(a) + aligned(b), scale };
}

export function multiply(a: ExactDecimal, b: ExactDecimal): ExactDecimal {
  return { coefficient: a.coefficient * b.coefficient, scale: a.scale + b.scale };
}

/** `dividend ÷ divisor` rounded once to this many decimals, as an integer of the last decimal. */
export function scaledQuotient(dividend: ExactDecimal, divisor: ExactDecimal, decimals: number): bigint {
  return divideRounded(
    dividend.coefficient * 10n ** BigInt(decimals + divisor.scale),
    divisor.coefficient * 10n ** BigInt(dividend.scale),
  );
}

/** `dividend ÷ divisor` as the double nearest to it, after one rounding to this many decimals. */
export function quotientToNumber(dividend: ExactDecimal, divisor: ExactDecimal, decimals: number): number {
  return Number(`${scaledQuotient(dividend, divisor, decimals).toString()}e-${String(decimals)}`);
}
