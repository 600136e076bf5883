import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@cloudtuner/errors';
import { Redis } from 'ioredis';
import type { QueueConnection } from './queue-port';
import { patientOptions } from './redis-options';

/** What Redis holds of tenants, under the prefix of one installation: jobs, marks, locks and whatever else names them. */
export interface TenantKeys {
  /**
   * Waits until nobody works for the accounts any more.
   *
   * @throws AppError `tenant-busy` after `timeoutMs`
   */
  untilIdle(cloudAccountIds: readonly string[], timeoutMs: number): Promise<void>;
  /** Removes every key, member and entry that names one of the ids. Answers how many. */
  erase(ids: readonly string[]): Promise<number>;
  /** How many keys, members and entries name one of the ids. */
  count(ids: readonly string[]): Promise<number>;
  close(): void;
}

const keysPerStep = 500;
const entriesPerStep = 1_000;
const idlePollMs = 500;
const attempts = 3;

type Names = (text: string) => boolean;

/** One thing that names a tenant, and how it goes. */
interface Mention {
  readonly key: string;
  readonly remove: () => Promise<unknown>;
}

async function* pages(step: (cursor: string) => Promise<[string, string[]]>): AsyncGenerator<string[]> {
  let cursor = '0';
  do {
    const [next, page] = await step(cursor);
    cursor = next;
    yield page;
  } while (cursor !== '0');
}

/** Fields of a hash that name the tenant go; a hash with such a value is a job of the tenant and goes as a whole. */
async function mentionsInHash(redis: Redis, key: string, names: Names): Promise<Mention[]> {
  const found: Mention[] = [];
  for await (const page of pages((cursor) => redis.hscan(key, cursor, 'COUNT', keysPerStep))) {
    for (let at = 0; at < page.length; at += 2) {
      const field = page[at] ?? '';
      if (names(field)) found.push({ key, remove: () => redis.hdel(key, field) });
      else if (names(page[at + 1] ?? '')) return [{ key, remove: () => redis.unlink(key) }];
    }
  }
  return found;
}

/**
 * A stream keeps the bytes of a removed entry until everything near it has gone, so it is emptied. BullMQ's streams only tell who listens at
 * this moment what happens; nothing is read from them later.
 */
async function mentionsInStream(redis: Redis, key: string, names: Names): Promise<Mention[]> {
  let from = '-';
  for (;;) {
    const entries = await redis.xrange(key, from, '+', 'COUNT', entriesPerStep);
    if (entries.some(([, fields]) => fields.some(names))) return [{ key, remove: () => redis.xtrim(key, 'MAXLEN', 0) }];
    const last = entries.at(-1);
    if (last === undefined || entries.length < entriesPerStep) return [];
    from = `(${last[0]}`;
  }
}

async function mentionsInSortedSet(redis: Redis, key: string, names: Names): Promise<Mention[]> {
  const found: Mention[] = [];
  for await (const page of pages((cursor) => redis.zscan(key, cursor, 'COUNT', keysPerStep))) {
    const members = page.filter((member, at) => at % 2 === 0 && names(member));
    found.push(...members.map((member) => ({ key, remove: () => redis.zrem(key, member) })));
  }
  return found;
}

async function mentionsInList(redis: Redis, key: string, names: Names): Promise<Mention[]> {
  const members = (await redis.lrange(key, 0, -1)).filter(names);
  return members.map((member) => ({ key, remove: () => redis.lrem(key, 0, member) }));
}

async function mentionsInSet(redis: Redis, key: string, names: Names): Promise<Mention[]> {
  const members = (await redis.smembers(key)).filter(names);
  return members.map((member) => ({ key, remove: () => redis.srem(key, member) }));
}

async function mentionsIn(redis: Redis, key: string, names: Names): Promise<Mention[]> {
  if (names(key)) return [{ key, remove: () => redis.unlink(key) }];
  switch (await redis.type(key)) {
    case 'hash':
      return mentionsInHash(redis, key, names);
    case 'stream':
      return mentionsInStream(redis, key, names);
    case 'zset':
      return mentionsInSortedSet(redis, key, names);
    case 'list':
      return mentionsInList(redis, key, names);
    case 'set':
      return mentionsInSet(redis, key, names);
    case 'string':
      return names((await redis.get(key)) ?? '') ? [{ key, remove: () => redis.unlink(key) }] : [];
    default:
      return [];
  }
}

/** What names tenants in the Redis of the queues. It reads every key of the prefix: for operators, not for requests. */
export function openTenantKeys(options: QueueConnection & { readonly prefix: string }): TenantKeys {
  const redis = new Redis(options.redisUrl, {
    ...patientOptions(options),
    maxRetriesPerRequest: attempts,
    lazyConnect: true,
  });
  // Every command reports its own failure.
  redis.on('error', () => undefined);

  const run = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw error instanceof AppError
        ? error
        : new AppError('queue-unavailable', 'Redis cannot be used at the moment.', { cause: error });
    }
  };

  async function keysLike(pattern: string): Promise<string[]> {
    const keys = new Set<string>();
    for await (const page of pages((cursor) => redis.scan(cursor, 'MATCH', pattern, 'COUNT', keysPerStep))) {
      for (const key of page) keys.add(key);
    }
    return [...keys];
  }

  async function mentions(ids: readonly string[]): Promise<Mention[]> {
    const names: Names = (text) => ids.some((id) => text.includes(id));
    const found: Mention[] = [];
    for (const key of await keysLike(`${options.prefix}:*`)) found.push(...(await mentionsIn(redis, key, names)));
    return found;
  }

  return {
    untilIdle: (cloudAccountIds, timeoutMs) =>
      run(async () => {
        const deadline = performance.now() + timeoutMs;
        for (const id of cloudAccountIds) {
          while ((await keysLike(`${options.prefix}:lock:${id}:*`)).length > 0) {
            if (performance.now() > deadline) throw new AppError('tenant-busy', 'A worker is still at the account.');
            await delay(idlePollMs);
          }
        }
      }),
    erase: (ids) =>
      run(async () => {
        const found = await mentions(ids);
        for (const { remove } of found) await remove();
        return found.length;
      }),
    count: (ids) => run(async () => (await mentions(ids)).length),
    close() {
      redis.disconnect();
    },
  };
}
