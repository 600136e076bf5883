import {
  cleanup,
  closeDay,
  closeHour,
  createProducer,
  jobIdOf,
  reaggregateHour,
  refreshLiveHour,
  summarize,
  sumPeriods,
  sweepHours,
  type JobCounts,
  type Producer,
  type ProducerOptions,
  type QueueDefinition,
} from '@cloudtuner/queues';
import { isoOf } from '../../domain/calendar';
import type { Dispatcher } from '../../ports';

/** A dispatcher with what a service needs to know of its queues. */
export interface QueueDispatcher extends Dispatcher {
  readonly counts: Readonly<Record<string, () => Promise<JobCounts>>>;
  close(): Promise<void>;
}

type AskOnce = <Payload>(
  queue: QueueDefinition<Payload>,
  producer: Producer<Payload, null>,
  payload: Payload,
) => Promise<boolean>;

const maxRemembered = 50_000;

/** Asks for jobs that are kept when they have ended: each id once. What was asked for from here is not looked up again. */
function createAskOnce(): AskOnce {
  const asked = new Set<string>();
  return async (queue, producer, payload) => {
    const jobId = jobIdOf(queue, payload);
    const key = `${queue.name} ${jobId}`;
    if (asked.has(key)) return false;
    const isNew = (await producer.jobStatus(jobId)) === null && (await producer.enqueue(payload)).added;
    if (asked.size >= maxRemembered) asked.clear();
    asked.add(key);
    return isNew;
  };
}

/** Work as jobs of the queues. */
export function createDispatcher(options: ProducerOptions): QueueDispatcher {
  const live = createProducer(refreshLiveHour, options);
  const hours = createProducer(closeHour, options);
  const days = createProducer(closeDay, options);
  const again = createProducer(reaggregateHour, options);
  const sweeps = createProducer(sweepHours, options);
  const cleanups = createProducer(cleanup, options);
  const summaries = createProducer(summarize, options);
  const periods = createProducer(sumPeriods, options);
  const askOnce = createAskOnce();
  return {
    refreshLiveHour: async (cloudAccountId) => (await live.enqueue({ cloudAccountId })).added,
    closeHour: async (cloudAccountId, hour) => (await hours.enqueue({ cloudAccountId, hour: isoOf(hour) })).added,
    closeDay: async (cloudAccountId, day) => (await days.enqueue({ cloudAccountId, day: isoOf(day) })).added,
    reaggregateHour: async (cloudAccountId, hour, reason) =>
      (await again.enqueue({ cloudAccountId, hour: isoOf(hour), reason })).added,
    waitingReaggregations: async () => (await again.counts()).waiting,
    sweepHours: (cloudAccountId, day) => askOnce(sweepHours, sweeps, { cloudAccountId, day: isoOf(day) }),
    summarize: (cloudAccountId, quarter) => askOnce(summarize, summaries, { cloudAccountId, quarter: isoOf(quarter) }),
    sumPeriods: (cloudAccountId, hour) => askOnce(sumPeriods, periods, { cloudAccountId, hour: isoOf(hour) }),
    cleanup: (hour) => askOnce(cleanup, cleanups, { hour: isoOf(hour) }),
    counts: {
      [refreshLiveHour.name]: () => live.counts(),
      [closeHour.name]: () => hours.counts(),
      [closeDay.name]: () => days.counts(),
      [reaggregateHour.name]: () => again.counts(),
      [sweepHours.name]: () => sweeps.counts(),
      [cleanup.name]: () => cleanups.counts(),
      [summarize.name]: () => summaries.counts(),
      [sumPeriods.name]: () => periods.counts(),
    },
    async close() {
      const producers = [live, hours, days, again, sweeps, cleanups, summaries, periods];
      await Promise.all(producers.map((producer) => producer.close()));
    },
  };
}
