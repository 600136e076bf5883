import { connectClickhouse } from '@cloudtuner/clickhouse';
import { toAppError } from '@cloudtuner/errors';
import { connectMetadata, type Metadata } from '@cloudtuner/metadata';
import { createMetroculusClient } from '@cloudtuner/metroculus-client';
import { backfill, createProducer } from '@cloudtuner/queues';
import {
  createHttpApp,
  createHttpServer,
  createLifecycle,
  currentRequestId,
  tlsOptions,
  type App,
  type AppContext,
  type HttpServer,
  type Logger,
  type Route,
} from '@cloudtuner/service-kit';
import { createClickhouseAllocations } from './adapters/clickhouse-allocations';
import { createClickhouseAssets } from './adapters/clickhouse-assets';
import { createClickhouseFacts } from './adapters/clickhouse-facts';
import { createClickhouseNodePrices } from './adapters/clickhouse-node-prices';
import { createMetroculusLiveAllocations } from './adapters/metroculus-live-allocations';
import { createMetroculusLiveAssets } from './adapters/metroculus-live-assets';
import { createMetroculusLiveCosts } from './adapters/metroculus-live-costs';
import { createMetroculusUsage } from './adapters/metroculus-usage';
import { createQueueBackfills } from './adapters/queue-backfills';
import type { Config } from './config';
import { createReadMarks } from './domain/read-marks';
import { createSignInThrottle } from './domain/sign-in-throttle';
import { createAuthenticate } from './http/authenticate';
import type { Principal } from './http/principal';
import { allocationRoutes } from './http/routes/allocation';
import { cleanExpensesRoutes } from './http/routes/clean-expenses';
import { backfillRoutes, cloudAccountRoutes } from './http/routes/cloud-accounts';
import { clusterAssetRoutes } from './http/routes/cluster-assets';
import { clusterConsumerRoutes } from './http/routes/cluster-consumers';
import { clusterUsageRoutes } from './http/routes/cluster-usage';
import { costRoutes } from './http/routes/costs';
import { organizationRoutes, userRoutes } from './http/routes/identity';
import { kubernetesCostRoutes } from './http/routes/kubernetes-costs';
import { modelRoutes } from './http/routes/model';
import { createScopedRoutes } from './http/scoped-routes';
import { createMetrics, type Metrics } from './metrics';
import type { LedgerObserver, NoteRead } from './ports';

/** restapi, composed. */
export interface RestapiApp extends App {
  /** The port it listens on; known after start. */
  readonly port: number;
}

/** What the composition root is given; the clock in ms. */
export interface RestapiContext extends AppContext {
  readonly now?: () => number;
}

const signInPeriodMs = 5 * 60_000;
const signInMaxKeys = 10_000;
const readMarkPeriodMs = 60_000;
const readMarkMaxIds = 50_000;

function connect(config: Config) {
  const tls = (area: 'MONGODB' | 'CLICKHOUSE' | 'METROCULUS' | 'REDIS') => {
    const options = tlsOptions(config, area);
    return options === undefined ? {} : { tls: options };
  };
  const metroculus = {
    baseUrl: config.METROCULUS_URL,
    secret: config.CLUSTER_SECRET,
    requestId: currentRequestId,
    ...tls('METROCULUS'),
  };
  return {
    metadata: connectMetadata({
      url: config.MONGODB_URL,
      database: config.MONGODB_DATABASE,
      appName: 'restapi',
      ...tls('MONGODB'),
    }),
    clickhouse: connectClickhouse({
      url: config.CLICKHOUSE_URL,
      database: config.CLICKHOUSE_DATABASE,
      username: config.CLICKHOUSE_USERNAME,
      ...(config.CLICKHOUSE_PASSWORD === undefined ? {} : { password: config.CLICKHOUSE_PASSWORD }),
      requestTimeoutMs: config.CLICKHOUSE_TIMEOUT_MS,
      ...tls('CLICKHOUSE'),
    }),
    metroculus: createMetroculusClient({ ...metroculus, timeoutMs: config.LIVE_COSTS_BUDGET_MS }),
    metroculusUsage: createMetroculusClient({ ...metroculus, timeoutMs: config.USAGE_BUDGET_MS }),
    backfillProducer: createProducer(backfill, {
      redisUrl: config.REDIS_URL,
      prefix: config.QUEUE_PREFIX,
      ...tls('REDIS'),
    }),
  };
}

type Connections = ReturnType<typeof connect>;

function createObserver(metrics: Metrics, logger: Logger): LedgerObserver {
  return {
    liveRead: (outcome, seconds) => {
      metrics.liveReadSeconds.observe({ outcome }, seconds);
    },
    expensesOutOfStep: (cloudAccountId, days) => {
      metrics.expensesOutOfStep.inc(days);
      logger.warn({ cloud_account_id: cloudAccountId, days }, 'expenses are not the sum of their hours');
    },
    accountLeftOut: (cloudAccountId, error) => {
      metrics.accountsLeftOut.inc({ reason: toAppError(error).code.replaceAll('-', '_') });
      logger.error({ err: error, cloud_account_id: cloudAccountId }, 'account left out of an answer');
    },
  };
}

function createNoteRead(metadata: Metadata, options: { logger: Logger; now: () => number }): NoteRead {
  const { logger, now } = options;
  const marks = createReadMarks({ periodMs: readMarkPeriodMs, maxIds: readMarkMaxIds, now });
  return ({ organizationId, id }) => {
    if (!marks.due(id)) return;
    metadata.cloudAccounts.markRead(organizationId, id, new Date(now())).catch((error: unknown) => {
      logger.warn({ err: error, cloud_account_id: id }, 'could not note that costs were read');
    });
  };
}

function createRoutes(
  config: Config,
  { metadata, clickhouse, metroculus, metroculusUsage, backfillProducer }: Connections,
  context: { logger: Logger; metrics: Metrics; now: () => number },
): Route<Principal>[] {
  const { logger, metrics, now } = context;
  const routes = createScopedRoutes(metadata);
  const identity = {
    ...metadata,
    throttle: createSignInThrottle({
      maxAttempts: config.SIGN_IN_MAX_FAILURES,
      periodMs: signInPeriodMs,
      maxKeys: signInMaxKeys,
      now,
    }),
    tokenTtlSeconds: config.TOKEN_TTL_SECONDS,
    countSignIn: (outcome: string): void => {
      metrics.signIns.inc({ outcome: outcome.replaceAll('-', '_') });
    },
  };
  const accounts = { ...metadata, backfills: createQueueBackfills(backfillProducer), now };
  // Below our own time-out, so that the server's answer arrives first.
  const maxExecutionSeconds = Math.max(1, Math.floor(config.CLICKHOUSE_TIMEOUT_MS / 1000) - 1);
  const costs = {
    ...metadata,
    facts: createClickhouseFacts(clickhouse, { maxExecutionSeconds }),
    live: createMetroculusLiveCosts(metroculus, { logger, now }),
    observer: createObserver(metrics, logger),
    noteRead: createNoteRead(metadata, { logger, now }),
    now,
    liveBudgetMs: config.LIVE_COSTS_BUDGET_MS,
  };
  const allocations = {
    ...costs,
    allocations: createClickhouseAllocations(clickhouse, { maxExecutionSeconds }),
    liveAllocations: createMetroculusLiveAllocations(metroculus, { logger, now }),
    nodePrices: createClickhouseNodePrices(clickhouse, { maxExecutionSeconds }),
  };
  const assets = {
    ...costs,
    assets: createClickhouseAssets(clickhouse, { maxExecutionSeconds }),
    liveAssets: createMetroculusLiveAssets(metroculus, { logger, now }),
  };
  const usage = {
    ...allocations,
    usage: createMetroculusUsage(metroculusUsage, {
      logger,
      now,
      observe: (question, outcome, seconds) => {
        metrics.usageReadSeconds.observe({ question, outcome }, seconds);
      },
    }),
    usageBudgetMs: config.USAGE_BUDGET_MS,
  };
  return [
    ...organizationRoutes(routes, identity),
    ...userRoutes(routes, identity),
    ...cloudAccountRoutes(routes, accounts),
    ...backfillRoutes(routes, accounts),
    ...costRoutes(routes, allocations),
    ...allocationRoutes(routes, allocations),
    ...clusterAssetRoutes(routes, assets),
    ...clusterUsageRoutes(routes, usage),
    ...clusterConsumerRoutes(routes, usage),
    ...kubernetesCostRoutes(routes, usage),
    ...cleanExpensesRoutes(routes, costs),
    ...modelRoutes({ ...allocations, ...assets }),
  ];
}

function compose(server: HttpServer, connections: Connections, logger: Logger): RestapiApp {
  const { metadata, clickhouse, metroculus, metroculusUsage, backfillProducer } = connections;
  const lifecycle = createLifecycle(logger);
  lifecycle.add({ name: 'metadata', stop: () => metadata.close() });
  lifecycle.add({ name: 'clickhouse', stop: () => clickhouse.close() });
  lifecycle.add({
    name: 'metroculus',
    stop: () => {
      metroculus.close();
      metroculusUsage.close();
    },
  });
  lifecycle.add({ name: 'queues', stop: () => backfillProducer.close() });
  lifecycle.add(server);
  return {
    start: () => lifecycle.start(),
    stop: () => lifecycle.stop(),
    get port() {
      return server.port;
    },
  };
}

/** Wires restapi. Nothing is connected before it is used, so it starts while its stores are away. */
export function createApp(config: Config, { logger, registry, health, now = Date.now }: RestapiContext): RestapiApp {
  const connections = connect(config);
  const { metadata, clickhouse } = connections;
  // Without these two hardly any answer can be given. Redis and metroculus are missed by single routes, which say so.
  health.addCheck('mongodb', () => metadata.ping());
  health.addCheck('clickhouse', (signal) => clickhouse.ping(signal));
  const handler = createHttpApp<Principal>({
    logger,
    registry,
    health,
    routes: createRoutes(config, connections, { logger, metrics: createMetrics(registry), now }),
    authenticate: createAuthenticate({ tokens: metadata.tokens, clusterSecret: config.CLUSTER_SECRET }),
  });
  const server = createHttpServer({ name: 'http', host: config.HOST, port: config.PORT, handler, logger });
  return compose(server, connections, logger);
}
