import type { ClickhouseClient } from '@cloudtuner/clickhouse';
import { randomTenant } from '@cloudtuner/test-kit';
import { z } from 'zod';
import { createPeriodStore } from '../adapters/clickhouse/period-store';
import { daySeconds, hoursOfDay } from '../domain/calendar';
import { storeDay } from '../usecases/store-day';
import { storeHour } from '../usecases/store-hour';
import { sumPeriods, type SumPeriodsPorts, type SummedPeriods } from '../usecases/sum-periods';
import { copyHours, copyRows, runStatement, storedRows } from './stored-rows';
import type { WorkerStore } from './worker-store';

const tag = { surface: 'test', route: 'periods' };
const signal = new AbortController().signal;
const secondsOf = (date: string): number => Date.parse(`${date}T00:00:00Z`) / 1_000;

/** February of 2038 begins on a Monday, and no retention of the tables comes near it. */
export const february = { from: secondsOf('2038-02-01'), until: secondsOf('2038-03-01') };
/** Its first whole week, Sunday to Saturday. */
export const firstWeek = { from: secondsOf('2038-02-07'), until: secondsOf('2038-02-14') };
/** The Wednesday of it: the one day that has hours, so that it can be corrected. */
export const wednesday = secondsOf('2038-02-10');

/** Cost and hourly rows of a day, seven of them and 28: 23 hours of 13 allocations, at 0.300000010 in all. */
export const costOf = {
  day: ['6.90000023', 299],
  week: ['48.30000161', 2_093],
  month: ['193.20000644', 8_372],
} as const;
/** What {@link namedPeriods} has of Wednesday and its week with an hour at 0.600000013 instead. */
export const correctedWeek = { 'day 2038-02-10': ['7.200000233', 299], 'week 2038-02-07': ['48.600001613', 2_093] };

/** Periods as {@link namedPeriods} calls them. */
export const inFebruary = (kind: string, dates: readonly number[]): string[] =>
  dates.map((date) => `${kind} 2038-02-${String(date).padStart(2, '0')}`);
/** The same value for each name. */
export const each = <T>(names: readonly string[], value: T): Record<string, T> =>
  Object.fromEntries(names.map((name) => [name, value]));

const sumTables = ['allocation_days', 'allocation_dimension_days', 'account_days'];

/** Days that have sums, and what {@link sumPeriods} works with on real servers, with a clock that can be changed. */
export interface PeriodWorld {
  readonly ports: Omit<SumPeriodsPorts, 'failedAtMs'>;
  /** Sums as a process does that has met no failure, with other ports and signals where these are given. */
  sum(
    account: string,
    ports?: Partial<SumPeriodsPorts>,
    signals?: { readonly signal?: AbortSignal; readonly stopping?: AbortSignal },
  ): Promise<SummedPeriods>;
  readonly clock: { nowMs: number };
  /** A new account that has these days, each as sampleHour makes it in revision 1; unix seconds. */
  accountWith(days: { readonly from: number; readonly until: number }): Promise<string>;
  /** Stores the first hour of {@link wednesday} as it is in this revision, and the day. */
  correct(account: string, revision: number): Promise<void>;
  /** Stores {@link wednesday} from its hours as they are. */
  close(account: string): Promise<void>;
}

/** The sums of one account's Wednesday as those of the same account's other days; versions are those of no hours, but differ from day to day. */
async function repeatWednesday(store: WorkerStore, account: string, days: { from: number; until: number }) {
  const offsets = Array.from(
    { length: (days.until - days.from) / daySeconds },
    (_none, index) => (days.from - wednesday) / daySeconds + index,
  ).filter((offset) => offset !== 0);
  const version = (column: string): string =>
    `lower(hex(SHA256(concat(s.${column}, toString(day_offset))))) AS ${column}`;
  for (const table of sumTables) {
    const column = table === 'account_days' ? 'rollup_version' : 'data_version';
    await runStatement(
      store.clickhouse,
      `INSERT INTO ${table} SELECT s.* REPLACE (addDays(s.date, day_offset) AS date, ${version(column)})
       FROM ${table} AS s ARRAY JOIN [${offsets.join(', ')}] AS day_offset WHERE s.cloud_account_id = {account:UUID}`,
      { account },
    );
  }
}

/** Opens one on a store; in it, it is noon of the second of March. */
export async function openPeriodWorld(store: WorkerStore): Promise<PeriodWorld> {
  const clock = { nowMs: (february.until + 1.5 * daySeconds) * 1_000 };
  // Rows are only removed where the server may merge.
  for (const table of sumTables) await runStatement(store.clickhouse, `SYSTEM START MERGES ${table}`);
  const close = async (account: string): Promise<void> => {
    await storeDay(store.days, { cloudAccountId: account, day: wednesday, signal });
  };
  const template = randomTenant();
  for (const hour of hoursOfDay(wednesday))
    await storeHour(store.hours, { cloudAccountId: template, hour, closed: true, signal });
  const wholeDay = randomTenant();
  await copyHours(store.clickhouse, template, wholeDay);
  await close(wholeDay);
  const usual = {
    accounts: store.days.accounts,
    store: createPeriodStore(store.clickhouse),
    locks: store.locks,
    now: () => clock.nowMs,
    log: { info: () => undefined, warn: () => undefined },
    ...{ retentionDays: 400, periodsPerTurn: 100 },
    count: () => undefined,
  };
  return {
    ...{ clock, close, ports: usual },
    sum: (cloudAccountId, ports, signals) =>
      sumPeriods(
        { ...usual, failedAtMs: new Map(), ...ports },
        { cloudAccountId, signal, stopping: signal, ...signals },
      ),
    async accountWith(days) {
      const account = randomTenant();
      await copyHours(store.clickhouse, template, account);
      await copyRows(store.clickhouse, { from: wholeDay, to: account, tables: sumTables });
      await repeatWednesday(store, account, days);
      return account;
    },
    async correct(account, revision) {
      store.reader.revision = revision;
      await storeHour(store.hours, { cloudAccountId: account, hour: wednesday, closed: true, signal });
      await close(account);
      store.reader.revision = 1;
    },
  };
}

const totalRow = z.object({
  kind: z.string(),
  date: z.string(),
  total: z.string(),
  rows: z.coerce.number(),
});

/** Cost and hourly rows of each period that is named, by its kind and date, as a reader of the tables asks. */
export async function namedPeriods(
  client: ClickhouseClient,
  account: string,
  dimension: 'pod' | 'namespace' | 'controller' | 'node' = 'pod',
): Promise<Record<string, readonly [total: string, factRows: number]>> {
  const [table, condition] =
    dimension === 'pod'
      ? ['allocation_periods', '']
      : ['allocation_dimension_periods', `AND dimension = '${dimension}'`];
  const rows = await client.query({
    sql: `SELECT toString(period) AS kind, toString(p.date) AS date, sum(p.total_cost) AS total, sum(p.fact_rows) AS rows
          FROM ${table} AS p WHERE cloud_account_id = {account:UUID} ${condition} AND (period, p.date, data_version) IN (
            SELECT period, date, data_version FROM account_periods FINAL WHERE cloud_account_id = {account:UUID})
          GROUP BY kind, date ORDER BY kind, date`,
    params: { account },
    schema: totalRow,
    tag,
    tenant: account,
  });
  return Object.fromEntries(rows.map(({ kind, date, total, rows: count }) => [`${kind} ${date}`, [total, count]]));
}

/** What is stored of an account's periods, the same for two accounts with the same days. */
export const sumsOf = (client: ClickhouseClient, account: string): Promise<string[]> =>
  storedRows(client, account, { comparable: true, merged: true, of: 'periods' });
