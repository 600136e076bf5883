import { connectClickhouse } from '@cloudtuner/clickhouse';
import { connectMetadata, type Metadata } from '@cloudtuner/metadata';
import { closeHour, createProducer } from '@cloudtuner/queues';
import {
  randomDatabase,
  randomPrefix,
  sharedServers,
  startInflux,
  startService,
  waitFor,
  type LocalServer,
  type LocalService,
} from '@cloudtuner/test-kit';
import { closableUntil, hourOf, hourSeconds, isoOf } from './domain/calendar';
import { startFakeMetroculus, type FakeMetroculus } from './testing/fake-metroculus';
import { askInflux } from './testing/influx';
import { createAccount, workerEnvironment } from './testing/worker-process';

const wait = { timeoutMs: 50_000, intervalMs: 100 };
const tag = { surface: 'test', route: 'worker-export' };
/** The newest hour that may be closed and has data in the sample. */
const hour =
  [1, 2].map((back) => hourOf(closableUntil(Date.now()) - back * hourSeconds)).find((at) => (at / 3_600) % 24 !== 3) ??
  0;

let influx: LocalServer;
let metroculus: FakeMetroculus;
let metadata: Metadata;
let worker: LocalService;
let close: (account: string) => Promise<unknown>;
const closing: (() => unknown)[] = [];

/** InfluxDB is away when the worker starts. */
beforeAll(async () => {
  const servers = sharedServers();
  const [server, redisUrl, mongodbUrl] = await Promise.all([
    servers.clickhouse(),
    servers.redisUrl(),
    servers.mongodbUrl(),
  ]);
  const [database, prefix] = [randomDatabase(), randomPrefix()];
  const clickhouse = connectClickhouse({ ...server, database });
  metadata = connectMetadata({ url: mongodbUrl, database, appName: 'test' });
  metroculus = await startFakeMetroculus();
  influx = await startInflux();
  await askInflux(influx.url, 'CREATE DATABASE costs');
  await influx.kill();
  const hours = createProducer(closeHour, { redisUrl, prefix });
  close = (cloudAccountId) => hours.enqueue({ cloudAccountId, hour: isoOf(hour) });
  worker = await startService('kubecost-worker', {
    ...workerEnvironment({
      ...{ redisUrl, prefix, database, mongodbUrl, clickhouseUrl: server.url },
      ...{ metroculusUrl: metroculus.url, secret: metroculus.secret },
    }),
    INFLUXDB_URL: influx.url,
    INFLUXDB_DATABASE: 'costs',
    INFLUXDB_TIMEOUT_SECONDS: '2',
  });
  closing.push(
    () => metadata.close(),
    () => clickhouse.close(),
    () => clickhouse.server().command({ sql: `DROP DATABASE ${database}`, tag, tenant: 'none' }),
    () => metroculus.close(),
    () => influx.stop(),
    () => hours.close(),
    () => worker.stop(),
  );
}, 120_000);

afterAll(async () => {
  for (const each of closing.reverse()) await each();
});

/** What was exported of the hour of the account; its other hours of the day are, too. */
const exported = async (account: string): Promise<unknown> =>
  (
    await askInflux(
      influx.url,
      `SELECT sum(total_cost_nanos) FROM asset_costs WHERE cloud_account_id = '${account}' AND time = ${String(hour)}s`,
      {
        database: 'costs',
      },
    )
  )[0]?.sum;

/** The value of a metric of the worker with these labels in its text. */
async function metric(name: string, labels = ''): Promise<number> {
  const text = await (await fetch(`${worker.adminUrl}/metrics`)).text();
  const line = text.split('\n').find((one) => one.startsWith(`${name}{`) && one.includes(labels));
  return Number(line?.split(' ').at(-1));
}
const storedHours = () => metric('kubecost_worker_hours_total', 'job="close-hour",outcome="stored"');

describe('a worker that exports', () => {
  let account: string;

  it('stores hours while InfluxDB is away, and tells that they wait', async () => {
    account = await createAccount(metadata);
    await waitFor(async () => (await fetch(`${worker.adminUrl}/readyz`)).status === 200, {
      what: 'the worker',
      ...wait,
    });
    await close(account);
    await waitFor(async () => (await storedHours()) >= 1, { what: 'the hour to be stored', ...wait });
    await waitFor(async () => (await metric('kubecost_worker_influxdb_lag_seconds')) > 0, { what: 'a lag', ...wait });
  });

  it('brings them there when it is back', async () => {
    await influx.restart();
    await waitFor(async () => (await exported(account)) === 300_000_010, { what: 'the hour in InfluxDB', ...wait });
    await waitFor(async () => (await metric('kubecost_worker_influxdb_lag_seconds')) === 0, {
      what: 'no lag',
      ...wait,
    });
    expect(await metric('kubecost_worker_influxdb_hours_total', 'outcome="written"')).toBeGreaterThanOrEqual(1);
  });

  it('stores hours while InfluxDB hangs, and corrects what has changed when it goes on', async () => {
    const before = await storedHours();
    metroculus.revision = 2;
    await influx.pause();
    await close(account);
    await waitFor(async () => (await storedHours()) > before, { what: 'the hour to be stored again', ...wait });
    await influx.resume();
    await waitFor(async () => (await exported(account)) === 600_000_013, { what: 'the correction', ...wait });
  });
});
