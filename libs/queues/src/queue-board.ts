import type { Job } from 'bullmq';
import { z } from 'zod';
import * as contracts from './contracts';
import { openFailFastQueue, type FailFastQueue } from './fail-fast-queue';
import { countsOf } from './job-counts';
import { parseFailure } from './job-failure';
import type { JobCounts, JobFailure, ProducerOptions } from './queue-port';

/** A job that was given up. */
export interface FailedJob {
  readonly queue: string;
  readonly id: string;
  /** What it was about: unix seconds of its hour, day or window; null for what is about none. */
  readonly startSeconds: number | null;
  readonly attemptsMade: number;
  readonly failure: JobFailure;
  readonly failedAt: Date;
}

/** All queues of the worker, for those who look after them. Every method throws `queue-unavailable` while Redis is away. */
export interface QueueBoard {
  /** Sorted by name. */
  counts(): Promise<readonly { readonly queue: string; readonly counts: JobCounts }[]>;
  /** Of one account, the latest first; of each queue the latest 200 failures are looked through. */
  failedOf(cloudAccountId: string, limit: number): Promise<readonly FailedJob[]>;
  /** Has a failed job of this account run again; false when there is none. */
  retry(cloudAccountId: string, job: { readonly queue: string; readonly id: string }): Promise<boolean>;
  close(): Promise<void>;
}

/** Names of the worker's queues, sorted. */
const queueNames: readonly string[] = Object.values(contracts)
  .flatMap((contract) => ('jobId' in contract ? [contract.name] : []))
  .sort();

const lookedThrough = 200;

const payload = z.looseObject({
  cloudAccountId: z.string().optional(),
  hour: z.string().optional(),
  day: z.string().optional(),
  fromHour: z.string().optional(),
});

function failedJobOf(queue: string, job: Job, cloudAccountId: string): FailedJob[] {
  const parsed = payload.safeParse(job.data);
  if (!parsed.success || parsed.data.cloudAccountId !== cloudAccountId) return [];
  const { hour, day, fromHour } = parsed.data;
  const start = hour ?? day ?? fromHour;
  return [
    {
      queue,
      id: job.id ?? '',
      startSeconds: start === undefined ? null : Date.parse(start) / 1000,
      attemptsMade: job.attemptsMade,
      failure: parseFailure(job.failedReason),
      failedAt: new Date(job.finishedOn ?? job.timestamp),
    },
  ];
}

/** Opens the board. It connects on first use. */
export function createQueueBoard(options: ProducerOptions): QueueBoard {
  const queues = new Map<string, FailFastQueue>(queueNames.map((name) => [name, openFailFastQueue(name, options)]));
  return {
    counts: () =>
      Promise.all([...queues].map(async ([queue, connection]) => ({ queue, counts: await connection.use(countsOf) }))),
    async failedOf(cloudAccountId, limit) {
      const found = await Promise.all(
        [...queues].map(async ([queue, connection]) => {
          const jobs = await connection.use((opened) => opened.getFailed(0, lookedThrough - 1));
          return jobs.flatMap((job) => failedJobOf(queue, job, cloudAccountId));
        }),
      );
      return found
        .flat()
        .sort((a, b) => b.failedAt.getTime() - a.failedAt.getTime() || (a.id < b.id ? -1 : 1))
        .slice(0, limit);
    },
    async retry(cloudAccountId, { queue, id }) {
      const connection = queues.get(queue);
      if (connection === undefined) return false;
      return connection.use(async (opened) => {
        // Before it is read: not every key of a queue is a job's.
        if ((await opened.getJobState(id)) !== 'failed') return false;
        const job: Job | undefined = await opened.getJob(id);
        if (job === undefined || failedJobOf(queue, job, cloudAccountId).length === 0) return false;
        await job.retry('failed', { resetAttemptsMade: true });
        return true;
      });
    },
    async close() {
      await Promise.all([...queues.values()].map((connection) => connection.close()));
    },
  };
}
