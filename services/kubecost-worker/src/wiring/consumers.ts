import {
  backfill,
  cleanup,
  closeDay,
  closeHour,
  createConsumer,
  createQueueMetrics,
  exportInfluxdb,
  extractAllocation,
  extractAssets,
  extractBudgets,
  planHours,
  reaggregateHour,
  refreshLiveHour,
  summarize,
  sumPeriods,
  sweepHours,
  type Consumer,
  type ConsumerOptions,
  type JobProcessor,
  type ProducerOptions,
  type QueueDefinition,
} from '@cloudtuner/queues';
import { runWithRequestId, type Logger, type Registry } from '@cloudtuner/service-kit';
import { readTableSizes } from '../adapters/clickhouse/table-sizes';
import { readCostSpikes, readDiskSpace } from '../adapters/clickhouse/watched-stores';
import { createAccounts } from '../adapters/metadata/accounts';
import type { Config } from '../config';
import type { ExtractMetrics } from '../extract-metrics';
import { createWorkerMetrics, type WorkerMetrics } from '../metrics';
import type { Clock } from '../ports';
import { watchStores } from '../watched-metrics';
import type { Connections } from './connections';
import { createExportJob } from './export-job';
import { createExtractJobs } from './extract-jobs';
import type { JobPorts } from './job-ports';
import type { Producers } from './producers';
import { createStoringJobs } from './storing-jobs';
import { createSummaryJob } from './summary-job';
import { createUpkeepJobs } from './upkeep-jobs';

/** Accounts that are exported at the same time. */
const exportsAtOnce = 2;

interface Needed {
  readonly connections: Connections;
  readonly producers: Producers;
  readonly queues: ProducerOptions;
  readonly extractMetrics: ExtractMetrics;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly now: Clock;
}

function createWatchedMetrics({ connections: { clickhouse }, logger, registry }: Needed): WorkerMetrics {
  const metrics = createWorkerMetrics(registry);
  metrics.watchTables(() => readTableSizes(clickhouse));
  watchStores(registry, logger, {
    disks: () => readDiskSpace(clickhouse),
    spikes: (factor) => readCostSpikes(clickhouse, factor),
  });
  return metrics;
}

/** Makes consumers that run each job under an id of its own, which goes on to all that it asks. */
function createConsume(config: Config, { producers, queues, logger, registry }: Needed) {
  const metrics = createQueueMetrics({ registry, prefix: 'kubecost_worker' });
  for (const [queue, count] of Object.entries(producers.counts)) metrics.watch(queue, count);
  const options: Omit<ConsumerOptions, 'concurrency'> = {
    ...queues,
    logger,
    metrics,
    lockMs: config.LOCK_SECONDS * 1_000,
  };
  return <P, G>(definition: QueueDefinition<P, G>, job: JobProcessor<P, G>, concurrency: number): Consumer =>
    createConsumer(
      definition,
      (payload, job_) => runWithRequestId(`${definition.name}/${job_.jobId}`, () => job(payload, job_)),
      { ...options, concurrency },
    );
}

/** One consumer per queue. */
export function createConsumers(config: Config, needed: Needed): readonly Consumer[] {
  const { connections, producers, extractMetrics, logger, registry, now } = needed;
  const consume = createConsume(config, needed);
  const metrics = createWatchedMetrics(needed);
  const ports: JobPorts = {
    accounts: createAccounts(connections.metadata, now),
    locks: connections.locks,
    now,
    log: logger,
  };
  const storing = createStoringJobs(config, ports, { ...connections, ...producers, metrics });
  const upkeep = createUpkeepJobs(config, ports, { ...connections, ...producers, metrics });
  const extracting = createExtractJobs(config, ports, { ...connections, metrics: extractMetrics });
  const exporting = createExportJob(config, ports, { ...connections, registry });
  const summarizing = createSummaryJob(config, ports, { ...connections, registry });
  return [
    consume(planHours, upkeep.plan, 1),
    consume(refreshLiveHour, storing.refresh, config.WORKER_CONCURRENCY),
    consume(closeHour, storing.hour, config.WORKER_CONCURRENCY),
    consume(reaggregateHour, storing.again, config.REAGGREGATE_CONCURRENCY),
    consume(closeDay, storing.day, config.WORKER_CONCURRENCY),
    consume(sumPeriods, storing.periods, 1),
    consume(backfill, storing.backfill, config.BACKFILL_CONCURRENCY),
    consume(sweepHours, upkeep.sweep, 1),
    consume(cleanup, upkeep.cleanup, 1),
    consume(summarize, summarizing, config.SUMMARY_CONCURRENCY),
    consume(extractAllocation, extracting.allocation, config.EXTRACT_CONCURRENCY),
    consume(extractAssets, extracting.assets, config.EXTRACT_CONCURRENCY),
    consume(extractBudgets, extracting.budgets, config.EXTRACT_CONCURRENCY),
    ...(exporting === undefined ? [] : [consume(exportInfluxdb, exporting, exportsAtOnce)]),
  ];
}
