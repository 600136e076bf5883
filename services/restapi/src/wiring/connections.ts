import { connectClickhouse, type ClickhouseClient } from '@cloudtuner/clickhouse';
import {
  createEndpointPolicy,
  createKubecostClients,
  endpointList,
  endpointRules,
  type EndpointPolicy,
} from '@cloudtuner/kubecost-client';
import { connectMetadata } from '@cloudtuner/metadata';
import { createMetroculusClient } from '@cloudtuner/metroculus-client';
import { backfill, createProducer, createQueueBoard } from '@cloudtuner/queues';
import { currentRequestId, tlsOptions } from '@cloudtuner/service-kit';
import { timedClickhouse } from '../adapters/timed-clickhouse';
import type { Config } from '../config';
import { breakerObserver, type Metrics } from '../metrics';

/** A page of a dashboard: what is longer is for the worker. About half a second of parsing. */
const kubecostMaxBytes = 8 * 1024 ** 2;

function tlsOf(config: Config, area: 'MONGODB' | 'CLICKHOUSE' | 'METROCULUS' | 'REDIS') {
  const options = tlsOptions(config, area);
  return options === undefined ? {} : { tls: options };
}

function clickhouseOf(config: Config, metrics: Metrics): ClickhouseClient {
  const client = connectClickhouse({
    url: config.CLICKHOUSE_URL,
    database: config.CLICKHOUSE_DATABASE,
    username: config.CLICKHOUSE_USERNAME,
    ...(config.CLICKHOUSE_PASSWORD === undefined ? {} : { password: config.CLICKHOUSE_PASSWORD }),
    requestTimeoutMs: config.CLICKHOUSE_TIMEOUT_MS,
    ...tlsOf(config, 'CLICKHOUSE'),
  });
  return timedClickhouse(client, (route, outcome, seconds) => {
    metrics.clickhouseQuerySeconds.observe({ route, outcome }, seconds);
  });
}

/** One try within the budget: a second would be too late, and a slow one has to count for the breaker. */
const kubecostsOf = (config: Config, policy: EndpointPolicy, metrics: Metrics) =>
  createKubecostClients({
    policy,
    timeoutMs: Math.ceil(config.KUBECOST_BUDGET_MS * 0.9),
    maxAttempts: 1,
    maxStreamBytes: kubecostMaxBytes,
    maxJsonBytes: kubecostMaxBytes,
    onBreakerState: breakerObserver(metrics),
  });

/** Clients of all that restapi asks, as configured. None of them connects before it is used. */
export function connect(config: Config, metrics: Metrics) {
  const metroculus = {
    baseUrl: config.METROCULUS_URL,
    secret: config.CLUSTER_SECRET,
    requestId: currentRequestId,
    ...tlsOf(config, 'METROCULUS'),
  };
  const queues = { redisUrl: config.REDIS_URL, prefix: config.QUEUE_PREFIX, ...tlsOf(config, 'REDIS') };
  const endpoints = createEndpointPolicy({
    allow: endpointRules(config.KUBECOST_ENDPOINT_ALLOW),
    deny: endpointList(config.KUBECOST_ENDPOINT_DENY),
  });
  return {
    metadata: connectMetadata({
      url: config.MONGODB_URL,
      database: config.MONGODB_DATABASE,
      appName: 'restapi',
      ...tlsOf(config, 'MONGODB'),
    }),
    clickhouse: clickhouseOf(config, metrics),
    // Below our own time-out, so that the server's answer arrives first.
    queryLimits: { maxExecutionSeconds: Math.max(1, Math.floor(config.CLICKHOUSE_TIMEOUT_MS / 1000) - 1) },
    metroculus: createMetroculusClient({ ...metroculus, timeoutMs: config.LIVE_COSTS_BUDGET_MS }),
    metroculusUsage: createMetroculusClient({ ...metroculus, timeoutMs: config.USAGE_BUDGET_MS }),
    jobs: createQueueBoard(queues),
    backfillProducer: createProducer(backfill, queues),
    endpoints,
    kubecosts: kubecostsOf(config, endpoints, metrics),
  };
}

/** What the parts of restapi are put together from; each takes what it uses of it. */
export type Connections = ReturnType<typeof connect>;
