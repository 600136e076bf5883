import { z } from 'zod';

/** One environment variable: how its text becomes a value, and what its README line says. */
export interface Field<T> {
  readonly doc: string;
  /** Shown in the README; undefined for a required variable. */
  readonly defaultText: string | undefined;
  readonly required: boolean;
  /** A secret may come from a file named by `<NAME>_FILE`, and its value is never shown. */
  readonly secret: boolean;
  readonly typeText: string;
  readonly schema: z.ZodType<T, string | undefined>;
}

const required = (): z.ZodString => z.string({ error: 'is required' }).min(1, 'is required');
const emptyAsAbsent = (value: string | undefined): string | undefined => (value === '' ? undefined : value);
const optional = <T>(schema: z.ZodType<T, string>): z.ZodType<T | undefined, string | undefined> =>
  z.union([z.string(), z.undefined()]).transform(emptyAsAbsent).pipe(schema.optional());

function field<T>(
  doc: string,
  typeText: string,
  schema: z.ZodType<T, string>,
  options: { defaultText?: string | undefined; secret?: boolean } = {},
): Field<T> {
  const { defaultText, secret = false } = options;
  const withDefault: z.ZodType<T, string | undefined> =
    defaultText === undefined
      ? required().pipe(schema)
      : z
          .union([z.string(), z.undefined()])
          .transform((value) => emptyAsAbsent(value) ?? defaultText)
          .pipe(schema);
  return {
    doc,
    defaultText,
    required: defaultText === undefined,
    secret,
    typeText,
    schema: withDefault,
  };
}

function optionalField<T>(
  doc: string,
  typeText: string,
  schema: z.ZodType<T, string>,
  secret = false,
): Field<T | undefined> {
  return { doc, defaultText: undefined, required: false, secret, typeText, schema: optional(schema) };
}

const text = z.string();
const httpUrl = z.string().refine((value) => URL.canParse(value), 'must be a URL');
const secretText = z.string().min(16, 'must have at least 16 characters');

function numeric(kind: 'integer' | 'number', bounds: { min?: number; max?: number }): z.ZodType<number, string> {
  const pattern = kind === 'integer' ? /^-?\d+$/ : /^-?\d+(\.\d+)?$/;
  const { min = -Infinity, max = Infinity } = bounds;
  return z
    .string()
    .regex(pattern, `must be ${kind === 'integer' ? 'a whole number' : 'a number'}`)
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be between ${String(min)} and ${String(max)}`);
}

function choice<T extends string>(values: readonly T[]): z.ZodType<T, string> {
  return z.string().transform((text, context) => {
    const value = values.find((candidate) => candidate === text);
    if (value !== undefined) return value;
    context.addIssue(`must be one of ${values.join(', ')}`);
    return z.NEVER;
  });
}

interface NumericOptions {
  readonly default: number;
  readonly min?: number;
  readonly max?: number;
}

/** Builders of the variables a service reads. All parse from text; an empty text counts as absent. */
export const env = {
  string: (doc: string, options: { default?: string } = {}): Field<string> =>
    field(doc, 'text', text, { defaultText: options.default }),
  optionalString: (doc: string): Field<string | undefined> => optionalField(doc, 'text', text),
  url: (doc: string, options: { default?: string } = {}): Field<string> =>
    field(doc, 'URL', httpUrl, { defaultText: options.default }),
  optionalUrl: (doc: string): Field<string | undefined> => optionalField(doc, 'URL', httpUrl),
  /** Required, at least 16 characters, from `<NAME>` or the file named by `<NAME>_FILE`; never a default. */
  secret: (doc: string): Field<string> => field(doc, 'secret', secretText, { secret: true }),
  optionalSecret: (doc: string): Field<string | undefined> => optionalField(doc, 'secret', text, true),
  /** A secret that is more than a text; the issues of its schema name fields and no values. */
  optionalSecretOf: <T>(doc: string, typeText: string, schema: z.ZodType<T, string>): Field<T | undefined> =>
    optionalField(doc, typeText, schema, true),
  /** A TCP port; 0 lets the system choose one. */
  port: (doc: string, options: { default: number }): Field<number> =>
    field(doc, 'port', numeric('integer', { min: 0, max: 65535 }), { defaultText: String(options.default) }),
  integer: (doc: string, options: NumericOptions): Field<number> =>
    field(doc, 'integer', numeric('integer', options), { defaultText: String(options.default) }),
  optionalInteger: (doc: string, options: { min?: number; max?: number } = {}): Field<number | undefined> =>
    optionalField(doc, 'integer', numeric('integer', options)),
  number: (doc: string, options: NumericOptions): Field<number> =>
    field(doc, 'number', numeric('number', options), { defaultText: String(options.default) }),
  boolean: (doc: string, options: { default: boolean }): Field<boolean> =>
    field(
      doc,
      'true or false',
      z.enum(['true', 'false'], 'must be true or false').transform((value) => value === 'true'),
      {
        defaultText: String(options.default),
      },
    ),
  oneOf: <const T extends string>(doc: string, values: readonly [T, ...T[]], options: { default?: T } = {}): Field<T> =>
    field(doc, values.join(' | '), choice(values), { defaultText: options.default }),
};
