import { AppError, isAppError } from '@cloudtuner/errors';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import type { ProducerOptions } from './queue-port';
import { failFastOptions } from './redis-options';

/** A BullMQ queue whose operations never wait longer than a bound. */
export interface FailFastQueue {
  /** @throws `queue-unavailable` */
  use<T>(operation: (queue: Queue) => Promise<T>): Promise<T>;
  ping(): Promise<void>;
  close(): Promise<void>;
}

const unavailable = (cause: unknown): AppError =>
  new AppError('queue-unavailable', 'Redis cannot be used at the moment.', { cause, retryAfterMs: 5_000 });

async function withinTime<T>(timeoutMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`no answer within ${String(timeoutMs)} ms`));
    }, timeoutMs);
  });
  try {
    return await Promise.race([work, expired]);
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves when the connection is there; the time limit is the caller's. */
async function untilReady(redis: Redis): Promise<void> {
  if (redis.status === 'ready') return;
  await new Promise<void>((resolve) => redis.once('ready', resolve));
}

/** Opens a queue for producers. It connects on first use and reconnects by itself. */
export function openFailFastQueue(name: string, options: ProducerOptions): FailFastQueue {
  const timeoutMs = options.timeoutMs ?? 3_000;
  const redis = new Redis(options.redisUrl, failFastOptions(options, timeoutMs));
  let queue: Queue | undefined;
  let away = false;
  redis.on('error', (error) => {
    if (!away) options.logger?.warn({ err: error, queue: name }, 'producer lost Redis');
    away = true;
  });
  redis.on('ready', () => {
    away = false;
  });

  const connect = async (): Promise<Queue> => {
    // A failed attempt goes on in the background by the retry strategy.
    if (redis.status === 'wait') redis.connect().catch(() => undefined);
    await untilReady(redis);
    if (queue === undefined) {
      const opened = new Queue(name, { connection: redis, prefix: options.prefix });
      opened.on('error', () => undefined);
      try {
        await opened.waitUntilReady();
      } catch (error) {
        // BullMQ remembers a failed first handshake for ever, so this object is of no more use.
        await opened.close().catch(() => undefined);
        throw error;
      }
      queue = opened;
    }
    return queue;
  };

  const bounded = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await withinTime(timeoutMs, work());
    } catch (error) {
      throw isAppError(error) ? error : unavailable(error);
    }
  };

  return {
    use: (operation) => bounded(async () => operation(await connect())),
    ping: () =>
      bounded(async () => {
        await connect();
        await redis.ping();
      }),
    async close() {
      await withinTime(timeoutMs, queue?.close() ?? Promise.resolve()).catch(() => undefined);
      redis.disconnect();
    },
  };
}
