import { readFileSync } from 'node:fs';
import { z } from 'zod';

const schema = z.object({
  RESTAPI_URL: z.url(),
  GATEWAY_URL: z.url(),
  /** Where its reader reaches restapi. */
  PUBLIC_URL: z.url(),
  CLUSTER_SECRET_FILE: z.string().min(1),
  /** What it remembers, and `credentials/` for the sender. */
  DATA_DIR: z.string().min(1),
  DAYS: z.coerce.number().int().min(1).max(30).default(1),
  HOST: z.string().min(1).default('0.0.0.0'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(9100),
});

export type ComposeDemoConfig = Readonly<z.infer<typeof schema> & { clusterSecret: string }>;

/** The variables of the program that docker-compose.yml runs in its profile `demo`. */
export const composeDemoConfig = {
  /** @throws Error that names each variable that cannot be used. */
  parse(environment: Readonly<Record<string, string | undefined>>): ComposeDemoConfig {
    const parsed = schema.safeParse(environment);
    if (!parsed.success) throw new Error(z.prettifyError(parsed.error));
    return { ...parsed.data, clusterSecret: readFileSync(parsed.data.CLUSTER_SECRET_FILE, 'utf8').trim() };
  },
  /** Their names, and whether it can do without. */
  describe(): readonly { readonly name: string; readonly required: boolean }[] {
    return Object.entries(schema.shape).map(([name, value]) => ({
      name,
      required: !value.safeParse(undefined).success,
    }));
  },
} as const;
