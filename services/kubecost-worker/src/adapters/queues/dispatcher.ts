import {
  closeDay,
  closeHour,
  createProducer,
  refreshLiveHour,
  type JobCounts,
  type ProducerOptions,
} from '@cloudtuner/queues';
import { isoOf } from '../../domain/calendar';
import type { Dispatcher } from '../../ports';

/** A dispatcher with what a service needs to know of its queues. */
export interface QueueDispatcher extends Dispatcher {
  readonly counts: Readonly<Record<string, () => Promise<JobCounts>>>;
  close(): Promise<void>;
}

/** Work as jobs of the queues. */
export function createDispatcher(options: ProducerOptions): QueueDispatcher {
  const live = createProducer(refreshLiveHour, options);
  const hours = createProducer(closeHour, options);
  const days = createProducer(closeDay, options);
  return {
    refreshLiveHour: async (cloudAccountId) => (await live.enqueue({ cloudAccountId })).added,
    closeHour: async (cloudAccountId, hour) => (await hours.enqueue({ cloudAccountId, hour: isoOf(hour) })).added,
    closeDay: async (cloudAccountId, day) => (await days.enqueue({ cloudAccountId, day: isoOf(day) })).added,
    counts: {
      [refreshLiveHour.name]: () => live.counts(),
      [closeHour.name]: () => hours.counts(),
      [closeDay.name]: () => days.counts(),
    },
    async close() {
      await Promise.all([live.close(), hours.close(), days.close()]);
    },
  };
}
