import type { ClickhouseClient } from '@cloudtuner/clickhouse';
import { z } from 'zod';

const tag = { surface: 'test', route: 'kubecost-worker' };

/**
 * Tables that the worker writes: the column of their time, the columns that tell when and for whom they were written, and what the server
 * makes one row of, whenever it merges.
 */
const tables = {
  asset_hours: { time: 'hour', own: [], merges: 'nothing' },
  allocation_hours: { time: 'hour', own: [], merges: 'nothing' },
  account_hours: { time: 'hour', own: ['read_at_ms'], merges: 'versions' },
  expenses: { time: 'date', own: ['resource_id'], merges: 'signs' },
  account_days: { time: 'date', own: ['written_at_ms'], merges: 'versions' },
  allocation_days: { time: 'date', own: [], merges: 'nothing' },
  allocation_dimension_days: { time: 'date', own: [], merges: 'nothing' },
} as const;

/** The same of summaries, which follow in their own time. */
const summaryTables = {
  cost_summaries: { time: 'timestamp', own: ['written_at_ms'], merges: 'nothing' },
  cost_summary_windows: { time: 'timestamp', own: ['written_at_ms'], merges: 'versions' },
  cost_adjustments: { time: 'timestamp', own: [], merges: 'nothing' },
  cost_postings: { time: 'timestamp', own: ['posted_at_ms', 'precedence'], merges: 'versions' },
} as const;

/** The same of sums of periods, which follow once an hour. */
const periodTables = {
  allocation_periods: { time: 'date', own: [], merges: 'nothing' },
  allocation_dimension_periods: { time: 'date', own: [], merges: 'nothing' },
  account_periods: { time: 'date', own: ['written_at_ms'], merges: 'versions' },
} as const;

const tablesOf = { summaries: summaryTables, periods: periodTables } as const;

interface StoredTable {
  readonly time: string;
  readonly own: readonly string[];
  readonly merges: keyof typeof mergedRows;
}

/** As if everything were merged; a row that is there twice still counts twice. */
const mergedRows = {
  nothing: (table: string, columns: string, where: string) => `SELECT ${columns} FROM ${table} WHERE ${where}`,
  versions: (table: string, columns: string, where: string) => `SELECT ${columns} FROM ${table} FINAL WHERE ${where}`,
  signs: (table: string, columns: string, where: string) =>
    `SELECT ${columns} EXCEPT (sign), sum(sign) AS copies FROM ${table} WHERE ${where} GROUP BY ALL HAVING copies != 0`,
} as const;

/** Their names. */
export const workerTables = Object.keys(tables);

/** Unix seconds, `[from, to)`, whole days. */
export interface Days {
  readonly from: number;
  readonly to: number;
}

/**
 * Every physical row of an account in every table, as text: two of these are equal only if the bytes are. With `comparable`, without the
 * columns that differ between two accounts that were stored one after the other: the account, its resource, and when it was read. With
 * `merged`, rows that the server merges when it likes are as if it had.
 */
export async function storedRows(
  client: ClickhouseClient,
  account: string,
  options: {
    readonly days?: Days;
    readonly comparable?: boolean;
    readonly merged?: boolean;
    /** Default: what is stored of hours and days. */
    readonly of?: keyof typeof tablesOf;
  } = {},
): Promise<string[]> {
  const { days = { from: 0, to: 4_000_000_000 }, comparable = false, merged = false } = options;
  const chosen: Readonly<Record<string, StoredTable>> = options.of === undefined ? tables : tablesOf[options.of];
  const texts: string[] = [];
  for (const [table, { time, own, merges }] of Object.entries(chosen)) {
    const columns = comparable ? `* EXCEPT (${['cloud_account_id', ...own].join(', ')})` : '*';
    const where = `cloud_account_id = {account:UUID}
      AND toDateTime(${time}, 'UTC') >= toDateTime({from:UInt32}) AND toDateTime(${time}, 'UTC') < toDateTime({to:UInt32})`;
    const rowsOf = mergedRows[merged ? merges : 'nothing'];
    const rows = await client.query({
      sql: `SELECT * FROM (${rowsOf(table, columns, where)}) ORDER BY ALL`,
      params: { account, ...days },
      schema: z.unknown(),
      tag,
      tenant: account,
    });
    texts.push(...rows.map((row) => `${table} ${JSON.stringify(row)}`));
  }
  return texts;
}

const totalRow = z.object({ total: z.string(), rows: z.coerce.number() });

/** Cost of the current version of some hours, asked as a reader of the tables asks: by asset and by allocation. */
export async function currentTotal(
  client: ClickhouseClient,
  account: string,
  window: Days,
  table: 'asset_hours' | 'allocation_hours' = 'asset_hours',
): Promise<{ total: string; rows: number }> {
  const inWindow =
    'cloud_account_id = {account:UUID} AND hour >= toDateTime({from:UInt32}) AND hour < toDateTime({to:UInt32})';
  const [row] = await client.query({
    sql: `SELECT sum(total_cost) AS total, count() AS rows FROM ${table}
          WHERE ${inWindow} AND (hour, data_version) IN (
            SELECT hour, argMax(data_version, read_at_ms) FROM account_hours WHERE ${inWindow} GROUP BY hour)`,
    params: { account, ...window },
    schema: totalRow,
    tag,
    tenant: account,
  });
  if (row === undefined) throw new Error('no answer');
  return row;
}

const expenseRow = z.object({ resource_id: z.string(), cost: z.string(), copies: z.coerce.number() });

/** Expenses of a day, as a reader sees them. */
export function currentExpenses(
  client: ClickhouseClient,
  account: string,
  date: string,
): Promise<z.infer<typeof expenseRow>[]> {
  return client.query({
    sql: `SELECT resource_id, sum(cost * sign) AS cost, sum(sign) AS copies FROM expenses
          WHERE cloud_account_id = {account:UUID} AND date = {date:Date} GROUP BY resource_id ORDER BY resource_id`,
    params: { account, date },
    schema: expenseRow,
    tag,
    tenant: account,
  });
}

/** Statements of tests alone. */
export const runStatement = (
  client: ClickhouseClient,
  sql: string,
  params: Record<string, string | number> = {},
): Promise<void> => client.command({ sql, params, tag, tenant: 'none' });

/** Rows of one account as those of another: the work of storing them, at once. */
export async function copyRows(
  client: ClickhouseClient,
  { from, to, tables: names }: { readonly from: string; readonly to: string; readonly tables: readonly string[] },
): Promise<void> {
  for (const table of names) {
    await runStatement(
      client,
      `INSERT INTO ${table} SELECT * REPLACE ({to:UUID} AS cloud_account_id)
       FROM (SELECT * FROM ${table} WHERE cloud_account_id = {from:UUID})`,
      { from, to },
    );
  }
}

/** The same of all that is stored of its hours. */
export const copyHours = (client: ClickhouseClient, from: string, to: string): Promise<void> =>
  copyRows(client, { from, to, tables: ['asset_hours', 'allocation_hours', 'account_hours'] });
