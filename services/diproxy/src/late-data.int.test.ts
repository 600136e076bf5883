import { randomDatabase, randomPrefix, sharedServers, startSilentServer, waitFor } from '@cloudtuner/test-kit';
import { createTouchedHours, type TouchedHours } from '@cloudtuner/touched-hours';
import { createApp } from './app';
import {
  bodyOf,
  headersOf,
  openAccounts,
  post,
  seriesOf,
  startGateway,
  type Reply,
  type TestAccount,
  type TestGateway,
} from './testing/gateway';
import { startSink, type Sink } from './testing/sink';

const hourMs = 3_600_000;

describe('diproxy: late samples', () => {
  const database = randomDatabase('diproxy');
  const prefix = randomPrefix();
  let redisUrl: string;
  let sink: Sink;
  let accounts: ReturnType<typeof openAccounts>;
  let environment: Record<string, string>;
  let touched: TouchedHours;

  beforeAll(async () => {
    const mongodbUrl = await sharedServers().mongodbUrl();
    redisUrl = await sharedServers().redisUrl();
    accounts = openAccounts(mongodbUrl, database);
    sink = await startSink();
    touched = createTouchedHours({ redisUrl, prefix });
    environment = {
      MONGODB_URL: mongodbUrl,
      MONGODB_DATABASE: database,
      METRICS_STORE: 'thanos',
      METRICS_WRITE_URL: sink.url,
      QUEUE_PREFIX: prefix,
    };
  }, 60_000);

  afterAll(async () => {
    touched.close();
    await accounts.close();
    await sink.stop();
  });

  afterEach(() => {
    sink.answer({ status: 204 });
  });

  const sendAt = (gateway: TestGateway, account: TestAccount, timestampMs: number): Promise<Reply> => {
    const labels = { __name__: 'up', job: String(timestampMs) };
    return post(gateway, {
      headers: headersOf(account),
      body: bodyOf({ timeseries: [seriesOf(labels), seriesOf(labels, timestampMs)] }),
    });
  };
  const startOfHour = (timestampMs: number): number => Math.floor(timestampMs / hourMs) * hourMs;

  it('mark the hours they touch, of their account, once the store has them', async () => {
    const account = await accounts.create();
    const gateway = await startGateway(createApp, { ...environment, REDIS_URL: redisUrl });
    const twoHoursAgo = startOfHour(Date.now()) - 2 * hourMs;
    try {
      sink.answer({ status: 500 });
      expect((await sendAt(gateway, account, twoHoursAgo - 5 * hourMs)).status).toBe(503);
      sink.answer({ status: 204 });
      expect((await sendAt(gateway, account, twoHoursAgo + 600_000)).status).toBe(204);
    } finally {
      // A stop leaves the marks that have not been left yet.
      await gateway.stop();
    }
    const touchAt = (timestampMs: number): Promise<number | null> =>
      touched.lastTouch({ cloudAccountId: account.id, hour: timestampMs / 1000 });
    expect(await touchAt(twoHoursAgo)).not.toBeNull();
    expect(await touchAt(twoHoursAgo - 5 * hourMs)).toBeNull();
    expect(await gateway.metricsText()).toMatch(/^diproxy_touched_hours_total\{outcome="marked".*\} [12]$/m);
  });

  it('are taken all the same while Redis does not answer, and the marks are kept', async () => {
    const account = await accounts.create();
    const silent = await startSilentServer();
    const gateway = await startGateway(createApp, {
      ...environment,
      REDIS_URL: `redis://127.0.0.1:${String(silent.port)}`,
    });
    try {
      expect((await sendAt(gateway, account, startOfHour(Date.now()) - hourMs - 1)).status).toBe(204);
      await waitFor(async () => /^diproxy_touched_hours_failures_total(\{.*\})? 1$/m.test(await gateway.metricsText()));
      expect(await gateway.metricsText()).toMatch(/^diproxy_touched_hours_pending(\{.*\})? [12]$/m);
    } finally {
      await gateway.stop();
      await silent.close();
    }
  });
});
