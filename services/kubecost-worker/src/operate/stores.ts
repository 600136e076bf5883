import { connectClickhouse, type ClickhouseClient } from '@cloudtuner/clickhouse';
import { connectMetadata, type Metadata } from '@cloudtuner/metadata';
import { openTenantKeys, type TenantKeys } from '@cloudtuner/queues';
import { defineConfig, env, tlsConfig, tlsOptions, type ConfigOf } from '@cloudtuner/service-kit';

/** What of the worker's environment is needed here, so that a command runs in its pod as it is. */
export const operateConfig = defineConfig({
  REDIS_URL: env.url('Redis of the queues.'),
  QUEUE_PREFIX: env.string('First part of every key in Redis.', { default: 'cloudtuner' }),
  ...tlsConfig('REDIS'),
  CLICKHOUSE_URL: env.url('HTTP interface of ClickHouse.'),
  CLICKHOUSE_DATABASE: env.string('Database of the facts.', { default: 'cloudtuner' }),
  CLICKHOUSE_USERNAME: env.string('User of ClickHouse.', { default: 'default' }),
  CLICKHOUSE_PASSWORD: env.optionalSecret('Password of that user.'),
  CLICKHOUSE_CLUSTER: env.optionalString('Name of the ClickHouse cluster.'),
  ...tlsConfig('CLICKHOUSE'),
  MONGODB_URL: env.url('MongoDB of organizations and cloud accounts.'),
  MONGODB_DATABASE: env.optionalString('Its database, if not the one of the URL.'),
  ...tlsConfig('MONGODB'),
  BACKUP_CLICKHOUSE_TO: env.optionalSecret("Where ClickHouse keeps backups; `File('{name}')` unless set."),
});
type OperateConfig = ConfigOf<typeof operateConfig>;

/** The stores that hold what is kept, and where ClickHouse keeps its backups. */
export interface Stores {
  readonly clickhouse: ClickhouseClient;
  readonly metadata: Metadata;
  readonly tenantKeys: TenantKeys;
  readonly cluster: string | undefined;
  readonly clickhouseDestination: string;
  close(): Promise<void>;
}

// A backup and a removal take as long as there is data.
const longestStatementMs = 12 * 3_600_000;
const defaultDestination = "File('{name}')";

const whenSet = <K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } =>
  value === undefined ? {} : ({ [key]: value } as { readonly [P in K]: V });

/** Connects to the stores as configured. */
export function openStores(config: OperateConfig): Stores {
  const clickhouse = connectClickhouse({
    url: config.CLICKHOUSE_URL,
    database: config.CLICKHOUSE_DATABASE,
    username: config.CLICKHOUSE_USERNAME,
    requestTimeoutMs: longestStatementMs,
    ...whenSet('password', config.CLICKHOUSE_PASSWORD),
    ...whenSet('tls', tlsOptions(config, 'CLICKHOUSE')),
  });
  const metadata = connectMetadata({
    url: config.MONGODB_URL,
    appName: 'operate',
    longDeadlineMs: longestStatementMs,
    ...whenSet('database', config.MONGODB_DATABASE),
    ...whenSet('tls', tlsOptions(config, 'MONGODB')),
  });
  const tenantKeys = openTenantKeys({
    redisUrl: config.REDIS_URL,
    prefix: config.QUEUE_PREFIX,
    ...whenSet('tls', tlsOptions(config, 'REDIS')),
  });
  return {
    clickhouse,
    metadata,
    tenantKeys,
    cluster: config.CLICKHOUSE_CLUSTER,
    clickhouseDestination: config.BACKUP_CLICKHOUSE_TO ?? defaultDestination,
    async close() {
      tenantKeys.close();
      await Promise.all([metadata.close(), clickhouse.close()]);
    },
  };
}
