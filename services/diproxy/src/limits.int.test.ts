import { randomUUID } from 'node:crypto';
import { randomDatabase, sharedServers, waitFor } from '@cloudtuner/test-kit';
import { createApp } from './app';
import {
  bodyOf,
  headersOf,
  openAccounts,
  post,
  seriesOf,
  startGateway,
  type TestAccount,
  type TestGateway,
} from './testing/gateway';
import { startSink, type Sink } from './testing/sink';

describe('diproxy: limits of one account', () => {
  const database = randomDatabase('diproxy');
  let sink: Sink;
  let accounts: ReturnType<typeof openAccounts>;
  let environment: Record<string, string>;
  let gateway: TestGateway;

  beforeAll(async () => {
    const mongodbUrl = await sharedServers().mongodbUrl();
    accounts = openAccounts(mongodbUrl, database);
    sink = await startSink();
    environment = {
      MONGODB_URL: mongodbUrl,
      MONGODB_DATABASE: database,
      METRICS_STORE: 'thanos',
      METRICS_WRITE_URL: sink.url,
      ACCOUNT_CACHE_SECONDS: '1',
    };
    // A thousand samples at once; the next one a second comes in a quarter of an hour at the earliest.
    gateway = await startGateway(createApp, {
      ...environment,
      LIMIT_SAMPLES_PER_SECOND: '1',
      LIMIT_SAMPLES_BURST: '1000',
      LIMIT_AUTH_FAILURES_PER_MINUTE: '5',
    });
  }, 60_000);

  afterAll(async () => {
    await gateway.stop();
    await accounts.close();
    await sink.stop();
  });

  afterEach(() => {
    sink.answer({ status: 204 });
  });

  const samples = (count: number): Buffer =>
    bodyOf({ timeseries: Array.from({ length: count }, (_, i) => seriesOf({ __name__: 'up', i: String(i) })) });
  const send = (account: TestAccount, count: number, to = gateway) =>
    post(to, { headers: headersOf(account), body: samples(count) });

  it('answers 429 and when to come back above the contracted rate, before the store sees anything', async () => {
    const [loud, quiet] = [await accounts.create(), await accounts.create()];
    expect((await send(loud, 900)).status).toBe(204);
    const seen = sink.writes.length;
    const refused = await send(loud, 300);
    expect([refused.status, refused.code]).toEqual([429, 'sample-rate-exceeded']);
    // 200 samples are missing at 1 a second; up to 2 s of chance and the rounding come on top.
    expect(Number(refused.retryAfter)).toBeGreaterThan(190);
    expect(Number(refused.retryAfter)).toBeLessThanOrEqual(203);
    expect(sink.writes).toHaveLength(seen);
    // It was refused whole and took nothing; others have buckets of their own.
    expect((await send(loud, 50)).status).toBe(204);
    expect((await send(quiet, 1_000)).status).toBe(204);
    const metrics = await gateway.metricsText();
    expect(metrics).toMatch(new RegExp(`^diproxy_accepted_samples_total\\{account="${loud.id}".*\\} 950$`, 'm'));
    expect(metrics).toMatch(
      new RegExp(
        `^diproxy_discarded_samples_total\\{account="${loud.id}",reason="sample_rate_exceeded".*\\} 300$`,
        'm',
      ),
    );
  });

  it('does not charge for what the store did not take: an outage must not end in a 429', async () => {
    const account = await accounts.create();
    sink.answer({ status: 503 });
    for (let time = 0; time < 3; time += 1) expect((await send(account, 1_000)).status).toBe(503);
    sink.answer({ status: 204 });
    expect((await send(account, 1_000)).status).toBe(204);
    expect((await send(account, 1_000)).status).toBe(429);
  });

  it('follows a change of the limits stored with the account', async () => {
    const account = await accounts.create();
    expect((await send(account, 20)).status).toBe(204);
    await accounts.limit(account, { series: 10, samples_per_second: 0 });
    const refused = await waitFor(
      async () => {
        const reply = await send(account, 20);
        return reply.status === 413 && reply;
      },
      { what: 'the new limit', timeoutMs: 10_000 },
    );
    expect(refused.code).toBe('too-many-series');
    // No rate limit any more: five times the burst of the others.
    for (let time = 0; time < 500; time += 50) expect((await send(account, 10)).status).toBe(204);
    await accounts.limit(account, {});
    await waitFor(async () => (await send(account, 20)).status === 204, { what: 'the default', timeoutMs: 10_000 });
  });

  it('lets one account fill its share only: others are served while its writes hang', async () => {
    const crowded = await startGateway(createApp, {
      ...environment,
      LIMIT_IN_FLIGHT_REQUESTS: '4',
      LIMIT_ACCOUNT_IN_FLIGHT_REQUESTS: '2',
      METRICS_WRITE_TIMEOUT_SECONDS: '2',
    });
    const [greedy, quiet] = [await accounts.create(), await accounts.create()];
    // Both are known before the store hangs.
    for (const account of [greedy, quiet]) expect((await send(account, 1, crowded)).status).toBe(204);
    const seen = sink.writes.length;
    sink.answer('hang');
    const hanging = Array.from({ length: 2 }, () => send(greedy, 1, crowded));
    await waitFor(() => sink.writes.length === seen + 2, { what: 'two writes at the store' });
    const over = await send(greedy, 1, crowded);
    expect([over.status, over.code]).toEqual([503, 'account-overloaded']);
    expect(Number(over.retryAfter)).toBeGreaterThan(0);
    sink.answer({ status: 204 });
    expect((await send(quiet, 1, crowded)).status).toBe(204);
    expect((await Promise.all(hanging)).map(({ code }) => code)).toEqual(Array(2).fill('metrics-store-timeout'));
    expect((await send(greedy, 1, crowded)).status).toBe(204);
    await crowded.stop();
  });

  it('answers 503 to an address that fails too often, without asking MongoDB, and serves who is right there', async () => {
    const good = await accounts.create();
    expect((await send(good, 1)).status).toBe(204);
    const fail = () => send({ id: randomUUID(), password: 'x' }, 1);
    const codes: (string | null)[] = [];
    for (let time = 0; time < 7; time += 1) codes.push((await fail()).code);
    expect(codes.slice(0, 5)).toEqual(Array(5).fill('unauthenticated'));
    expect(codes.at(-1)).toBe('auth-failures-throttled');
    const lookups = async (): Promise<string | undefined> =>
      /diproxy_account_lookups_total\{result="unknown".*\} (\d+)/.exec(await gateway.metricsText())?.[1];
    const before = await lookups();
    const refused = await fail();
    expect([refused.status, refused.code]).toEqual([503, 'auth-failures-throttled']);
    expect(Number(refused.retryAfter)).toBeGreaterThan(0);
    // Sent from here with the one thing that others may forge.
    const forged = { ...headersOf({ ...good, password: 'x' }), 'x-forwarded-for': '192.0.2.1' };
    expect((await post(gateway, { headers: forged, body: samples(1) })).status).toBe(503);
    expect(await lookups()).toBe(before);
    expect((await send(good, 1)).status).toBe(204);
  });
});
