import { join } from 'node:path';
import { startService, type LocalService } from '@cloudtuner/local-servers';
import type { BackingServers } from './backing-servers';
import type { StopStack } from './stop-stack';

/** The four services, each its own process. */
export interface Services {
  readonly diproxy: LocalService;
  readonly metroculus: LocalService;
  readonly worker: LocalService;
  readonly restapi: LocalService;
}

export interface ServicesOptions {
  readonly servers: BackingServers;
  /** Shared by the services; at least 16 characters. */
  readonly clusterSecret: string;
  /** Where they log. Default: temporary folders. */
  readonly dataDir?: string;
  readonly ports?: { readonly diproxy?: number; readonly metroculus?: number; readonly restapi?: number };
  /** Added to the environment of each service. */
  readonly env?: Readonly<Record<string, string>>;
}

const database = 'cloudtuner';

interface Environments {
  readonly diproxy: Record<string, string>;
  readonly metroculus: Record<string, string>;
  /** Of the worker and of restapi, which read and write the same stores. */
  readonly stores: Record<string, string>;
}

function environmentsOf({ servers, clusterSecret, env = {} }: ServicesOptions): Environments {
  const { redis, mongodb, clickhouse, store } = servers;
  const metadata = { MONGODB_URL: mongodb.url, MONGODB_DATABASE: database };
  return {
    diproxy: {
      // No balancer has to notice a stop here, and history comes as fast as it is taken.
      SHUTDOWN_DELAY_SECONDS: '0',
      LIMIT_SAMPLES_PER_SECOND: '0',
      ...env,
      ...metadata,
      REDIS_URL: redis.url,
      METRICS_STORE: store.kind,
      METRICS_WRITE_URL: store.writeUrl,
    },
    metroculus: { ...env, ...metadata, METRICS_QUERY_URL: store.queryUrl, CLUSTER_SECRET: clusterSecret },
    stores: {
      ...env,
      ...metadata,
      REDIS_URL: redis.url,
      CLICKHOUSE_URL: clickhouse.url,
      CLICKHOUSE_DATABASE: database,
      CLICKHOUSE_USERNAME: clickhouse.username,
      CLICKHOUSE_PASSWORD: clickhouse.password,
      CLUSTER_SECRET: clusterSecret,
    },
  };
}

/** Starts the services against running servers; `running` stops them. */
export async function startServices(options: ServicesOptions, running: StopStack): Promise<Services> {
  const { dataDir, ports = {} } = options;
  const env = environmentsOf(options);
  const place = (name: string, port?: number): { dataDir?: string; port: number } => ({
    ...(dataDir === undefined ? {} : { dataDir: join(dataDir, name) }),
    port: port ?? 0,
  });
  const [diproxy, metroculus] = await running.startTogether(
    startService('diproxy', env.diproxy, place('diproxy', ports.diproxy)),
    startService('metroculus', env.metroculus, place('metroculus', ports.metroculus)),
  );
  const stores = { ...env.stores, METROCULUS_URL: metroculus.url };
  const [worker, restapi] = await running.startTogether(
    startService('kubecost-worker', stores, place('kubecost-worker')),
    startService('restapi', stores, place('restapi', ports.restapi)),
  );
  return { diproxy, metroculus, worker, restapi };
}
