import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'bullmq';
import type { QueueDefinition } from './define-queue';
import type { Consumer, ConsumerOptions, JobProcessor } from './queue-port';
import { patientOptions } from './redis-options';
import { runJob } from './run-job';

/** So often may a job lose its worker (a kill, a lost node) before it counts as the cause of it. */
const maxLostWorkers = 100;
const graceAfterAbortMs = 2_000;
const pauseAfterRedisErrorMs = 1_000;

/** Base × 2^(attempt − 1) up to the maximum, ± 20 %. */
export function backoffMs(backoff: QueueDefinition<unknown>['backoff'], attempt: number, random: () => number): number {
  const { baseMs, maxMs } = backoff;
  return Math.round(Math.min(maxMs, baseMs * 2 ** Math.min(attempt - 1, 30)) * (0.8 + random() * 0.4));
}

function openWorker<Payload, Progress>(
  definition: QueueDefinition<Payload, Progress>,
  process: JobProcessor<Payload, Progress>,
  options: ConsumerOptions,
  stopping: AbortSignal,
): Worker {
  const lockMs = options.lockMs ?? 30_000;
  const never = new AbortController().signal;
  return new Worker(
    definition.name,
    (job, token, signal) => runJob({ definition, process, options, stopping, job, token, signal: signal ?? never }),
    {
      connection: { url: options.redisUrl, ...patientOptions(options) },
      prefix: options.prefix,
      autorun: false,
      concurrency: options.concurrency,
      lockDuration: lockMs,
      stalledInterval: lockMs,
      maxStalledCount: maxLostWorkers,
      runRetryDelay: pauseAfterRedisErrorMs,
      settings: { backoffStrategy: (attemptsMade) => backoffMs(definition.backoff, attemptsMade, Math.random) },
    },
  );
}

/** One line when Redis goes and one when it is back, instead of one per attempt to reconnect. */
function logConnection(worker: Worker, queue: string, options: ConsumerOptions): void {
  let away = false;
  worker.on('error', (error) => {
    if (!away) options.logger.warn({ err: error, queue }, 'consumer has trouble with Redis');
    away = true;
  });
  worker.on('ready', () => {
    if (away) options.logger.info({ queue }, 'consumer is connected again');
    away = false;
  });
}

/** A consumer of one queue; it takes jobs from `start()` on. */
export function createConsumer<Payload, Progress>(
  definition: QueueDefinition<Payload, Progress>,
  process: JobProcessor<Payload, Progress>,
  options: ConsumerOptions,
): Consumer {
  const stopping = new AbortController();
  let worker: Worker | undefined;

  return {
    start() {
      const opened = openWorker(definition, process, options, stopping.signal);
      worker = opened;
      logConnection(opened, definition.name, options);
      // Another worker may have this job by now; what it wrote must not be written over.
      opened.on('lockRenewalFailed', (jobIds) => {
        for (const jobId of jobIds) opened.cancelJob(jobId, 'lock lost');
      });
      opened.run().catch((error: unknown) => {
        options.logger.error({ err: error, queue: definition.name }, 'consumer ended');
      });
    },
    async stop(deadlineMs) {
      stopping.abort();
      if (worker === undefined) return;
      const timers = new AbortController();
      const closed = worker.close().then(() => true);
      const expired = (ms: number): Promise<boolean> => sleep(ms, false, { signal: timers.signal }).catch(() => false);
      try {
        if (await Promise.race([closed, expired(deadlineMs)])) return;
        worker.cancelAllJobs('stopped');
        if (await Promise.race([closed, expired(graceAfterAbortMs)])) return;
        options.logger.warn({ queue: definition.name }, 'consumer was cut off while a job was running');
        await Promise.race([worker.disconnect(), expired(graceAfterAbortMs)]);
      } finally {
        timers.abort();
      }
    },
  };
}
