import { startFakeMetroculus, cpuPoint, type FakeMetroculus } from './testing/fake-metroculus';
import {
  randomDatabase,
  randomPrefix,
  startClickhouse,
  startMongo,
  startRedis,
  startSilentServer,
  waitFor,
  type LocalServer,
} from '@cloudtuner/test-kit';
import { connectClickhouse, migrate } from '@cloudtuner/clickhouse';
import {
  clusterSecret,
  createOrganization,
  startRestapi,
  type RestapiHarness,
  type TestOrganization,
} from './testing/restapi-harness';
import { storeHours } from './testing/stored-hours';

/** "Within a few seconds", on a machine that does other things, too. */
const boundMs = 15_000;
const runningHour = Date.parse('2026-03-10T10:00:00Z') / 1000;
const nowSeconds = runningHour + 1800;

let mongodb: LocalServer;
let redis: LocalServer;
let clickhouse: Awaited<ReturnType<typeof startClickhouse>>;
let metroculus: FakeMetroculus;
let harness: RestapiHarness;
let organization: TestOrganization;
let accountId: string;

beforeAll(async () => {
  [mongodb, redis, clickhouse] = await Promise.all([startMongo(), startRedis(), startClickhouse()]);
  metroculus = await startFakeMetroculus({ secret: clusterSecret });
  const database = randomDatabase();
  const { url, username, password } = clickhouse;
  const client = connectClickhouse({ url, username, password, database });
  await migrate(client);
  harness = await startRestapi({
    mongodbUrl: mongodb.url,
    mongodbDatabase: database,
    clickhouse: { url, username, password, database },
    redisUrl: redis.url,
    queuePrefix: randomPrefix(),
    metroculusUrl: metroculus.url,
    environment: { CLICKHOUSE_TIMEOUT_MS: '6000', LIVE_COSTS_BUDGET_MS: '1500' },
    now: () => nowSeconds * 1000,
  });
  organization = await createOrganization(harness);
  const account = await api().createCloudAccount({
    params: { organization_id: organization.id },
    body: { name: 'shop', type: 'kubernetes_cnr' },
  });
  accountId = account.id;
  await storeHours(client, accountId, [
    { hour: runningHour - 3600, version: 'v', assets: [{ cpu_cost: 1_000_000_000n }] },
    { hour: runningHour, version: 'open', closed: false, assets: [{ cpu_cost: 250_000_000n }], measuredSeconds: 900 },
  ]);
  metroculus.points.set(accountId, [cpuPoint(runningHour, 0.5)]);
  await client.close();
}, 180_000);

afterAll(async () => {
  await harness.stop();
  await metroculus.close();
  await Promise.all([mongodb.stop(), redis.stop(), clickhouse.stop()]);
});

const api = () => harness.client(organization.owner.token);
const readCosts = () => api().getClusterCosts({ params: { cluster_id: accountId }, query: { window: '2h' } });
const readExpenses = () =>
  api().getCleanExpenses({
    query: { organization_id: organization.id, start_date: runningHour - 3600, end_date: runningHour + 3600 },
  });
const readClusters = () => api().listClusters({ params: { organization_id: organization.id } });
const signIn = () =>
  harness.client().createToken({ body: { email: organization.owner.email, password: organization.owner.password } });
const readAccount = () => api().getCloudAccount({ params: { cloud_account_id: accountId } });
const backfill = () =>
  api().createBackfill({
    params: { cloud_account_id: accountId },
    body: { start_time: runningHour - 7200, end_time: runningHour - 3600 },
  });

async function expectUnavailable(call: () => Promise<unknown>, code: string): Promise<void> {
  const startedMs = performance.now();
  const error: unknown = await call().then(
    () => 'an answer',
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ code, status: 503 });
  expect((error as { retryAfterMs?: number }).retryAfterMs).toBeGreaterThan(0);
  expect(performance.now() - startedMs).toBeLessThan(boundMs);
}

const readiness = async (): Promise<{ status: number; checks: Record<string, string> }> => {
  const response = await fetch(`${harness.url}/readyz`);
  const { checks } = (await response.json()) as { checks: Record<string, string> };
  return { status: response.status, checks };
};

const recovered = (call: () => Promise<unknown>): Promise<boolean> =>
  waitFor(
    async () => {
      await call();
      return true;
    },
    { timeoutMs: 20_000, what: 'the recovery' },
  );

const expectReady = (): Promise<boolean> =>
  waitFor(async () => (await readiness()).status === 200, { timeoutMs: 20_000, what: 'readiness' });

/** Both ways a server can be missing: hanging, and not there. */
const troubles = [
  ['hangs', (server: LocalServer) => server.pause(), (server: LocalServer) => server.resume()],
  ['is down', (server: LocalServer) => server.kill(), (server: LocalServer) => server.restart()],
] as const;

describe.each(troubles)('while a store %s', (_title, breakIt, mend) => {
  const during = async (server: LocalServer, work: () => Promise<void>): Promise<void> => {
    await breakIt(server);
    try {
      await work();
    } finally {
      await mend(server);
    }
  };

  it('MongoDB: 503 everywhere, never 401, not ready; then recovers', async () => {
    await signIn();
    await during(mongodb, async () => {
      const calls = [readCosts, readExpenses, readClusters, readAccount, backfill, signIn];
      await Promise.all(calls.map((call) => expectUnavailable(call, 'metadata-unavailable')));
      await expectUnavailable(readAccount, 'metadata-unavailable');
      expect(await readiness()).toEqual({ status: 503, checks: { mongodb: 'failed', clickhouse: 'ok' } });
    });
    await recovered(readAccount);
    await recovered(signIn);
    await expectReady();
  }, 120_000);

  it('ClickHouse: 503 for costs, the rest goes on, not ready; then recovers', async () => {
    await during(clickhouse, async () => {
      const calls = [readCosts, readExpenses, readClusters];
      await Promise.all(calls.map((call) => expectUnavailable(call, 'clickhouse-unavailable')));
      await readAccount();
      await backfill();
      expect(await readiness()).toEqual({ status: 503, checks: { mongodb: 'ok', clickhouse: 'failed' } });
    });
    await recovered(readCosts);
    expect((await readCosts()).total.total_cost).toBe(1.5);
    await expectReady();
  }, 120_000);

  it('Redis: 503 for backfills only, and ready; then recovers', async () => {
    await backfill();
    await during(redis, async () => {
      await expectUnavailable(backfill, 'queue-unavailable');
      await readCosts();
      expect((await readiness()).status).toBe(200);
    });
    await recovered(backfill);
  }, 120_000);
});

describe('while metroculus is away', () => {
  it('answers what is stored of the running hour, with a warning, within the budget; then live again', async () => {
    expect((await readCosts()).total.total_cost).toBe(1.5);
    await metroculus.close();
    const startedMs = performance.now();
    const costs = await readCosts();
    expect(performance.now() - startedMs).toBeLessThan(boundMs);
    expect(costs.total.total_cost).toBe(1.25);
    expect(costs.warnings.map(({ code }) => code)).toEqual(['live-costs-unavailable']);
    const expenses = await readExpenses();
    expect(expenses.total_cost).toBe(1.25);
    expect(expenses.warnings).toMatchObject([{ code: 'live-costs-unavailable', cloud_account_id: accountId }]);
    expect((await readClusters()).clusters).toMatchObject([{ id: accountId, cost_24h: 1.25 }]);
    expect((await readiness()).status).toBe(200);
    metroculus = await startFakeMetroculus({ secret: clusterSecret, port: metroculus.port });
    metroculus.points.set(accountId, [cpuPoint(runningHour, 0.5)]);
    await recovered(async () => {
      if ((await readCosts()).warnings.length > 0) throw new Error('not yet');
    });
  }, 60_000);

  it('waits no longer than the budget for one that takes connections and never answers', async () => {
    await metroculus.close();
    const silent = await startSilentServer({ port: metroculus.port });
    try {
      const startedMs = performance.now();
      const { total_cost: total, warnings } = await readExpenses();
      expect(performance.now() - startedMs).toBeLessThan(boundMs);
      expect(total).toBe(1.25);
      expect(warnings.map(({ code }) => code)).toEqual(['live-costs-unavailable']);
      expect(silent.connections()).toBeGreaterThan(0);
    } finally {
      await silent.close();
      metroculus = await startFakeMetroculus({ secret: clusterSecret, port: metroculus.port });
    }
  }, 60_000);
});

describe('started while every store is away', () => {
  it('comes up, is not ready, and answers 503', async () => {
    const nobody = '127.0.0.1:1';
    const lonely = await startRestapi({
      mongodbUrl: `mongodb://${nobody}`,
      mongodbDatabase: 'x',
      clickhouse: { url: `http://${nobody}`, username: 'default', password: '', database: 'x' },
      redisUrl: `redis://${nobody}`,
      queuePrefix: 'x',
      metroculusUrl: `http://${nobody}`,
    });
    const token = `ct_0123456789abcdef_${'x'.repeat(43)}`;
    await expectUnavailable(() => lonely.client(token).listOrganizations({}), 'metadata-unavailable');
    expect((await fetch(`${lonely.url}/readyz`)).status).toBe(503);
    expect((await fetch(`${lonely.url}/healthz`)).status).toBe(200);
    await lonely.stop();
  });
});
