import type { z } from 'zod';

/** How long a failed attempt waits: base × 2^(attempt − 1), at most `maxMs`, ± 20 % so that retries do not come in step. */
export interface Backoff {
  readonly baseMs: number;
  readonly maxMs: number;
}

/** `true` forgets the job at once; otherwise it can be looked up for so long, and at most so many are kept. */
export type Retain = true | { readonly ageSeconds: number; readonly count: number };

/** The contract of one queue: what producers and workers agree on. */
export interface QueueDefinition<Payload, Progress = null> {
  readonly name: string;
  /** Parsed before a job is added and again before it runs. JSON-safe; new fields are optional. */
  readonly payload: z.ZodType<Payload>;
  /** Form of what `reportProgress` writes; absent when the queue has no progress. */
  readonly progress?: z.ZodType<Progress>;
  /** Deterministic, without `:`. A second job of the same id is not added while the first waits or runs. */
  readonly jobId: (payload: Payload) => string;
  /** Attempts for failures that can pass by themselves (peer away, timeouts). An internal error gets at most three. */
  readonly attempts: number;
  readonly backoff: Backoff;
  readonly removeOnComplete: Retain;
  readonly removeOnFail: Retain;
}

const queueName = /^[a-z][a-z0-9-]*$/;

/** Checks and freezes a contract. */
export function defineQueue<Payload, Progress = null>(
  definition: QueueDefinition<Payload, Progress>,
): QueueDefinition<Payload, Progress> {
  if (!queueName.test(definition.name)) throw new RangeError(`queue name "${definition.name}" is not kebab-case`);
  return Object.freeze({ ...definition });
}

/** The id of a payload's job. BullMQ separates its keys by `:` and refuses whole numbers. */
export function jobIdOf<Payload>(
  definition: Pick<QueueDefinition<Payload>, 'name' | 'jobId'>,
  payload: Payload,
): string {
  const id = definition.jobId(payload);
  if (id === '' || id.includes(':') || /^\d+$/.test(id)) {
    throw new RangeError(`queue ${definition.name}: "${id}" cannot be a job id`);
  }
  return id;
}
