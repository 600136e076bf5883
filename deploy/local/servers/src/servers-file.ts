import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { workspaceRoot } from './workspace';

const binary = z.object({
  kind: z.literal('binary'),
  path: z.string(),
  /** What the binary needs in its environment, for one: where its unpacked libraries are. */
  env: z.record(z.string(), z.string()).default({}),
  version: z.string(),
  from: z.enum(['path', 'debian', 'go', 'pypi']),
  engine: z.string().optional(),
});
const docker = z.object({ kind: z.literal('docker'), image: z.string(), engine: z.string().optional() });
const url = z.object({ kind: z.literal('url'), url: z.string() });
const clickhouseUrl = url.extend({ username: z.string().optional(), password: z.string().optional() });
const storeUrl = z.object({
  kind: z.literal('url'),
  store: z.enum(['thanos', 'prometheus']).default('prometheus'),
  writeUrl: z.string(),
  queryUrl: z.string(),
});
const embedded = z.object({ kind: z.literal('embedded') });

const serversFile = z.object({
  redis: z.union([url, docker, binary]).optional(),
  mongodb: z.union([url, docker, binary]).optional(),
  prometheus: z.union([docker, binary]).optional(),
  prometheus3: z.union([docker, binary]).optional(),
  thanos: z.union([docker, binary]).optional(),
  clickhouse: z.union([clickhouseUrl, embedded]).optional(),
  influxdb: z.union([docker, binary]).optional(),
  etcd: z.union([docker, binary]).optional(),
  'openmetrics-parser': binary.optional(),
  schemathesis: binary.optional(),
  store: storeUrl.optional(),
});

/** A program on this machine or in an image, which a starter can run. */
export type Program = z.infer<typeof docker> | z.infer<typeof binary>;

/** Where each backing server comes from, as the setup found it. */
export type Servers = z.infer<typeof serversFile>;

/**
 * Reads `.local/servers.json`, which `npm run setup` writes.
 *
 * @throws Error when the setup has not run, or has not looked for what is asked.
 */
export function readServers(root: string = workspaceRoot()): Servers {
  let text: string;
  try {
    text = readFileSync(join(root, '.local', 'servers.json'), 'utf8');
  } catch (error) {
    throw new Error('No backing servers are set up: run `npm run setup -- --for demo` (or test, stack).', {
      cause: error,
    });
  }
  return serversFile.parse(JSON.parse(text));
}

/** The entry of one server. @throws Error when the setup has not looked for it. */
export function requireServer<K extends keyof Servers>(servers: Servers, name: K): NonNullable<Servers[K]> {
  const entry = servers[name];
  if (!entry) throw new Error(`${name} is not set up: run \`npm run setup -- --for test\`.`);
  return entry;
}
