import { connectMetadata } from '@cloudtuner/metadata';
import { createHttpServer, tlsOptions, type App, type AppContext } from '@cloudtuner/service-kit';
import { AccountCache } from './account-cache';
import { createHttpMetricsStore } from './adapters/http-metrics-store';
import type { Config } from './config';
import { createDecompress } from './decompress';
import { InFlight } from './in-flight';
import { countLookup, createMetrics, exposeInFlight, type Metrics } from './metrics';
import type { WriteContext } from './pipeline';
import type { MetricsStore } from './ports';
import { createRequestHandler } from './request-handler';
import { createValidateAndRewrite } from './validate-and-rewrite';

/** The running gateway. */
export interface DiproxyApp extends App {
  /** The port it listens on; known after start. */
  readonly port: number;
}

// Below the deadline of the whole stop, so that clients of stores still get closed in order.
const drainShare = 0.8;
// How late a slow head is noticed.
const connectionsCheckMs = 1_000;

function createStore(config: Config, metrics: Metrics): MetricsStore {
  return createHttpMetricsStore({
    writeUrl: config.METRICS_WRITE_URL,
    tenantHeader: config.METRICS_STORE === 'thanos' ? config.METRICS_WRITE_TENANT_HEADER : undefined,
    timeoutMs: config.METRICS_WRITE_TIMEOUT_SECONDS * 1000,
    connectTimeoutMs: config.METRICS_WRITE_CONNECT_TIMEOUT_SECONDS * 1000,
    maxConnections: config.LIMIT_IN_FLIGHT_REQUESTS,
    tls: tlsOptions(config, 'METRICS_WRITE'),
    onAnswer: (status, durationSeconds) => {
      metrics.storeResponses.inc({ status });
      metrics.storeSeconds.observe(durationSeconds);
    },
  });
}

function createValidation(config: Config): WriteContext['validateAndRewrite'] {
  return createValidateAndRewrite({
    limits: {
      maxSeries: config.LIMIT_SERIES,
      maxSamples: config.LIMIT_SAMPLES,
      maxLabels: config.LIMIT_LABELS,
      maxLabelNameBytes: config.LIMIT_LABEL_NAME_BYTES,
      maxLabelValueBytes: config.LIMIT_LABEL_VALUE_BYTES,
      maxFutureMs: config.LIMIT_FUTURE_SECONDS * 1000,
    },
    labelNames: config.METRICS_WRITE_LABEL_NAMES,
    reservedLabels: config.RESERVED_LABELS.split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
    tenantLabel: config.METRICS_STORE === 'prometheus' ? config.METRICS_WRITE_TENANT_LABEL : undefined,
  });
}

/** Puts the gateway together. */
export function createApp(config: Config, { logger, registry, health, now = Date.now }: DiproxyContext): DiproxyApp {
  const metrics = createMetrics(registry);
  const metadata = connectMetadata({
    url: config.MONGODB_URL,
    database: config.MONGODB_DATABASE,
    tls: tlsOptions(config, 'MONGODB'),
    appName: 'diproxy',
    serverSelectionTimeoutMs: config.ACCOUNT_LOOKUP_TIMEOUT_MS,
    socketTimeoutMs: config.ACCOUNT_LOOKUP_TIMEOUT_MS,
  });
  const store = createStore(config, metrics);
  const inFlight = new InFlight({
    maxRequests: config.LIMIT_IN_FLIGHT_REQUESTS,
    maxBytes: config.LIMIT_IN_FLIGHT_BYTES,
  });
  exposeInFlight(registry, inFlight);
  health.addCheck('mongodb', () => metadata.ping());
  health.addCheck('metrics_store', () => store.ping());

  const context: WriteContext = {
    accounts: new AccountCache({
      source: metadata.cloudAccounts,
      now,
      freshMs: config.ACCOUNT_CACHE_SECONDS * 1000,
      unknownMs: config.ACCOUNT_UNKNOWN_CACHE_SECONDS * 1000,
      staleMs: config.ACCOUNT_STALE_SECONDS * 1000,
      onLookup: countLookup(metrics),
    }),
    inFlight,
    decompress: createDecompress(config.LIMIT_DECODED_BYTES),
    validateAndRewrite: createValidation(config),
    store,
    maxBodyBytes: config.LIMIT_BODY_BYTES,
    bodyTimeoutMs: config.BODY_TIMEOUT_SECONDS * 1000,
    now,
  };
  const server = createHttpServer({
    name: 'diproxy',
    host: config.HOST,
    port: config.PORT,
    handler: createRequestHandler({ context, health, logger, metrics }),
    logger,
    drainMs: config.SHUTDOWN_DEADLINE_SECONDS * 1000 * drainShare,
    serverOptions: { connectionsCheckingInterval: connectionsCheckMs },
  });

  return {
    get port() {
      return server.port;
    },
    start: () => server.start(),
    async stop() {
      await server.stop();
      await store.close();
      await metadata.close();
    },
  };
}

interface DiproxyContext extends AppContext {
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}
