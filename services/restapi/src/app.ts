import { connectClickhouse } from '@cloudtuner/clickhouse';
import { toAppError } from '@cloudtuner/errors';
import { createEndpointPolicy, createKubecostClients, endpointList, endpointRules } from '@cloudtuner/kubecost-client';
import { connectMetadata, type Metadata } from '@cloudtuner/metadata';
import { createMetroculusClient } from '@cloudtuner/metroculus-client';
import { backfill, createProducer, createQueueBoard } from '@cloudtuner/queues';
import { operations } from '@cloudtuner/restapi-client';
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
import { createClickhouseBillExpenses } from './adapters/expenses/clickhouse-bill-expenses';
import { createClickhouseWorkloadCosts } from './adapters/expenses/clickhouse-workload-costs';
import { createClickhouseAccountStatus } from './adapters/clickhouse-account-status';
import { createClickhouseFacts } from './adapters/clickhouse-facts';
import { createClickhouseNodePrices } from './adapters/clickhouse-node-prices';
import { createClickhouseSummaries } from './adapters/clickhouse-summaries';
import { createClickhouseReconciliation } from './adapters/clickhouse-reconciliation';
import { createMemoryRateLimiter } from './adapters/memory-rate-limiter';
import { createLiveKubecost } from './adapters/live-kubecost';
import { createMetroculusCompatAllocations } from './adapters/metroculus-compat-allocations';
import { createMetroculusLiveAllocations } from './adapters/metroculus-live-allocations';
import { createMetroculusLiveAssets } from './adapters/metroculus-live-assets';
import { createMetroculusLiveCosts } from './adapters/metroculus-live-costs';
import { createMetroculusUsage } from './adapters/metroculus-usage';
import { apiDocumentAssets } from './adapters/api-document-assets';
import { createAuditWriter, type AuditWriter } from './adapters/audit/audit-writer';
import { createClickhouseAuditReader } from './adapters/audit/clickhouse-audit-reader';
import { createClickhouseBillStore } from './adapters/bills/clickhouse-bill-store';
import { encodeCsv } from './adapters/exports/csv-encoder';
import { encodeParquet } from './adapters/exports/parquet-encoder';
import { createOidcIdentityProviders } from './adapters/oidc/oidc-identity-providers';
import { createRecordFileReader } from './adapters/bills/record-file-reader';
import { AnswerMemory } from './adapters/remembered/answer-memory';
import { DataStamps } from './adapters/remembered/data-stamps';
import { rememberedReaders } from './adapters/remembered/remembered-readers';
import { createMetadataNotedQuotas } from './adapters/metadata-noted-quotas';
import { timedClickhouse } from './adapters/timed-clickhouse';
import { createQueueBackfills } from './adapters/queue-backfills';
import type { Config } from './config';
import { createReadMarks } from './domain/read-marks';
import { createSignInThrottle } from './domain/sign-in-throttle';
import { createAuditTrail } from './http/audit-trail';
import { createAuthenticate } from './http/authenticate';
import type { Principal } from './http/principal';
import { allocationRoutes } from './http/routes/allocation';
import { breakdownExpensesRoutes } from './http/routes/breakdown-expenses';
import { auditRoutes } from './http/routes/audit';
import { cleanExpensesRoutes } from './http/routes/clean-expenses';
import { backfillRoutes, cloudAccountRoutes } from './http/routes/cloud-accounts';
import { clusterAssetRoutes } from './http/routes/cluster-assets';
import { clusterConsumerRoutes } from './http/routes/cluster-consumers';
import { clusterUsageRoutes } from './http/routes/cluster-usage';
import { descriptionRoutes } from './http/routes/descriptions';
import { expenseImportRoutes } from './http/routes/expense-imports';
import { exportRoutes } from './http/routes/exports';
import { costRoutes } from './http/routes/costs';
import { invitationRoutes, organizationRoutes, signInRoutes, userRoutes } from './http/routes/identity';
import { jobRoutes } from './http/routes/jobs';
import { kubernetesCostRoutes } from './http/routes/kubernetes-costs';
import { modelRoutes } from './http/routes/model';
import { allocationRuleRoutes } from './http/routes/allocation-rules';
import { costSummaryRoutes } from './http/routes/cost-summaries';
import { groupRoleRoutes, oidcRoutes } from './http/routes/oidc';
import { priceBookRoutes } from './http/routes/price-books';
import { reconciliationRoutes } from './http/routes/reconciliation';
import { personalTokenRoutes, serviceTokenRoutes } from './http/routes/tokens';
import { poolRoutes } from './http/routes/pools';
import { createScopedRoutes } from './http/scoped-routes';
import { breakerObserver, createMetrics, describeOperations, type Metrics } from './metrics';
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

/** Nothing of an identity provider can be guessed: failures there are counted so that nobody keeps it and us busy, by address alone. */
const oidcFailuresPerPassword = 30;
const signInPeriodMs = 5 * 60_000;
const signInMaxKeys = 10_000;
const readMarkPeriodMs = 60_000;
const readMarkMaxIds = 50_000;
const maxAddressBytes = 64 * 1024;
const auditPeriodMs = 1_000;
/** Of answers that are remembered: what 50 views of dashboards of a large cluster have. */
const answerMemoryBytes = 64 * 1024 ** 2;
const answerMaxAgeMs = 10 * 60_000;
/** A page of a dashboard: what is longer is for the worker. About half a second of parsing. */
const kubecostMaxBytes = 8 * 1024 ** 2;

function connect(config: Config, metrics: Metrics) {
  const endpoints = createEndpointPolicy({
    allow: endpointRules(config.KUBECOST_ENDPOINT_ALLOW),
    deny: endpointList(config.KUBECOST_ENDPOINT_DENY),
  });
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
    jobs: createQueueBoard({ redisUrl: config.REDIS_URL, prefix: config.QUEUE_PREFIX, ...tls('REDIS') }),
    endpoints,
    // One try within the budget: a second would be too late, and a slow one has to count for the breaker.
    kubecosts: createKubecostClients({
      policy: endpoints,
      timeoutMs: Math.ceil(config.KUBECOST_BUDGET_MS * 0.9),
      maxAttempts: 1,
      maxStreamBytes: kubecostMaxBytes,
      maxJsonBytes: kubecostMaxBytes,
      onBreakerState: breakerObserver(metrics),
    }),
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

/** Readers of what is stored, twice: those of dashboards remember, those of exports do not, because nobody reads a year twice. */
function storedReaders(
  clickhouse: Connections['clickhouse'],
  limits: { maxExecutionSeconds: number },
  metrics: Metrics,
) {
  const direct = {
    facts: createClickhouseFacts(clickhouse, limits),
    allocations: createClickhouseAllocations(clickhouse, limits),
    assets: createClickhouseAssets(clickhouse, limits),
    workloads: createClickhouseWorkloadCosts(clickhouse, limits),
  };
  const memory = new AnswerMemory({
    maxBytes: answerMemoryBytes,
    maxAgeMs: answerMaxAgeMs,
    now: () => performance.now(),
    observe: (outcome) => {
      metrics.storedReads.inc({ outcome });
    },
  });
  return { direct, remembered: rememberedReaders(direct, { memory, stamps: new DataStamps(clickhouse, limits) }) };
}

function importDependencies(
  config: Config,
  { metadata, clickhouse, now }: Pick<Connections, 'metadata' | 'clickhouse'> & { now: () => number },
) {
  return {
    ...metadata,
    bills: createClickhouseBillStore(clickhouse, { now }),
    files: createRecordFileReader({ spoolFolder: config.EXPENSE_IMPORT_SPOOL_FOLDER }),
    now,
    maxUploadBytes: config.EXPENSE_IMPORT_MAX_BYTES,
    maxImports: config.EXPENSE_IMPORT_MAX_AT_ONCE,
  };
}

function identityDependencies(config: Config, metadata: Metadata, context: { metrics: Metrics; now: () => number }) {
  const { metrics, now } = context;
  const bounds = { periodMs: signInPeriodMs, maxKeys: signInMaxKeys, now };
  return {
    ...metadata,
    throttle: createSignInThrottle({ ...bounds, maxAttempts: config.SIGN_IN_MAX_FAILURES }),
    oidcThrottle: createSignInThrottle({
      ...bounds,
      maxAttempts: config.SIGN_IN_MAX_FAILURES * oidcFailuresPerPassword,
    }),
    identityProviders: createOidcIdentityProviders(config.OIDC_PROVIDERS ?? [], {
      clusterSecret: config.CLUSTER_SECRET,
      now,
    }),
    tokenTtlSeconds: config.TOKEN_TTL_SECONDS,
    countSignIn: (outcome: string): void => {
      metrics.signIns.inc({ outcome: outcome.replaceAll('-', '_') });
    },
  };
}

function createRoutes(
  config: Config,
  { metadata, clickhouse, metroculus, metroculusUsage, backfillProducer, jobs, endpoints, kubecosts }: Connections,
  context: { logger: Logger; metrics: Metrics; now: () => number },
): Route<Principal>[] {
  const { logger, metrics, now } = context;
  const limiter = createMemoryRateLimiter({
    token: config.RATE_LIMIT_TOKEN_UNITS,
    organization: config.RATE_LIMIT_ORGANIZATION_UNITS,
  });
  const routes = createScopedRoutes({ ...metadata, limiter, now });
  const identity = identityDependencies(config, metadata, { metrics, now });
  // Below our own time-out, so that the server's answer arrives first.
  const limits = { maxExecutionSeconds: Math.max(1, Math.floor(config.CLICKHOUSE_TIMEOUT_MS / 1000) - 1) };
  const { direct, remembered } = storedReaders(clickhouse, limits, metrics);
  const accounts = {
    ...metadata,
    endpoints,
    backfills: createQueueBackfills(backfillProducer),
    statuses: createClickhouseAccountStatus(clickhouse, limits),
    now,
  };
  const costs = {
    ...metadata,
    facts: remembered.facts,
    billExpenses: createClickhouseBillExpenses(clickhouse, limits),
    workloads: remembered.workloads,
    live: createMetroculusLiveCosts(metroculus, { logger, now }),
    observer: createObserver(metrics, logger),
    noteRead: createNoteRead(metadata, { logger, now }),
    now,
    liveBudgetMs: config.LIVE_COSTS_BUDGET_MS,
  };
  const kubecost = {
    kubecost: createLiveKubecost(kubecosts, now),
    kubecostBudgetMs: config.KUBECOST_BUDGET_MS,
    observeLive: (outcome: string, seconds: number): void => {
      metrics.kubecostReadSeconds.observe({ outcome: outcome.replaceAll('-', '_') }, seconds);
    },
  };
  const allocations = {
    ...costs,
    ...kubecost,
    allocations: remembered.allocations,
    liveAllocations: createMetroculusLiveAllocations(metroculus, { logger, now }),
    nodePrices: createClickhouseNodePrices(clickhouse, limits),
  };
  const assets = {
    ...costs,
    ...kubecost,
    assets: remembered.assets,
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
    notedQuotas: createMetadataNotedQuotas(metadata.descriptions),
  };
  return [
    ...organizationRoutes(routes, identity),
    ...userRoutes(routes, identity),
    ...invitationRoutes(routes, identity),
    ...signInRoutes(routes, identity),
    ...oidcRoutes(routes, identity),
    ...groupRoleRoutes(routes, identity),
    ...personalTokenRoutes(routes, identity),
    ...serviceTokenRoutes(routes, identity),
    ...auditRoutes(routes, { audit: createClickhouseAuditReader(clickhouse, limits), now }),
    ...cloudAccountRoutes(routes, accounts),
    ...backfillRoutes(routes, accounts),
    ...jobRoutes(routes, { jobs }),
    ...priceBookRoutes(routes, accounts),
    ...costRoutes(routes, allocations),
    ...allocationRoutes(routes, allocations),
    ...clusterAssetRoutes(routes, assets),
    ...clusterUsageRoutes(routes, usage),
    ...clusterConsumerRoutes(routes, usage),
    ...descriptionRoutes(routes, { ...costs, descriptions: metadata.descriptions }),
    ...reconciliationRoutes(routes, {
      ...costs,
      reconciliations: createClickhouseReconciliation(clickhouse, limits),
    }),
    ...kubernetesCostRoutes(routes, usage),
    ...cleanExpensesRoutes(routes, costs),
    ...modelRoutes(routes, {
      ...allocations,
      ...assets,
      compat: createMetroculusCompatAllocations(metroculusUsage, { now }),
      usageBudgetMs: config.USAGE_BUDGET_MS,
    }),
    ...breakdownExpensesRoutes(routes, costs),
    ...exportRoutes(routes, {
      ...costs,
      ...allocations,
      ...direct,
      encoders: { csv: encodeCsv, parquet: encodeParquet },
    }),
    ...poolRoutes(routes, metadata),
    ...allocationRuleRoutes(routes, metadata),
    ...costSummaryRoutes(routes, { ...metadata, summaries: createClickhouseSummaries(clickhouse, limits) }),
    ...expenseImportRoutes(routes, importDependencies(config, { metadata, clickhouse, now })),
  ];
}

function compose(
  parts: { server: HttpServer; audit: AuditWriter },
  connections: Connections,
  logger: Logger,
): RestapiApp {
  const { server, audit } = parts;
  const { metadata, clickhouse, metroculus, metroculusUsage, backfillProducer, jobs, kubecosts } = connections;
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
  lifecycle.add({ name: 'kubecosts', stop: () => kubecosts.close() });
  lifecycle.add({
    name: 'queues',
    stop: async () => {
      await Promise.all([backfillProducer.close(), jobs.close()]);
    },
  });
  // Stops after the server: what was answered last is written, too.
  lifecycle.add(audit);
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
  const metrics = createMetrics(registry);
  describeOperations(registry, Object.values(operations));
  const opened = connect(config, metrics);
  const clickhouse = timedClickhouse(opened.clickhouse, (route, outcome, seconds) => {
    metrics.clickhouseQuerySeconds.observe({ route, outcome }, seconds);
  });
  const connections = { ...opened, clickhouse };
  const { metadata } = connections;
  // Without these two hardly any answer can be given. Redis and metroculus are missed by single routes, which say so.
  health.addCheck('mongodb', () => metadata.ping());
  health.addCheck('clickhouse', (signal) => clickhouse.ping(signal));
  const audit = createAuditWriter({
    clickhouse,
    outbox: metadata.outbox,
    logger,
    events: metrics.auditEvents,
    periodMs: auditPeriodMs,
  });
  const handler = createHttpApp<Principal>({
    logger,
    registry,
    health,
    routes: createRoutes(config, connections, { logger, metrics, now }),
    assets: apiDocumentAssets(),
    compress: true,
    onAnswer: createAuditTrail({ operations, organizations: metadata.organizations, log: audit, logger, now }),
    authenticate: createAuthenticate({ tokens: metadata.tokens, clusterSecret: config.CLUSTER_SECRET }),
  });
  const server = createHttpServer({
    name: 'http',
    host: config.HOST,
    port: config.PORT,
    handler,
    logger,
    // Of a whole request with its body; what is not a file has a few kilobytes.
    serverOptions: {
      requestTimeout: config.EXPENSE_IMPORT_MAX_SECONDS * 1000,
      // Filters are part of the address.
      maxHeaderSize: maxAddressBytes,
    },
  });
  return compose({ server, audit }, connections, logger);
}
