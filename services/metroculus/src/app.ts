import { createPrometheusClient } from '@cloudtuner/prometheus-client';
import {
  createHttpApp,
  createHttpServer,
  createLifecycle,
  tlsOptions,
  type App,
  type AppContext,
} from '@cloudtuner/service-kit';
import { createPromqlMetricsStore } from './adapters/promql-metrics-store';
import { createQuerySlots } from './adapters/query-slots';
import type { Config } from './config';
import { createAuthenticator } from './http/authenticate';
import { createRoutes } from './http/routes';
import { createMetrics } from './metrics';

// A query that is waited for has connections to spare beside it for the readiness check.
const spareConnections = 2;

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
  });
  const metrics = createMetrics(registry, () => slots.waiting);
  const store = createPromqlMetricsStore({ client, slots, metrics, nowMs });
  health.addCheck('metrics_store', (signal) => store.ping(signal));

  const routes = createRoutes({
    store,
    nowMs,
    onPriced: ({ flags }) => {
      metrics.pricedHours.inc();
      for (const flag of flags) metrics.flaggedHours.inc({ flag });
    },
    parallelHours: config.CLUSTER_COSTS_PARALLEL_HOURS,
    maxPoints: config.METRICS_MAX_POINTS,
    headroom: { cpu: config.SAVINGS_CPU_HEADROOM, memory: config.SAVINGS_MEMORY_HEADROOM },
  });
  const authenticate = createAuthenticator(config.CLUSTER_SECRET);
  const server = createHttpServer({
    name: 'http',
    host: config.HOST,
    port: config.PORT,
    handler: createHttpApp({ logger, registry, health, routes, authenticate }),
    logger,
  });
  const lifecycle = createLifecycle(logger);
  lifecycle.add({ name: 'metrics store', stop: () => client.close() });
  lifecycle.add(server);
  return {
    start: () => lifecycle.start(),
    stop: () => lifecycle.stop(),
    get port() {
      return server.port;
    },
  };
}
