import { connectClickhouse, type ClickhouseClient } from '@cloudtuner/clickhouse';
import { connectMetadata, type Metadata } from '@cloudtuner/metadata';
import { closeHour, createProducer, type Producer } from '@cloudtuner/queues';
import {
  randomDatabase,
  randomPrefix,
  sharedServers,
  startService,
  waitFor,
  type LocalService,
} from '@cloudtuner/test-kit';
import { daySeconds, hourSeconds, hoursBetween, isoOf } from './domain/calendar';
import { startFakeMetroculus, type FakeMetroculus } from './testing/fake-metroculus';
import { currentTotal } from './testing/stored-rows';
import { createAccount, workerEnvironment } from './testing/worker-process';

const podsPerNode = 4_000;
const rowsPerHour = 3 * podsPerNode + 3 + 1;
const mebibyte = 1_048_576;
const day = Math.floor(Date.now() / 86_400_000) * daySeconds - 2 * daySeconds;
/** None of them is the fourth of the day, which has no data. */
const hours = hoursBetween(day + 5 * hourSeconds, day + 10 * hourSeconds);

let clickhouse: ClickhouseClient;
let metadata: Metadata;
let metroculus: FakeMetroculus;
let worker: LocalService;
let producer: Producer<{ cloudAccountId: string; hour: string }, null>;
const closing: (() => unknown)[] = [];

beforeAll(async () => {
  const servers = sharedServers();
  const [server, redisUrl, mongodbUrl] = await Promise.all([
    servers.clickhouse(),
    servers.redisUrl(),
    servers.mongodbUrl(),
  ]);
  const [database, prefix] = [randomDatabase(), randomPrefix()];
  clickhouse = connectClickhouse({ ...server, database });
  metadata = connectMetadata({ url: mongodbUrl, database, appName: 'test' });
  metroculus = await startFakeMetroculus();
  metroculus.podsPerNode = podsPerNode;
  producer = createProducer(closeHour, { redisUrl, prefix });
  worker = await startService('kubecost-worker', {
    ...workerEnvironment({
      ...{ redisUrl, prefix, database, mongodbUrl, clickhouseUrl: server.url },
      ...{ metroculusUrl: metroculus.url, secret: metroculus.secret },
    }),
    ...{ PLAN_INTERVAL_SECONDS: '3600', METROCULUS_TIMEOUT_SECONDS: '60', LOCK_SECONDS: '30' },
    ...{ WORKER_CONCURRENCY: '8' },
  });
  closing.push(
    () => metadata.close(),
    () => clickhouse.close(),
    () =>
      clickhouse
        .server()
        .command({ sql: `DROP DATABASE ${database}`, tag: { surface: 'test', route: 'tear-down' }, tenant: 'none' }),
    () => metroculus.close(),
    () => producer.close(),
    () => worker.stop(),
  );
}, 120_000);

afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

async function residentBytes(): Promise<number> {
  const text = await (await fetch(`${worker.adminUrl}/metrics`)).text();
  return Number(/^process_resident_memory_bytes\{[^}]*\} (\S+)$/m.exec(text)?.[1]);
}

describe('hours of a cluster of 12,000 containers', () => {
  it('are stored within 512 MiB, also when several are due at once', async () => {
    const account = await createAccount(metadata);
    for (const hour of hours) await producer.enqueue({ cloudAccountId: account, hour: isoOf(hour) });
    let most = 0;
    const window = { from: day, to: day + daySeconds };
    await waitFor(
      async () => {
        most = Math.max(most, await residentBytes());
        return (
          (await currentTotal(clickhouse, account, window, 'allocation_hours')).rows === hours.length * rowsPerHour
        );
      },
      { what: 'the hours', timeoutMs: 240_000 },
    );
    expect(most).toBeLessThan(512 * mebibyte);
  }, 300_000);
});
