import { Gauge, Histogram } from 'prom-client';
import type { JobCounts, QueueMetrics, QueueMetricsOptions } from './queue-port';

/** `<prefix>_queue_jobs{queue,state}` and `<prefix>_queue_job_duration_seconds{queue,outcome}`. */
export function createQueueMetrics({ registry, prefix }: QueueMetricsOptions): QueueMetrics {
  const watched = new Map<string, () => Promise<JobCounts>>();
  const duration = new Histogram({
    name: `${prefix}_queue_job_duration_seconds`,
    help: 'How long a job ran, by how it ended.',
    labelNames: ['queue', 'outcome'] as const,
    buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1_800],
    registers: [registry],
  });
  new Gauge({
    name: `${prefix}_queue_jobs`,
    help: 'Jobs that are in this state at the moment.',
    labelNames: ['queue', 'state'] as const,
    registers: [registry],
    async collect() {
      this.reset();
      await Promise.all(
        [...watched].map(async ([queue, read]) => {
          const counts = await read().catch(() => undefined);
          for (const [state, count] of Object.entries(counts ?? {})) this.set({ queue, state }, count);
        }),
      );
    },
  });
  return {
    observe(queue, outcome, seconds) {
      duration.observe({ queue, outcome }, seconds);
    },
    watch(queue, counts) {
      watched.set(queue, counts);
    },
  };
}
