import { connectClickhouse, type ClickhouseClient } from '@cloudtuner/clickhouse';
import { connectMetadata } from '@cloudtuner/metadata';
import { backfill, closeHour, createProducer, summarize, sumPeriods, type Producer } from '@cloudtuner/queues';
import {
  randomDatabase,
  startClickhouse,
  startMongo,
  startRedis,
  startService,
  waitFor,
  type ClickhouseServer,
  type LocalServer,
  type LocalService,
} from '@cloudtuner/test-kit';
import { createTouchedHours } from '@cloudtuner/touched-hours';
import { z } from 'zod';
import { closableUntil, daySeconds, hourOf, hoursBetween, isoOf } from './domain/calendar';
import { startFakeMetroculus, type FakeMetroculus } from './testing/fake-metroculus';
import { namedPeriods } from './testing/period-world';
import { dayCost, hourCost } from './testing/sample-hours';
import { currentExpenses, currentTotal, storedRows } from './testing/stored-rows';
import { createAccount, requestBackfill, workerEnvironment } from './testing/worker-process';

const today = Math.floor(Date.now() / 86_400_000) * daySeconds;
const yesterday = today - daySeconds;
const database = randomDatabase();
const prefix = 'worker-int';

let redis: LocalServer;
let mongo: LocalServer;
let server: ClickhouseServer;
let metroculus: FakeMetroculus;
let worker: LocalService;
let clickhouse: ClickhouseClient;
const closing: (() => unknown)[] = [];

/** Its servers are its own: they are killed and frozen. The worker is started once, before any of them is there. */
beforeAll(async () => {
  [redis, mongo, server] = await Promise.all([startRedis(), startMongo(), startClickhouse()]);
  metroculus = await startFakeMetroculus();
  clickhouse = connectClickhouse({ ...server, database });
  closing.push(
    () => redis.stop(),
    () => mongo.stop(),
    () => server.stop(),
    () => metroculus.close(),
    () => clickhouse.close(),
  );
  metroculus.away = true;
  await Promise.all([redis, mongo, server].map((each) => each.kill()));
  worker = await startService(
    'kubecost-worker',
    workerEnvironment({
      ...{ redisUrl: redis.url, prefix, database, mongodbUrl: mongo.url, clickhouseUrl: server.url },
      ...{ metroculusUrl: metroculus.url, secret: metroculus.secret },
    }),
  );
  closing.push(() => worker.stop());
}, 180_000);

afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

interface Readiness {
  readonly status: number;
  readonly failed: readonly string[];
}

async function readiness(): Promise<Readiness> {
  const answer = await fetch(`${worker.adminUrl}/readyz`);
  const { checks } = (await answer.json()) as { checks: Record<string, string> };
  return { status: answer.status, failed: Object.keys(checks).filter((name) => checks[name] !== 'ok') };
}

const untilReady = () =>
  waitFor(async () => (await readiness()).status === 200, { what: 'the worker to be ready', timeoutMs: 60_000 });

/** An account that was made at a moment of the past, so that its ended hours are due. */
async function accountSince(moment: number): Promise<string> {
  const metadata = connectMetadata({ url: mongo.url, database, appName: 'test', now: () => new Date(moment * 1_000) });
  try {
    return await waitFor(() => createAccount(metadata), { what: 'a new account', timeoutMs: 30_000 });
  } finally {
    await metadata.close();
  }
}

const expensesOf = async (account: string, day: number) => {
  const rows = await currentExpenses(clickhouse, account, isoOf(day).slice(0, 10));
  return rows.map(({ cost, copies }) => ({ cost, copies }));
};

async function useProducer<P, G, T>(
  producer: Producer<P, G>,
  work: (producer: Producer<P, G>) => Promise<T>,
): Promise<T> {
  try {
    return await work(producer);
  } finally {
    await producer.close();
  }
}

describe('a worker whose peers are all away when it starts', () => {
  it('is alive but not ready, and names what is missing', async () => {
    expect((await fetch(`${worker.adminUrl}/healthz`)).status).toBe(200);
    expect(await readiness()).toEqual({
      status: 503,
      failed: ['clickhouse', 'metadata', 'metroculus', 'redis', 'schema'],
    });
  });

  it('makes the schema and begins as soon as they are there', async () => {
    await Promise.all([redis, mongo, server].map((each) => each.restart()));
    metroculus.away = false;
    await untilReady();
  }, 120_000);
});

describe('an account', () => {
  let account: string;
  beforeAll(async () => {
    account = await accountSince(yesterday + 15 * 3_600);
  });

  it('has all its ended hours closed without being asked for, from the day on in which it was made', async () => {
    const until = closableUntil(Date.now());
    const days = { from: yesterday, to: until };
    const expected = hoursBetween(yesterday, until).filter((hour) => (hour / 3_600) % 24 !== 3).length * 4;
    await waitFor(async () => (await currentTotal(clickhouse, account, days)).rows === expected, {
      what: `${String(expected)} facts`,
      timeoutMs: 90_000,
    });
  }, 120_000);

  it('has the expense of each whole day', async () => {
    await waitFor(async () => (await expensesOf(account, yesterday)).length > 0, {
      what: 'the expense',
      timeoutMs: 30_000,
    });
    expect(await expensesOf(account, yesterday)).toEqual([{ cost: dayCost[1], copies: 1 }]);
    expect(await expensesOf(account, today)).toEqual([]);
  }, 60_000);

  it('is summarized each quarter of an hour, and whenever somebody asks for it', async () => {
    const at = { redisUrl: redis.url, prefix };
    await useProducer(createProducer(summarize, at), async (producer) => {
      await waitFor(async () => (await producer.counts()).completed > 0, { what: 'a summary that nobody asked for' });
      await producer.enqueue({ cloudAccountId: account, quarter: isoOf(yesterday) });
    });
    const schema = z.object({ total: z.string() });
    const asked = { schema, tag: { surface: 'test', route: 'summaries' }, tenant: account };
    const totals = () =>
      clickhouse.query({
        sql: `SELECT argMax(total_cost, written_at_ms) AS total FROM cost_summary_windows
              WHERE cloud_account_id = {account:UUID} AND window_duration = 'day' AND timestamp = toDateTime({day:UInt32})`,
        params: { account, day: yesterday },
        ...asked,
      });
    await waitFor(async () => (await totals())[0]?.total === dayCost[1], { what: 'the summary of yesterday' });
  });

  it('has its days summed for reading once an hour, and whenever somebody asks for it', async () => {
    await useProducer(createProducer(sumPeriods, { redisUrl: redis.url, prefix }), async (producer) => {
      await waitFor(async () => (await producer.counts()).completed > 0, { what: 'a run that nobody asked for' });
      const isSummed = async (): Promise<boolean> => {
        await producer.enqueue({ cloudAccountId: account, hour: isoOf(yesterday) });
        const named = await namedPeriods(clickhouse, account);
        return named[`day ${isoOf(yesterday).slice(0, 10)}`]?.[0] === dayCost[1];
      };
      await waitFor(isSummed, { what: 'the sums of yesterday', timeoutMs: 30_000 });
    });
  }, 60_000);

  it('has its running hour refreshed while somebody looks at it', async () => {
    const metadata = connectMetadata({ url: mongo.url, database, appName: 'test' });
    const [found] = (await metadata.cloudAccounts.listKubernetes()).filter(({ id }) => id === account);
    await metadata.cloudAccounts.markRead(found?.organizationId ?? '', account, new Date());
    await metadata.close();
    await waitFor(
      async () => {
        const hour = hourOf(Date.now() / 1_000);
        const { total } = await currentTotal(clickhouse, account, { from: hour, to: hour + 3_600 });
        // The fourth hour of a day has no data.
        return total === hourCost[1] || (hour / 3_600) % 24 === 3;
      },
      { what: 'the running hour', timeoutMs: 30_000 },
    );
  });

  it('has a day corrected when its data changed and it is stored again', async () => {
    metroculus.revision = 2;
    const producer = createProducer(closeHour, { redisUrl: redis.url, prefix });
    await useProducer(producer, async (hours) => {
      for (const hour of hoursBetween(yesterday, today))
        await hours.enqueue({ cloudAccountId: account, hour: isoOf(hour) });
    });
    await waitFor(async () => (await expensesOf(account, yesterday))[0]?.cost === dayCost[2], {
      what: 'the corrected expense',
      timeoutMs: 60_000,
    });
    metroculus.revision = 1;
    expect(await expensesOf(account, yesterday)).toEqual([{ cost: dayCost[2], copies: 1 }]);
    const ofTheDay = ['account_days ', `"total_cost":"${dayCost[2]}"`];
    await waitFor(
      async () => (await storedRows(clickhouse, account)).some((row) => ofTheDay.every((part) => row.includes(part))),
      { what: 'the row of the day, which is written last', timeoutMs: 30_000 },
    );
  }, 120_000);

  it('can have an hour stored again by five jobs, with the same bytes', async () => {
    const days = { from: yesterday, to: today };
    const hour = yesterday + 3_600;
    metroculus.revision = 2;
    const before = await storedRows(clickhouse, account, { days, merged: true });
    await useProducer(createProducer(closeHour, { redisUrl: redis.url, prefix }), async (hours) => {
      for (let run = 0; run < 5; run += 1) {
        const asked = metroculus.asked.length;
        const { jobId, added } = await hours.enqueue({ cloudAccountId: account, hour: isoOf(hour) });
        expect(added).toBe(true);
        await waitFor(async () => (await hours.jobStatus(jobId)) === null);
        expect(metroculus.asked.slice(asked)).toContainEqual({ cloudAccountId: account, hour });
      }
    });
    metroculus.revision = 1;
    expect(await storedRows(clickhouse, account, { days, merged: true })).toEqual(before);
  });

  it('has an hour read again that late samples have touched, and its day corrected; then its mark is gone', async () => {
    const touched = createTouchedHours({ redisUrl: redis.url, prefix, restMs: 0 });
    // Stored in revision 2, as all of the day; no other job reads it in revision 1.
    const hour = yesterday + 2 * 3_600;
    await touched.mark([{ cloudAccountId: account, hour }]);
    // 13.800000299 − 0.600000013 + 0.300000010
    await waitFor(async () => (await expensesOf(account, yesterday))[0]?.cost === '13.500000296', {
      what: 'the corrected expense',
      timeoutMs: 60_000,
    });
    const window = { from: hour, to: hour + 3_600 };
    expect(await currentTotal(clickhouse, account, window, 'allocation_hours')).toEqual({
      total: hourCost[1],
      rows: 13,
    });
    await waitFor(async () => (await touched.count()) === 0, { what: 'no mark', timeoutMs: 30_000 });
    touched.close();
  }, 120_000);

  it('has its days summed again by the label keys that it chooses', async () => {
    const metadata = connectMetadata({ url: mongo.url, database, appName: 'test' });
    const [found] = (await metadata.cloudAccounts.listKubernetes()).filter(({ id }) => id === account);
    await metadata.cloudAccounts.setAllocationLabelKeys(found?.organizationId ?? '', account, ['team']);
    await metadata.close();
    await waitFor(
      async () =>
        (await storedRows(clickhouse, account)).some(
          (row) => row.startsWith('account_days ') && row.includes('"rollup_label_keys":["team"]'),
        ),
      { what: 'the sums by team', timeoutMs: 60_000 },
    );
  }, 90_000);

  it('shows the progress of a backfill', async () => {
    const window = { from: yesterday - 3 * daySeconds, to: yesterday - 2 * daySeconds };
    await useProducer(createProducer(backfill, { redisUrl: redis.url, prefix }), async (backfills) => {
      const jobId = await requestBackfill(backfills, account, window);
      const status = await waitFor(
        async () => {
          const now = await backfills.jobStatus(jobId);
          return now?.state === 'completed' ? now : null;
        },
        { what: 'the backfill', timeoutMs: 60_000 },
      );
      expect(status.progress).toEqual({ doneHours: 24, totalHours: 24 });
    });
    expect(await expensesOf(account, window.from)).toEqual([{ cost: dayCost[1], copies: 1 }]);
  }, 90_000);
});

describe('metrics', () => {
  it('tell hours and days by outcome, how far behind the worker is, and its queues', async () => {
    const text = await (await fetch(`${worker.adminUrl}/metrics`)).text();
    const samples = text.split('\n').filter((line) => line.startsWith('kubecost_worker_'));
    const value = (name: string, ...labels: readonly string[]): number => {
      const found = samples.find(
        (line) => line.startsWith(`${name}{`) && labels.every((label) => line.includes(label)),
      );
      return Number(found?.split(' ').at(-1));
    };
    expect(value('kubecost_worker_hours_total', 'job="close-hour"', 'outcome="stored"')).toBeGreaterThan(0);
    expect(value('kubecost_worker_hours_total', 'job="close-hour"', 'outcome="unchanged"')).toBeGreaterThanOrEqual(5);
    expect(value('kubecost_worker_hours_total', 'job="refresh-live-hour"')).toBeGreaterThan(0);
    expect(value('kubecost_worker_days_total', 'outcome="stored"')).toBeGreaterThanOrEqual(3);
    expect(value('kubecost_worker_touched_hours_total', 'outcome="asked"')).toBe(1);
    expect(value('kubecost_worker_table_bytes', 'table="allocation_hours"')).toBeGreaterThan(0);
    expect(value('kubecost_worker_queue_jobs', 'queue="cleanup"', 'state="completed"')).toBeGreaterThanOrEqual(1);
    expect(value('kubecost_worker_accounts')).toBe(1);
    expect(value('kubecost_worker_oldest_due_hour_age_seconds')).toBeGreaterThanOrEqual(0);
    expect(value('kubecost_worker_queue_jobs', 'queue="backfill"', 'state="completed"')).toBe(1);
    expect(
      value('kubecost_worker_queue_job_duration_seconds_count', 'queue="plan-hours"', 'outcome="completed"'),
    ).toBeGreaterThan(0);
    expect(value('kubecost_worker_summary_runs_total', 'outcome="done"')).toBeGreaterThan(0);
    expect(value('kubecost_worker_summary_windows_total', 'outcome="written"')).toBeGreaterThan(0);
    expect(value('kubecost_worker_summary_failing_accounts')).toBe(0);
    expect(value('kubecost_worker_summaries_behind_seconds')).toBeGreaterThanOrEqual(0);
    expect(samples.join('\n')).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-4/);
  });
});

describe('while a peer is away', () => {
  const peers = {
    clickhouse: () => server,
    redis: () => redis,
    metadata: () => mongo,
  };
  const outages = Object.entries(peers).flatMap(([name, peer]) => [
    { name, how: 'killed', begin: () => peer().kill(), end: () => peer().restart() },
    { name, how: 'frozen', begin: () => peer().pause(), end: () => peer().resume() },
  ]);
  const metroculusAway = {
    name: 'metroculus',
    how: 'not ready',
    begin: () => Promise.resolve(void (metroculus.away = true)),
    end: () => Promise.resolve(void (metroculus.away = false)),
  };

  it.each([...outages, metroculusAway])(
    '($name, $how) the worker is not ready; afterwards it is, and stores what came due, without a restart',
    async ({ name, begin, end }) => {
      const account = await accountSince(today - 2 * daySeconds);
      await begin();
      await waitFor(async () => (await readiness()).failed.includes(name), {
        what: `${name} to be missed`,
        timeoutMs: 30_000,
      });
      expect((await readiness()).status).toBe(503);
      await end();
      await untilReady();
      await waitFor(async () => (await expensesOf(account, yesterday)).length > 0, {
        what: 'the expense of yesterday',
        timeoutMs: 120_000,
      });
      expect(await expensesOf(account, yesterday)).toEqual([{ cost: dayCost[1], copies: 1 }]);
    },
    240_000,
  );
});

describe('a stop', () => {
  it('ends the process with exit code 0 within its deadline, in mid-backfill, and the next process goes on', async () => {
    const account = await accountSince(today);
    const window = { from: today - 9 * daySeconds, to: today - 4 * daySeconds };
    await useProducer(createProducer(backfill, { redisUrl: redis.url, prefix }), async (backfills) => {
      const jobId = await requestBackfill(backfills, account, window);
      const doneHours = async (): Promise<number> => (await backfills.jobStatus(jobId))?.progress?.doneHours ?? 0;
      await waitFor(async () => (await doneHours()) > 0, { timeoutMs: 60_000 });
      await worker.kill('SIGTERM');
      expect(await worker.exited).toMatchObject({ code: 0 });
      const atStop = await doneHours();
      expect(atStop).toBeLessThan(120);
      const askedBefore = metroculus.asked.length;
      await worker.restart();
      await waitFor(async () => (await backfills.jobStatus(jobId))?.state === 'completed', { timeoutMs: 120_000 });
      const again = metroculus.asked.slice(askedBefore).filter(({ cloudAccountId }) => cloudAccountId === account);
      const ofWindow = again.filter(({ hour }) => hour >= window.from && hour < window.to);
      expect(ofWindow).toHaveLength(120 - atStop);
    });
  }, 240_000);
});
