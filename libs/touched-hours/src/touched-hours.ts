import { setTimeout as delay } from 'node:timers/promises';
import type { ConnectionOptions } from 'node:tls';
import { AppError } from '@cloudtuner/errors';
import { Redis } from 'ioredis';
import { markScript, settleScript } from './scripts';

/** An hour of an account whose samples arrived late. */
export interface TouchedHour {
  readonly cloudAccountId: string;
  /** Its start, unix seconds. */
  readonly hour: number;
}

/** Where the marks live, and when they are due. */
export interface TouchedHoursOptions {
  /** `redis://` or `rediss://`, with user, password and database as usual. */
  readonly redisUrl: string;
  readonly tls?: ConnectionOptions;
  /** First part of every key, so that several installations (and tests) can share one Redis. */
  readonly prefix: string;
  /** A mark is due when its hour was not touched for so long. Default 60,000 ms. */
  readonly restMs?: number;
  /** A mark is due so long after its first touch, however often it is touched. Default 180,000 ms. */
  readonly maxWaitMs?: number;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/**
 * Marks that the gateway leaves for the worker. No mark goes away before somebody has said that the hour was computed since it was touched
 * last, so the worker may be killed at any time. While Redis is away every method throws `queue-unavailable` within 3 s.
 */
export interface TouchedHours {
  mark(hours: readonly TouchedHour[]): Promise<void>;
  /** Marks that have rested, those that wait longest first. They stay until they are settled. */
  due(limit: number): Promise<readonly TouchedHour[]>;
  /** The number of the last touch of an hour; null without a mark. Asked before its samples are read, for `settle`. */
  lastTouch(hour: TouchedHour): Promise<number | null>;
  /** Takes the mark away unless the hour was touched after this touch; true when no mark is left. */
  settle(hour: TouchedHour, touch: number): Promise<boolean>;
  /** How many marks there are. */
  count(): Promise<number>;
  close(): void;
}

const commandTimeoutMs = 3_000;
const marksPerCommand = 500;
const retryStepMs = 200;
const retryMaxMs = 2_000;

const memberOf = ({ cloudAccountId, hour }: TouchedHour): string => `${cloudAccountId}_${String(hour)}`;

function touchedHourOf(member: string): TouchedHour {
  const [cloudAccountId = '', hour = ''] = member.split('_');
  return { cloudAccountId, hour: Number(hour) };
}

function connect({ redisUrl, tls }: TouchedHoursOptions): Redis {
  const redis = new Redis(redisUrl, {
    ...(tls === undefined ? {} : { tls }),
    connectTimeout: 5_000,
    commandTimeout: commandTimeoutMs,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    retryStrategy: (attempt) => Math.min(attempt * retryStepMs, retryMaxMs),
  });
  // Every command reports its own failure.
  redis.on('error', () => undefined);
  return redis;
}

/** Waits for the first connection of a client that has only just been made. */
async function untilReady(redis: Redis): Promise<void> {
  if (redis.status === 'ready') return;
  const timedOut = new AbortController();
  try {
    await Promise.race([
      new Promise<void>((resolve) => redis.once('ready', resolve)),
      delay(commandTimeoutMs, undefined, { signal: timedOut.signal }).then(() => {
        throw new Error('no connection in time');
      }),
    ]);
  } finally {
    timedOut.abort();
  }
}

/**
 * Marks in Redis: a sorted set of (account, hour) by the moment at which they are due, and hashes of
 * when each was touched first and last.
 */
export function createTouchedHours(options: TouchedHoursOptions): TouchedHours {
  const { prefix, restMs = 60_000, maxWaitMs = 180_000, now = Date.now } = options;
  const redis = connect(options);
  const dueKey = `${prefix}:touched-hours:due`;
  const lastKey = `${prefix}:touched-hours:last`;
  const firstKey = `${prefix}:touched-hours:first`;
  const counterKey = `${prefix}:touched-hours:counter`;

  const run = async <T>(command: () => Promise<T>): Promise<T> => {
    try {
      await untilReady(redis);
      return await command();
    } catch (error) {
      throw new AppError('queue-unavailable', 'Redis cannot be used at the moment.', {
        cause: error,
        retryAfterMs: 5_000,
      });
    }
  };

  return {
    async mark(hours) {
      for (let from = 0; from < hours.length; from += marksPerCommand) {
        const members = hours.slice(from, from + marksPerCommand).map(memberOf);
        const keys = [dueKey, lastKey, firstKey, counterKey];
        await run(() => redis.eval(markScript, keys.length, ...keys, now(), restMs, maxWaitMs, ...members));
      }
    },
    due: (limit) =>
      run(async () => {
        const members = await redis.zrangebyscore(dueKey, '-inf', now(), 'LIMIT', 0, limit);
        return members.map(touchedHourOf);
      }),
    lastTouch: (hour) =>
      run(async () => {
        const touch = await redis.hget(lastKey, memberOf(hour));
        return touch === null ? null : Number(touch);
      }),
    settle: (hour, touch) =>
      run(async () => (await redis.eval(settleScript, 3, dueKey, lastKey, firstKey, memberOf(hour), touch)) === 0),
    count: () => run(() => redis.zcard(dueKey)),
    close() {
      redis.disconnect();
    },
  };
}
