import { closeHour, createProducer } from '@cloudtuner/queues';
import { startInflux, waitFor, type LocalServer } from '@cloudtuner/test-kit';
import { closableUntil, hourOf, hourSeconds, isoOf } from './domain/calendar';
import { askInflux } from './testing/influx';
import { createAccount } from './testing/worker-process';
import { startWorkerWorld, type WorkerWorld } from './testing/worker-world';

const wait = { timeoutMs: 50_000, intervalMs: 100 };
/** The newest hour that may be closed and has data in the sample. */
const hour =
  [1, 2].map((back) => hourOf(closableUntil(Date.now()) - back * hourSeconds)).find((at) => (at / 3_600) % 24 !== 3) ??
  0;

let influx: LocalServer;
let world: WorkerWorld;
let hours: ReturnType<typeof createProducer<{ cloudAccountId: string; hour: string }, null>>;

/** InfluxDB is away when the worker starts. */
beforeAll(async () => {
  influx = await startInflux();
  await askInflux(influx.url, 'CREATE DATABASE costs');
  await influx.kill();
  world = await startWorkerWorld({
    environment: { INFLUXDB_URL: influx.url, INFLUXDB_DATABASE: 'costs', INFLUXDB_TIMEOUT_SECONDS: '2' },
  });
  hours = createProducer(closeHour, world.queues);
}, 120_000);

afterAll(async () => {
  await hours.close();
  await world.close();
  await influx.stop();
});

const close = (cloudAccountId: string) => hours.enqueue({ cloudAccountId, hour: isoOf(hour) });

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

const storedHours = async () =>
  (await world.metric('kubecost_worker_hours_total', 'job="close-hour",outcome="stored"')) ?? 0;
const lagSeconds = () => world.metric('kubecost_worker_influxdb_lag_seconds');

describe('a worker that exports', () => {
  let account: string;

  it('stores hours while InfluxDB is away, and tells that they wait', async () => {
    account = await createAccount(world.metadata);
    await waitFor(async () => (await fetch(`${world.worker.adminUrl}/readyz`)).status === 200, {
      what: 'the worker',
      ...wait,
    });
    await close(account);
    await waitFor(async () => (await storedHours()) >= 1, { what: 'the hour to be stored', ...wait });
    await waitFor(async () => ((await lagSeconds()) ?? 0) > 0, { what: 'a lag', ...wait });
  });

  it('brings them there when it is back', async () => {
    await influx.restart();
    await waitFor(async () => (await exported(account)) === 300_000_010, { what: 'the hour in InfluxDB', ...wait });
    await waitFor(async () => (await lagSeconds()) === 0, {
      what: 'no lag',
      ...wait,
    });
    expect(await world.metric('kubecost_worker_influxdb_hours_total', 'outcome="written"')).toBeGreaterThanOrEqual(1);
  });

  it('stores hours while InfluxDB hangs, and corrects what has changed when it goes on', async () => {
    const before = await storedHours();
    world.metroculus.revision = 2;
    await influx.pause();
    await close(account);
    await waitFor(async () => (await storedHours()) > before, { what: 'the hour to be stored again', ...wait });
    await influx.resume();
    await waitFor(async () => (await exported(account)) === 600_000_013, { what: 'the correction', ...wait });
  });
});
