import { backfill, createProducer, planHours, type JobCounts, type ProducerOptions } from '@cloudtuner/queues';
import { createDispatcher } from '../adapters/queues/dispatcher';
import { createExportRequests } from '../adapters/queues/export-requests';
import { createExtractSchedulers } from '../adapters/queues/extract-schedulers';
import { influxOf } from '../clients';
import type { Config } from '../config';
import type { Log } from '../ports';

/** Whoever puts jobs into the queues. */
export type Producers = ReturnType<typeof createProducers>;

/** A producer of each queue; `exports` is null when nothing is exported. */
export function createProducers(config: Config, queues: ProducerOptions, log: Log) {
  const dispatcher = createDispatcher(queues);
  const schedulers = createExtractSchedulers(queues, log);
  const exports = influxOf(config) === null ? null : createExportRequests(queues);
  const planner = createProducer(planHours, queues);
  const backfills = createProducer(backfill, queues);
  const counts: Readonly<Record<string, () => Promise<JobCounts>>> = {
    ...dispatcher.counts,
    ...exports?.counts,
    ...schedulers.counts,
    [backfill.name]: () => backfills.counts(),
    [planHours.name]: () => planner.counts(),
  };
  return {
    ...{ dispatcher, schedulers, exports, planner },
    /** Jobs of each queue, by its name. */
    counts,
    async close(): Promise<void> {
      await Promise.all([dispatcher, planner, backfills, schedulers].map((producer) => producer.close()));
      await exports?.close();
    },
  };
}
