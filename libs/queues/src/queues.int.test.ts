import { once } from 'node:events';
import { AppError } from '@cloudtuner/errors';
import { randomPrefix, sharedServers, startRedis, startSilentServer, waitFor } from '@cloudtuner/test-kit';
import { Registry } from 'prom-client';
import { z } from 'zod';
import { createConsumer } from './consumer';
import { defineQueue, type QueueDefinition } from './define-queue';
import { createProducer } from './producer';
import { createQueueMetrics } from './queue-metrics';
import type { Consumer, ConsumerOptions, JobProcessor, Producer, QueueConnection } from './queue-port';

interface Note {
  readonly note: string;
}
interface Count {
  readonly count: number;
}

const week = { ageSeconds: 604_800, count: 100 };
const notes = defineQueue<Note, Count>({
  name: 'notes',
  payload: z.object({ note: z.string().min(1) }),
  progress: z.object({ count: z.int() }),
  jobId: ({ note }) => `note-${note}`,
  attempts: 5,
  backoff: { baseMs: 10, maxMs: 50 },
  removeOnComplete: week,
  removeOnFail: week,
});

const logger = { info: () => undefined, warn: () => undefined, error: () => undefined };
const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function connection(): Promise<QueueConnection> {
  return { redisUrl: await sharedServers().redisUrl(), prefix: randomPrefix() };
}

function produce(at: QueueConnection, definition = notes): Producer<Note, Count> {
  const producer = createProducer(definition, at);
  closing.push(() => producer.close());
  return producer;
}

interface ConsumeOptions extends Partial<ConsumerOptions> {
  readonly definition?: QueueDefinition<Note, Count>;
}

function consume(at: QueueConnection, process: JobProcessor<Note, Count>, options: ConsumeOptions = {}): Consumer {
  const { definition = notes, ...rest } = options;
  const consumer = createConsumer(definition, process, { ...at, concurrency: 2, logger, ...rest });
  closing.push(() => consumer.stop(2_000));
  consumer.start();
  return consumer;
}

function signalled(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

const finished = async (producer: Producer<Note, Count>, id: string): Promise<string> =>
  waitFor(async () => {
    const state = (await producer.jobStatus(id))?.state;
    return state === 'completed' || state === 'failed' ? state : false;
  });

describe('a queue', () => {
  it('runs what was added, once, with the payload as it was parsed', async () => {
    const at = await connection();
    const producer = produce(at);
    const seen: Note[] = [];
    expect(await producer.enqueue({ note: 'a' })).toEqual({ jobId: 'note-a', added: true });
    expect(await producer.enqueue({ note: 'a' })).toEqual({ jobId: 'note-a', added: false });
    consume(at, async (payload) => {
      seen.push(payload);
      return Promise.resolve('done');
    });
    expect(await finished(producer, 'note-a')).toBe('completed');
    expect(seen).toEqual([{ note: 'a' }]);
  });

  it('takes a job again after it completed or failed, though it is still kept', async () => {
    const at = await connection();
    const producer = produce(at);
    let runs = 0;
    consume(at, async () => {
      runs += 1;
      if (runs === 1) throw new AppError('not-found', 'gone');
      return Promise.resolve('done');
    });
    await producer.enqueue({ note: 'a' });
    expect(await finished(producer, 'note-a')).toBe('failed');
    for (const run of [2, 3]) {
      expect((await producer.enqueue({ note: 'a' })).added).toBe(true);
      await waitFor(() => runs === run);
      expect(await finished(producer, 'note-a')).toBe('completed');
    }
  });

  it('refuses a payload of another form before it is added, and names the field', async () => {
    const producer = produce(await connection());
    await expect(producer.enqueue({ note: '' })).rejects.toMatchObject({
      code: 'job-payload-invalid',
      details: [{ field: 'note', message: expect.any(String) as string }],
    });
  });

  it('fails a job of another form without running it', async () => {
    const at = await connection();
    const loose = defineQueue<Note, Count>({ ...notes, payload: z.object({ note: z.string() }) });
    const producer = produce(at, loose);
    let runs = 0;
    consume(at, async () => {
      runs += 1;
      return Promise.resolve('done');
    });
    await producer.enqueue({ note: '' });
    expect(await finished(producer, 'note-')).toBe('failed');
    expect(await producer.jobStatus('note-')).toMatchObject({
      attemptsMade: 1,
      failure: { code: 'job-payload-invalid' },
    });
    expect(runs).toBe(0);
  });

  it('tries again while a peer is away, and shows the failure meanwhile', async () => {
    const at = await connection();
    const producer = produce(at);
    const attempts: number[] = [];
    consume(at, async (_payload, { attempt }) => {
      attempts.push(attempt);
      if (attempt < 4) throw new AppError('clickhouse-unavailable', 'away');
      return Promise.resolve('done');
    });
    await producer.enqueue({ note: 'a' });
    await waitFor(async () => (await producer.jobStatus('note-a'))?.failure?.code === 'clickhouse-unavailable');
    expect(await finished(producer, 'note-a')).toBe('completed');
    expect(attempts).toEqual([1, 2, 3, 4]);
  });

  it('puts a job back without counting an attempt when a limit was reached', async () => {
    const at = await connection();
    const producer = produce(at);
    const attempts: number[] = [];
    consume(at, async (_payload, { attempt }) => {
      attempts.push(attempt);
      if (attempts.length < 8) throw new AppError('hour-busy', 'busy', { retryAfterMs: 5 });
      return Promise.resolve('done');
    });
    await producer.enqueue({ note: 'a' });
    expect(await finished(producer, 'note-a')).toBe('completed');
    expect(attempts).toEqual([1, 1, 1, 1, 1, 1, 1, 1]);
  });

  it('keeps progress over a yield, and lets the others of the queue go first', async () => {
    const at = await connection();
    const producer = produce(at);
    const order: string[] = [];
    await producer.enqueue({ note: 'long' });
    await producer.enqueue({ note: 'short' });
    consume(
      at,
      async ({ note }, { progress, reportProgress }) => {
        const count = (progress?.count ?? 0) + 1;
        order.push(`${note}${String(count)}`);
        await reportProgress({ count });
        return note === 'long' && count < 3 ? 'yield' : 'done';
      },
      { concurrency: 1 },
    );
    expect(await finished(producer, 'note-long')).toBe('completed');
    expect(order).toEqual(['long1', 'short1', 'long2', 'long3']);
    expect(await producer.jobStatus('note-long')).toMatchObject({ progress: { count: 3 }, failure: null });
  });

  it('keeps the prefixes of two installations apart', async () => {
    const at = await connection();
    const other = produce({ ...at, prefix: randomPrefix() });
    await produce(at).enqueue({ note: 'a' });
    expect(await other.jobStatus('note-a')).toBeNull();
  });

  it('adds a job every so often from a scheduler, once however often it is declared', async () => {
    const at = await connection();
    const producer = produce(at);
    const startedAt: number[] = [];
    for (let i = 0; i < 3; i += 1)
      await producer.upsertScheduler({ id: 'tick', everyMs: 300, payload: { note: 'tick' } });
    consume(at, async () => {
      startedAt.push(Date.now());
      return Promise.resolve('done');
    });
    await waitFor(() => startedAt.length >= 4);
    const gaps = startedAt.slice(1).map((time, index) => time - (startedAt[index] ?? 0));
    // The first comes at once, the second on the next multiple of 300 ms.
    for (const gap of gaps.slice(1)) expect(gap).toBeGreaterThan(150);
  });
});

describe('a scheduler with a cron pattern', () => {
  it('is due at its next time in UTC, follows another pattern, and goes with the job that waits for its time', async () => {
    const at = await connection();
    const producer = produce(at);
    const schedule = { id: 'one', payload: { note: 'tick' } };
    for (let i = 0; i < 3; i += 1) await producer.upsertScheduler({ ...schedule, cron: '0 0 1 1 *' });
    expect(await producer.schedulerIds()).toEqual(['one']);
    expect(await producer.counts()).toMatchObject({ delayed: 1, waiting: 0 });
    await producer.upsertScheduler({ ...schedule, cron: '* * * * * *' });
    const seen: string[] = [];
    consume(at, ({ note }) => {
      seen.push(note);
      return Promise.resolve('done');
    });
    await waitFor(() => seen.length >= 2);
    await producer.removeScheduler('one');
    expect(await producer.schedulerIds()).toEqual([]);
    await waitFor(async () => (await producer.counts()).active === 0);
    expect(await producer.counts()).toMatchObject({ delayed: 0, waiting: 0 });
  });
});

describe('a stop', () => {
  it('lets the running job end', async () => {
    const at = await connection();
    const producer = produce(at);
    const { promise: started, resolve: start } = signalled();
    const { promise: gate, resolve: open } = signalled();
    const consumer = consume(at, async () => {
      start();
      await gate;
      return 'done';
    });
    await producer.enqueue({ note: 'a' });
    await started;
    const stopped = consumer.stop(5_000);
    open();
    await stopped;
    expect((await producer.jobStatus('note-a'))?.state).toBe('completed');
  });

  it('aborts what still runs at its deadline, and the job runs again elsewhere', async () => {
    const at = await connection();
    const producer = produce(at);
    const { promise: started, resolve: start } = signalled();
    const consumer = consume(at, async (_payload, { signal }) => {
      start();
      await once(signal, 'abort');
      throw new Error('cut off');
    });
    await producer.enqueue({ note: 'a' });
    await started;
    await consumer.stop(50);
    expect(await producer.jobStatus('note-a')).toMatchObject({ attemptsMade: 0, failure: null });
    consume(at, () => Promise.resolve('done'));
    expect(await finished(producer, 'note-a')).toBe('completed');
  });

  it('tells a long job at once, so that it can yield', async () => {
    const at = await connection();
    const producer = produce(at);
    const { promise: started, resolve: start } = signalled();
    const consumer = consume(at, async (_payload, { stopping }) => {
      start();
      await once(stopping, 'abort');
      return 'yield';
    });
    await producer.enqueue({ note: 'a' });
    await started;
    await consumer.stop(10_000);
    expect((await producer.jobStatus('note-a'))?.state).toMatch(/waiting|delayed/);
  });
});

describe('while Redis is away', () => {
  it('a producer fails at once with queue-unavailable, and works again when Redis is back', async () => {
    const redis = await startRedis();
    closing.push(() => redis.stop());
    const producer = createProducer(notes, { redisUrl: redis.url, prefix: randomPrefix(), timeoutMs: 500 });
    closing.push(() => producer.close());
    await producer.enqueue({ note: 'a' });

    await redis.kill();
    const startedAt = performance.now();
    await expect(producer.enqueue({ note: 'b' })).rejects.toMatchObject({ code: 'queue-unavailable' });
    expect(performance.now() - startedAt).toBeLessThan(1_500);

    await redis.restart();
    await waitFor(async () => (await producer.enqueue({ note: 'b' })).jobId === 'note-b');
    expect((await producer.jobStatus('note-a'))?.state).toBe('waiting');

    await redis.pause();
    await expect(producer.enqueue({ note: 'c' })).rejects.toMatchObject({ code: 'queue-unavailable' });
    await expect(producer.ping()).rejects.toMatchObject({ code: 'queue-unavailable' });
    await redis.resume();
    await waitFor(async () => (await producer.enqueue({ note: 'd' })).added);
  });

  it('a producer that never saw Redis fails as fast, also when the other end never says a word', async () => {
    const silent = await startSilentServer();
    closing.push(() => silent.close());
    const producer = createProducer(notes, {
      redisUrl: `redis://127.0.0.1:${String(silent.port)}`,
      prefix: randomPrefix(),
      timeoutMs: 300,
    });
    closing.push(() => producer.close());
    const startedAt = performance.now();
    await expect(producer.counts()).rejects.toMatchObject({ code: 'queue-unavailable' });
    expect(performance.now() - startedAt).toBeLessThan(1_500);
  });

  it('a consumer waits, also when it was started before Redis, and goes on by itself', async () => {
    const redis = await startRedis();
    closing.push(() => redis.stop());
    const at = { redisUrl: redis.url, prefix: randomPrefix() };
    const producer = produce(at);
    await redis.kill();
    const seen: string[] = [];
    consume(at, async ({ note }) => {
      seen.push(note);
      return Promise.resolve('done');
    });
    await redis.restart();
    await waitFor(async () => (await producer.enqueue({ note: 'a' })).jobId !== '');
    await waitFor(() => seen.includes('a'));

    await redis.kill();
    await redis.restart();
    await waitFor(async () => (await producer.enqueue({ note: 'b' })).jobId !== '');
    await waitFor(() => seen.includes('b'), { timeoutMs: 20_000 });

    await redis.pause();
    await expect(producer.ping()).rejects.toMatchObject({ code: 'queue-unavailable' });
    await redis.resume();
    await waitFor(async () => (await producer.enqueue({ note: 'c' })).jobId !== '');
    await waitFor(() => seen.includes('c'), { timeoutMs: 20_000 });
  });

  it('a stop ends within its deadline', async () => {
    const redis = await startRedis();
    closing.push(() => redis.stop());
    const consumer = consume({ redisUrl: redis.url, prefix: randomPrefix() }, () => Promise.resolve('done'));
    await redis.pause();
    const startedAt = performance.now();
    await consumer.stop(200);
    expect(performance.now() - startedAt).toBeLessThan(6_000);
    await redis.resume();
  });
});

describe('metrics', () => {
  it('count jobs by state and time them by outcome', async () => {
    const at = await connection();
    const producer = produce(at);
    const registry = new Registry();
    const metrics = createQueueMetrics({ registry, prefix: 'kubecost_worker' });
    metrics.watch('notes', () => producer.counts());
    metrics.watch('away', () => Promise.reject(new Error('no Redis')));
    consume(
      at,
      ({ note }) => (note === 'bad' ? Promise.reject(new AppError('not-found', 'gone')) : Promise.resolve('done')),
      {
        metrics,
      },
    );
    await producer.enqueue({ note: 'good' });
    await producer.enqueue({ note: 'bad' });
    await finished(producer, 'note-good');
    await finished(producer, 'note-bad');
    const text = await registry.metrics();
    expect(text).toContain('kubecost_worker_queue_jobs{queue="notes",state="completed"} 1');
    expect(text).toContain('kubecost_worker_queue_jobs{queue="notes",state="failed"} 1');
    expect(text).toContain('kubecost_worker_queue_jobs{queue="notes",state="waiting"} 0');
    expect(text).not.toContain('queue="away"');
    expect(text).toContain('kubecost_worker_queue_job_duration_seconds_count{queue="notes",outcome="completed"} 1');
    expect(text).toContain('kubecost_worker_queue_job_duration_seconds_count{queue="notes",outcome="failed"} 1');
  });
});
