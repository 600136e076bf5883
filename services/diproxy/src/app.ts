import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { connectMetadata } from '@cloudtuner/metadata';
import {
  createHttpServer,
  serverTlsOptions,
  tlsOptions,
  type App,
  type AppContext,
  type HttpServer,
  type Logger,
} from '@cloudtuner/service-kit';
import { createTouchedHours } from '@cloudtuner/touched-hours';
import { AccountCache } from './account-cache';
import { createLimitsOf, oncePerAccount, type LimitsOf } from './account-limits';
import { AccountMetrics } from './account-metrics';
import { createHttpMetricsStore } from './adapters/http-metrics-store';
import { AuthThrottle } from './auth-throttle';
import { createCheck } from './check';
import { CheckPool } from './check-pool';
import type { Config } from './config';
import { startHousekeeping } from './housekeeping';
import { InFlight } from './in-flight';
import { LateData } from './late-data';
import { countLookup, createMetrics, exposeGauges, showStoreProtocol, type Metrics } from './metrics';
import type { WriteContext } from './pipeline';
import type { MetricsStore } from './ports';
import { createRequestHandler } from './request-handler';
import { SampleRates } from './sample-rate';
import { StoreProtocol } from './store-protocol';
import type { SeriesPolicy } from './validate-and-rewrite';

/** The running gateway. */
export interface DiproxyApp extends App {
  /** The port it listens on; known after start. */
  readonly port: number;
  drain(): void;
}

interface DiproxyContext extends AppContext {
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** The compiled `check-main`; where sources run without a build, as in tests, it is not beside this file. */
  readonly checkThreadFile?: string;
}

// Closing the clients of the stores comes after the last answer.
const closingSeconds = 1;
// How late a slow head is noticed.
const connectionsCheckMs = 1_000;
const maxDefaultThreads = 4;
// Longer than the largest body takes on a busy machine; a check that is still running then hangs.
const checkTimeoutMs = 10_000;
const protocolRetryMs = 60_000;
const protocolRecheckMs = 300_000;

function createStore(config: Config, metrics: Metrics): MetricsStore {
  return createHttpMetricsStore({
    writeUrl: config.METRICS_WRITE_URL,
    tenantHeader: config.METRICS_STORE === 'thanos' ? config.METRICS_WRITE_TENANT_HEADER : undefined,
    timeoutMs: config.METRICS_WRITE_TIMEOUT_SECONDS * 1000,
    connectTimeoutMs: config.METRICS_WRITE_CONNECT_TIMEOUT_SECONDS * 1000,
    maxConnections: config.LIMIT_IN_FLIGHT_REQUESTS,
    tls: tlsOptions(config, 'METRICS_WRITE'),
    onAnswer: (status) => {
      metrics.storeResponses.inc({ status });
    },
    onRetry: () => {
      metrics.storeRetries.inc();
    },
  });
}

function policyOf(config: Config): SeriesPolicy {
  return {
    labelNames: config.METRICS_WRITE_LABEL_NAMES,
    reservedLabels: config.RESERVED_LABELS.split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
    tenantLabel: config.METRICS_STORE === 'prometheus' ? config.METRICS_WRITE_TENANT_LABEL : undefined,
  };
}

function createLimits(config: Config, metrics: Metrics, logger: Logger): LimitsOf {
  const log = oncePerAccount((account, names) => {
    logger.warn({ account, names }, 'limits of an account are unknown or absurd and have no effect');
  });
  const defaults = {
    maxBodyBytes: config.LIMIT_BODY_BYTES,
    maxDecodedBytes: config.LIMIT_DECODED_BYTES,
    maxInFlightRequests: config.LIMIT_ACCOUNT_IN_FLIGHT_REQUESTS,
    samplesPerSecond: config.LIMIT_SAMPLES_PER_SECOND,
    samplesBurst: config.LIMIT_SAMPLES_BURST,
    write: {
      maxSeries: config.LIMIT_SERIES,
      maxSamples: config.LIMIT_SAMPLES,
      maxLabels: config.LIMIT_LABELS,
      maxLabelNameBytes: config.LIMIT_LABEL_NAME_BYTES,
      maxLabelValueBytes: config.LIMIT_LABEL_VALUE_BYTES,
      maxFutureMs: config.LIMIT_FUTURE_SECONDS * 1000,
    },
  };
  return createLimitsOf(defaults, {
    maxHeldBytes: config.LIMIT_IN_FLIGHT_BYTES,
    onIgnored: (accountId, names) => {
      metrics.ignoredLimits.inc();
      log(accountId, names);
    },
  });
}

function createChecks(config: Config, metrics: Metrics, { logger, checkThreadFile }: DiproxyContext): CheckPool {
  const policy = policyOf(config);
  return new CheckPool({
    check: createCheck(policy),
    policy,
    threads: config.WORKER_THREADS ?? Math.min(availableParallelism() - 1, maxDefaultThreads),
    minDecodedBytes: config.WORKER_THREAD_MIN_BYTES,
    file: checkThreadFile ?? join(__dirname, 'check-main.js'),
    jobTimeoutMs: checkTimeoutMs,
    onWait: (seconds) => {
      metrics.stageSeconds.observe({ stage: 'wait' }, seconds);
    },
    onFailure: (cause) => {
      metrics.threadFailures.inc();
      logger.error({ err: cause }, 'a thread that checks large bodies has failed');
    },
  });
}

function createStoreProtocol(config: Config, metrics: Metrics, store: MetricsStore, logger: Logger): StoreProtocol {
  return new StoreProtocol({
    setting: config.METRICS_WRITE_PROTOCOL,
    probe: () => store.probe(),
    retryMs: protocolRetryMs,
    recheckMs: protocolRecheckMs,
    onChange: (protocol) => {
      showStoreProtocol(metrics, protocol);
      logger.info({ protocol }, 'remote write of the store');
    },
  });
}

function createServer(config: Config, context: DiproxyContext, handler: RequestHandler): HttpServer {
  const { logger } = context;
  const drainSeconds = config.SHUTDOWN_DEADLINE_SECONDS - config.SHUTDOWN_DELAY_SECONDS - closingSeconds;
  if (drainSeconds < config.METRICS_WRITE_TIMEOUT_SECONDS) {
    logger.warn(
      { drain_seconds: drainSeconds, store_timeout_seconds: config.METRICS_WRITE_TIMEOUT_SECONDS },
      'SHUTDOWN_DEADLINE_SECONDS leaves writes in flight less time than the store may take: a stop may cut them',
    );
  }
  return createHttpServer({
    name: 'diproxy',
    host: config.HOST,
    port: config.PORT,
    handler,
    logger,
    tls: serverTlsOptions(config),
    drainMs: Math.max(1, drainSeconds) * 1000,
    invitesBodies: true,
    // A sender would drop its data on a 408.
    closesLateSilently: true,
    serverOptions: { connectionsCheckingInterval: connectionsCheckMs },
  });
}

type RequestHandler = ReturnType<typeof createRequestHandler>;

/** An hour that is touched again and again waits no longer than so many rests. */
const longestRests = 3;

function createLateData(config: Config, metrics: Metrics, logger: Logger, now: () => number): LateData | undefined {
  if (config.REDIS_URL === undefined) {
    logger.warn({}, 'without REDIS_URL samples that arrive late are found only once a day');
    return undefined;
  }
  const tls = tlsOptions(config, 'REDIS');
  return new LateData({
    touchedHours: createTouchedHours({
      redisUrl: config.REDIS_URL,
      prefix: config.QUEUE_PREFIX,
      ...(tls === undefined ? {} : { tls }),
      restMs: config.LATE_DATA_REST_SECONDS * 1000,
      maxWaitMs: longestRests * config.LATE_DATA_REST_SECONDS * 1000,
    }),
    maxHours: config.LATE_DATA_MAX_HOURS,
    now,
    onHours: (outcome, hours) => {
      metrics.touchedHours.inc({ outcome }, hours);
    },
    onFailure: (cause) => {
      metrics.touchedHourFailures.inc();
      logger.warn({ err: cause }, 'hours with late samples could not be marked; tried again');
    },
  });
}

/** Puts the gateway together. */
export function createApp(config: Config, context: DiproxyContext): DiproxyApp {
  const { logger, registry, health, now = Date.now } = context;
  const metrics = createMetrics(registry);
  const accountMetrics = new AccountMetrics(registry, { idleMs: config.ACCOUNT_METRICS_IDLE_SECONDS * 1000, now });
  const metadata = connectMetadata({
    url: config.MONGODB_URL,
    database: config.MONGODB_DATABASE,
    tls: tlsOptions(config, 'MONGODB'),
    appName: 'diproxy',
    serverSelectionTimeoutMs: config.ACCOUNT_LOOKUP_TIMEOUT_MS,
    socketTimeoutMs: config.ACCOUNT_LOOKUP_TIMEOUT_MS,
  });
  const store = createStore(config, metrics);
  health.addCheck('mongodb', () => metadata.ping());
  health.addCheck('metrics_store', () => store.ping());

  const write: WriteContext = {
    accounts: new AccountCache({
      source: metadata.cloudAccounts,
      now,
      freshMs: config.ACCOUNT_CACHE_SECONDS * 1000,
      unknownMs: config.ACCOUNT_UNKNOWN_CACHE_SECONDS * 1000,
      staleMs: config.ACCOUNT_STALE_SECONDS * 1000,
      onLookup: countLookup(metrics),
    }),
    throttle: new AuthThrottle(config.LIMIT_AUTH_FAILURES_PER_MINUTE),
    limitsOf: createLimits(config, metrics, logger),
    rates: new SampleRates(),
    inFlight: new InFlight({
      maxRequests: config.LIMIT_IN_FLIGHT_REQUESTS,
      maxBytes: config.LIMIT_IN_FLIGHT_BYTES,
      maxAccountBytes: config.LIMIT_IN_FLIGHT_BYTES / 2,
    }),
    checks: createChecks(config, metrics, context),
    store,
    storeProtocol: createStoreProtocol(config, metrics, store, logger),
    lateData: createLateData(config, metrics, logger, now),
    bodyTimeoutMs: config.BODY_TIMEOUT_SECONDS * 1000,
    observeStage: (stage, seconds) => {
      metrics.stageSeconds.observe({ stage }, seconds);
    },
    now,
  };
  exposeGauges(registry, write);
  const handler = createRequestHandler({ context: write, health, logger, metrics, accountMetrics });
  const server = createServer(config, context, handler);
  let stopHousekeeping = (): void => undefined;

  return {
    get port() {
      return server.port;
    },
    async start() {
      await write.checks.start();
      await server.start();
      write.storeProtocol.start();
      write.lateData?.start();
      stopHousekeeping = startHousekeeping({ ...write, accountMetrics }, now);
    },
    drain() {
      server.drain();
    },
    async stop() {
      await server.stop();
      stopHousekeeping();
      write.storeProtocol.stop();
      await write.checks.stop();
      await write.lateData?.stop();
      await store.close();
      await metadata.close();
    },
  };
}
