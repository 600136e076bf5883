import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaultWriteLimits } from '@cloudtuner/remote-write';
import { randomDatabase, sharedServers, temporaryFolder, waitFor } from '@cloudtuner/test-kit';
import { createApp } from './app';
import { createCheck } from './check';
import { CheckPool } from './check-pool';
import {
  bodyOf,
  headersOf,
  openAccounts,
  post,
  seriesOf,
  startGateway,
  validBody,
  type TestAccount,
  type TestGateway,
} from './testing/gateway';
import { startSink, type Sink } from './testing/sink';

describe('diproxy: large bodies on threads', () => {
  const database = randomDatabase('diproxy');
  const folder = temporaryFolder('threads');
  let sink: Sink;
  let accounts: ReturnType<typeof openAccounts>;
  let account: TestAccount;
  let environment: Record<string, string>;

  beforeAll(async () => {
    const mongodbUrl = await sharedServers().mongodbUrl();
    accounts = openAccounts(mongodbUrl, database);
    account = await accounts.create();
    sink = await startSink();
    environment = {
      MONGODB_URL: mongodbUrl,
      MONGODB_DATABASE: database,
      METRICS_STORE: 'prometheus',
      METRICS_WRITE_URL: sink.url,
      METRICS_WRITE_PROTOCOL: '1',
      WORKER_THREADS: '2',
      WORKER_THREAD_MIN_BYTES: '10000',
    };
  }, 60_000);

  afterAll(async () => {
    await accounts.close();
    await sink.stop();
    folder.remove();
  });

  const send = (gateway: TestGateway, body: Uint8Array) => post(gateway, { headers: headersOf(account), body });
  /** About 50 bytes a series. */
  const largeBody = (series: number): Buffer =>
    bodyOf({
      timeseries: Array.from({ length: series }, (_, i) => seriesOf({ __name__: 'up', tenant_id: 'x', i: String(i) })),
    });
  const metricOf = async (gateway: TestGateway, line: string): Promise<string | undefined> =>
    new RegExp(`^${line}.* (\\S+)$`, 'm').exec(await gateway.metricsText())?.[1];
  /** A thread of the test's own making: what it does with a job is `onJob`, with `post` and `job` in sight. */
  const threadThat = (name: string, onJob: string): string => {
    const file = join(folder.path, `${name}.js`);
    writeFileSync(
      file,
      `const { parentPort } = require('node:worker_threads');
       const post = (reply) => parentPort.postMessage(reply);
       parentPort.on('message', (job) => { ${onJob} });
       post({ kind: 'ready' });`,
    );
    return file;
  };

  it('gives the same as the main thread: rewritten bodies, refusals by series, refusals of the whole', async () => {
    const gateway = await startGateway(createApp, environment);
    const inline = await startGateway(createApp, { ...environment, WORKER_THREADS: '0' });
    const mixed = bodyOf({
      timeseries: Array.from({ length: 500 }, (_, i) =>
        seriesOf({ __name__: 'up', [i % 2 === 0 ? 'a' : 'a.b']: 'x'.repeat(50), i: String(i) }),
      ),
    });
    const bodies = [largeBody(2_000), mixed, largeBody(20_001), Buffer.from([...largeBody(1_000)].slice(0, -5))];
    for (const body of bodies) {
      const seen = sink.writes.length;
      const [onThread, onMain] = [await send(gateway, body), await send(inline, body)];
      expect([onThread.status, onThread.code, onThread.text]).toEqual([onMain.status, onMain.code, onMain.text]);
      const [first, second] = sink.writes.slice(seen);
      expect(first?.body.toString('hex')).toBe(second?.body.toString('hex'));
    }
    expect(sink.writes.at(-1)?.request.timeseries).toHaveLength(250);
    expect((await send(gateway, validBody())).status).toBe(204);
    // Four large bodies, and not the small one.
    expect(await metricOf(gateway, 'diproxy_stage_duration_seconds_count\\{.*stage="wait"')).toBe('4');
    expect(await metricOf(inline, 'diproxy_stage_duration_seconds_count\\{.*stage="wait"')).toBeUndefined();
    await gateway.stop();
    await inline.stop();
  });

  it('checks many large bodies of many senders at once, each with its own answer', async () => {
    const gateway = await startGateway(createApp, environment);
    const sizes = Array.from({ length: 24 }, (_, i) => 500 + i);
    const seen = sink.writes.length;
    const replies = await Promise.all(sizes.map((size) => send(gateway, largeBody(size))));
    expect(replies.map(({ status }) => status)).toEqual(sizes.map(() => 204));
    const stored = sink.writes.slice(seen).map(({ request }) => request.timeseries.length);
    expect(stored.sort((a, b) => a - b)).toEqual(sizes);
    expect(await metricOf(gateway, 'diproxy_thread_queue')).toBe('0');
    await gateway.stop();
  });

  it('answers 503 for a body whose thread dies, counts it, and goes on with a new thread', async () => {
    const real = JSON.stringify(join(__dirname, '../dist/check-main.js'));
    // Falls over the first body of each thread; its successor is a new thread of the same file.
    const file = threadThat('dies', `setImmediate(() => { throw new Error('fell over ' + ${real}); });`);
    const gateway = await startGateway(createApp, { ...environment, WORKER_THREADS: '1' }, file);
    for (let time = 0; time < 3; time += 1) {
      const reply = await send(gateway, largeBody(1_000));
      expect([reply.status, reply.code]).toEqual([503, 'gateway-thread-failed']);
      expect(Number(reply.retryAfter)).toBeGreaterThan(0);
      expect(reply.text).not.toContain('fell over');
    }
    expect((await send(gateway, validBody())).status).toBe(204);
    expect(await metricOf(gateway, 'diproxy_thread_failures_total')).toBe('3');
    expect(JSON.stringify(gateway.logLines)).toContain('fell over');
    await gateway.stop();
  });

  // A stop waits for what is in flight; here that never ends.
  const short = { WORKER_THREADS: '1', SHUTDOWN_DEADLINE_SECONDS: '1', SHUTDOWN_DELAY_SECONDS: '0' };

  it('serves small writes while a thread is at work', async () => {
    const gateway = await startGateway(createApp, { ...environment, ...short }, threadThat('hangs', ''));
    const large = Promise.allSettled([send(gateway, largeBody(1_000)), send(gateway, largeBody(1_001))]);
    await waitFor(async () => (await metricOf(gateway, 'diproxy_thread_queue')) === '1', { what: 'one to wait' });
    expect((await send(gateway, validBody())).status).toBe(204);
    expect(await metricOf(gateway, 'diproxy_in_flight_requests')).toBe('2');
    await gateway.stop();
    expect((await large).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });

  it('forgets a waiting body whose sender has left', async () => {
    const gateway = await startGateway(createApp, { ...environment, ...short }, threadThat('hangs', ''));
    const first = send(gateway, largeBody(1_000)).catch(() => undefined);
    const leaving = new AbortController();
    const second = fetch(`${gateway.url}/write`, {
      method: 'POST',
      headers: headersOf(account),
      body: largeBody(1_001),
      signal: leaving.signal,
    }).catch(() => 'left');
    await waitFor(async () => (await metricOf(gateway, 'diproxy_thread_queue')) === '1', { what: 'one to wait' });
    leaving.abort();
    expect(await second).toBe('left');
    await waitFor(async () => (await metricOf(gateway, 'diproxy_thread_queue')) === '0', { what: 'nobody to wait' });
    await waitFor(async () => (await metricOf(gateway, 'diproxy_in_flight_requests')) === '1', {
      what: 'one in flight',
    });
    await gateway.stop();
    await first;
  });

  it('ends a thread that never answers, and gives the next body a new one', async () => {
    const failures: unknown[] = [];
    const policy = { labelNames: 'legacy', reservedLabels: [], tenantLabel: undefined } as const;
    const pool = new CheckPool({
      check: createCheck(policy),
      policy,
      threads: 1,
      minDecodedBytes: 0,
      file: threadThat(
        'hangs on the first',
        `if (job.accountId !== 'first') post({ kind: 'refused', code: 'snappy-malformed', message: job.accountId, options: {} });`,
      ),
      // The next thread has to start within it, too.
      jobTimeoutMs: 3_000,
      onWait: () => undefined,
      onFailure: (cause) => failures.push(cause),
    });
    await pool.start();
    const check = (accountId: string) =>
      pool.run(
        {
          accountId,
          protocol: '1',
          target: '1',
          body: validBody(),
          maxDecodedBytes: 1_000_000,
          limits: defaultWriteLimits,
          nowMs: Date.now(),
        },
        new AbortController().signal,
      );
    const outcomes = await Promise.allSettled([check('first'), check('second')]);
    expect(outcomes).toMatchObject([
      { reason: { code: 'gateway-thread-failed' } },
      { reason: { code: 'snappy-malformed', message: 'second' } },
    ]);
    expect([failures.length, pool.threadCount, pool.queuedCount]).toEqual([1, 1, 0]);
    await pool.stop();
    expect(pool.threadCount).toBe(0);
    await expect(check('late')).rejects.toMatchObject({ code: 'gateway-thread-failed' });
  }, 30_000);

  it('does not start with threads that cannot run', async () => {
    const missing = join(folder.path, 'missing.js');
    await expect(startGateway(createApp, environment, missing)).rejects.toMatchObject({
      code: 'gateway-thread-failed',
    });
  });
});
