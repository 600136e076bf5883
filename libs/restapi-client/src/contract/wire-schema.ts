import { z } from 'zod';

/** A JSON Schema (2020-12), as far as documents of ours are concerned. */
export type JsonSchema = Readonly<Record<string, unknown>>;

const wireSchemas = new WeakMap<z.ZodType, JsonSchema>();

/** The schema, documented as this JSON Schema: for those that accept text and make something else of it. */
export function onTheWire<S extends z.ZodType>(schema: S, wire: JsonSchema): S {
  wireSchemas.set(schema, wire);
  return schema;
}

/** How the schema is documented, if other than zod would. */
export function wireSchemaOf(schema: z.core.$ZodType): JsonSchema | undefined {
  return schema instanceof z.ZodType ? wireSchemas.get(schema) : undefined;
}
