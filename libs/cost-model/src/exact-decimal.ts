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

const fastDecimals = 9;
const fastFactor = 10 ** fastDecimals;

// Every decimal of up to 15 digits is told apart from every other by its double.
const distinctDigits = 1e15;

/** The number as an integer of its ninth decimal; NaN when it has more decimals, or too many digits to be sure. */
function atNineDecimals(double: number): number {
  const scaled = Math.round(double * fastFactor);
  return Math.abs(scaled) < distinctDigits && scaled / fastFactor === double ? scaled : Number.NaN;
}

const isSafe = (integer: number): boolean => Math.abs(integer) <= Number.MAX_SAFE_INTEGER;

/** What stands before the point and the first 18 decimals, nine by nine, each a safe integer. */
interface Parts {
  readonly whole: number;
  readonly fine: number;
  readonly finest: number;
}

/** Nine digits of a text that has them from here on, or ends earlier. */
const nineDigits = (text: string, from: number): number =>
  from < text.length ? Number(text.slice(from, from + fastDecimals).padEnd(fastDecimals, '0')) : 0;

/** The parts of a decimal; undefined for what is negative, or has more than 18 decimals. */
function partsOf(double: number): Parts | undefined {
  const text = double.toString();
  const point = text.indexOf('.');
  // Only a number with an exponent has no point here: the caller keeps whole ones.
  if (point < 0 || double < 0 || text.includes('e') || text.length - point - 1 > 2 * fastDecimals) return undefined;
  const fraction = point + 1;
  return {
    whole: Number(text.slice(0, point)),
    fine: nineDigits(text, fraction),
    finest: nineDigits(text, fraction + fastDecimals),
  };
}

/** Adds up double × integer exactly. Products that doubles can hold, nearly all of them, are added as doubles. */
export class ExactSum {
  private exact = exactZero;
  /** Integers of the unit, of the ninth decimal, and of the eighteenth. */
  private whole = 0;
  private fine = 0;
  private finest = 0;

  /** @param factor A non-negative safe integer. */
  addProduct(double: number, factor: number): void {
    const isWhole = Number.isInteger(double);
    const short = isWhole ? double : atNineDecimals(double);
    if (isSafe(short * factor)) {
      if (isWhole) this.addParts(short * factor, 0, 0);
      else this.addParts(0, short * factor, 0);
      return;
    }
    const parts = isWhole ? undefined : partsOf(double);
    // Nine digits times a factor: of the three products the whole one is not the only one that may be too large.
    if (parts !== undefined && isSafe(parts.whole * factor) && isSafe(1e9 * factor)) {
      this.addParts(parts.whole * factor, parts.fine * factor, parts.finest * factor);
      return;
    }
    const { coefficient, scale } = exactDecimalOf(double);
    this.exact = add(this.exact, { coefficient: coefficient * BigInt(factor), scale });
  }

  private addParts(whole: number, fine: number, finest: number): void {
    if (!isSafe(this.whole + whole) || !isSafe(this.fine + fine) || !isSafe(this.finest + finest)) this.flush();
    this.whole += whole;
    this.fine += fine;
    this.finest += finest;
  }

  private flush(): void {
    this.exact = add(this.exact, { coefficient: BigInt(this.whole), scale: 0 });
    this.exact = add(this.exact, { coefficient: BigInt(this.fine), scale: fastDecimals });
    this.exact = add(this.exact, { coefficient: BigInt(this.finest), scale: 2 * fastDecimals });
    [this.whole, this.fine, this.finest] = [0, 0, 0];
  }

  total(): ExactDecimal {
    this.flush();
    return this.exact;
  }
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
