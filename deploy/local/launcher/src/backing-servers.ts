import { join } from 'node:path';
import {
  readServers,
  startClickhouse,
  startMongo,
  startPrometheus,
  startRedis,
  startThanos,
  type ClickhouseServer,
  type LocalServer,
  type PrometheusServer,
  type ThanosServer,
} from '@cloudtuner/local-servers';
import type { Stoppable, StopStack } from './stop-stack';

export type StoreKind = 'thanos' | 'prometheus';

/** The store of metrics: where it is written to and asked, and the processes behind it. */
export interface MetricsStore extends Stoppable {
  readonly kind: StoreKind;
  readonly writeUrl: string;
  readonly queryUrl: string;
  readonly pids: Readonly<Record<string, number | undefined>>;
  /** `host:port` of each part's own `/metrics`; none of a store that somebody else runs. */
  readonly metricsTargets: readonly string[];
  /** Freezes what takes writes and answers queries; see LocalServer. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  kill(): Promise<void>;
  restart(): Promise<void>;
}

export interface BackingServers {
  readonly redis: LocalServer;
  readonly mongodb: LocalServer;
  readonly clickhouse: ClickhouseServer;
  readonly store: MetricsStore;
}

export interface BackingServersOptions {
  /** Default: the store that the setup found in the environment, else Thanos where its binary is, else Prometheus. */
  readonly store?: StoreKind | undefined;
  /** Where they keep their data. Default: temporary folders, gone after the stop. */
  readonly dataDir?: string;
  readonly ports?: {
    readonly redis?: number;
    readonly mongodb?: number;
    readonly clickhouse?: number;
    readonly store?: number;
  };
}

/** The store that is used when nobody chooses. */
export function defaultStore(): StoreKind {
  const servers = readServers();
  return servers.store?.store ?? (servers.thanos === undefined ? 'prometheus' : 'thanos');
}

/** A store made of processes of ours, whatever their number. */
function localStore(
  kind: StoreKind,
  server: PrometheusServer | ThanosServer,
  pids: MetricsStore['pids'],
): MetricsStore {
  const { name, writeUrl, queryUrl } = server;
  return {
    kind,
    name,
    writeUrl,
    queryUrl,
    pids,
    metricsTargets: 'metricsTargets' in server ? server.metricsTargets : [`127.0.0.1:${server.port}`],
    stop: () => server.stop(),
    pause: () => server.pause(),
    resume: () => server.resume(),
    kill: () => server.kill(),
    restart: () => server.restart(),
  };
}

function externalStore(kind: StoreKind, writeUrl: string, queryUrl: string): MetricsStore {
  const nothing = (): Promise<void> => Promise.resolve();
  return {
    kind,
    name: kind,
    writeUrl,
    queryUrl,
    pids: {},
    metricsTargets: [],
    stop: nothing,
    pause: nothing,
    resume: nothing,
    kill: nothing,
    restart: nothing,
  };
}

async function startStore(options: BackingServersOptions): Promise<MetricsStore> {
  const external = readServers().store;
  const kind = options.store ?? defaultStore();
  if (external?.store === kind) return externalStore(kind, external.writeUrl, external.queryUrl);
  const place = options.dataDir === undefined ? {} : { dataDir: join(options.dataDir, kind) };
  const port = options.ports?.store ?? 0;
  if (kind === 'thanos') {
    const thanos = await startThanos({ ...place, writePort: port });
    return localStore(kind, thanos, { 'thanos-receive': thanos.receive.pid, 'thanos-query': thanos.query.pid });
  }
  const prometheus = await startPrometheus({ ...place, name: 'prometheus-store', port, storeReceiver: true });
  return localStore(kind, prometheus, { [prometheus.name]: prometheus.pid });
}

/** Starts Redis, MongoDB, ClickHouse and the store of metrics side by side; `running` stops them. */
export async function startBackingServers(options: BackingServersOptions, running: StopStack): Promise<BackingServers> {
  const { dataDir, ports = {} } = options;
  const place = (name: string, port: number | undefined): { dataDir?: string; port: number } => ({
    ...(dataDir === undefined ? {} : { dataDir: join(dataDir, name) }),
    port: port ?? 0,
  });
  const [redis, mongodb, clickhouse, store] = await running.startTogether(
    startRedis(place('redis', ports.redis)),
    startMongo(place('mongodb', ports.mongodb)),
    startClickhouse(place('clickhouse', ports.clickhouse)),
    startStore(options),
  );
  return { redis, mongodb, clickhouse, store };
}
