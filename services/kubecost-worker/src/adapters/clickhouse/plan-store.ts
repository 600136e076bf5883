import type { ClickhouseClient, QueryTag } from '@cloudtuner/clickhouse';
import { z } from 'zod';
import type { DayState } from '../../domain/due-work';
import type { PlanStore } from '../../ports';
import { dateOf } from './rows';

const tag: QueryTag = { surface: 'kubecost-worker', route: 'plan-hours' };

const dayRow = z.object({
  account: z.uuid(),
  day: z.number(),
  closed_hours: z.array(z.number()),
  hours_version: z.string(),
  written_version: z.string(),
});

/** The version of a day as `dayVersionOf` of the domain makes it, without bringing every hour's version here. */
const sql = `
  SELECT toString(h.account) AS account, toUnixTimestamp(toDateTime(h.date, 'UTC')) AS day, h.closed_hours AS closed_hours,
         h.hours_version AS hours_version, w.written_version AS written_version
  FROM (
    SELECT account, toDate(hour, 'UTC') AS date, arraySort(groupArray(toUnixTimestamp(hour))) AS closed_hours,
           lower(hex(SHA256(arrayStringConcat(
             arrayMap(x -> concat(toString(x.1), ' ', x.2, '\\n'), arraySort(groupArray((toUnixTimestamp(hour), version)))))))) AS hours_version
    FROM (
      SELECT cloud_account_id AS account, hour, argMax(data_version, read_at_ms) AS version, argMax(closed, read_at_ms) AS is_closed
      FROM account_hours WHERE cloud_account_id IN {accounts:Array(UUID)} AND hour >= toDateTime({from:UInt32}) GROUP BY account, hour
    ) WHERE is_closed GROUP BY account, date
  ) AS h
  LEFT JOIN (
    SELECT cloud_account_id AS account, date, argMax(data_version, written_at_ms) AS written_version
    FROM account_days WHERE cloud_account_id IN {accounts:Array(UUID)} AND date >= {fromDate:Date} GROUP BY account, date
  ) AS w ON w.account = h.account AND w.date = h.date
  ORDER BY account, day`;

const outdatedRow = z.object({ account: z.uuid(), day: z.number() });

/** A day that names sums whose keys are not those of its account. Keys are joined by what no key contains. */
const outdatedSql = `
  SELECT toString(id) AS account, toUnixTimestamp(toDateTime(date, 'UTC')) AS day
  FROM (
    SELECT cloud_account_id AS id, date, argMax((rollup_version, arrayStringConcat(rollup_label_keys, ' ')), written_at_ms) AS latest
    FROM account_days WHERE cloud_account_id IN {accounts:Array(UUID)} AND date >= {fromDate:Date} GROUP BY id, date
  )
  WHERE latest.1 != '' AND (id, latest.2) NOT IN {wanted:Array(Tuple(UUID, String))}
  ORDER BY day DESC, account LIMIT {limit:UInt32}`;

const tenantOf = (accounts: readonly string[]): string => (accounts.length === 1 ? (accounts[0] ?? 'none') : 'several');

/** States of days in `account_hours` and `account_days`, for several accounts at once. */
export function createPlanStore(client: ClickhouseClient): PlanStore {
  return {
    async readDays(accounts, fromDay) {
      const rows = await client.query({
        sql,
        params: { accounts, from: fromDay, fromDate: dateOf(fromDay) },
        schema: dayRow,
        tag,
        tenant: tenantOf(accounts),
      });
      const days = new Map<string, DayState[]>();
      for (const row of rows) {
        const state: DayState = {
          day: row.day,
          closedHours: row.closed_hours,
          hoursVersion: row.hours_version,
          writtenVersion: row.written_version === '' ? null : row.written_version,
        };
        days.set(row.account, [...(days.get(row.account) ?? []), state]);
      }
      return days;
    },
    async readDaysOfOtherKeys(accounts, fromDay, limit) {
      const ids = accounts.map(({ id }) => id);
      const rows = await client.query({
        sql: outdatedSql,
        params: {
          accounts: ids,
          fromDate: dateOf(fromDay),
          wanted: accounts.map(({ id, allocationLabelKeys }) => ({ tuple: [id, allocationLabelKeys.join(' ')] })),
          limit,
        },
        schema: outdatedRow,
        tag,
        tenant: tenantOf(ids),
      });
      const days = new Map<string, number[]>();
      for (const { account, day } of rows) days.set(account, [...(days.get(account) ?? []), day]);
      return days;
    },
  };
}
