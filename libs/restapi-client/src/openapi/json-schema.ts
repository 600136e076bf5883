import { z } from 'zod';
import { wireSchemaOf, type JsonSchema } from '../contract/wire-schema';

/** Named schemas of a document, filled as they are met. */
export type Components = Map<string, JsonSchema>;

type Mutable = Record<string, unknown>;

/** zod gives the schema of what goes in and of what comes out; they differ by defaults and conversions. */
type Direction = 'input' | 'output';

const refPrefix = '#/components/schemas/';

function replaceByWire(zodSchema: z.core.$ZodType, jsonSchema: Mutable): void {
  const wire = wireSchemaOf(zodSchema instanceof z.ZodDefault ? zodSchema.unwrap() : zodSchema);
  if (wire === undefined) return;
  const { description } = jsonSchema;
  for (const key of Object.keys(jsonSchema)) Reflect.deleteProperty(jsonSchema, key);
  Object.assign(jsonSchema, wire, description === undefined ? {} : { description });
}

/** zod writes the bounds of exact integers into every integer; they tell a reader nothing. */
function dropIntegerBounds(jsonSchema: Mutable): void {
  if (jsonSchema['minimum'] === Number.MIN_SAFE_INTEGER) delete jsonSchema['minimum'];
  if (jsonSchema['maximum'] === Number.MAX_SAFE_INTEGER) delete jsonSchema['maximum'];
}

function jsonOf(value: unknown): string | number | boolean | null {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
}

function withComponentRefs(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withComponentRefs);
  if (typeof node !== 'object' || node === null) return node;
  return Object.fromEntries(
    Object.entries(node).map(([key, child]) => [
      key,
      key === '$ref' && typeof child === 'string' ? child.replace('#/$defs/', refPrefix) : withComponentRefs(child),
    ]),
  );
}

/**
 * The JSON Schema of a zod schema. Schemas with an id (`.meta({ id })`) go to the components and are referred to.
 * Objects of an answer are open, so that a field that is added later breaks no client.
 */
export function jsonSchemaOf(schema: z.ZodType, direction: Direction, components: Components): JsonSchema {
  const made: Mutable = {
    ...z.toJSONSchema(schema, {
      io: direction,
      unrepresentable: 'any',
      override: ({ zodSchema, jsonSchema }) => {
        replaceByWire(zodSchema, jsonSchema);
        // Of what is sent in they are rules.
        if (direction === 'output') dropIntegerBounds(jsonSchema);
        // zod leaves a default out where something is converted behind it.
        if (direction === 'input' && zodSchema instanceof z.ZodDefault) {
          jsonSchema.default ??= jsonOf(zodSchema.def.defaultValue);
        }
        if (direction === 'output' && jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
      },
    }),
  };
  const { $schema: _dialect, $defs: definitions, ...rest } = made;
  for (const [name, definition] of Object.entries(definitions ?? {})) {
    components.set(name, z.record(z.string(), z.unknown()).parse(withComponentRefs(definition)));
  }
  return z.record(z.string(), z.unknown()).parse(withComponentRefs(rest));
}
