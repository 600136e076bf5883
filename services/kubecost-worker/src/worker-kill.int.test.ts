import { backfill, createProducer, reaggregateHour, sumPeriods, type Producer } from '@cloudtuner/queues';
import { sharedServers, waitFor } from '@cloudtuner/test-kit';
import { createTouchedHours, type TouchedHours } from '@cloudtuner/touched-hours';
import { daySeconds, hourSeconds, isoOf } from './domain/calendar';
import { startClickhouseProxy, type ClickhouseProxy, type Moment } from './testing/clickhouse-proxy';
import { hourCost } from './testing/sample-hours';
import { copyRows, currentExpenses, currentTotal, storedRows, type Days } from './testing/stored-rows';
import { createAccount, requestBackfill, type BackfillProducer } from './testing/worker-process';
import { killedAt, startWorkerWorld, type WorkerWorld } from './testing/worker-world';

const firstDay = Math.floor(Date.now() / 86_400_000) * daySeconds - 10 * daySeconds;
const oneDay: Days = { from: firstDay, to: firstDay + daySeconds };

let proxy: ClickhouseProxy;
let world: WorkerWorld;
let backfills: BackfillProducer;
let again: Producer<{ cloudAccountId: string; hour: string }, null>;
let periods: typeof again;
let touched: TouchedHours;

beforeAll(async () => {
  proxy = await startClickhouseProxy((await sharedServers().clickhouse()).url);
  world = await startWorkerWorld({ clickhouseUrl: proxy.url, environment: { PLAN_INTERVAL_SECONDS: '3600' } });
  backfills = createProducer(backfill, world.queues);
  again = createProducer(reaggregateHour, world.queues);
  periods = createProducer(sumPeriods, world.queues);
  touched = createTouchedHours(world.queues);
}, 120_000);

afterAll(async () => {
  touched.close();
  await again.close();
  await periods.close();
  await backfills.close();
  await world.close();
  await proxy.close();
});

const completed = (jobId: string, timeoutMs = 240_000) =>
  waitFor(async () => (await backfills.jobStatus(jobId))?.state === 'completed', {
    what: `the end of ${jobId}`,
    timeoutMs,
  });

/** What a day or a week looks like when nothing disturbs its backfill. */
async function undisturbed(days: Days): Promise<string[]> {
  const account = await createAccount(world.metadata);
  await completed(await requestBackfill(backfills, account, days));
  return storedRows(world.clickhouse, account, { days, comparable: true });
}

describe('a worker that is killed', () => {
  const moments: readonly Moment[] = ['before', 'half-way', 'after'];
  /** In the order in which they are written. */
  const inserts = [
    ...['asset_hours', 'allocation_hours', 'account_hours'],
    ...['expenses', 'allocation_days', 'allocation_dimension_days', 'account_days'],
  ];
  /** Sums are made by ClickHouse itself: no rows are on their way. */
  const sums = ['allocation_days', 'allocation_dimension_days'];
  let reference: string[];

  beforeAll(async () => {
    reference = await undisturbed(oneDay);
  });

  it('stores 23 hours of 4 assets and 13 allocations, 24 hours, one expense and one day when it is not', () => {
    const count = (table: string): number => reference.filter((row) => row.startsWith(`${table} `)).length;
    // A day has the 13 rows of its hours. By namespace, controller and node: batch, shop, idle and the disk; one controller in each of
    // the two namespaces, idle and the disk; three nodes, twice, and the disk.
    expect(inserts.map(count)).toEqual([23 * 4, 23 * 13, 24, 1, 13, 4 + 4 + 7, 1]);
  });

  it.each(
    inserts.flatMap((table) =>
      moments
        .filter((moment) => moment !== 'half-way' || !sums.includes(table))
        .map((moment) => [moment, table] as const),
    ),
  )(
    '%s its insert into %s leaves a day that its successor completes to the same bytes',
    async (moment, table) => {
      const account = await createAccount(world.metadata);
      const struck = killedAt(world.worker, proxy, moment, `INSERT INTO ${table} `);
      const jobId = await requestBackfill(backfills, account, oneDay);
      await struck;
      const firstHour = { from: oneDay.from, to: oneDay.from + hourSeconds };
      const byAsset = await currentTotal(world.clickhouse, account, firstHour);
      const byAllocation = await currentTotal(world.clickhouse, account, firstHour, 'allocation_hours');
      expect(['0', hourCost[1]]).toContain(byAsset.total);
      expect(byAllocation.total).toBe(byAsset.total);
      await world.worker.restart();
      await completed(jobId);
      expect(await storedRows(world.clickhouse, account, { days: oneDay, comparable: true })).toEqual(reference);
    },
    120_000,
  );
});

describe('a worker that is killed while it sums periods', () => {
  let template: string;
  let reference: string[];
  const rowsOf = (account: string): Promise<string[]> =>
    storedRows(world.clickhouse, account, { comparable: true, merged: true, of: 'periods' });
  const ask = async (cloudAccountId: string): Promise<string> =>
    (await periods.enqueue({ cloudAccountId, hour: isoOf(oneDay.from) })).jobId;
  const isDone = (jobId: string) =>
    waitFor(async () => (await periods.jobStatus(jobId))?.state === 'completed', {
      what: `the end of ${jobId}`,
      timeoutMs: 60_000,
    });

  beforeAll(async () => {
    template = await createAccount(world.metadata);
    await completed(await requestBackfill(backfills, template, oneDay));
    await isDone(await ask(template));
    reference = await rowsOf(template);
  }, 120_000);

  it.each(
    ['allocation_periods', 'allocation_dimension_periods', 'account_periods'].flatMap((table) =>
      (['before', 'after'] as const).map((moment) => [moment, table] as const),
    ),
  )(
    '%s its insert into %s leaves what its successor completes to the same bytes',
    async (moment, table) => {
      // One day by pod and by dimension, as above, and its name.
      expect(reference).toHaveLength(13 + (4 + 4 + 7) + 1);
      const account = await createAccount(world.metadata);
      const tables = ['account_days', 'allocation_days', 'allocation_dimension_days'];
      await copyRows(world.clickhouse, { from: template, to: account, tables });
      const struck = killedAt(world.worker, proxy, moment, `INSERT INTO ${table} `);
      const jobId = await ask(account);
      await struck;
      const isNamed = (await rowsOf(account)).some((row) => row.startsWith('account_periods '));
      expect(isNamed).toBe(table === 'account_periods' && moment === 'after');
      await world.worker.restart();
      await isDone(jobId);
      expect(await rowsOf(account)).toEqual(reference);
    },
    120_000,
  );
});

describe('a worker that is killed while it reads a touched hour again', () => {
  it('leaves the mark, and its successor corrects the hour and its day before it takes it away', async () => {
    const account = await createAccount(world.metadata);
    await completed(await requestBackfill(backfills, account, oneDay));
    const touchedHour = { cloudAccountId: account, hour: oneDay.from + hourSeconds };
    await touched.mark([touchedHour]);
    world.metroculus.revision = 2;
    const struck = killedAt(world.worker, proxy, 'before', 'INSERT INTO account_hours ');
    await again.enqueue({ cloudAccountId: account, hour: isoOf(touchedHour.hour) });
    await struck;
    expect(await touched.lastTouch(touchedHour)).not.toBeNull();
    await world.worker.restart();
    await waitFor(async () => (await touched.lastTouch(touchedHour)) === null, { what: 'the mark', timeoutMs: 60_000 });
    const window = { from: touchedHour.hour, to: touchedHour.hour + hourSeconds };
    expect((await currentTotal(world.clickhouse, account, window, 'allocation_hours')).total).toBe(hourCost[2]);
    await waitFor(
      async () => {
        const [expense] = await currentExpenses(world.clickhouse, account, isoOf(oneDay.from).slice(0, 10));
        // 22 hours as before and one of revision 2: 6.900000230 − 0.300000010 + 0.600000013
        return expense?.cost === '7.200000233';
      },
      { what: 'the corrected day', timeoutMs: 60_000 },
    );
    world.metroculus.revision = 1;
  }, 180_000);
});
