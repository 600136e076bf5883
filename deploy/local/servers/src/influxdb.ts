import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { answersOk } from './http-probe';
import type { LocalServer, StartOptions } from './local-server';
import { startManaged } from './managed-server';
import { readServers, requireServer, type Servers } from './servers-file';

export interface InfluxOptions extends StartOptions {
  readonly servers?: Servers;
  /** Asks for a user and password; the first one is made by whoever comes first. Default false. */
  readonly authentication?: boolean;
}

/** Starts InfluxDB 1.x, without a limit on the values of a tag. */
export async function startInflux(options: InfluxOptions = {}): Promise<LocalServer> {
  const program = requireServer(options.servers ?? readServers(), 'influxdb');
  return startManaged<'http' | 'rpc'>({
    name: 'influxdb',
    program,
    ports: { http: options.port ?? 0, rpc: 0 },
    mainPort: 'http',
    imageCommand: ['influxd'],
    args: ({ ports, dataDir, listenHost }) => {
      for (const folder of ['meta', 'data', 'wal']) mkdirSync(join(dataDir, folder), { recursive: true });
      const configFile = join(dataDir, 'influxdb.conf');
      const http = { address: `${listenHost}:${ports.http}`, authentication: options.authentication === true };
      writeFileSync(configFile, influxConfig(dataDir, `${listenHost}:${ports.rpc}`, http));
      return ['run', '-config', configFile];
    },
    url: ({ http }) => `http://127.0.0.1:${http}`,
    isReady: ({ ports }) => answersOk(`http://127.0.0.1:${ports.http}/ping`),
    options,
  });
}

function influxConfig(dataDir: string, rpcAddress: string, http: { address: string; authentication: boolean }): string {
  const path = (folder: string): string => JSON.stringify(join(dataDir, folder));
  return `reporting-disabled = true
bind-address = "${rpcAddress}"
[meta]
dir = ${path('meta')}
[data]
dir = ${path('data')}
wal-dir = ${path('wal')}
max-values-per-tag = 0
query-log-enabled = false
[http]
bind-address = "${http.address}"
auth-enabled = ${String(http.authentication)}
log-enabled = false
[monitor]
store-enabled = false
[subscriber]
enabled = false
`;
}
