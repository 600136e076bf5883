import { connectClickhouse, type ClickhouseClient, type MigrateOptions } from '@cloudtuner/clickhouse';
import {
  createEndpointPolicy,
  createKubecostClients,
  endpointList,
  endpointRules,
  type KubecostClients,
  type KubecostClientsOptions,
} from '@cloudtuner/kubecost-client';
import { connectMetadata, type Metadata } from '@cloudtuner/metadata';
import { createMetroculusClient, type MetroculusClient } from '@cloudtuner/metroculus-client';
import type { ProducerOptions } from '@cloudtuner/queues';
import { currentRequestId, tlsOptions, type Logger } from '@cloudtuner/service-kit';
import { createTouchedHours, type TouchedHours } from '@cloudtuner/touched-hours';
import type { Config } from './config';
import type { InfluxOptions } from './export-ports';

const whenSet = <K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } =>
  value === undefined ? {} : ({ [key]: value } as { readonly [P in K]: V });

/** ClickHouse as configured. */
export function clickhouseOf(config: Config): ClickhouseClient {
  return connectClickhouse({
    url: config.CLICKHOUSE_URL,
    database: config.CLICKHOUSE_DATABASE,
    username: config.CLICKHOUSE_USERNAME,
    ...whenSet('password', config.CLICKHOUSE_PASSWORD),
    ...whenSet('tls', tlsOptions(config, 'CLICKHOUSE')),
  });
}

// Facts of a running hour are replaced when it closes.
const liveDays = 3;

/** The schema of ClickHouse as configured. */
export function schemaOf(config: Config): MigrateOptions {
  return {
    ...whenSet('cluster', config.CLICKHOUSE_CLUSTER),
    retention: {
      hourlyDays: config.RETENTION_HOURLY_DAYS,
      liveDays,
      expensesDays: config.RETENTION_EXPENSES_DAYS,
      kubecostDocumentDays: config.RETENTION_KUBECOST_DOCUMENT_DAYS,
    },
  };
}

/** MongoDB as configured. */
export function metadataOf(config: Config): Metadata {
  return connectMetadata({
    url: config.MONGODB_URL,
    appName: 'kubecost-worker',
    ...whenSet('database', config.MONGODB_DATABASE),
    ...whenSet('tls', tlsOptions(config, 'MONGODB')),
  });
}

/** metroculus as configured. */
export function metroculusOf(config: Config): MetroculusClient {
  return createMetroculusClient({
    baseUrl: config.METROCULUS_URL,
    secret: config.CLUSTER_SECRET,
    timeoutMs: config.METROCULUS_TIMEOUT_SECONDS * 1_000,
    requestId: currentRequestId,
    ...whenSet('tls', tlsOptions(config, 'METROCULUS')),
  });
}

/** The Kubecosts of accounts, as far as the configuration lets them be asked. */
export function kubecostsOf(
  config: Config,
  { onBreakerState, onAttempt }: Required<Pick<KubecostClientsOptions, 'onBreakerState' | 'onAttempt'>>,
): KubecostClients {
  return createKubecostClients({
    policy: createEndpointPolicy({
      allow: endpointRules(config.KUBECOST_ENDPOINT_ALLOW),
      deny: endpointList(config.KUBECOST_ENDPOINT_DENY),
    }),
    timeoutMs: config.EXTRACT_TIMEOUT_SECONDS * 1_000,
    maxStreamBytes: config.EXTRACT_MAX_BYTES,
    maxJsonBytes: config.EXTRACT_MAX_JSON_BYTES,
    onBreakerState,
    onAttempt,
  });
}

/** InfluxDB as configured; null: costs are not exported. */
export function influxOf(config: Config): InfluxOptions | null {
  if (config.INFLUXDB_URL === undefined) return null;
  return {
    url: config.INFLUXDB_URL,
    timeoutMs: config.INFLUXDB_TIMEOUT_SECONDS * 1_000,
    ...whenSet('username', config.INFLUXDB_USERNAME),
    ...whenSet('password', config.INFLUXDB_PASSWORD),
    ...whenSet('token', config.INFLUXDB_TOKEN),
    ...whenSet('tls', tlsOptions(config, 'INFLUXDB')),
  };
}

/** Redis of the queues as configured. */
export function queuesOf(config: Config, logger: Logger): ProducerOptions {
  return {
    redisUrl: config.REDIS_URL,
    prefix: config.QUEUE_PREFIX,
    logger,
    ...whenSet('tls', tlsOptions(config, 'REDIS')),
  };
}

/** Marks on touched hours as configured. */
export function touchedHoursOf(config: Config): TouchedHours {
  return createTouchedHours({
    redisUrl: config.REDIS_URL,
    prefix: config.QUEUE_PREFIX,
    ...whenSet('tls', tlsOptions(config, 'REDIS')),
  });
}
