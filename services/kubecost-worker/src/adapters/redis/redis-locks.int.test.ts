import { once } from 'node:events';
import { randomPrefix, randomTenant, sharedServers, startRedis, waitFor } from '@cloudtuner/test-kit';
import { Redis } from 'ioredis';
import { createRedisLocks, type RedisLocks } from './redis-locks';

const account = randomTenant();
const signal = new AbortController().signal;
const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

interface SetUp {
  readonly locks: RedisLocks;
  /** As another process sees them. */
  readonly others: RedisLocks;
  readonly redis: Redis;
  readonly key: string;
}

async function setUp(ttlMs: number, redisUrl?: string): Promise<SetUp> {
  const url = redisUrl ?? (await sharedServers().redisUrl());
  const prefix = randomPrefix();
  const [locks, others] = [
    createRedisLocks({ redisUrl: url, prefix, ttlMs }),
    createRedisLocks({ redisUrl: url, prefix, ttlMs }),
  ];
  const redis = new Redis(url);
  redis.on('error', () => undefined);
  closing.push(
    () => {
      locks.close();
    },
    () => {
      others.close();
    },
    () => {
      redis.disconnect();
    },
  );
  await waitFor(async () => {
    await Promise.all([locks.ping(), others.ping()]);
    return true;
  });
  return { locks, others, redis, key: `${prefix}:lock:${account}:hour-1` };
}

describe('a lock', () => {
  it('excludes others until the work has ended, well or badly', async () => {
    const { locks, others } = await setUp(5_000);
    await locks.hold(account, 'hour-1', signal, async () => {
      await expect(others.hold(account, 'hour-1', signal, () => Promise.resolve())).rejects.toMatchObject({
        code: 'hour-busy',
      });
      await others.hold(account, 'hour-2', signal, () => Promise.resolve());
      await others.hold(randomTenant(), 'hour-1', signal, () => Promise.resolve());
    });
    await expect(others.hold(account, 'hour-1', signal, () => Promise.reject(new Error('bad')))).rejects.toThrow('bad');
    expect(await locks.hold(account, 'hour-1', signal, () => Promise.resolve('free'))).toBe('free');
  });

  it('is kept for longer than its time to live', async () => {
    const { locks, redis, key } = await setUp(300);
    await locks.hold(account, 'hour-1', signal, async (lock) => {
      const until = performance.now() + 900;
      while (performance.now() < until) expect(await redis.exists(key)).toBe(1);
      await lock.assertHeld();
    });
    expect(await redis.exists(key)).toBe(0);
  });

  it('ends by itself when its holder is gone', async () => {
    const { others, redis, key } = await setUp(300);
    await redis.set(key, 'token of a killed process', 'PX', 300);
    await waitFor(() => others.hold(account, 'hour-1', signal, () => Promise.resolve(true)));
  });

  it('that was lost tells its holder, and is not taken from the one who has it now', async () => {
    const { locks, redis, key } = await setUp(300);
    await locks.hold(account, 'hour-1', signal, async (lock) => {
      await redis.set(key, 'somebody else', 'PX', 60_000);
      await expect(lock.assertHeld()).rejects.toMatchObject({ code: 'hour-lock-lost' });
      if (!lock.signal.aborted) await once(lock.signal, 'abort');
    });
    expect(await redis.get(key)).toBe('somebody else');
  });

  it('cannot be had while Redis is away, can when it is back, and counts as lost when it stays away', async () => {
    const server = await startRedis();
    closing.push(() => server.stop());
    const { locks } = await setUp(600, server.url);
    await locks.hold(account, 'hour-1', signal, async (lock) => {
      await server.kill();
      await expect(lock.assertHeld()).rejects.toMatchObject({ kind: 'upstream-unavailable' });
      if (!lock.signal.aborted) await once(lock.signal, 'abort');
    });
    await expect(locks.hold(account, 'hour-2', signal, () => Promise.resolve())).rejects.toMatchObject({
      code: 'queue-unavailable',
    });
    await server.restart();
    await waitFor(() => locks.hold(account, 'hour-2', signal, () => Promise.resolve(true)));
  });
});
