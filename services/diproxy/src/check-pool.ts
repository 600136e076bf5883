import { AppError } from '@cloudtuner/errors';
import type { Check, CheckedWrite, CheckJob } from './check';
import { CheckThread } from './check-thread';
import type { SeriesPolicy } from './validate-and-rewrite';

export interface CheckPoolOptions {
  /** Checks on this thread. */
  readonly check: Check;
  /** 0 = everything is checked on this thread. */
  readonly threads: number;
  /** Decoded size from which a body goes to a thread. */
  readonly minDecodedBytes: number;
  /** The compiled `check-main`. */
  readonly file: string;
  readonly policy: SeriesPolicy;
  readonly jobTimeoutMs: number;
  /** Told how long a body has waited for a thread. */
  readonly onWait: (seconds: number) => void;
  readonly onFailure: (cause: unknown) => void;
}

interface QueuedJob {
  readonly job: CheckJob;
  readonly queuedAtMs: number;
  readonly resolve: (checked: Promise<CheckedWrite>) => void;
  readonly reject: (error: unknown) => void;
}

/** The decoded length that a snappy body declares: its first varint. Wrong for a malformed one, which costs nothing. */
function declaredBytes(body: Uint8Array): number {
  let length = 0;
  for (let index = 0; index < 5; index += 1) {
    const byte = body[index] ?? 0;
    length += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) break;
  }
  return length;
}

function clientLeft(): AppError {
  return new AppError('request-aborted', 'The client went away before its body was checked.');
}

function stopping(): AppError {
  return new AppError('gateway-thread-failed', 'The gateway stops; send the same again.');
}

/**
 * Checks small bodies at once and large ones on threads, so that nobody waits behind ten megabytes. Accounts, limits and
 * metrics stay on the main thread: one cache, exact rates. How much can wait is bounded by what may be in flight.
 */
export class CheckPool {
  private readonly idle: CheckThread[] = [];
  private readonly threads = new Set<CheckThread>();
  private readonly queue: QueuedJob[] = [];
  private stopped = false;

  constructor(private readonly options: CheckPoolOptions) {}

  /** Threads that run. */
  get threadCount(): number {
    return this.threads.size;
  }

  /** Bodies that wait for a thread. */
  get queuedCount(): number {
    return this.queue.length;
  }

  /** Starts the threads. @throws gateway-thread-failed when one cannot be started */
  async start(): Promise<void> {
    const started = Array.from({ length: this.options.threads }, () => this.spawn());
    await Promise.all(started.map((thread) => thread.ready));
  }

  /** @throws what the check throws, gateway-thread-failed, request-aborted when `left` comes before a thread is free */
  async run(job: CheckJob, left: AbortSignal): Promise<CheckedWrite> {
    const { check, threads, minDecodedBytes } = this.options;
    const decodedBytes = declaredBytes(job.body);
    // A body that declares more than it may is refused at its first bytes.
    if (threads === 0 || decodedBytes < minDecodedBytes || decodedBytes > job.maxDecodedBytes) return check(job);
    if (left.aborted) throw clientLeft();
    if (this.stopped) throw stopping();
    return new Promise((resolve, reject) => {
      const entry: QueuedJob = {
        job,
        queuedAtMs: performance.now(),
        resolve: (checked) => {
          left.removeEventListener('abort', onLeft);
          resolve(checked);
        },
        reject,
      };
      const onLeft = (): void => {
        this.queue.splice(this.queue.indexOf(entry), 1);
        reject(clientLeft());
      };
      left.addEventListener('abort', onLeft, { once: true });
      this.queue.push(entry);
      this.next();
    });
  }

  async stop(): Promise<void> {
    this.stopped = true;
    for (const { reject } of this.queue.splice(0)) reject(stopping());
    await Promise.all([...this.threads].map((thread) => thread.stop()));
    this.threads.clear();
  }

  private spawn(): CheckThread {
    const { file, policy, jobTimeoutMs, onFailure } = this.options;
    const thread = new CheckThread(file, policy, {
      jobTimeoutMs,
      onFailure: (failed, cause) => {
        this.threads.delete(failed);
        const index = this.idle.indexOf(failed);
        if (index >= 0) this.idle.splice(index, 1);
        onFailure(cause);
        // Its successor starts when there is work: one that cannot live must not be started again and again.
        this.next();
      },
    });
    this.threads.add(thread);
    this.idle.push(thread);
    return thread;
  }

  private next(): void {
    if (this.stopped) return;
    while (this.queue.length > 0) {
      if (this.idle.length === 0 && this.threads.size < this.options.threads) this.spawn();
      const thread = this.idle.pop();
      if (thread === undefined) return;
      const entry = this.queue.shift();
      if (entry === undefined) return;
      this.options.onWait((performance.now() - entry.queuedAtMs) / 1000);
      entry.resolve(this.runOn(thread, entry.job));
    }
  }

  private async runOn(thread: CheckThread, job: CheckJob): Promise<CheckedWrite> {
    try {
      return await thread.run(job);
    } finally {
      if (this.threads.has(thread)) this.idle.push(thread);
      this.next();
    }
  }
}
