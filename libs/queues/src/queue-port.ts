import type { Registry } from 'prom-client';
import type { ConnectionOptions } from 'node:tls';

/** Where the queues live. */
export interface QueueConnection {
  /** `redis://` or `rediss://`, with user, password and database as usual. */
  readonly redisUrl: string;
  readonly tls?: ConnectionOptions;
  /** First part of every key, so that several installations (and tests) can share one Redis. */
  readonly prefix: string;
}

/** Where a library writes its log lines; a pino logger is one. */
export interface QueueLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Why a job did not succeed. */
export interface JobFailure {
  /** A code of the error catalogue. */
  readonly code: string;
  readonly message: string;
}

/** What is known of a job that waits, runs, or is kept. */
export interface JobStatus<Payload, Progress> {
  readonly id: string;
  readonly state: 'waiting' | 'delayed' | 'active' | 'completed' | 'failed';
  readonly payload: Payload;
  readonly progress: Progress | null;
  /** Failed attempts so far. */
  readonly attemptsMade: number;
  /** The last failure; also set while a retry waits. */
  readonly failure: JobFailure | null;
  readonly createdAt: Date;
  readonly finishedAt: Date | null;
}

/** When jobs are added: every so often, or by a cron pattern in UTC. */
export type Schedule = { readonly everyMs: number } | { readonly cron: string };

/** Jobs per state. */
export type JobCounts = Readonly<Record<'waiting' | 'delayed' | 'active' | 'completed' | 'failed', number>>;

/**
 * Adds jobs to one queue and looks them up. Nothing waits for Redis: while it is away every method throws `queue-unavailable` within
 * `timeoutMs`. Such an operation may still have taken place; ids make it harmless to repeat.
 */
export interface Producer<Payload, Progress> {
  /**
   * Adds a job unless one of its id waits or runs. A finished one of its id is replaced.
   * @throws `job-payload-invalid`, `queue-unavailable`
   */
  enqueue(payload: Payload): Promise<{ readonly jobId: string; readonly added: boolean }>;
  /** Null when there is no such job (any more). @throws `queue-unavailable` */
  jobStatus(jobId: string): Promise<JobStatus<Payload, Progress> | null>;
  /** From now on adds a job of this payload every so often, or when the cron pattern says so (UTC); calling it again changes nothing. @throws `queue-unavailable` */
  upsertScheduler(options: { readonly id: string; readonly payload: Payload } & Schedule): Promise<void>;
  /** No further jobs come from it; one that waits for its time is taken away. @throws `queue-unavailable` */
  removeScheduler(id: string): Promise<void>;
  /** Ids of all schedulers of the queue. @throws `queue-unavailable` */
  schedulerIds(): Promise<readonly string[]>;
  /** @throws `queue-unavailable` */
  counts(): Promise<JobCounts>;
  /** @throws `queue-unavailable` */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** Options of a producer. */
export interface ProducerOptions extends QueueConnection {
  /** Default 3,000 ms. */
  readonly timeoutMs?: number;
  readonly logger?: QueueLogger;
}

/** What a processor is given beside the payload. */
export interface JobContext<Progress> {
  readonly jobId: string;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** What an earlier run of this job reported last. */
  readonly progress: Progress | null;
  readonly reportProgress: (progress: Progress) => Promise<void>;
  /** Aborts when the work must end now: the deadline of a stop has passed, or the job's lock was lost. */
  readonly signal: AbortSignal;
  /** Aborts as soon as a stop begins: a long job uses it to yield between two steps. */
  readonly stopping: AbortSignal;
  readonly logger: QueueLogger;
}

/** `yield` puts the job back behind the others of its queue; its progress is kept. */
export type JobOutcome = 'done' | 'yield';

/** The work of a queue, free of queue types: a function of the payload. */
export type JobProcessor<Payload, Progress> = (payload: Payload, context: JobContext<Progress>) => Promise<JobOutcome>;

/** Runs the jobs of one queue. It waits for Redis as long as it takes, and recovers by itself. */
export interface Consumer {
  start(): void;
  /** Takes no new job, lets the running ones end, aborts them after `deadlineMs`. What is cut off runs again elsewhere. */
  stop(deadlineMs: number): Promise<void>;
}

/** Counters and timings of queues. */
export interface QueueMetrics {
  observe(queue: string, outcome: 'completed' | 'failed' | 'retried' | 'delayed', seconds: number): void;
  /** Reads the counts when the metrics are read; a queue that cannot be read is left out. */
  watch(queue: string, counts: () => Promise<JobCounts>): void;
}

/** Options of a consumer. */
export interface ConsumerOptions extends QueueConnection {
  /** Jobs at the same time. */
  readonly concurrency: number;
  readonly logger: QueueLogger;
  readonly metrics?: QueueMetrics;
  /** How long a job stays with a worker that no longer answers. Default 30,000 ms. */
  readonly lockMs?: number;
}

/** Options of {@link QueueMetrics}. */
export interface QueueMetricsOptions {
  readonly registry: Registry;
  /** First part of the metric names, for instance `kubecost_worker`. */
  readonly prefix: string;
}
