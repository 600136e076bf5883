import { setTimeout as sleep } from 'node:timers/promises';
import { connectClickhouse, type ClickhouseClient } from '@cloudtuner/clickhouse';
import { connectMetadata, type Metadata } from '@cloudtuner/metadata';
import { backfill, createProducer } from '@cloudtuner/queues';
import {
  randomDatabase,
  randomPrefix,
  sharedServers,
  startClickhouse,
  startService,
  waitFor,
  type ClickhouseServer,
  type LocalService,
} from '@cloudtuner/test-kit';
import { daySeconds } from './domain/calendar';
import { startFakeMetroculus, type FakeMetroculus } from './testing/fake-metroculus';
import { startPollingReaders } from './testing/polling-readers';
import { seededRandom } from './testing/seeded-random';
import { storedRows, type Days } from './testing/stored-rows';
import { createAccount, requestBackfill, workerEnvironment, type BackfillProducer } from './testing/worker-process';

const firstDay = Math.floor(Date.now() / 86_400_000) * daySeconds - 10 * daySeconds;
const week: Days = { from: firstDay, to: firstDay + 7 * daySeconds };
const podsPerNode = 8;
const seed = 20_260_301;
const workerKills = 20;
/** After so many kills of the worker, ClickHouse is killed too. */
const clickhouseKillsAt = [4, 10, 16];

let server: ClickhouseServer;
let clickhouse: ClickhouseClient;
let metadata: Metadata;
let metroculus: FakeMetroculus;
let worker: LocalService;
let backfills: BackfillProducer;
const closing: (() => unknown)[] = [];

beforeAll(async () => {
  const servers = sharedServers();
  const [redisUrl, mongodbUrl] = await Promise.all([servers.redisUrl(), servers.mongodbUrl()]);
  // Its own: it is killed.
  server = await startClickhouse();
  const [database, prefix] = [randomDatabase(), randomPrefix()];
  clickhouse = connectClickhouse({ ...server, database });
  metadata = connectMetadata({ url: mongodbUrl, database, appName: 'test' });
  metroculus = await startFakeMetroculus();
  metroculus.podsPerNode = podsPerNode;
  backfills = createProducer(backfill, { redisUrl, prefix });
  const environment = workerEnvironment({
    ...{ redisUrl, prefix, database, mongodbUrl, clickhouseUrl: server.url },
    ...{ metroculusUrl: metroculus.url, secret: metroculus.secret },
  });
  worker = await startService('kubecost-worker', { ...environment, PLAN_INTERVAL_SECONDS: '3600' });
  closing.push(
    () => metadata.close(),
    () => server.stop(),
    () => clickhouse.close(),
    () => metroculus.close(),
    () => backfills.close(),
    () => worker.stop(),
  );
}, 120_000);

afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

const completed = (jobId: string) =>
  waitFor(async () => (await backfills.jobStatus(jobId))?.state === 'completed', {
    what: `the end of ${jobId}`,
    timeoutMs: 300_000,
  });

describe('a backfill of 7 days', () => {
  it(`of which the worker is killed ${String(workerKills)} times and ClickHouse ${String(clickhouseKillsAt.length)} times ends in the bytes of an undisturbed one, and no reader ever sees a wrong hour, day or sum`, async () => {
    const undisturbed = await createAccount(metadata);
    await completed(await requestBackfill(backfills, undisturbed, week));
    const reference = await storedRows(clickhouse, undisturbed, { days: week, comparable: true });

    const account = await createAccount(metadata);
    const allocationRows = 3 * (podsPerNode + 1) + 1;
    const readers = startPollingReaders({ client: clickhouse, account, days: week, allocationRows });
    const random = seededRandom(seed);
    const jobId = await requestBackfill(backfills, account, week);
    const progress: number[] = [];
    for (let kill = 0; kill < workerKills; kill += 1) {
      // Some hours further on, at any moment of the storing of an hour or a day.
      const wanted = metroculus.asked.length + 1 + Math.floor(random() * 8);
      await waitFor(() => metroculus.asked.length >= wanted, { what: 'the next hours', timeoutMs: 60_000 });
      await sleep(random() * 120);
      if (clickhouseKillsAt.includes(kill)) {
        await server.kill();
        await server.restart();
      }
      await worker.kill('SIGKILL');
      progress.push((await backfills.jobStatus(jobId))?.progress?.doneHours ?? 0);
      await worker.restart();
    }
    await completed(jobId);
    const answers = readers.answers();
    await readers.stop();

    expect([...readers.wrong]).toEqual([]);
    // Each hour was looked at.
    expect(answers).toBeGreaterThan(168);
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
    expect(progress.at(-1)).toBeGreaterThan(0);
    expect(await storedRows(clickhouse, account, { days: week, comparable: true })).toEqual(reference);
    expect((await backfills.jobStatus(jobId))?.progress).toEqual({ doneHours: 168, totalHours: 168 });
  }, 600_000);
});
