import {
  backfill,
  cleanup,
  closeDay,
  closeHour,
  createConsumer,
  createProducer,
  createQueueMetrics,
  exportInfluxdb,
  extractAllocation,
  extractAssets,
  extractBudgets,
  planHours,
  reaggregateHour,
  refreshLiveHour,
  summarize,
  sweepHours,
  type Consumer,
  type ConsumerOptions,
  type JobProcessor,
  type QueueDefinition,
} from '@cloudtuner/queues';
import { createLifecycle, runWithRequestId, type App, type AppContext } from '@cloudtuner/service-kit';
import { createCleanupStore } from './adapters/clickhouse/cleanup-store';
import { createExtractStore } from './adapters/clickhouse/extract-store';
import { createDayStore } from './adapters/clickhouse/day-store';
import { createExportSource } from './adapters/clickhouse/export-source';
import { createHourStore } from './adapters/clickhouse/hour-store';
import { createKubecostStore } from './adapters/clickhouse/kubecost-store';
import { createPlanStore } from './adapters/clickhouse/plan-store';
import { createSummaryStore } from './adapters/clickhouse/summary-store';
import { createSchemaKeeper } from './adapters/clickhouse/schema-keeper';
import { readTableSizes } from './adapters/clickhouse/table-sizes';
import { readCostSpikes, readDiskSpace } from './adapters/clickhouse/watched-stores';
import { createDocumentReader } from './adapters/kubecost/document-reader';
import { connectInflux } from './adapters/influxdb/influx-connection';
import { createInfluxSink } from './adapters/influxdb/influx-sink';
import { createAccounts } from './adapters/metadata/accounts';
import { createDescriptionReader } from './adapters/metroculus/description-reader';
import { createHourReader } from './adapters/metroculus/hour-reader';
import { createKubecostReader } from './adapters/metroculus/kubecost-reader';
import { createDispatcher } from './adapters/queues/dispatcher';
import { createExportRequests } from './adapters/queues/export-requests';
import { createExtractSchedulers } from './adapters/queues/extract-schedulers';
import { keepScheduler } from './adapters/queues/plan-scheduler';
import { createRedisLocks } from './adapters/redis/redis-locks';
import {
  clickhouseOf,
  influxOf,
  kubecostsOf,
  metadataOf,
  metroculusOf,
  queuesOf,
  schemaOf,
  touchedHoursOf,
} from './clients';
import type { Config } from './config';
import { createExportMetrics } from './export-metrics';
import { createExtractMetrics } from './extract-metrics';
import { backfillJob } from './jobs/backfill';
import { cleanupJob } from './jobs/cleanup';
import { closeDayJob } from './jobs/close-day';
import { closeHourJob } from './jobs/close-hour';
import { exportInfluxdbJob } from './jobs/export-influxdb';
import { extractJob } from './jobs/extract';
import { createHourSlots } from './jobs/hour-slots';
import { planHoursJob } from './jobs/plan-hours';
import { reaggregateHourJob } from './jobs/reaggregate-hour';
import { refreshLiveHourJob } from './jobs/refresh-live-hour';
import { countedStoreDay } from './jobs/store-day-job';
import { countedStoreHour } from './jobs/store-hour-job';
import { summarizeJob } from './jobs/summarize';
import { sweepHoursJob } from './jobs/sweep-hours';
import { createWorkerMetrics, type WorkerMetrics } from './metrics';
import { createSummaryMetrics } from './summary-metrics';
import { watchStores } from './watched-metrics';
import { dayOf, daySeconds } from './domain/calendar';
import type { ExtractKind } from './domain/extraction';
import type { Clock } from './ports';
import { readExtractAges } from './usecases/read-extract-ages';

/** What the composition root is given; a test brings its own clock. */
export type WorkerContext = AppContext & { readonly now?: Clock };

/** Hours of one backfill before another has its turn: two days, some seconds. */
const hoursPerTurn = 48;
const stopReserveSeconds = 5;
/** Days that a run summarizes before another account has its turn. */
const daysPerTurn = 31;
/** How far back it is looked for hours that are closed and not summarized, for the metric. */
const behindDays = 7;
/** Accounts that are exported at the same time. */
const exportsAtOnce = 2;

type Adapters = ReturnType<typeof createAdapters>;

function createAdapters(config: Config, { logger, registry, now = Date.now }: WorkerContext) {
  const extractMetrics = createExtractMetrics([registry]);
  const clickhouse = clickhouseOf(config);
  const metadata = metadataOf(config);
  const metroculus = metroculusOf(config);
  const queues = queuesOf(config, logger);
  return {
    clickhouse,
    metadata,
    metroculus,
    queues,
    now,
    accounts: createAccounts(metadata, now),
    dispatcher: createDispatcher(queues),
    extractMetrics,
    kubecosts: kubecostsOf(config, extractMetrics),
    extracts: createExtractStore(clickhouse),
    exports: influxOf(config) === null ? null : createExportRequests(queues),
    schedulers: createExtractSchedulers(queues, logger),
    touched: touchedHoursOf(config),
    locks: createRedisLocks({ ...queues, ttlMs: config.LOCK_SECONDS * 1_000 }),
    planner: createProducer(planHours, queues),
    backfills: createProducer(backfill, queues),
    schema: createSchemaKeeper(clickhouse, {
      ...schemaOf(config),
      migrateOnStart: config.CLICKHOUSE_MIGRATE_ON_START,
      log: logger,
    }),
  };
}

/** The jobs that look for work, or for what is left of it. */
function createUpkeepJobs(config: Config, adapters: Adapters, { logger }: WorkerContext, metrics: WorkerMetrics) {
  const { clickhouse, accounts, dispatcher, exports, schedulers, touched, locks, now } = adapters;
  const outOfOrderSeconds = config.OUT_OF_ORDER_HOURS * 3_600;
  return {
    plan: planHoursJob(
      {
        ...{ accounts, dispatcher, schedulers, touched, now, outOfOrderSeconds },
        defaultSchedules: {
          allocation: config.EXTRACT_ALLOCATION_CRON,
          assets: config.EXTRACT_ASSETS_CRON,
          budgets: config.EXTRACT_BUDGETS_CRON,
        },
        store: createPlanStore(clickhouse),
        lookbackHours: config.CLOSE_LOOKBACK_HOURS,
        maxJobs: config.PLAN_MAX_JOBS,
        ...(exports && { exporting: { exports, lookbackHours: config.INFLUXDB_LOOKBACK_HOURS } }),
        retentionDays: config.RETENTION_HOURLY_DAYS,
      },
      metrics,
    ),
    sweep: sweepHoursJob({ store: createHourStore(clickhouse), dispatcher, outOfOrderSeconds }),
    cleanup: cleanupJob(
      {
        ...{ accounts, locks, now, log: logger },
        store: createCleanupStore(clickhouse),
        descriptions: adapters.metadata.descriptions,
        retentionDays: config.RETENTION_HOURLY_DAYS,
      },
      metrics,
    ),
  };
}

/** The jobs that store hours and days. */
function createStoringJobs(config: Config, adapters: Adapters, { logger }: WorkerContext, metrics: WorkerMetrics) {
  const { clickhouse, accounts, dispatcher, touched, locks, now } = adapters;
  const shared = { locks, now, log: logger };
  const ports = { ...shared, reader: createHourReader(adapters.metroculus), store: createHourStore(clickhouse) };
  const slots = createHourSlots(config.HOURS_AT_ONCE);
  const statements = {
    ...{ now, log: logger },
    reader: createKubecostReader(adapters.metroculus),
    store: createKubecostStore(clickhouse),
  };
  const descriptions = {
    reader: createDescriptionReader(adapters.metroculus),
    store: adapters.metadata.descriptions,
  };
  const exports = adapters.exports === null ? {} : { exports: adapters.exports };
  const storeHourOf = (job: string) =>
    countedStoreHour(job, { ports, slots, metrics, statements, descriptions, ...exports });
  const storeDay = countedStoreDay({ ...shared, accounts, store: createDayStore(clickhouse) }, metrics);
  const backfillHour = storeHourOf(backfill.name);
  return {
    refresh: refreshLiveHourJob(storeHourOf(refreshLiveHour.name), now),
    hour: closeHourJob(storeHourOf(closeHour.name), dispatcher, now),
    again: reaggregateHourJob(
      { touched: storeHourOf(reaggregateHour.name), sweep: storeHourOf(sweepHours.name) },
      { touched, dispatcher, now },
    ),
    day: closeDayJob(storeDay),
    backfill: backfillJob({
      accounts,
      now,
      storeHour: (cloudAccountId, hour, signal) => backfillHour({ cloudAccountId, hour, closed: true, signal }),
      storeDay: (cloudAccountId, day, signal) => storeDay({ cloudAccountId, day, signal }),
      parallelHours: config.BACKFILL_PARALLEL_HOURS,
      hoursPerTurn,
    }),
  };
}

/** The jobs that read Kubecosts. */
function createExtractJobs(config: Config, adapters: Adapters, { logger }: WorkerContext) {
  const { accounts, extracts, extractMetrics, locks, now } = adapters;
  extractMetrics.watchAges(() => readExtractAges({ accounts, store: extracts, now }));
  const inTurn = createHourSlots(1);
  const jobOf = (kind: ExtractKind) =>
    extractJob(kind, {
      ...{ accounts, locks, now, log: logger, store: extracts, inTurn },
      reader: createDocumentReader(adapters.kubecosts),
      figures: createKubecostStore(adapters.clickhouse),
      lookbackHours: config.EXTRACT_LOOKBACK_HOURS,
      observe: ({ kind: ofWindow }, outcome, seconds) => {
        extractMetrics.run(ofWindow, outcome, seconds);
      },
    });
  return { allocation: jobOf('allocation'), assets: jobOf('assets'), budgets: jobOf('budgets') };
}

/** The job that summarizes. */
function createSummaryJob(config: Config, adapters: Adapters, { logger, registry }: WorkerContext) {
  const { clickhouse, accounts, metadata, locks, now } = adapters;
  const summaries = createSummaryStore(clickhouse);
  const metrics = createSummaryMetrics([registry], now);
  metrics.watchBehind(async () =>
    summaries.secondsBehind(
      (await accounts.list()).map(({ id }) => id),
      dayOf(now() / 1_000) - behindDays * daySeconds,
    ),
  );
  return summarizeJob(
    {
      ...{ accounts, summaries, locks, now, log: logger, daysPerTurn },
      rules: { versionsOf: (organizationId) => metadata.allocationRules.list(organizationId) },
      closing: { closeDays: config.SUMMARY_CLOSE_DAYS, lookbackHours: config.CLOSE_LOOKBACK_HOURS },
      retentionDays: config.RETENTION_HOURLY_DAYS,
    },
    metrics,
  );
}

/** The job that exports; undefined: nothing is exported. */
function createExportJob(config: Config, { clickhouse, accounts, locks, now }: Adapters, context: WorkerContext) {
  const influx = influxOf(config);
  if (influx === null) return undefined;
  const labels = (keys: string): readonly string[] => keys.split(',').map((key) => key.trim());
  return exportInfluxdbJob({
    ...{ accounts, locks, log: context.logger, store: createHourStore(clickhouse) },
    source: createExportSource(clickhouse, {
      owner: labels(config.INFLUXDB_OWNER_LABELS),
      team: labels(config.INFLUXDB_TEAM_LABELS),
    }),
    sink: createInfluxSink(connectInflux(influx), config.INFLUXDB_DATABASE),
    observe: createExportMetrics([context.registry], now),
  });
}

/** One consumer per queue. */
function createConsumers(config: Config, adapters: Adapters, context: WorkerContext): readonly Consumer[] {
  const { logger, registry } = context;
  const metrics = createQueueMetrics({ registry, prefix: 'kubecost_worker' });
  const workerMetrics = createWorkerMetrics(registry);
  workerMetrics.watchTables(() => readTableSizes(adapters.clickhouse));
  watchStores(registry, logger, {
    disks: () => readDiskSpace(adapters.clickhouse),
    spikes: (factor) => readCostSpikes(adapters.clickhouse, factor),
  });
  const storing = createStoringJobs(config, adapters, context, workerMetrics);
  const upkeep = createUpkeepJobs(config, adapters, context, workerMetrics);
  const extracting = createExtractJobs(config, adapters, context);
  const exporting = createExportJob(config, adapters, context);
  const counts = {
    ...adapters.dispatcher.counts,
    ...adapters.exports?.counts,
    ...adapters.schedulers.counts,
    [backfill.name]: () => adapters.backfills.counts(),
    [planHours.name]: () => adapters.planner.counts(),
  };
  for (const [queue, count] of Object.entries(counts)) metrics.watch(queue, count);
  const options: Omit<ConsumerOptions, 'concurrency'> = {
    ...adapters.queues,
    logger,
    metrics,
    lockMs: config.LOCK_SECONDS * 1_000,
  };
  const consume = <P, G>(definition: QueueDefinition<P, G>, job: JobProcessor<P, G>, concurrency: number): Consumer =>
    createConsumer(
      definition,
      (payload, job_) => runWithRequestId(`${definition.name}/${job_.jobId}`, () => job(payload, job_)),
      { ...options, concurrency },
    );
  return [
    consume(planHours, upkeep.plan, 1),
    consume(refreshLiveHour, storing.refresh, config.WORKER_CONCURRENCY),
    consume(closeHour, storing.hour, config.WORKER_CONCURRENCY),
    consume(reaggregateHour, storing.again, config.REAGGREGATE_CONCURRENCY),
    consume(closeDay, storing.day, config.WORKER_CONCURRENCY),
    consume(backfill, storing.backfill, config.BACKFILL_CONCURRENCY),
    consume(sweepHours, upkeep.sweep, 1),
    consume(cleanup, upkeep.cleanup, 1),
    consume(summarize, createSummaryJob(config, adapters, context), config.SUMMARY_CONCURRENCY),
    consume(extractAllocation, extracting.allocation, config.EXTRACT_CONCURRENCY),
    consume(extractAssets, extracting.assets, config.EXTRACT_CONCURRENCY),
    consume(extractBudgets, extracting.budgets, config.EXTRACT_CONCURRENCY),
    ...(exporting === undefined ? [] : [consume(exportInfluxdb, exporting, exportsAtOnce)]),
  ];
}

function addChecks({ health }: WorkerContext, { clickhouse, metadata, metroculus, locks, schema }: Adapters): void {
  health.addCheck('clickhouse', (signal) => clickhouse.ping(signal));
  health.addCheck('metadata', () => metadata.ping());
  health.addCheck('metroculus', () => metroculus.ping());
  health.addCheck('redis', () => locks.ping());
  health.addCheck('schema', () =>
    schema.isReady() ? Promise.resolve() : Promise.reject(new Error('not migrated yet')),
  );
}

/**
 * The worker. It starts while any of its peers is away: jobs begin when the schema of ClickHouse is there, and each peer that goes away
 * later is waited for by the retries of the jobs.
 */
export function createApp(config: Config, context: WorkerContext): App {
  const { logger } = context;
  const adapters = createAdapters(config, context);
  const consumers = createConsumers(config, adapters, context);
  addChecks(context, adapters);
  const stopping = new AbortController();
  const drainMs = Math.max(1, config.SHUTDOWN_DEADLINE_SECONDS - stopReserveSeconds) * 1_000;

  const work = async (): Promise<void> => {
    await adapters.schema.untilReady(stopping.signal);
    for (const consumer of consumers) consumer.start();
    await keepScheduler(adapters.planner, {
      everyMs: config.PLAN_INTERVAL_SECONDS * 1_000,
      signal: stopping.signal,
      logger,
    });
  };
  let working: Promise<void> = Promise.resolve();

  const lifecycle = createLifecycle(logger);
  lifecycle.add({
    name: 'clients',
    stop: async () => {
      adapters.locks.close();
      adapters.touched.close();
      adapters.metroculus.close();
      await Promise.all([adapters.clickhouse.close(), adapters.metadata.close(), adapters.kubecosts.close()]);
    },
  });
  lifecycle.add({
    name: 'producers',
    stop: async () => {
      const { dispatcher, planner, backfills, schedulers, exports } = adapters;
      await Promise.all([dispatcher, planner, backfills, schedulers].map((producer) => producer.close()));
      await exports?.close();
    },
  });
  lifecycle.add({
    name: 'jobs',
    start: () => {
      working = work().catch((error: unknown) => {
        if (!stopping.signal.aborted) logger.error({ err: error }, 'jobs could not be started');
      });
    },
    stop: async () => {
      stopping.abort();
      await working;
      await Promise.all(consumers.map((consumer) => consumer.stop(drainMs)));
    },
  });
  return lifecycle;
}
