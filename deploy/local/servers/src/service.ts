import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { LocalServer, StartOptions } from './local-server';
import { startManaged } from './managed-server';
import { workspaceRoot } from './workspace';

export interface ServiceOptions extends StartOptions {
  /** The path of the main file, for a process that is not in `services/<name>`. */
  readonly script?: string;
  /** 0 or absent: a free one. */
  readonly adminPort?: number;
  readonly args?: readonly string[];
}

/** A service of ours, as its own process. */
export interface LocalService extends LocalServer {
  readonly adminPort: number;
  /** Its `/metrics`, `/healthz` and `/readyz`. */
  readonly adminUrl: string;
  /** What it logged, parsed; lines that are not JSON are left out. */
  logRecords(): Readonly<Record<string, unknown>>[];
}

/**
 * Starts `services/<name>/dist/main.js` with exactly this environment, HOST, PORT and ADMIN_PORT added, and waits until
 * it logs `ready`. Being ready to be started is not `/readyz`: its stores may be away.
 */
export async function startService(
  name: string,
  env: Readonly<Record<string, string>>,
  options: ServiceOptions = {},
): Promise<LocalService> {
  const script = options.script ?? join(workspaceRoot(), 'services', name, 'dist', 'main.js');
  if (!existsSync(script)) throw new Error(`${name} is not built: run \`npm run build\`.`);
  const records: Record<string, unknown>[] = [];
  const server = await startManaged<'main' | 'admin'>({
    name,
    program: { kind: 'node', script },
    ports: { main: options.port ?? 0, admin: options.adminPort ?? 0 },
    mainPort: 'main',
    args: () => {
      // Each start is told apart from the one before.
      records.length = 0;
      return options.args ?? [];
    },
    envOf: (ports) => ({ HOST: '127.0.0.1', ...env, PORT: String(ports.main), ADMIN_PORT: String(ports.admin) }),
    url: ({ main }) => `http://127.0.0.1:${main}`,
    onLine: (line) => {
      const record = parseRecord(line);
      if (record) records.push(record);
    },
    isReady: () => records.some((record) => record.msg === 'ready'),
    options,
  });
  const adminPort = server.ports.admin;
  return Object.assign(server, {
    adminPort,
    adminUrl: `http://127.0.0.1:${adminPort}`,
    logRecords: () => [...records],
  });
}

function parseRecord(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
