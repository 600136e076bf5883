import { setTimeout as sleep } from 'node:timers/promises';
import { backfill, createProducer } from '@cloudtuner/queues';
import { startClickhouse, waitFor, type ClickhouseServer } from '@cloudtuner/test-kit';
import { daySeconds } from './domain/calendar';
import { startPollingReaders } from './testing/polling-readers';
import { seededRandom } from './testing/seeded-random';
import { storedRows, type Days } from './testing/stored-rows';
import { createAccount, requestBackfill, type BackfillProducer } from './testing/worker-process';
import { startWorkerWorld, type WorkerWorld } from './testing/worker-world';

const firstDay = Math.floor(Date.now() / 86_400_000) * daySeconds - 10 * daySeconds;
const week: Days = { from: firstDay, to: firstDay + 7 * daySeconds };
const podsPerNode = 8;
const seed = 20_260_301;
const workerKills = 20;
/** After so many kills of the worker, ClickHouse is killed too. */
const clickhouseKillsAt = [4, 10, 16];

let server: ClickhouseServer;
let world: WorkerWorld;
let backfills: BackfillProducer;

beforeAll(async () => {
  // Its own: it is killed.
  server = await startClickhouse();
  world = await startWorkerWorld({ server, environment: { PLAN_INTERVAL_SECONDS: '3600' } });
  world.metroculus.podsPerNode = podsPerNode;
  backfills = createProducer(backfill, world.queues);
}, 120_000);

afterAll(async () => {
  await backfills.close();
  await world.close();
  await server.stop();
});

const completed = (jobId: string) =>
  waitFor(async () => (await backfills.jobStatus(jobId))?.state === 'completed', {
    what: `the end of ${jobId}`,
    timeoutMs: 300_000,
  });

describe('a backfill of 7 days', () => {
  it(`of which the worker is killed ${String(workerKills)} times and ClickHouse ${String(clickhouseKillsAt.length)} times ends in the bytes of an undisturbed one, and no reader ever sees a wrong hour, day or sum`, async () => {
    const undisturbed = await createAccount(world.metadata);
    await completed(await requestBackfill(backfills, undisturbed, week));
    const reference = await storedRows(world.clickhouse, undisturbed, { days: week, comparable: true });

    const account = await createAccount(world.metadata);
    const allocationRows = 3 * (podsPerNode + 1) + 1;
    const readers = startPollingReaders({ client: world.clickhouse, account, days: week, allocationRows });
    const random = seededRandom(seed);
    const jobId = await requestBackfill(backfills, account, week);
    const progress: number[] = [];
    for (let kill = 0; kill < workerKills; kill += 1) {
      // Some hours further on, at any moment of the storing of an hour or a day.
      const wanted = world.metroculus.asked.length + 1 + Math.floor(random() * 8);
      await waitFor(() => world.metroculus.asked.length >= wanted, { what: 'the next hours', timeoutMs: 60_000 });
      await sleep(random() * 120);
      if (clickhouseKillsAt.includes(kill)) {
        await server.kill();
        await server.restart();
      }
      await world.worker.kill('SIGKILL');
      progress.push((await backfills.jobStatus(jobId))?.progress?.doneHours ?? 0);
      await world.worker.restart();
    }
    await completed(jobId);
    const answers = readers.answers();
    await readers.stop();

    expect([...readers.wrong]).toEqual([]);
    // Each hour was looked at.
    expect(answers).toBeGreaterThan(168);
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
    expect(progress.at(-1)).toBeGreaterThan(0);
    expect(await storedRows(world.clickhouse, account, { days: week, comparable: true })).toEqual(reference);
    expect((await backfills.jobStatus(jobId))?.progress).toEqual({ doneHours: 168, totalHours: 168 });
  }, 600_000);
});
