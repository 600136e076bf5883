import { nanosFromNumber, type Nanos } from '@cloudtuner/cost-model';
import type { FaultReason } from './bill-row';

/** A value, or the rule that the text breaks. */
export type Read<T> = { readonly value: T } | { readonly fault: FaultReason };

// As NumericFormat of FOCUS has it, exponents included (1.2E-05); a plus sign before one is read although it has none.
const decimal = /^-?(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/;
const nanoDigits = 9;
/** Whole digits that `Decimal(18, 9)` holds. */
const maxWholeDigits = 9;

/** An amount in nano-units, rounded once, halves away from zero: providers write more decimals than that. */
export function readAmount(text: string): Read<Nanos> {
  const match = decimal.exec(text);
  if (match === null) return { fault: 'not-a-number' };
  const [, whole = '', fraction = '', exponent] = match;
  if (whole === '' && fraction === '') return { fault: 'not-a-number' };
  if (exponent !== undefined) {
    const amount = Number(text);
    return Math.abs(amount) < 10 ** maxWholeDigits - 1
      ? { value: nanosFromNumber(amount) }
      : { fault: 'number-too-large' };
  }
  if (whole.replace(/^0+/, '').length > maxWholeDigits) return { fault: 'number-too-large' };
  const digits = BigInt(whole + fraction.slice(0, nanoDigits).padEnd(nanoDigits, '0'));
  const magnitude = digits + ((fraction[nanoDigits] ?? '0') >= '5' ? 1n : 0n);
  if (magnitude >= 10n ** BigInt(maxWholeDigits + nanoDigits)) return { fault: 'number-too-large' };
  return { value: text.startsWith('-') ? -magnitude : magnitude };
}

const time = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.\d{1,9})?)?)?(?: ?UTC|Z|\+00:00)?$/;
const minYear = 1990;
const maxYear = 2100;

/** Unix seconds of a UTC time as DateTimeFormat of FOCUS has it; fractions of a second are cut. */
export function readTime(text: string): Read<number> {
  const match = time.exec(text);
  if (match === null) return { fault: 'not-a-time' };
  const partOf = (index: number): number => Number(match[index] ?? 0);
  const [year, month, day] = [partOf(1), partOf(2), partOf(3)];
  const [hour, minute, second] = [partOf(4), partOf(5), partOf(6)];
  const ms = Date.UTC(year, month - 1, day, hour, minute, second);
  const is = new Date(ms);
  const isReal = is.getUTCMonth() === month - 1 && is.getUTCDate() === day && hour < 24 && minute < 60 && second < 60;
  return isReal && year >= minYear && year < maxYear ? { value: ms / 1000 } : { fault: 'not-a-time' };
}

const maxTags = 200;
const maxTagLength = 1024;

/** Tags: an object of texts, numbers, truth values and nulls. A tag without a value is kept with an empty one. */
export function readTags(text: string): Read<Readonly<Record<string, string>>> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return { fault: 'not-a-json-object' };
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return { fault: 'not-a-json-object' };
  const tags: [string, string][] = [];
  for (const [key, value] of Object.entries(parsed)) {
    if (typeof value === 'object' && value !== null) return { fault: 'not-a-json-object' };
    const tag = value === null ? '' : String(value);
    if (key.length > maxTagLength || tag.length > maxTagLength) return { fault: 'too-long' };
    tags.push([key, tag]);
  }
  if (tags.length > maxTags) return { fault: 'too-long' };
  return { value: Object.fromEntries(tags.sort(([a], [b]) => (a < b ? -1 : 1))) };
}
