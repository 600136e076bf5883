import { randomUUID } from 'node:crypto';
import { AppError } from '@cloudtuner/errors';
import { Redis } from 'ioredis';
import type { ConnectionOptions } from 'node:tls';
import type { HeldLock, Locks } from '../../ports';

/** Where the locks live. */
export interface RedisLocksOptions {
  readonly redisUrl: string;
  readonly tls?: ConnectionOptions;
  readonly prefix: string;
  /** How long a lock outlives its holder. It is extended three times within. */
  readonly ttlMs: number;
}

/** Locks that end with their process, at the latest after `ttlMs`. */
export interface RedisLocks extends Locks {
  /** @throws `queue-unavailable` */
  ping(): Promise<void>;
  close(): void;
}

const commandTimeoutMs = 3_000;
const busyRetryMs = 1_000;

// Only the holder may extend or release: its token is compared in the same step.
const extendScript = "return redis.call('GET', KEYS[1]) == ARGV[1] and redis.call('PEXPIRE', KEYS[1], ARGV[2]) or 0";
const releaseScript = "return redis.call('GET', KEYS[1]) == ARGV[1] and redis.call('DEL', KEYS[1]) or 0";

const lost = (cause?: unknown): AppError =>
  new AppError('hour-lock-lost', 'The lock was lost before the work was complete.', { cause });

function connect({ redisUrl, tls }: RedisLocksOptions): Redis {
  const redis = new Redis(redisUrl, {
    ...(tls === undefined ? {} : { tls }),
    connectTimeout: 5_000,
    commandTimeout: commandTimeoutMs,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    retryStrategy: (attempt) => Math.min(attempt * 200, 2_000),
  });
  // Every command reports its own failure.
  redis.on('error', () => undefined);
  return redis;
}

/** Locks in Redis: `SET NX PX` with a random token. */
export function createRedisLocks(options: RedisLocksOptions): RedisLocks {
  const { prefix, ttlMs } = options;
  const redis = connect(options);

  const run = async <T>(command: () => Promise<T>): Promise<T> => {
    try {
      return await command();
    } catch (error) {
      throw new AppError('queue-unavailable', 'Redis cannot be used at the moment.', {
        cause: error,
        retryAfterMs: 5_000,
      });
    }
  };

  /** Keeps a lock until it is released; a lock that could not be extended in time counts as lost. */
  const keep = (key: string, token: string, outer: AbortSignal): { lock: HeldLock; release: () => Promise<void> } => {
    const ended = new AbortController();
    let heldUntil = performance.now() + ttlMs;
    const extend = async (): Promise<void> => {
      const asked = performance.now();
      const held = await redis.eval(extendScript, 1, key, token, ttlMs);
      if (held !== 1) heldUntil = 0;
      else heldUntil = asked + ttlMs;
    };
    const timer = setInterval(() => {
      void extend()
        .catch(() => undefined)
        .finally(() => {
          if (performance.now() >= heldUntil) ended.abort(lost());
        });
    }, ttlMs / 3);
    return {
      lock: {
        signal: AbortSignal.any([outer, ended.signal]),
        async assertHeld() {
          outer.throwIfAborted();
          await run(extend);
          if (performance.now() >= heldUntil) throw lost();
        },
      },
      async release() {
        clearInterval(timer);
        // What cannot be released expires.
        await redis.eval(releaseScript, 1, key, token).catch(() => undefined);
      },
    };
  };

  return {
    async hold(cloudAccountId, name, signal, work) {
      signal.throwIfAborted();
      const key = `${prefix}:lock:${cloudAccountId}:${name}`;
      const token = randomUUID();
      const taken = await run(() => redis.set(key, token, 'PX', ttlMs, 'NX'));
      if (taken === null) throw new AppError('hour-busy', 'Another worker is at it.', { retryAfterMs: busyRetryMs });
      const { lock, release } = keep(key, token, signal);
      try {
        return await work(lock);
      } finally {
        await release();
      }
    },
    ping: () =>
      run(async () => {
        await redis.ping();
      }),
    close() {
      redis.disconnect();
    },
  };
}
