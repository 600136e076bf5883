import {
  freePort,
  randomDatabase,
  startMongo,
  startSilentServer,
  waitFor,
  type LocalServer,
} from '@cloudtuner/test-kit';
import { createApp } from './app';
import {
  headersOf,
  openAccounts,
  post,
  startGateway,
  validBody,
  type TestAccount,
  type TestGateway,
} from './testing/gateway';
import { startSink, type Sink } from './testing/sink';

describe('diproxy: MongoDB away', () => {
  const database = randomDatabase('diproxy');
  let mongo: LocalServer;
  let sink: Sink;
  let gateway: TestGateway;
  let accounts: ReturnType<typeof openAccounts>;
  let known: TestAccount;
  let unseen: TestAccount;

  const environmentFor = (mongodbUrl: string): Record<string, string> => ({
    MONGODB_URL: mongodbUrl,
    MONGODB_DATABASE: database,
    METRICS_STORE: 'thanos',
    METRICS_WRITE_URL: sink.url,
    ACCOUNT_CACHE_SECONDS: '1',
    ACCOUNT_LOOKUP_TIMEOUT_MS: '500',
  });

  beforeAll(async () => {
    mongo = await startMongo();
    sink = await startSink();
    accounts = openAccounts(mongo.url, database);
    [known, unseen] = [await accounts.create(), await accounts.create()];
    gateway = await startGateway(createApp, environmentFor(mongo.url));
    expect((await send(known)).status).toBe(204);
  }, 60_000);

  afterAll(async () => {
    await gateway.stop();
    await accounts.close();
    await sink.stop();
    await mongo.stop();
  });

  const send = (account: TestAccount) => post(gateway, { headers: headersOf(account), body: validBody() });
  const readiness = async () => {
    const response = await fetch(`${gateway.url}/readyz`);
    return { status: response.status, body: await response.json() };
  };
  const pastFreshness = () => new Promise((resolve) => setTimeout(resolve, 1_100));

  it.each([
    ['hangs', () => mongo.pause(), () => mongo.resume()],
    ['is down', () => mongo.kill(), () => mongo.restart()],
  ])(
    'serves known accounts and keeps unknown ones waiting while it %s, and recovers',
    async (_what, breakIt, mendIt) => {
      await breakIt();
      await pastFreshness();
      expect((await send(known)).status).toBe(204);
      // The outage is known now: nobody waits for the time limit again.
      const startedMs = performance.now();
      expect((await send(known)).status).toBe(204);
      expect(performance.now() - startedMs).toBeLessThan(400);

      const waiting = await send(unseen);
      expect([waiting.status, waiting.code]).toEqual([503, 'account-lookup-unavailable']);
      expect(Number(waiting.retryAfter)).toBeGreaterThan(0);
      // Wrong credentials stay wrong, also from the cache.
      expect((await send({ ...known, password: 'wrong' })).status).toBe(401);
      expect(await readiness()).toMatchObject({
        status: 503,
        body: { checks: { mongodb: 'failed', metrics_store: 'ok' } },
      });
      expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200);

      await mendIt();
      const recovered = await accounts.create();
      await waitFor(async () => (await send(recovered)).status === 204, {
        what: 'new accounts to be served',
        timeoutMs: 15_000,
      });
      await waitFor(async () => (await readiness()).status === 200, { what: 'readiness', timeoutMs: 15_000 });
      expect((await send(known)).status).toBe(204);
    },
    60_000,
  );

  it('starts while MongoDB is away and answers 503 within its time limit', async () => {
    const silent = await startSilentServer();
    for (const port of [silent.port, await freePort()]) {
      const early = await startGateway(createApp, environmentFor(`mongodb://127.0.0.1:${String(port)}`));
      const startedMs = performance.now();
      const reply = await post(early, { headers: headersOf(known), body: validBody() });
      expect([reply.status, reply.code]).toEqual([503, 'account-lookup-unavailable']);
      expect(performance.now() - startedMs).toBeLessThan(3_000);
      await early.stop();
    }
    await silent.close();
  }, 30_000);
});
