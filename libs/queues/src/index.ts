export { createConsumer } from './consumer';
export {
  backfill,
  cleanup,
  closeDay,
  closeHour,
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
  type BackfillProgress,
} from './contracts';
export { cronFault } from './cron';
export { defineQueue, jobIdOf, type Backoff, type QueueDefinition, type Retain } from './define-queue';
export { createProducer } from './producer';
export { createQueueBoard, type FailedJob, type QueueBoard } from './queue-board';
export { openTenantKeys, type TenantKeys } from './tenant-keys';
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
  Schedule,
} from './queue-port';
