import { parseNanos, sumNanos } from '@cloudtuner/cost-model';
import { randomDatabase, randomTenant, sharedServers } from '@cloudtuner/test-kit';
import { connectClickhouse } from '../client';
import type { ClickhouseClient } from '../client-port';
import { migrate } from '../migrate';
import { AllocationWorld, tag } from '../testing/allocation-world';
import { clusterHour, groups, totalOf } from '../testing/cluster-hours';
import { allocationDayRow, readAllocationDays, type HourWindow } from './allocation-days';
import {
  allocationPeriodRow,
  findSupersededPeriods,
  readAllocationPeriods,
  removeAllocationPeriods,
} from './period-statements';
import { periodVersionOf } from './periods';
import { planReading, type AllocationGroup, type ReadingPlan } from './reading-plan';
import { allocationRankRow, allocationSumRow, rankAllocations, readAllocations } from './read-statement';

const secondsPerDay = 86_400;
const at = (date: string): number => Date.parse(`${date}T00:00:00Z`) / 1_000;
const between = (from: string, until: string): HourWindow => ({ from: at(from), until: at(until) });
/** From a Monday to a Monday with the whole of March 2026, which begins on a Sunday, in between. */
const stored = between('2026-02-16', '2026-04-06');
const rowsPerHour = clusterHour(0).length;

let client: ClickhouseClient;
/** 49 days of an hour each, with the sums of all of their days and periods. */
let world: AllocationWorld;

beforeAll(async () => {
  const { url, username, password } = await sharedServers().clickhouse();
  client = connectClickhouse({ url, username, password, database: randomDatabase() });
  await migrate(client);
});

beforeEach(async () => {
  world = await storedWorld(stored);
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

async function storedWorld(window: HourWindow): Promise<AllocationWorld> {
  const made = new AllocationWorld(client, randomTenant());
  await made.storeHours(daysOf(window).map((day) => hourOf(day)));
  for (const day of daysOf(window)) await made.storeDay(day, ['team']);
  for (const period of await made.wholePeriods(window)) await made.storePeriod(period);
  return made;
}

/** The plan as if there were no periods. */
async function planOfDays(
  window: HourWindow,
  group: AllocationGroup,
  stepSeconds: number | null = null,
): Promise<ReadingPlan> {
  const days = await world.ask(readAllocationDays(world.account, window), allocationDayRow);
  return planReading(days, group, { from: window.from, stepSeconds });
}

const lengthsOf = ({ groupPeriods, podPeriods }: ReadingPlan): string =>
  [...groupPeriods, ...podPeriods]
    .toSorted((a, b) => a.start - b.start)
    .map(({ kind }) => kind.slice(0, 1))
    .join('');

describe('periods', () => {
  it.each([
    ['a month', between('2026-03-01', '2026-04-01'), null, 'm'],
    ['a week', between('2026-03-02', '2026-03-09'), null, 'w'],
    ['weeks and days', between('2026-03-05', '2026-03-28'), null, 'ddddwwddddd'],
    ['a month, weeks and days', between('2026-02-16', '2026-04-06'), null, 'wddddddmddddd'],
    ['steps of days', between('2026-03-01', '2026-03-08'), secondsPerDay, 'ddddddd'],
    ['steps of weeks, half a week off', between('2026-03-05', '2026-03-26'), 7 * secondsPerDay, 'd'.repeat(21)],
    ['steps of weeks from a Monday', between('2026-03-02', '2026-03-23'), 7 * secondsPerDay, 'www'],
  ])('%s: every grouping has the rows that the days have', async (_what, window, stepSeconds, lengths) => {
    for (const group of Object.values(groups)) {
      const plan = await world.plan(window, group, stepSeconds);
      expect(lengthsOf(plan)).toBe(lengths);
      expect([plan.groupDays, plan.podDays, plan.hours]).toEqual([[], [], []]);
      expect(plan.factRows).toBe(daysOf(window).length * rowsPerHour);
      const options = { stepSeconds: stepSeconds ?? undefined };
      const byDays = await world.read(window, group, {
        ...(stepSeconds !== null && { stepSeconds }),
        plan: await planOfDays(window, group, stepSeconds),
      });
      expect(options.stepSeconds ?? null).toBe(stepSeconds);
      expect(await world.read(window, group, { ...(stepSeconds !== null && { stepSeconds }), plan })).toEqual(byDays);
    }
  });
});
