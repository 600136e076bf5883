import type { Consumer } from '@cloudtuner/queues';
import {
  createLifecycle,
  type App,
  type AppContext,
  type Health,
  type LifecyclePart,
  type Logger,
} from '@cloudtuner/service-kit';
import { createSchemaKeeper, type SchemaKeeper } from './adapters/clickhouse/schema-keeper';
import { keepScheduler } from './adapters/queues/plan-scheduler';
import { queuesOf, schemaOf } from './clients';
import type { Config } from './config';
import { createExtractMetrics } from './extract-metrics';
import type { Clock } from './ports';
import { connect, type Connections } from './wiring/connections';
import { createConsumers } from './wiring/consumers';
import { createProducers, type Producers } from './wiring/producers';

/** What the composition root is given; a test brings its own clock. */
export type WorkerContext = AppContext & { readonly now?: Clock };

const stopReserveSeconds = 5;

function addChecks(health: Health, connections: Connections, schema: SchemaKeeper): void {
  const { clickhouse, metadata, metroculus, locks } = connections;
  health.addCheck('clickhouse', (signal) => clickhouse.ping(signal));
  health.addCheck('metadata', () => metadata.ping());
  health.addCheck('metroculus', () => metroculus.ping());
  health.addCheck('redis', () => locks.ping());
  health.addCheck('schema', () =>
    schema.isReady() ? Promise.resolve() : Promise.reject(new Error('not migrated yet')),
  );
}

/** The work itself: begins when the schema is there, and ends when what is being done is done, or the time for it is over. */
function workingPart(
  config: Config,
  parts: { schema: SchemaKeeper; consumers: readonly Consumer[]; planner: Producers['planner']; logger: Logger },
): LifecyclePart {
  const { schema, consumers, planner, logger } = parts;
  const stopping = new AbortController();
  const { signal } = stopping;
  const drainMs = Math.max(1, config.SHUTDOWN_DEADLINE_SECONDS - stopReserveSeconds) * 1_000;
  let working: Promise<void> = Promise.resolve();

  const work = async (): Promise<void> => {
    await schema.untilReady(signal);
    for (const consumer of consumers) consumer.start();
    await keepScheduler(planner, { everyMs: config.PLAN_INTERVAL_SECONDS * 1_000, signal, logger });
  };

  return {
    name: 'jobs',
    start() {
      working = work().catch((error: unknown) => {
        if (!signal.aborted) logger.error({ err: error }, 'jobs could not be started');
      });
    },
    async stop() {
      stopping.abort();
      await working;
      await Promise.all(consumers.map((consumer) => consumer.stop(drainMs)));
    },
  };
}

/**
 * The worker. It starts while any of its peers is away: jobs begin when the schema of ClickHouse is there, and each peer that goes away
 * later is waited for by the retries of the jobs.
 */
export function createApp(config: Config, { logger, registry, health, now = Date.now }: WorkerContext): App {
  const extractMetrics = createExtractMetrics([registry]);
  const queues = queuesOf(config, logger);
  const connections = connect(config, queues, extractMetrics);
  const producers = createProducers(config, queues, logger);
  const consumers = createConsumers(config, { connections, producers, queues, extractMetrics, logger, registry, now });
  const schema = createSchemaKeeper(connections.clickhouse, {
    ...schemaOf(config),
    migrateOnStart: config.CLICKHOUSE_MIGRATE_ON_START,
    log: logger,
  });
  addChecks(health, connections, schema);

  const lifecycle = createLifecycle(logger);
  lifecycle.add({ name: 'clients', stop: () => connections.close() });
  lifecycle.add({ name: 'producers', stop: () => producers.close() });
  lifecycle.add(workingPart(config, { schema, consumers, planner: producers.planner, logger }));
  return lifecycle;
}
