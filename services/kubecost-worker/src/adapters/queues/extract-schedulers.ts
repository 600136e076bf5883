import {
  createProducer,
  cronFault,
  extractAllocation,
  extractAssets,
  extractBudgets,
  type JobCounts,
  type Producer,
  type ProducerOptions,
} from '@cloudtuner/queues';
import type { ExtractKind } from '../../domain/extraction';
import type { ExtractSchedulers } from '../../extract-ports';
import type { Log } from '../../ports';

/** Schedulers with what a service needs to know of their queues. */
export interface QueueExtractSchedulers extends ExtractSchedulers {
  readonly counts: Readonly<Record<string, () => Promise<JobCounts>>>;
  close(): Promise<void>;
}

type ExtractProducer = Producer<{ cloudAccountId: string }, null>;

/** Schedulers of BullMQ: one for each account and kind, under the account's id. */
export function createExtractSchedulers(options: ProducerOptions, log: Log): QueueExtractSchedulers {
  const producers: Readonly<Record<ExtractKind, ExtractProducer>> = {
    allocation: createProducer(extractAllocation, options),
    assets: createProducer(extractAssets, options),
    budgets: createProducer(extractBudgets, options),
  };
  return {
    async ensure(kind, cloudAccountId, cron) {
      const fault = cronFault(cron);
      // It was checked when it was set: somebody has written past restapi. The other accounts must not suffer from it.
      if (fault !== null)
        log.warn({ cloud_account_id: cloudAccountId, kind, cron, fault }, 'a schedule cannot be used');
      else await producers[kind].upsertScheduler({ id: cloudAccountId, cron, payload: { cloudAccountId } });
    },
    remove: (kind, cloudAccountId) => producers[kind].removeScheduler(cloudAccountId),
    list: (kind) => producers[kind].schedulerIds(),
    counts: {
      [extractAllocation.name]: () => producers.allocation.counts(),
      [extractAssets.name]: () => producers.assets.counts(),
      [extractBudgets.name]: () => producers.budgets.counts(),
    },
    async close() {
      await Promise.all(Object.values(producers).map((producer) => producer.close()));
    },
  };
}
