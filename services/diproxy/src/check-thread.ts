import { inspect } from 'node:util';
import { Worker, type Transferable } from 'node:worker_threads';
import { AppError, toAppError, type AppErrorOptions, type ErrorCode } from '@cloudtuner/errors';
import type { CheckedWrite, CheckJob } from './check';
import type { SeriesPolicy } from './validate-and-rewrite';

/** What a thread says: once that it is ready, then one reply for each job. */
export type CheckReply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'checked'; readonly checked: CheckedWrite }
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly message: string; readonly options: AppErrorOptions };

// The bodies are outside this heap; what is left of a request is small.
const maxHeapMebibytes = 128;

/** The bytes in memory of their own, so that it can be handed over; copies only what shares memory with others. */
export function transferable(bytes: Uint8Array): { bytes: Uint8Array; transfer: Transferable[] } {
  const alone = bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength;
  const own = alone ? new Uint8Array(bytes.buffer) : new Uint8Array(bytes);
  return { bytes: own, transfer: [own.buffer] };
}

/** The reply to a job that failed. The texts of unexpected errors stay inside: they end in the log. */
export function refusalOf(thrown: unknown): CheckReply {
  const { code, message, details, retryAfterMs, cause } = toAppError(thrown);
  return {
    kind: 'refused',
    code,
    message,
    options: {
      ...(details === undefined ? {} : { details }),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      ...(cause === undefined ? {} : { cause: inspect(cause) }),
    },
  };
}

function failed(cause: unknown): AppError {
  return new AppError('gateway-thread-failed', 'The thread that checked the body has failed; send the same again.', {
    cause,
  });
}

interface Waiting {
  resolve(checked: CheckedWrite): void;
  reject(error: unknown): void;
  readonly timer: NodeJS.Timeout;
}

/** One thread that checks one body at a time. Once it has failed it is of no use any more. */
export class CheckThread {
  private readonly worker: Worker;
  private waiting: Waiting | undefined;
  private stopping = false;
  /** Resolves when it can take jobs; rejects when it cannot be started. */
  readonly ready: Promise<void>;

  constructor(
    file: string,
    policy: SeriesPolicy,
    private readonly options: {
      readonly jobTimeoutMs: number;
      readonly onFailure: (thread: CheckThread, cause: unknown) => void;
    },
  ) {
    this.worker = new Worker(file, {
      workerData: policy,
      resourceLimits: { maxOldGenerationSizeMb: maxHeapMebibytes },
    });
    this.ready = new Promise((resolve, reject) => {
      this.worker.on('message', (reply: CheckReply) => {
        if (reply.kind === 'ready') resolve();
        else this.settle(reply);
      });
      const onEnd = (cause: unknown): void => {
        reject(failed(cause));
        this.fail(cause);
      };
      this.worker.once('error', onEnd).once('messageerror', onEnd);
      this.worker.once('exit', (code) => onEnd(new Error(`the thread ended with ${String(code)}`)));
    });
    // Whoever does not wait for it learns of a failure by `onFailure`.
    this.ready.catch(() => undefined);
  }

  /** @throws gateway-thread-failed and what the check throws */
  run(job: CheckJob): Promise<CheckedWrite> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.fail(new Error('a check took too long'));
        void this.worker.terminate();
      }, this.options.jobTimeoutMs);
      this.waiting = { resolve, reject, timer };
      const { bytes, transfer } = transferable(job.body);
      this.worker.postMessage({ ...job, body: bytes }, transfer);
    });
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await this.worker.terminate();
  }

  private settle(reply: Exclude<CheckReply, { kind: 'ready' }>): void {
    const { waiting } = this;
    this.waiting = undefined;
    clearTimeout(waiting?.timer);
    if (reply.kind === 'checked') waiting?.resolve(reply.checked);
    else waiting?.reject(new AppError(reply.code, reply.message, reply.options));
  }

  private fail(cause: unknown): void {
    const { waiting, options } = this;
    this.waiting = undefined;
    clearTimeout(waiting?.timer);
    if (!this.stopping) options.onFailure(this, cause);
    this.stopping = true;
    waiting?.reject(failed(cause));
  }
}
