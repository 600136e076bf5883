import { parseArgs } from 'node:util';
import { z } from 'zod';

/** A command line that cannot be used; the text is for the person who typed it. */
export class FlagError extends Error {}

const port = z.coerce.number().int().min(0).max(65_535);

const flagsSchema = z.object({
  store: z.enum(['thanos', 'prometheus']).optional(),
  days: z.coerce.number().int().min(1).max(30).default(7),
  fresh: z.boolean().default(false),
  'data-dir': z.string().min(1).default('.local/demo'),
  'restapi-port': port.default(8999),
  'metroculus-port': port.default(8969),
  'diproxy-port': port.default(8935),
  'clickhouse-port': port.default(0),
  'mongo-port': port.default(0),
  'redis-port': port.default(0),
  'store-port': port.default(0),
});

export type Flags = Readonly<z.infer<typeof flagsSchema>>;

export const usage = `  --store=prometheus|thanos   metrics store (default: that of earlier data, else
                              thanos when its binary is there, else prometheus)
  --days=N                    days of history to begin with, 1 to 30 (default 7)
  --fresh                     forget the data of earlier runs
  --data-dir=PATH             where data lives (default .local/demo)
  --restapi-port=N --metroculus-port=N --diproxy-port=N
                              ports of the services (8999, 8969, 8935; 0 takes a free one)
  --clickhouse-port=N --mongo-port=N --redis-port=N --store-port=N
                              ports of the backing servers (default: free ones)`;

const options = {
  store: { type: 'string' },
  days: { type: 'string' },
  fresh: { type: 'boolean' },
  'data-dir': { type: 'string' },
  'restapi-port': { type: 'string' },
  'metroculus-port': { type: 'string' },
  'diproxy-port': { type: 'string' },
  'clickhouse-port': { type: 'string' },
  'mongo-port': { type: 'string' },
  'redis-port': { type: 'string' },
  'store-port': { type: 'string' },
} as const;

/** @throws FlagError naming the flag that cannot be used. */
export function parseFlags(args: readonly string[]): Flags {
  let values: unknown;
  try {
    ({ values } = parseArgs({ args: [...args], options, allowPositionals: false }));
  } catch (error) {
    throw new FlagError(error instanceof Error ? error.message : String(error));
  }
  const parsed = flagsSchema.safeParse(values);
  if (parsed.success) return parsed.data;
  throw new FlagError(parsed.error.issues.map((issue) => `--${issue.path.join('.')}: ${issue.message}`).join('\n'));
}
