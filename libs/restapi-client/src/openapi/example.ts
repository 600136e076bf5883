import type { JsonSchema } from '../contract/wire-schema';
import type { Components } from './json-schema';

/** Which parts of an object an example has. */
export interface ExampleOptions {
  /** True: also the properties that may be left out. */
  readonly optional: boolean;
}

const exampleId = '0b9f3c58-6a0e-4a39-8f0c-0d5f4a1f8f11';
/** 2026-01-01T00:00:00Z and the day after. */
const exampleStart = 1_767_225_600;
const exampleEnd = exampleStart + 86_400;

/** What a reader expects under these names; used where the schema takes it. */
const examplesByName: Readonly<Record<string, unknown>> = {
  name: 'production',
  display_name: 'Ada Lovelace',
  region: 'eu-west-1',
  owner: 'platform team',
  currency: 'USD',
  password: 'correct horse battery',
  new_password: 'battery horse correct',
  window: '7d',
  start: exampleStart,
  end: exampleEnd,
  start_time: exampleStart,
  end_time: exampleEnd,
  start_date: exampleStart,
  end_date: exampleEnd,
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const numberOf = (value: unknown, fallback: number): number => (typeof value === 'number' ? value : fallback);

function typeOf({ type, properties }: JsonSchema): unknown {
  if (Array.isArray(type)) return type.find((candidate) => candidate !== 'null');
  return type ?? (properties === undefined ? undefined : 'object');
}

function textExample(schema: JsonSchema): string {
  if (schema['format'] === 'uuid') return exampleId;
  if (schema['format'] === 'email') return 'ada@example.org';
  if (schema['format'] === 'date-time') return '2026-01-01T00:00:00Z';
  if (schema['format'] === 'date') return '2026-01-01';
  if (schema['format'] === 'uri') return 'https://cloudtuner.example.com';
  return 'text'.padEnd(numberOf(schema['minLength'], 0), '-').slice(0, numberOf(schema['maxLength'], 1000));
}

function numberExample(schema: JsonSchema, name: string): number {
  const wished =
    name.endsWith('_at') || name.endsWith('_after') ? exampleStart : typeOf(schema) === 'integer' ? 1 : 0.5;
  return Math.min(Math.max(wished, numberOf(schema['minimum'], -Infinity)), numberOf(schema['maximum'], Infinity));
}

function fits(schema: JsonSchema, candidate: unknown): boolean {
  const type = typeOf(schema);
  if (typeof candidate === 'string') {
    return type === 'string' && schema['enum'] === undefined && schema['format'] === undefined;
  }
  return type === 'integer' || type === 'number';
}

/** An example of a schema, the same one each time. */
export function exampleOf(schema: JsonSchema, components: Components, options: ExampleOptions, name = ''): unknown {
  const { $ref: reference } = schema;
  if (typeof reference === 'string') {
    return exampleOf(components.get(reference.split('/').at(-1) ?? '') ?? {}, components, options, name);
  }
  for (const key of ['const', 'example', 'default']) if (schema[key] !== undefined) return schema[key];
  for (const key of ['examples', 'enum', 'anyOf', 'oneOf']) {
    const list: unknown = schema[key];
    if (!Array.isArray(list) || list.length === 0) continue;
    const first: unknown = list[0];
    return isObject(first) && key.endsWith('Of') ? exampleOf(first, components, options, name) : first;
  }
  const named = examplesByName[name];
  if (named !== undefined && fits(schema, named)) return named;
  return exampleByType(schema, components, options, name);
}

// Four parameters and a name: it is the second half of the function above, apart for its length.
function exampleByType(schema: JsonSchema, components: Components, options: ExampleOptions, name: string): unknown {
  switch (typeOf(schema)) {
    case 'string':
      return textExample(schema);
    case 'integer':
    case 'number':
      return numberExample(schema, name);
    case 'boolean':
      return true;
    case 'array': {
      const { items, prefixItems } = schema;
      if (Array.isArray(prefixItems)) {
        return prefixItems.map((item: unknown) => (isObject(item) ? exampleOf(item, components, options, name) : null));
      }
      if (!isObject(items)) return [];
      const count = Math.max(1, numberOf(schema['minItems'], 1));
      return Array.from({ length: count }, () => exampleOf(items, components, options, name));
    }
    case 'object':
      return objectExample(schema, components, options);
    default:
      return null;
  }
}

function objectExample(schema: JsonSchema, components: Components, options: ExampleOptions): unknown {
  const { properties, required, additionalProperties } = schema;
  const needed: unknown[] = Array.isArray(required) ? required : [];
  if (!isObject(properties)) {
    return options.optional && isObject(additionalProperties)
      ? { team: exampleOf(additionalProperties, components, options) }
      : {};
  }
  return Object.fromEntries(
    Object.entries(properties).flatMap(([key, property]) =>
      isObject(property) && (options.optional || needed.includes(key))
        ? [[key, exampleOf(property, components, options, key)]]
        : [],
    ),
  );
}
