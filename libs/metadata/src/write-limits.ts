import { z } from 'zod';

const bounded = (min: number, max: number): z.ZodOptional<z.ZodInt> => z.int().min(min).max(max).optional();
const mebibyte = 1024 * 1024;

// The upper bounds keep a slip of the hand (a byte count for a count of labels) from switching a protection off.
const fields = {
  /** 0 = no rate limit. */
  samples_per_second: bounded(0, 1_000_000_000),
  samples_burst: bounded(1, 10_000_000_000),
  series: bounded(1, 1_000_000),
  samples: bounded(1, 10_000_000),
  labels: bounded(1, 1_000),
  label_name_bytes: bounded(1, 64 * 1024),
  label_value_bytes: bounded(1, mebibyte),
  body_bytes: bounded(1, 64 * mebibyte),
  decoded_bytes: bounded(1, 256 * mebibyte),
  future_seconds: bounded(1, 86_400),
  in_flight_requests: bounded(1, 10_000),
};

/** What a cloud account may have instead of the defaults of the write path; the field `limits` of its document. */
export const writeLimitsDocument = z.strictObject(fields);
/** Overrides of the write path's limits; what is absent has the gateway's default. */
export type WriteLimitOverrides = Readonly<z.infer<typeof writeLimitsDocument>>;

type LimitName = keyof typeof fields;

/** The usable overrides of a document, and the names of those that are unknown or out of bounds. */
export interface ReadWriteLimits {
  readonly limits: WriteLimitOverrides;
  readonly ignored: readonly string[];
}

function isLimitName(name: string): name is LimitName {
  return Object.hasOwn(fields, name);
}

/**
 * Reads the overrides of a document one by one: a bad one is left out and named, the others still hold. A slip in one
 * number must not lift every limit of the account, and not shut it out either.
 */
export function readWriteLimits(document: unknown): ReadWriteLimits {
  if (document === undefined || document === null) return { limits: {}, ignored: [] };
  const entries = z.record(z.string(), z.unknown()).safeParse(document);
  if (!entries.success) return { limits: {}, ignored: ['limits'] };
  const limits: { -readonly [K in LimitName]?: number } = {};
  const ignored: string[] = [];
  for (const [name, value] of Object.entries(entries.data)) {
    const parsed = isLimitName(name) ? fields[name].safeParse(value) : undefined;
    if (!isLimitName(name) || parsed?.success !== true) ignored.push(name);
    else if (parsed.data !== undefined) limits[name] = parsed.data;
  }
  return { limits, ignored };
}
