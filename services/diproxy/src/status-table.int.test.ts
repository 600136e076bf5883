import { randomUUID } from 'node:crypto';
import { freePort, randomDatabase, sharedServers, waitFor } from '@cloudtuner/test-kit';
import { createApp } from './app';
import {
  openAccounts,
  post,
  headersOf,
  startGateway,
  validBody,
  type TestAccount,
  type TestGateway,
} from './testing/gateway';
import { startSink, type Sink } from './testing/sink';

describe('diproxy: what a sender is told', () => {
  const database = randomDatabase('diproxy');
  let sink: Sink;
  let gateway: TestGateway;
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
      METRICS_STORE: 'thanos',
      METRICS_WRITE_URL: sink.url,
      METRICS_WRITE_TIMEOUT_SECONDS: '0.5',
    };
    gateway = await startGateway(createApp, environment);
  }, 60_000);

  afterAll(async () => {
    await gateway.stop();
    await accounts.close();
    await sink.stop();
  });

  afterEach(async () => {
    sink.answer({ status: 204 });
    expect((await send()).status).toBe(204);
  });

  const send = (to: Pick<TestGateway, 'url'> = gateway) => post(to, { headers: headersOf(account), body: validBody() });

  it.each([200, 202, 204])('passes the store`s %i on with an empty body', async (status) => {
    sink.answer({ status });
    const reply = await send();
    expect([reply.status, reply.text]).toEqual([status, '']);
  });

  it.each([400, 409, 413, 422])('passes the store`s %i on with its text, without addresses', async (status) => {
    sink.answer({ status, text: 'store locally for endpoint 127.0.0.1:10901: out of bounds\n' });
    const reply = await send();
    expect(reply.status).toBe(status);
    expect(reply.code).toBe('metrics-store-rejected');
    expect(reply.text).toContain('out of bounds');
    expect(reply.text).not.toContain('127.0.0.1');
  });

  it.each([301, 401, 403, 404, 415, 429, 500, 502, 503, 504])('answers 503 for the store`s %i', async (status) => {
    sink.answer({ status, text: 'secret inner text' });
    const reply = await send();
    expect(reply.status).toBe(503);
    expect(reply.code).toBe('metrics-store-unavailable');
    expect(Number(reply.retryAfter)).toBeGreaterThan(0);
    expect(reply.text).not.toContain('inner');
  });

  it.each([['too old sample'], ['native histograms are disabled']])(
    'answers 400 for the 500 of Prometheus 2 that says only: %s',
    async (text) => {
      sink.answer({ status: 500, text: `${text}\n` });
      const reply = await send();
      expect([reply.status, reply.code]).toEqual([400, 'metrics-store-rejected']);
      sink.answer({ status: 500, text: `2 errors: connection refused; ${text}` });
      expect((await send()).status).toBe(503);
    },
  );

  it('hands the store`s Retry-After on', async () => {
    sink.answer({ status: 503, headers: { 'retry-after': '17' } });
    expect((await send()).retryAfter).toBe('17');
  });

  it('answers 503 when the store resets the connection', async () => {
    sink.answer('reset');
    const reply = await send();
    expect([reply.status, reply.code]).toEqual([503, 'metrics-store-unavailable']);
    expect(Number(reply.retryAfter)).toBeGreaterThan(0);
  });

  it('answers 503 when the store hangs, within its time limit', async () => {
    sink.answer('hang');
    const startedMs = performance.now();
    const reply = await send();
    expect([reply.status, reply.code]).toEqual([503, 'metrics-store-timeout']);
    expect(performance.now() - startedMs).toBeLessThan(3_000);
  });

  it('answers 503 when nobody listens, and is not ready', async () => {
    const alone = await startGateway(createApp, {
      ...environment,
      METRICS_WRITE_URL: `http://127.0.0.1:${String(await freePort())}/w`,
    });
    const reply = await send(alone);
    const ready = await fetch(`${alone.url}/readyz`);
    expect(await ready.json()).toMatchObject({ checks: { mongodb: 'ok', metrics_store: 'failed' } });
    await alone.stop();
    expect([reply.status, reply.code, ready.status]).toEqual([503, 'metrics-store-unavailable', 503]);
  });

  it('sends the sender`s own bytes on, with headers of its own making', async () => {
    const body = validBody();
    const client = { 'x-client': '1', 'thanos-replica': '2', cookie: 'c', 'x-forwarded-for': '1.2.3.4' };
    expect((await post(gateway, { headers: { ...headersOf(account), ...client }, body })).status).toBe(204);
    const last = sink.writes.at(-1);
    expect(last?.body.equals(body)).toBe(true);
    expect(Object.keys(last?.headers ?? {}).sort()).toEqual([
      'cloud-account-id',
      'connection',
      'content-encoding',
      'content-length',
      'content-type',
      'host',
      'user-agent',
      'x-prometheus-remote-write-version',
    ]);
    expect(last?.headers['cloud-account-id']).toBe(account.id);
  });

  it('refuses more in flight than it may hold with 503, and takes them again afterwards', async () => {
    const small = await startGateway(createApp, { ...environment, LIMIT_IN_FLIGHT_REQUESTS: '2' });
    sink.answer('hang');
    const replies = await Promise.all(Array.from({ length: 6 }, () => send(small)));
    expect(replies.map(({ status }) => status)).toEqual(Array.from({ length: 6 }, () => 503));
    expect(replies.filter(({ code }) => code === 'gateway-overloaded')).toHaveLength(4);
    sink.answer({ status: 204 });
    expect((await send(small)).status).toBe(204);
    await small.stop();
  });

  it('finishes what is in flight when it stops', async () => {
    const stopping = await startGateway(createApp, { ...environment, METRICS_WRITE_TIMEOUT_SECONDS: '5' });
    const seen = sink.writes.length;
    sink.answer('hang');
    const reply = send(stopping);
    await waitFor(() => sink.writes.length > seen, { what: 'the write to reach the store' });
    const stopped = stopping.stop();
    sink.answer({ status: 204 });
    // The hanging answer times out; the sender still gets its 503 instead of a reset.
    expect((await reply).status).toBe(503);
    await stopped;
    await expect(send(stopping)).rejects.toThrow();
  }, 20_000);

  it('logs every write and counts it', async () => {
    const counted = await startGateway(createApp, environment);
    await send(counted);
    await post(counted, { headers: headersOf({ id: randomUUID(), password: 'x' }), body: validBody() });
    const metrics = await counted.metricsText();
    await counted.stop();
    const line = counted.logLines.find(({ msg }) => msg === 'write');
    expect(line).toMatchObject({ account: account.id, bytes: validBody().length, samples: 1, status: 204 });
    expect(typeof line?.['duration_ms']).toBe('number');
    expect(JSON.stringify(counted.logLines)).not.toContain(account.password);
    for (const expected of [
      /^diproxy_requests_total\{status="204".*\} 1$/m,
      /^diproxy_requests_total\{status="401".*\} 1$/m,
      /^diproxy_refused_requests_total\{reason="unauthenticated".*\} 1$/m,
      /^diproxy_received_samples_total.* 1$/m,
      /^diproxy_accepted_samples_total.* 1$/m,
      /^diproxy_store_responses_total\{status="204".*\} 1$/m,
      /^diproxy_account_lookups_total\{result="miss".*\} 1$/m,
      /^diproxy_account_lookups_total\{result="unknown".*\} 1$/m,
      /^diproxy_in_flight_requests.* 0$/m,
      /^diproxy_in_flight_bytes.* 0$/m,
    ]) {
      expect(metrics).toMatch(expected);
    }
  });
});
