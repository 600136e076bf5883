import { z } from 'zod';
import { onTheWire } from './wire-schema';

const maxNameLength = 200;
const maxUnixSeconds = 253_402_300_799;

// Control characters have no place in a name, and break logs and CSV exports.
const printable = /^[^\p{Cc}\p{Cs}\u2028\u2029]*$/u;
/** The same for readers that know no Unicode properties; text of half a character cannot be sent as UTF-8 anyway. */
const printableOnTheWire = '[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]';
const someOnTheWire = '[^\\s\\ufeff\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]';

/** Text without control characters, up to a length. */
export const printableText = (maxLength: number) =>
  onTheWire(z.string().min(1, 'must not be empty').max(maxLength).regex(printable, 'must be printable'), {
    type: 'string',
    minLength: 1,
    maxLength,
    pattern: `^${printableOnTheWire}*$`,
  });

/** A UUID in the one form it is stored in: lower case. */
export const uuid = z
  .uuid('must be a UUID')
  .transform((text) => text.toLowerCase())
  .pipe(z.string());

/** A name that people see: trimmed, NFC, 1 to 200 printable characters. */
export const displayText = onTheWire(
  z
    .string()
    .transform((text) => text.trim().normalize('NFC'))
    .pipe(z.string().min(1, 'must not be empty').max(maxNameLength).regex(printable, 'must be printable')),
  {
    type: 'string',
    minLength: 1,
    maxLength: maxNameLength,
    pattern: `^${printableOnTheWire}*${someOnTheWire}${printableOnTheWire}*$`,
    description: 'Printable text; spaces around it are cut.',
  },
);

/** Unix seconds in an answer. */
export const unixSeconds = z.int();

/** Unix seconds in a body, up to the year 9999. */
export const unixSecondsInput = z.int().min(0).max(maxUnixSeconds);

/** Unix seconds in a query: digits only, up to the year 9999. */
export const unixSecondsParam = onTheWire(
  z
    .union([
      z.int(),
      z
        .string()
        .regex(/^\d{1,12}$/, 'must be unix seconds')
        .transform(Number),
    ])
    .pipe(unixSecondsInput),
  { type: 'integer', minimum: 0, maximum: maxUnixSeconds, description: 'Unix seconds.' },
);

/** A whole number in a query. */
export const integerParam = (bounds: { min: number; max: number }) =>
  onTheWire(
    z
      .union([
        z.int(),
        z
          .string()
          .regex(/^\d{1,9}$/, 'must be a whole number')
          .transform(Number),
      ])
      .pipe(z.int().min(bounds.min).max(bounds.max)),
    { type: 'integer', minimum: bounds.min, maximum: bounds.max },
  );

/**
 * An amount in the organization's currency: a number rounded once to 9 decimals, or with `money=string` the exact
 * decimal text. Null: not measured, which is not zero.
 */
export const money = onTheWire(z.union([z.number(), z.string().regex(/^-?\d+\.\d{9}$/)]).nullable(), {
  type: ['number', 'string', 'null'],
  pattern: '^-?\\d+\\.\\d{9}$',
  description:
    'An amount in the currency of the organization: a number rounded once to 9 decimals, or its exact text with ' +
    '`money=string`. Null: not measured, which is not zero.',
});

/** How amounts are written: as numbers (the default) or exact texts. */
export const moneyForm = z.enum(['number', 'string']).default('number');

/** A half-open interval of unix seconds. */
export const interval = z.object({ start: unixSeconds, end: unixSeconds });

/** Something that the caller should know about an answer that is good otherwise. */
export const warning = z.object({
  code: z.string(),
  detail: z.string(),
  cloud_account_id: z.uuid().optional(),
});

/** The total and what it is made of; the parts that are known sum to the total exactly. */
export const costParts = z.object({
  total_cost: money,
  cpu_cost: money,
  ram_cost: money,
  gpu_cost: money,
  pv_cost: money,
  network_cost: money,
  load_balancer_cost: money,
  management_cost: money,
});

/** A warning of an answer. */
export type Warning = z.infer<typeof warning>;
