import type { Job, JobsOptions, Queue } from 'bullmq';
import { jobIdOf, type QueueDefinition, type Retain } from './define-queue';
import { openFailFastQueue } from './fail-fast-queue';
import { countsOf } from './job-counts';
import { parseFailure } from './job-failure';
import { parsePayload } from './payload';
import type { JobStatus, Producer, ProducerOptions, Schedule } from './queue-port';

/** Name of the back-off that the consumers of this package compute. */
const backoffType = 'capped-exponential';

const keepJobs = (retain: Retain): true | { age: number; count: number } =>
  retain === true ? true : { age: retain.ageSeconds, count: retain.count };

function jobOptions(definition: Omit<QueueDefinition<never, never>, 'payload' | 'progress' | 'jobId'>): JobsOptions {
  return {
    attempts: definition.attempts,
    backoff: { type: backoffType, delay: definition.backoff.baseMs },
    removeOnComplete: keepJobs(definition.removeOnComplete),
    removeOnFail: keepJobs(definition.removeOnFail),
    stackTraceLimit: 0,
  };
}

const stateNames: Readonly<Record<string, JobStatus<unknown, unknown>['state']>> = {
  active: 'active',
  completed: 'completed',
  delayed: 'delayed',
  failed: 'failed',
};

async function statusOf<Payload, Progress>(
  definition: QueueDefinition<Payload, Progress>,
  job: Job,
): Promise<JobStatus<Payload, Progress>> {
  const state = stateNames[await job.getState()] ?? 'waiting';
  const progress = definition.progress?.safeParse(job.progress);
  return {
    id: job.id ?? '',
    state,
    payload: parsePayload(definition.payload, job.data),
    progress: progress?.success === true ? progress.data : null,
    attemptsMade: job.attemptsMade,
    failure: job.failedReason && state !== 'completed' ? parseFailure(job.failedReason) : null,
    createdAt: new Date(job.timestamp),
    finishedAt: job.finishedOn === undefined ? null : new Date(job.finishedOn),
  };
}

/** True when a job of this id waits or runs. A finished one is removed, so that its id is free again. */
async function isPending(queue: Queue, jobId: string): Promise<boolean> {
  const job: Job | undefined = await queue.getJob(jobId);
  if (job === undefined) return false;
  const state = await job.getState();
  if (state !== 'completed' && state !== 'failed') return state !== 'unknown';
  await queue.remove(jobId);
  return false;
}

/** Longer overdue than this, the job that would have scheduled the next one is gone. */
const overdueMs = 3 * 60_000;

/** Declaring a scheduler again puts its next job off; one that is alive is left alone. */
async function isScheduled(queue: Queue, id: string, schedule: Schedule): Promise<boolean> {
  const scheduler = await queue.getJobScheduler(id);
  if (scheduler?.next === undefined) return false;
  const lateMs = Date.now() - scheduler.next;
  if ('cron' in schedule) return scheduler.pattern === schedule.cron && lateMs < overdueMs;
  return scheduler.every === schedule.everyMs && lateMs < 3 * schedule.everyMs;
}

const repeatOf = (schedule: Schedule) =>
  'cron' in schedule ? { pattern: schedule.cron, tz: 'UTC' } : { every: schedule.everyMs };

/** A producer of one queue. It connects on first use. */
export function createProducer<Payload, Progress>(
  definition: QueueDefinition<Payload, Progress>,
  options: ProducerOptions,
): Producer<Payload, Progress> {
  const connection = openFailFastQueue(definition.name, options);
  const { name } = definition;
  return {
    async enqueue(payload) {
      const parsed = parsePayload(definition.payload, payload);
      const jobId = jobIdOf(definition, parsed);
      return connection.use(async (queue) => {
        if (await isPending(queue, jobId)) return { jobId, added: false };
        await queue.add(name, parsed, { ...jobOptions(definition), jobId });
        return { jobId, added: true };
      });
    },
    async jobStatus(jobId) {
      return connection.use(async (queue) => {
        const job: Job | undefined = await queue.getJob(jobId);
        return job === undefined ? null : statusOf(definition, job);
      });
    },
    async upsertScheduler({ id, payload, ...schedule }) {
      const data = parsePayload(definition.payload, payload);
      await connection.use(async (queue) => {
        if (await isScheduled(queue, id, schedule)) return;
        await queue.upsertJobScheduler(id, repeatOf(schedule), { name, data, opts: jobOptions(definition) });
      });
    },
    async removeScheduler(id) {
      await connection.use((queue) => queue.removeJobScheduler(id));
    },
    schedulerIds: () => connection.use(async (queue) => (await queue.getJobSchedulers(0, -1)).map(({ key }) => key)),
    counts: () => connection.use(countsOf),
    ping: () => connection.ping(),
    close: () => connection.close(),
  };
}
