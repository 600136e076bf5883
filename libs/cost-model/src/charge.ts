import {
  add,
  exactDecimalOf,
  ExactSum,
  exactZero,
  multiply,
  quotientToNumber,
  scaledQuotient,
  type ExactDecimal,
} from './exact-decimal';
import { within, type StepFunction } from './intervals';
import type { Nanos } from './money';
import { msPerHour, type TimeWindow } from './window';

const bytesPerGib = 2n ** 30n;

/** How a quantity is counted and what its price is for. */
export interface ChargeUnit {
  /** Quantity units in one priced unit: 2^30 for bytes priced by the GiB. */
  readonly perPricedUnit: bigint;
  /** Milliseconds that the quantity is counted by: an hour for capacities, 1 where time plays no part. */
  readonly perMs: bigint;
}

export const chargeUnits = {
  /** Cores, GPUs, load balancers: priced by the hour. */
  countHours: { perPricedUnit: 1n, perMs: BigInt(msPerHour) },
  /** Bytes priced by GiB and hour. */
  byteHours: { perPricedUnit: bytesPerGib, perMs: BigInt(msPerHour) },
  /** Bytes priced by GiB. */
  bytes: { perPricedUnit: bytesPerGib, perMs: 1n },
} as const satisfies Record<string, ChargeUnit>;

/** An exact quantity and what it costs, before any rounding. */
export interface Charge {
  readonly unit: ChargeUnit;
  /** Quantity × milliseconds (or the bare quantity). */
  readonly quantity: ExactDecimal;
  /** Price × quantity × milliseconds; null when no price is known. */
  readonly amount: ExactDecimal | null;
  /** When it was charged. */
  readonly intervals: readonly TimeWindow[];
  /** Something was charged at a price of zero. */
  readonly atZeroPrice: boolean;
}

/** The function's integral: value × milliseconds. */
export function integralOf(steps: StepFunction): ExactDecimal {
  const sum = new ExactSum();
  for (const { startMs, endMs, value } of steps) sum.addProduct(value, endMs - startMs);
  return sum.total();
}

/** Capacity × price over the time in which both are known; capacity alone, cost unknown, when there never is a price. */
export function chargeCapacity(capacity: StepFunction, price: StepFunction, unit: ChargeUnit): Charge | null {
  if (capacity.length === 0) return null;
  const priced = within(capacity, price);
  if (priced.length === 0) {
    return { unit, quantity: integralOf(capacity), amount: null, intervals: capacity, atZeroPrice: false };
  }
  let [quantity, amount] = [exactZero, exactZero];
  let atZeroPrice = false;
  // A price holds for many stretches of capacity: one multiplication for all of them.
  for (const stretch of price) {
    const atOnePrice = integralOf(price.length === 1 ? priced : within(capacity, [stretch]));
    quantity = add(quantity, atOnePrice);
    amount = add(amount, multiply(atOnePrice, exactDecimalOf(stretch.value)));
    atZeroPrice ||= stretch.value === 0 && atOnePrice.coefficient > 0n;
  }
  return { unit, quantity, amount, intervals: priced, atZeroPrice };
}

/** The sum of two charges at the same prices. When they were charged is not kept. */
export function addCharges(a: Charge, b: Charge): Charge {
  return {
    unit: a.unit,
    quantity: add(a.quantity, b.quantity),
    amount: a.amount === null || b.amount === null ? null : add(a.amount, b.amount),
    intervals: [],
    atZeroPrice: a.atZeroPrice || b.atZeroPrice,
  };
}

/** Hours, byte-hours or bytes. */
export function quantityOf(charge: Charge | null): number | null {
  if (charge === null) return null;
  return quotientToNumber(charge.quantity, { coefficient: charge.unit.perMs, scale: 0 }, 9);
}

// Enough for the shortest decimal of any sensible price, so that a price that did not change comes out as it came in.
const priceDecimals = 24;

/** The mean price over the charged quantity; null when nothing was charged. */
export function priceOf(charge: Charge | null): number | null {
  if (charge === null || charge.amount === null || charge.quantity.coefficient === 0n) return null;
  return quotientToNumber(charge.amount, charge.quantity, priceDecimals);
}

/** The cost, rounded once; null when unknown. */
export function costOf(charge: Charge | null): Nanos | null {
  if (charge === null) return null;
  // No quantity costs nothing, whatever its price.
  if (charge.quantity.coefficient === 0n) return 0n;
  if (charge.amount === null) return null;
  const { perPricedUnit, perMs } = charge.unit;
  return scaledQuotient(charge.amount, { coefficient: perPricedUnit * perMs, scale: 0 }, 9);
}
