import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { answersOk } from './http-probe';
import { externalServer, type LocalServer, type StartOptions } from './local-server';
import { startManaged } from './managed-server';
import { readServers, type Servers } from './servers-file';
import { workspaceRoot } from './workspace';

/** A ClickHouse server and the user to sign in as. */
export interface ClickhouseServer extends LocalServer {
  readonly username: string;
  readonly password: string;
}

/** Starts the embedded ClickHouse process; a `CLICKHOUSE_URL` that the setup found wins. */
export async function startClickhouse(options: StartOptions & { servers?: Servers } = {}): Promise<ClickhouseServer> {
  const found = (options.servers ?? readServers()).clickhouse ?? { kind: 'embedded' };
  if (found.kind === 'url') {
    const { username = 'default', password = '' } = found;
    return Object.assign(externalServer('clickhouse', found.url), { username, password });
  }
  const script = join(workspaceRoot(), 'deploy/local/embedded-clickhouse/dist/main.js');
  if (!existsSync(script)) throw new Error('The embedded ClickHouse is not built: run `npm run build`.');
  const server = await startManaged({
    name: 'clickhouse',
    program: { kind: 'node', script },
    ports: { http: options.port ?? 0 },
    mainPort: 'http',
    args: ({ ports, dataDir }) => [
      ...['--path', join(dataDir, 'files'), '--port', String(ports.http)],
      ...['--backups-folder', join(dataDir, 'backups')],
    ],
    url: ({ http }) => `http://127.0.0.1:${http}`,
    isReady: ({ ports }) => answersOk(`http://127.0.0.1:${ports.http}/ping`),
    options,
  });
  return Object.assign(server, { username: 'default', password: '' });
}
