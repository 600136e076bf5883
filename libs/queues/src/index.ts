export { createConsumer } from './consumer';
export { backfill, closeDay, closeHour, planHours, refreshLiveHour, type BackfillProgress } from './contracts';
export { defineQueue, type Backoff, type QueueDefinition, type Retain } from './define-queue';
export { createProducer } from './producer';
export { createQueueMetrics } from './queue-metrics';
export type {
  Consumer,
  ConsumerOptions,
  JobContext,
  JobCounts,
  JobFailure,
  JobOutcome,
  JobProcessor,
  JobStatus,
  Producer,
  ProducerOptions,
  QueueConnection,
  QueueLogger,
  QueueMetrics,
  QueueMetricsOptions,
} from './queue-port';
