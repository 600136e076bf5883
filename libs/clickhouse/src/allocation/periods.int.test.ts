import { parseNanos, sumNanos } from '@cloudtuner/cost-model';
import { randomDatabase, randomTenant, sharedServers } from '@cloudtuner/test-kit';
import { connectClickhouse } from '../client';
import type { ClickhouseClient } from '../client-port';
import { migrate } from '../migrate';
import { AllocationWorld, tag } from '../testing/allocation-world';
import { clusterHour, groups, totalOf } from '../testing/cluster-hours';
import type { HourWindow } from './allocation-days';
import {
  allocationPeriodRow,
  findSupersededPeriods,
  insertAllocationPeriod,
  readAllocationPeriods,
  removeAllocationPeriods,
} from './period-statements';
import { periodVersionOf } from './periods';
import { planReading, type ReadingPlan } from './reading-plan';
import { allocationRankRow, allocationSumRow, rankAllocations, readAllocations } from './read-statement';
import { readWorkloadDays } from './workload-days';

const secondsPerDay = 86_400;
const at = (date: string): number => Date.parse(`${date}T00:00:00Z`) / 1_000;
const between = (from: string, until: string): HourWindow => ({ from: at(from), until: at(until) });
/** From a Monday to a Monday with the whole of March 2026, which begins on a Sunday, in between: 49 days. */
const stored = between('2026-02-16', '2026-04-06');
const rowsPerHour = clusterHour(0).length;

let client: ClickhouseClient;

beforeAll(async () => {
  const { url, username, password } = await sharedServers().clickhouse();
  client = connectClickhouse({ url, username, password, database: randomDatabase() });
  await migrate(client);
});

afterAll(async () => {
  await client.server().command({ sql: `DROP DATABASE ${client.database}`, tag, tenant: 'none' });
  await client.close();
});

const daysOf = ({ from, until }: HourWindow): readonly number[] =>
  Array.from({ length: (until - from) / secondsPerDay }, (_none, index) => from + index * secondsPerDay);

/** An hour of a day, no two the same. */
const hourOf = (day: number, dataVersion = `v${String(day)}`) => ({
  hour: day,
  dataVersion,
  facts: clusterHour(day / secondsPerDay),
});

/** Days of an hour each, with the sums of all of their days and periods. */
async function storedWorld(window: HourWindow): Promise<AllocationWorld> {
  const made = new AllocationWorld(client, randomTenant());
  await made.storeHours(daysOf(window).map((day) => hourOf(day)));
  for (const day of daysOf(window)) await made.storeDay(day, ['team']);
  for (const period of await made.wholePeriods(window)) await made.storePeriod(period);
  return made;
}

const lengthsOf = ({ groupPeriods, podPeriods }: ReadingPlan): string =>
  [...groupPeriods, ...podPeriods]
    .toSorted((a, b) => a.start - b.start)
    .map(({ kind }) => (kind === 'midweek' ? 't' : kind.slice(0, 1)))
    .join('');

describe('what is read of periods', () => {
  let world: AllocationWorld;

  beforeAll(async () => {
    world = await storedWorld(stored);
  });

  it.each([
    ['a month', between('2026-03-01', '2026-04-01'), null, 'm'],
    ['a week', between('2026-03-01', '2026-03-08'), null, 'w'],
    ['weeks from Sunday and days', between('2026-02-27', '2026-03-17'), null, 'ddwwdd'],
    ['weeks from Thursday and days', between('2026-03-05', '2026-03-28'), null, 'tttdd'],
    ['30 days from a Monday', between('2026-02-23', '2026-03-25'), null, 'dddtttdddddd'],
    ['a month and days', between('2026-02-28', '2026-04-03'), null, 'dmdd'],
    ['weeks over a month', stored, null, 'dddttttttdddd'],
    ['steps of days', between('2026-03-01', '2026-03-08'), secondsPerDay, 'ddddddd'],
    ['steps of weeks from a Tuesday', between('2026-03-03', '2026-03-24'), 7 * secondsPerDay, 'd'.repeat(21)],
    ['steps of weeks from a Thursday', between('2026-03-05', '2026-03-26'), 7 * secondsPerDay, 'ttt'],
    ['steps of weeks from a Sunday', between('2026-03-01', '2026-03-22'), 7 * secondsPerDay, 'www'],
  ])('%s has the rows that the days have, by every grouping', async (_what, window, stepSeconds, lengths) => {
    const step = stepSeconds === null ? {} : { stepSeconds };
    for (const group of Object.values(groups)) {
      const plan = await world.plan(window, group, stepSeconds);
      expect(lengthsOf(plan)).toBe(lengths);
      expect([plan.groupDays, plan.podDays, plan.hours]).toEqual([[], [], []]);
      expect(plan.factRows).toBe(daysOf(window).length * rowsPerHour);
      const byDays = await world.planOfDays(window, group, stepSeconds);
      const rows = await world.read(window, group, { ...step, plan: byDays });
      expect(rows.length).toBeGreaterThan(0);
      expect(await world.read(window, group, { ...step, plan })).toEqual(rows);
    }
  });

  it('is one answer with what is read of days and of hours', async () => {
    const days = await world.days(stored);
    const withoutSums = new Set([at('2026-02-18'), at('2026-03-14')]);
    const withoutPeriods = new Set([at('2026-02-17')]);
    const mixed = days.map((day) => ({
      ...day,
      rollup: withoutSums.has(day.day) ? null : day.rollup,
      periods: withoutPeriods.has(day.day) ? [] : day.periods,
    }));
    for (const group of Object.values(groups)) {
      const plan = planReading(mixed, group, { from: stored.from, stepSeconds: null });
      // 16 February; weeks from the 19th to 11 March, two days up to the 14th; weeks from the 15th to 4 April, a day.
      expect(lengthsOf(plan)).toBe('dtttddwwwd');
      expect(plan.hours.map(({ hour }) => hour)).toEqual([...withoutSums]);
      expect([...plan.groupDays, ...plan.podDays].map(({ day }) => day)).toEqual([...withoutPeriods]);
      const byDays = await world.read(stored, group, { plan: await world.planOfDays(stored, group) });
      expect(await world.read(stored, group, { plan })).toEqual(byDays);
    }
  });

  it('is ranked like days, and its pages hold the same rows', async () => {
    const group = { columns: ['namespace', 'pod'] as const, labelKeys: [] };
    const names = { parts: ['namespace', 'pod'], cluster: 'c' } as const;
    const [plan, byDays] = [await world.plan(stored, group), await world.planOfDays(stored, group)];
    const rank = (of: ReadingPlan) =>
      world.ask(
        rankAllocations(world.account, { plan: of, names, withIdle: true, limit: 7, offset: 2 }),
        allocationRankRow,
      );
    const page = await rank(plan);
    expect(page).toHaveLength(7);
    expect(page).toEqual(await rank(byDays));
    const named = { ...names, names: page.map(({ name }) => name) };
    const read = (of: ReadingPlan) => {
      const reading = { plan: of, group, from: stored.from, stepSeconds: null, top: null, named };
      return world.ask(readAllocations(world.account, reading), allocationSumRow);
    };
    const rows = await read(plan);
    expect(totalOf(rows)).toBe(sumNanos(page.map(({ total_cost }) => parseNanos(total_cost))));
    expect(rows).toEqual(await read(byDays));
  });

  it('is of one account', async () => {
    const stranger = await storedWorld(between('2026-03-01', '2026-03-08'));
    const window = between('2026-03-01', '2026-03-08');
    expect(lengthsOf(await stranger.plan(window, { columns: [], labelKeys: [] }))).toBe('w');
    expect(totalOf(await stranger.read(window, { columns: ['namespace'], labelKeys: [] }))).toBe(
      totalOf(await world.read(window, { columns: ['pod'], labelKeys: [] })),
    );
  });

  it('cannot be told apart by day', async () => {
    const plan = await world.plan(between('2026-03-01', '2026-03-08'), { columns: ['namespace'], labelKeys: [] });
    expect(() => readWorkloadDays(world.account, { plan, by: 'namespace', filter: {} })).toThrow(RangeError);
  });
});

describe('a period that was written', () => {
  const week = between('2026-03-01', '2026-03-08');
  const byNamespace = { columns: ['namespace' as const], labelKeys: [] };
  const byTeam = { columns: [], labelKeys: ['team'] };
  let world: AllocationWorld;

  beforeEach(async () => {
    world = await storedWorld(week);
  });

  it('is not taken from the moment on that one of its hours is another, until it is summed again', async () => {
    const before = await world.read(week, byNamespace);
    await world.storeHours([{ ...hourOf(week.from + secondsPerDay, 'late'), facts: clusterHour(99) }], 2);
    const corrected = await world.plan(week, byNamespace);
    expect(lengthsOf(corrected)).toBe('dddddd');
    expect(corrected.hours).toEqual([{ hour: week.from + secondsPerDay, dataVersion: 'late' }]);
    const rows = await world.read(week, byNamespace);
    expect(totalOf(rows)).toBe(
      totalOf(before) - totalOf(clusterHour((week.from + secondsPerDay) / secondsPerDay)) + totalOf(clusterHour(99)),
    );

    await world.storeDay(week.from + secondsPerDay, ['team'], 2);
    expect((await world.plan(week, byNamespace)).groupDays).toHaveLength(1);
    expect(await world.read(week, byNamespace)).toEqual(rows);

    for (const period of await world.wholePeriods(week)) await world.storePeriod(period, 2);
    expect(lengthsOf(await world.plan(week, byNamespace))).toBe('w');
    expect(await world.read(week, byNamespace)).toEqual(rows);
  });

  it('answers a label by pod unless all of its days were summed by it', async () => {
    expect((await world.plan(week, byTeam)).groupPeriods).toHaveLength(1);
    await world.storeDay(week.from, ['team', 'app'], 2);
    await world.storeDay(week.from + secondsPerDay, ['app'], 2);
    for (const period of await world.wholePeriods(week)) await world.storePeriod(period, 2);
    const plan = await world.plan(week, byTeam);
    expect([plan.groupPeriods.length, plan.podPeriods.length]).toEqual([0, 1]);
    const byDays = await world.planOfDays(week, byTeam);
    expect(await world.read(week, byTeam, { plan })).toEqual(await world.read(week, byTeam, { plan: byDays }));
  });

  it('twice, or in part, is seen, removed and written again', async () => {
    const [newest] = await world.wholePeriods(week);
    const period = (await world.wholePeriods(week)).find(({ kind }) => kind === 'week') ?? newest;
    if (period === undefined) throw new Error('there is no period');
    const version = { kind: period.kind, start: period.start, dataVersion: periodVersionOf(period) };
    const remove = async (): Promise<void> => {
      for (const statement of removeAllocationPeriods(world.account, [version])) await world.run(statement);
    };
    await world.writePeriod(period);
    expect(await world.isPeriodBalanced(period)).toBe(true);
    await world.writePeriod(period, 'another token');
    expect(await world.isPeriodBalanced(period)).toBe(false);
    await remove();
    expect(await world.isPeriodBalanced(period)).toBe(false);
    const [byPod] = insertAllocationPeriod(world.account, period);
    if (byPod !== undefined) await world.run(byPod, `${world.account}|a third token`);
    expect(await world.isPeriodBalanced(period)).toBe(false);
    await remove();
    await world.writePeriod(period, 'a fourth token');
    expect(await world.isPeriodBalanced(period)).toBe(true);
  });

  it('is superseded some time after another version of it was named, as is what a killed run has left of it', async () => {
    const find = (beforeMs: number, sinceMs = 0) =>
      world.ask(findSupersededPeriods(world.account, { sinceMs, beforeMs }), allocationPeriodRow);
    const named = await world.ask(readAllocationPeriods(world.account, week), allocationPeriodRow);
    expect(named).toHaveLength(8);
    expect(await find(1_000)).toEqual([]);
    await world.storeDay(week.from, ['app'], 400);
    const killed = (await world.wholePeriods(week)).find(({ kind, start }) => kind === 'day' && start === week.from);
    if (killed === undefined) throw new Error('there is no day');
    await world.writePeriod(killed);

    await world.storeDay(week.from, [], 500);
    for (const period of await world.wholePeriods(week)) await world.storePeriod(period, 500);
    const old = named.filter(({ start }) => start === week.from);
    const left = { kind: 'day' as const, start: week.from, dataVersion: periodVersionOf(killed) };
    expect(await find(500)).toEqual([]);
    expect(await find(1_000, 501)).toEqual([]);
    const inOrder = [...old, left].toSorted((a, b) =>
      a.kind === b.kind ? (a.dataVersion < b.dataVersion ? -1 : 1) : a.kind < b.kind ? -1 : 1,
    );
    expect(await find(501)).toEqual(inOrder);
    for (const statement of removeAllocationPeriods(world.account, inOrder)) await world.run(statement);
    expect(await find(501)).toEqual([]);
    expect(lengthsOf(await world.plan(week, byNamespace))).toBe('w');
  });
});
