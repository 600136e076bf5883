import { setTimeout as delay } from 'node:timers/promises';
import { createKubecostClient, type KubecostClient } from '@cloudtuner/kubecost-client';
import {
  answerHealth,
  createHttpServer,
  createLifecycle,
  tlsOptions,
  type App,
  type AppContext,
  type Health,
  type HttpServer,
  type LifecyclePart,
  type Logger,
} from '@cloudtuner/service-kit';
import { createKubecostHourSource } from './adapters/kubecost-hour-source';
import { createStateFile } from './adapters/state-file';
import type { Config } from './config';
import { createClosedHours, type RememberedHour } from './domain/closed-hours';
import { createExpositionStore, type ExpositionStore } from './http/exposition-store';
import { createMetrics, setBreakerState, type ServiceMetrics } from './metrics';
import type { HourSource } from './ports';
import { createPoll, type Poll, type PollEvents } from './usecases/poll';

const expireCheckMs = 5_000;
const msPerSecond = 1_000;
const msPerHour = 3_600_000;

function eventsOf(logger: Logger, metrics: ServiceMetrics): PollEvents {
  return {
    readHour: (kind, hour) => {
      metrics.rows.set({ hour: kind }, hour.rows.length);
    },
    failed: (kind, error) => {
      logger.warn({ err: error, code: error.code, hour: kind }, 'an hour could not be read');
    },
    closedHour: (outcome) => {
      metrics.closedHours.inc({ outcome });
    },
    stale: () => {
      metrics.stale.inc();
      logger.warn('Kubecost has been silent for too long: the running hour is not served any more');
    },
  };
}

/** Times each reading. */
function timed(source: HourSource, metrics: ServiceMetrics, nowMs: () => number): HourSource {
  return {
    async readHour(hourStartMs, signal) {
      const hour = nowMs() - hourStartMs < msPerHour ? 'running' : 'closed';
      const stop = metrics.readDuration.startTimer({ hour });
      try {
        const read = await source.readHour(hourStartMs, signal);
        stop({ outcome: 'ok' });
        return read;
      } catch (error) {
        stop({ outcome: error instanceof Error && 'code' in error ? String(error.code) : 'internal-error' });
        throw error;
      }
    },
  };
}

/** Rounds one after the other, and a look at what is too old beside them. */
function pollingPart(poll: Poll, intervalMs: number, logger: Logger): LifecyclePart {
  const stopping = new AbortController();
  const { signal } = stopping;
  let loops: Promise<unknown> = Promise.resolve();

  const every = async (ms: number, work: () => Promise<void>): Promise<void> => {
    while (!signal.aborted) {
      const startedMs = performance.now();
      await work().catch((error: unknown) => {
        if (!signal.aborted) logger.error({ err: error }, 'a round of polling failed');
      });
      const restMs = Math.max(0, ms - (performance.now() - startedMs));
      await delay(restMs, undefined, { signal }).catch(() => undefined);
    }
  };

  return {
    name: 'polling',
    start() {
      loops = Promise.all([every(intervalMs, () => poll.round(signal)), every(expireCheckMs, () => poll.expire())]);
    },
    async stop() {
      stopping.abort();
      await loops;
    },
  };
}

function createMetricsServer(options: {
  readonly config: Config;
  readonly store: ExpositionStore;
  readonly health: Health;
  readonly logger: Logger;
  readonly metrics: ServiceMetrics;
}): HttpServer {
  const { config, store, health, logger, metrics } = options;
  return createHttpServer({
    name: 'http',
    host: config.HOST,
    port: config.PORT,
    logger,
    handler: (request, response) => {
      const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
      if (answerHealth(path, health, response)) return;
      if (path !== '/metrics') {
        response.writeHead(404).end();
        return;
      }
      store.answer(request, response).then(
        () => {
          metrics.scrapes.inc();
        },
        (error: unknown) => {
          logger.debug({ err: error }, 'a scrape was not taken to its end');
          response.destroy();
        },
      );
    },
  });
}

function createClient(config: Config, metrics: ServiceMetrics): KubecostClient {
  const tls = tlsOptions(config, 'KUBECOST');
  return createKubecostClient({
    url: config.KUBECOST_URL,
    timeoutMs: config.KUBECOST_TIMEOUT_SECONDS * msPerSecond,
    onBreakerState: (endpoint, state) => {
      setBreakerState(metrics, endpoint, state);
    },
    onRetry: (endpoint, { code }) => {
      metrics.retries.inc({ endpoint, reason: code.replaceAll('-', '_') });
    },
    ...(tls === undefined ? {} : { tls }),
  });
}

/** Composes the service. It starts without Kubecost, and is scraped while that is away: then it says so. */
export function createApp(
  config: Config,
  { logger, registry, health, nowMs = Date.now }: AppContext & { readonly nowMs?: () => number },
): App & { readonly port: number; readonly poll: Poll } {
  const metrics = createMetrics(registry);
  const client = createClient(config, metrics);
  const store = createExpositionStore();
  const podLabels = (config.POD_LABELS ?? '').split(',').filter((name) => name !== '');
  const source = createKubecostHourSource({ client, logger, podLabels, pageRows: config.KUBECOST_PAGE_ROWS });
  const intervalMs = config.POLL_INTERVAL_SECONDS * msPerSecond;
  const state = config.STATE_FILE === undefined ? undefined : createStateFile(config.STATE_FILE, logger);
  const poll = createPoll({
    source: timed(source, metrics, nowMs),
    publisher: store,
    closedHours: createClosedHours(
      {
        settleMs: config.CLOSED_HOUR_SETTLE_SECONDS * msPerSecond,
        lookbackMs: config.CLOSED_HOUR_LOOKBACK_HOURS * msPerHour,
        minIntervalMs: intervalMs,
        maxIntervalMs: config.CLOSED_HOUR_REREAD_SECONDS * msPerSecond,
      },
      state?.load(),
    ),
    ...(state === undefined ? {} : { remember: (hours: readonly RememberedHour[]) => state.save(hours) }),
    foldLimits: { minHourlyCost: config.FOLD_BELOW_HOURLY_COST, maxPods: config.MAX_PODS },
    nowMs,
    staleMs: config.STALE_AFTER_SECONDS * msPerSecond,
    dwellMs: config.CLOSED_HOUR_DWELL_SECONDS * msPerSecond,
    events: eventsOf(logger, metrics),
  });
  health.addCheck('first_poll', () =>
    store.isReady ? Promise.resolve() : Promise.reject(new Error('not polled yet')),
  );

  const server = createMetricsServer({ config, store, health, logger, metrics });
  const lifecycle = createLifecycle(logger);
  lifecycle.add({ name: 'kubecost', stop: () => client.close() });
  lifecycle.add(server);
  lifecycle.add(pollingPart(poll, intervalMs, logger));
  return {
    start: () => lifecycle.start(),
    stop: () => lifecycle.stop(),
    poll,
    get port() {
      return server.port;
    },
  };
}
