import { toAppError } from '@cloudtuner/errors';
import { DelayedError, UnrecoverableError, type Job } from 'bullmq';
import type { QueueDefinition } from './define-queue';
import { actionOf, failureText } from './job-failure';
import { parsePayload } from './payload';
import type { ConsumerOptions, JobContext, JobProcessor, QueueMetrics } from './queue-port';

type Outcome = Parameters<QueueMetrics['observe']>[1];

const yieldMs = 50;
const defaultDelayMs = 1_000;

/** What a run of a job needs to know. */
export interface JobRun<Payload, Progress> {
  readonly definition: QueueDefinition<Payload, Progress>;
  readonly process: JobProcessor<Payload, Progress>;
  readonly options: ConsumerOptions;
  readonly stopping: AbortSignal;
  readonly job: Job;
  readonly token: string | undefined;
  readonly signal: AbortSignal;
}

/** How a run ended, and what BullMQ has to be thrown for it. */
interface Ending {
  readonly outcome: Outcome;
  /** Puts the job back after so many milliseconds, without counting an attempt. */
  readonly delayMs?: number;
  readonly error?: Error;
}

function contextOf<Payload, Progress>(run: JobRun<Payload, Progress>): JobContext<Progress> {
  const { job, definition, options, signal, stopping } = run;
  const earlier = definition.progress?.safeParse(job.progress);
  return {
    jobId: job.id ?? definition.name,
    attempt: job.attemptsMade + 1,
    progress: earlier?.success === true ? earlier.data : null,
    reportProgress: async (progress) => {
      await job.updateProgress(Object(definition.progress?.parse(progress)) as object);
    },
    signal,
    stopping,
    logger: options.logger,
  };
}

function endingOf<Payload, Progress>(run: JobRun<Payload, Progress>, thrown: unknown): Ending {
  const { definition, job, options, signal } = run;
  // Cut off by a stop or by a lost lock: nothing is wrong with the job.
  if (signal.aborted) return { outcome: 'delayed', delayMs: yieldMs };
  const attempt = job.attemptsMade + 1;
  const error = toAppError(thrown);
  const action = actionOf(error, attempt);
  if (action === 'delay') return { outcome: 'delayed', delayMs: error.retryAfterMs ?? defaultDelayMs };
  const giveUp = action === 'give-up' || attempt >= definition.attempts;
  const fields = { err: thrown, queue: definition.name, job_id: job.id, attempt, code: error.code };
  if (giveUp) options.logger.error(fields, 'job failed');
  else options.logger.warn(fields, 'job will be tried again');
  const text = failureText(thrown);
  return giveUp
    ? { outcome: 'failed', error: new UnrecoverableError(text) }
    : { outcome: 'retried', error: new Error(text, { cause: thrown }) };
}

async function process<Payload, Progress>(run: JobRun<Payload, Progress>): Promise<Ending> {
  try {
    const payload = parsePayload(run.definition.payload, run.job.data);
    const outcome = await run.process(payload, contextOf(run));
    return outcome === 'done' ? { outcome: 'completed' } : { outcome: 'delayed', delayMs: yieldMs };
  } catch (error) {
    return endingOf(run, error);
  }
}

/** Runs one job: parse, work, and the answer that BullMQ understands (it wants errors thrown, also for a job that was put back). */
export async function runJob<Payload, Progress>(run: JobRun<Payload, Progress>): Promise<void> {
  const startedAt = performance.now();
  const ending = await process(run);
  run.options.metrics?.observe(run.definition.name, ending.outcome, (performance.now() - startedAt) / 1000);
  if (ending.delayMs !== undefined) {
    await run.job.moveToDelayed(Date.now() + ending.delayMs, run.token);
    throw new DelayedError();
  }
  if (ending.error !== undefined) throw ending.error;
}
