import type { ClickhouseClient, QueryTag } from '@cloudtuner/clickhouse';
import { formatNanos, parseNanos } from '@cloudtuner/cost-model';
import { z } from 'zod';
import { daySeconds } from '../../domain/calendar';
import type { DayStore, WrittenDay } from '../../ports';
import { createRollupStore } from './rollup-store';
import { currentHours, dateOf, hourRow, inHoursOfAccount } from './rows';

const tag: QueryTag = { surface: 'kubecost-worker', route: 'store-day' };

const sumRow = z.object({ count: z.coerce.number(), total: z.string() });
const balanceRow = z.object({ cost: z.string(), copies: z.coerce.number() });

const dayRow = z
  .object({
    data_version: z.string(),
    written_at_ms: z.coerce.number(),
    measured_seconds: z.number(),
    expected_seconds: z.number(),
    total_cost: z.string(),
    rollup_version: z.string(),
    rollup_fact_rows: z.coerce.number(),
    rollup_label_keys: z.array(z.string()),
  })
  .transform((row): WrittenDay => ({
    dataVersion: row.data_version,
    writtenAtMs: row.written_at_ms,
    measuredSeconds: row.measured_seconds,
    expectedSeconds: row.expected_seconds,
    totalNanos: parseNanos(row.total_cost),
    rollup:
      row.rollup_version === ''
        ? null
        : { version: row.rollup_version, factRows: row.rollup_fact_rows, labelKeys: row.rollup_label_keys },
  }));

/** Days in `expenses` and `account_days`, and the facts that they are made from. */
export function createDayStore(client: ClickhouseClient): DayStore {
  return {
    rollups: createRollupStore(client),
    findHoursOfDay: (tenant, day) =>
      client.query({
        sql: currentHours(inHoursOfAccount),
        params: { account: tenant, from: day, to: day + daySeconds },
        schema: hourRow,
        tag,
        tenant,
      }),
    async sumFacts(tenant, keys) {
      const [row] = await client.query({
        sql: `SELECT count() AS count, sum(total_cost) AS total FROM asset_hours
              WHERE cloud_account_id = {account:UUID} AND hour IN {hours:Array(UInt32)}
                AND (toUnixTimestamp(hour), data_version) IN {versions:Array(Tuple(UInt32, String))}`,
        params: {
          account: tenant,
          hours: keys.map(({ hour }) => hour),
          versions: keys.map(({ hour, dataVersion }) => ({ tuple: [hour, dataVersion] })),
        },
        schema: sumRow,
        tag,
        tenant,
      });
      return { rows: row?.count ?? 0, totalNanos: parseNanos(row?.total ?? '0') };
    },
    async findExpenses(tenant, day, resourceId) {
      const rows = await client.query({
        sql: `SELECT cost, sum(sign) AS copies FROM expenses
              WHERE cloud_account_id = {account:UUID} AND date = {date:Date} AND resource_id = {resource:String}
              GROUP BY cost HAVING copies != 0 ORDER BY cost`,
        params: { account: tenant, date: dateOf(day), resource: resourceId },
        schema: balanceRow,
        tag,
        tenant,
      });
      return rows.map(({ cost, copies }) => ({ costNanos: parseNanos(cost), copies }));
    },
    async insertExpenses(tenant, { day, resourceId, rows, token }) {
      await client.insert({
        table: 'expenses',
        rows: rows.map(({ costNanos, sign }) => ({
          cloud_account_id: tenant,
          resource_id: resourceId,
          date: dateOf(day),
          cost: formatNanos(costNanos),
          sign,
        })),
        token,
        tag,
        tenant,
      });
    },
    async findDay(tenant, day) {
      const [row] = await client.query({
        sql: `SELECT data_version, written_at_ms, measured_seconds, expected_seconds, total_cost,
                     rollup_version, rollup_fact_rows, rollup_label_keys
              FROM account_days
              WHERE cloud_account_id = {account:UUID} AND date = {date:Date} ORDER BY written_at_ms DESC LIMIT 1`,
        params: { account: tenant, date: dateOf(day) },
        schema: dayRow,
        tag,
        tenant,
      });
      return row ?? null;
    },
    async putDay(tenant, day, written) {
      const row = {
        cloud_account_id: tenant,
        date: dateOf(day),
        data_version: written.dataVersion,
        written_at_ms: String(written.writtenAtMs),
        measured_seconds: written.measuredSeconds,
        expected_seconds: written.expectedSeconds,
        total_cost: formatNanos(written.totalNanos),
        rollup_version: written.rollup?.version ?? '',
        rollup_fact_rows: written.rollup?.factRows ?? 0,
        rollup_label_keys: written.rollup?.labelKeys ?? [],
      };
      const token = [tenant, day, written.dataVersion, written.writtenAtMs].join('|');
      await client.insert({ table: 'account_days', rows: [row], token, tag, tenant });
    },
  };
}
