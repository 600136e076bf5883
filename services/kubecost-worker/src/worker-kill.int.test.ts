import { connectClickhouse, type ClickhouseClient } from '@cloudtuner/clickhouse';
import { connectMetadata, type Metadata } from '@cloudtuner/metadata';
import { backfill, createProducer } from '@cloudtuner/queues';
import {
  randomDatabase,
  randomPrefix,
  sharedServers,
  startService,
  waitFor,
  type LocalService,
} from '@cloudtuner/test-kit';
import { daySeconds, hourSeconds, hoursBetween, isoOf } from './domain/calendar';
import { startClickhouseProxy, type ClickhouseProxy, type Moment } from './testing/clickhouse-proxy';
import { startFakeMetroculus, type FakeMetroculus } from './testing/fake-metroculus';
import { dayCost, hourCost } from './testing/sample-hours';
import { currentExpenses, currentTotal, storedRows, type Days } from './testing/stored-rows';
import { createAccount, requestBackfill, workerEnvironment, type BackfillProducer } from './testing/worker-process';

const firstDay = Math.floor(Date.now() / 86_400_000) * daySeconds - 10 * daySeconds;
const oneDay: Days = { from: firstDay, to: firstDay + daySeconds };
const week: Days = { from: firstDay, to: firstDay + 7 * daySeconds };

let clickhouse: ClickhouseClient;
let proxy: ClickhouseProxy;
let metadata: Metadata;
let metroculus: FakeMetroculus;
let worker: LocalService;
let backfills: BackfillProducer;
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
  proxy = await startClickhouseProxy(server.url);
  metroculus = await startFakeMetroculus();
  backfills = createProducer(backfill, { redisUrl, prefix });
  const environment = workerEnvironment({
    ...{ redisUrl, prefix, database, mongodbUrl, clickhouseUrl: proxy.url },
    ...{ metroculusUrl: metroculus.url, secret: metroculus.secret },
  });
  worker = await startService('kubecost-worker', { ...environment, PLAN_INTERVAL_SECONDS: '3600' });
  closing.push(
    () => metadata.close(),
    () => clickhouse.close(),
    () =>
      clickhouse
        .server()
        .command({ sql: `DROP DATABASE ${database}`, tag: { surface: 'test', route: 'tear-down' }, tenant: 'none' }),
    () => metroculus.close(),
    () => proxy.close(),
    () => backfills.close(),
    () => worker.stop(),
  );
}, 120_000);

afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

const completed = (jobId: string, timeoutMs = 240_000) =>
  waitFor(async () => (await backfills.jobStatus(jobId))?.state === 'completed', {
    what: `the end of ${jobId}`,
    timeoutMs,
  });

/** What a day or a week looks like when nothing disturbs its backfill. */
async function undisturbed(days: Days): Promise<string[]> {
  const account = await createAccount(metadata);
  await completed(await requestBackfill(backfills, account, days));
  return storedRows(clickhouse, account, { days, comparable: true });
}

describe('a worker that is killed', () => {
  const moments: readonly Moment[] = ['before', 'half-way', 'after'];
  const inserts = ['asset_hours', 'account_hours', 'expenses', 'account_days'];
  let reference: string[];

  beforeAll(async () => {
    reference = await undisturbed(oneDay);
  });

  it('stores 23 hours of 4 facts, 24 hours, one expense and one day when it is not', () => {
    const count = (table: string): number => reference.filter((row) => row.startsWith(`${table} `)).length;
    expect(inserts.map(count)).toEqual([92, 24, 1, 1]);
  });

  it.each(inserts.flatMap((table) => moments.map((moment) => [moment, table] as const)))(
    '%s its insert into %s leaves a day that its successor completes to the same bytes',
    async (moment, table) => {
      const account = await createAccount(metadata);
      const struck = new Promise<void>((resolve) => {
        proxy.trap = {
          matches: (statement) => statement.includes(`INSERT INTO ${table}`),
          moment,
          spring: async () => {
            await worker.kill('SIGKILL');
            resolve();
          },
        };
      });
      const jobId = await requestBackfill(backfills, account, oneDay);
      await struck;
      const { total } = await currentTotal(clickhouse, account, { from: oneDay.from, to: oneDay.from + hourSeconds });
      expect(['0', hourCost[1]]).toContain(total);
      await worker.restart();
      await completed(jobId);
      expect(await storedRows(clickhouse, account, { days: oneDay, comparable: true })).toEqual(reference);
    },
    120_000,
  );
});

describe('a backfill of 7 days', () => {
  it('killed 20 times at random ends in the bytes of an undisturbed one, and no reader ever sees a wrong hour or day', async () => {
    const reference = await undisturbed(week);
    const account = await createAccount(metadata);
    const wrong = new Set<string>();
    let isDone = false;
    const reading = (async () => {
      while (!isDone) {
        for (const hour of hoursBetween(week.from, week.to)) {
          const { total, rows } = await currentTotal(clickhouse, account, { from: hour, to: hour + hourSeconds });
          if (!['0 of 0', `${hourCost[1]} of 4`].includes(`${total} of ${String(rows)}`))
            wrong.add(`${isoOf(hour)}: ${total}`);
        }
        for (let day = week.from; day < week.to; day += daySeconds) {
          const expenses = await currentExpenses(clickhouse, account, isoOf(day).slice(0, 10));
          const isRight = expenses.every(({ cost, copies }) => cost === dayCost[1] && copies === 1);
          if (!isRight) wrong.add(`${isoOf(day)}: ${JSON.stringify(expenses)}`);
        }
      }
    })();

    const jobId = await requestBackfill(backfills, account, week);
    const progress: number[] = [];
    for (let kill = 0; kill < 20; kill += 1) {
      // From the first moments of a process to some hours of work.
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 1_500));
      await worker.kill('SIGKILL');
      progress.push((await backfills.jobStatus(jobId))?.progress?.doneHours ?? 0);
      await worker.restart();
    }
    await completed(jobId);
    isDone = true;
    await reading;

    expect([...wrong]).toEqual([]);
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
    expect(await storedRows(clickhouse, account, { days: week, comparable: true })).toEqual(reference);
    expect((await backfills.jobStatus(jobId))?.progress).toEqual({ doneHours: 168, totalHours: 168 });
  }, 600_000);
});
