import { connectMetadata, type Metadata } from '@cloudtuner/metadata';
import { createPrometheusClient } from '@cloudtuner/prometheus-client';
import {
  createHttpApp,
  createHttpServer,
  createLifecycle,
  tlsOptions,
  type App,
  type AppContext,
  type Logger,
} from '@cloudtuner/service-kit';
import { createMetadataPriceBooks, noPriceBooks } from './adapters/metadata-price-books';
import { createPromqlMetricsStore } from './adapters/promql-metrics-store';
import { createPromqlUsageStore } from './adapters/promql-usage-store';
import { createQuerySlots } from './adapters/query-slots';
import type { Config } from './config';
import { createAuthenticator } from './http/authenticate';
import { createRoutes } from './http/routes';
import { createUsageRoutes } from './http/usage-routes';
import { createMetrics } from './metrics';

// A query that is waited for has connections to spare beside it for the readiness check.
const spareConnections = 2;
const compatMaxWaiting = 16;

function connectAccounts(config: Config, logger: Logger): Metadata | undefined {
  if (config.MONGODB_URL === undefined) {
    logger.warn({}, 'without MONGODB_URL price books of accounts have no effect');
    return undefined;
  }
  return connectMetadata({
    url: config.MONGODB_URL,
    database: config.MONGODB_DATABASE,
    tls: tlsOptions(config, 'MONGODB'),
    appName: 'metroculus',
  });
}

/** Composes the service. It starts without its store: readiness tells whether that can be asked. */
export function createApp(
  config: Config,
  { logger, registry, health, nowMs = Date.now }: AppContext & { readonly nowMs?: () => number },
): App & { readonly port: number } {
  const tls = tlsOptions(config, 'METRICS_QUERY');
  const client = createPrometheusClient({
    url: config.METRICS_QUERY_URL,
    timeoutMs: config.METRICS_QUERY_TIMEOUT_SECONDS * 1000,
    maxResponseBytes: config.METRICS_QUERY_MAX_RESPONSE_MIB * 1024 * 1024,
    connections: config.METRICS_QUERY_CONCURRENCY + spareConnections,
    ...(tls === undefined ? {} : { tls }),
  });
  const slots = createQuerySlots({
    concurrency: config.METRICS_QUERY_CONCURRENCY,
    maxWaiting: config.METRICS_QUERY_MAX_WAITING,
    maxWaitMs: config.METRICS_QUERY_WAIT_SECONDS * 1000,
  });
  const metrics = createMetrics(registry, () => slots.waiting);
  const hours = createQuerySlots({
    concurrency: config.ALLOCATION_PARALLEL_HOURS,
    maxWaiting: config.METRICS_QUERY_MAX_WAITING,
  });
  // Apart from the hours that are stored: a window by OpenCost's arithmetic is long, and for those who look at it only.
  const compat = createQuerySlots({
    concurrency: 1,
    maxWaiting: compatMaxWaiting,
    maxWaitMs: config.METRICS_QUERY_WAIT_SECONDS * 1000,
  });
  const store = createPromqlMetricsStore({ client, slots, metrics, nowMs });
  health.addCheck('metrics_store', (signal) => store.ping(signal));

  const onPriced = ({ flags }: { readonly flags: readonly string[] }): void => {
    metrics.pricedHours.inc();
    for (const flag of flags) metrics.flaggedHours.inc({ flag });
  };
  const metadata = connectAccounts(config, logger);
  if (metadata !== undefined) health.addCheck('mongodb', () => metadata.ping());
  const routes = createRoutes({
    store,
    priceBooks: metadata === undefined ? noPriceBooks : createMetadataPriceBooks(metadata),
    nowMs,
    onPriced,
    allocation: {
      podsPerPart: config.ALLOCATION_PODS_PER_QUERY,
      turn: (signal, work) => hours.run(signal, work),
      onAllocated: (hour, durationSeconds) => {
        onPriced(hour);
        metrics.allocationDuration.observe(durationSeconds);
        for (const { kind } of hour.allocations) metrics.allocationRows.inc({ kind });
      },
    },
    parallelHours: config.CLUSTER_COSTS_PARALLEL_HOURS,
    maxPoints: config.METRICS_MAX_POINTS,
    compat: { maxSamples: config.COMPAT_MAX_SAMPLES, turn: (signal, work) => compat.run(signal, work) },
    headroom: { cpu: config.SAVINGS_CPU_HEADROOM, memory: config.SAVINGS_MEMORY_HEADROOM },
  });
  const usageRoutes = createUsageRoutes({ usageStore: createPromqlUsageStore({ client, slots, metrics }), nowMs });
  const authenticate = createAuthenticator(config.CLUSTER_SECRET);
  const server = createHttpServer({
    name: 'http',
    host: config.HOST,
    port: config.PORT,
    handler: createHttpApp({ logger, registry, health, routes: [...routes, ...usageRoutes], authenticate }),
    logger,
  });
  const lifecycle = createLifecycle(logger);
  lifecycle.add({ name: 'metrics store', stop: () => client.close() });
  lifecycle.add({ name: 'metadata', stop: () => metadata?.close() });
  lifecycle.add(server);
  return {
    start: () => lifecycle.start(),
    stop: () => lifecycle.stop(),
    get port() {
      return server.port;
    },
  };
}
