import {
  findRestatedDays,
  findSupersededDays,
  findSupersededHours,
  findSupersededKubecostHours,
  removeAllocationDays,
  removeAllocationHours,
  removeKubecostHours,
  type BoundStatement,
  type ClickhouseClient,
  type HourFactTable,
  type QueryTag,
} from '@cloudtuner/clickhouse';
import { groupBy, piecesOf } from '@cloudtuner/cost-model';
import { z } from 'zod';
import { dayOf, daySeconds } from '../../domain/calendar';
import type { CleanupStore, SupersededVersion } from '../../ports';
import { dateOf } from './rows';

const tag: QueryTag = { surface: 'kubecost-worker', route: 'cleanup' };

const factTables: readonly HourFactTable[] = ['asset_hours', 'allocation_hours'];
/** Both tables of a day's sums are removed from at once. */
const sumsTable = 'allocation_days';
const kubecostTable = 'kubecost_hours';

const dayRow = z.object({ day: z.number() });
const hourVersionRow = z.object({ hour: z.number(), data_version: z.string(), rows: z.coerce.number() });
const windowVersionRow = hourVersionRow.extend({ kind: z.string() });
const dayVersionRow = z.object({ day: z.number(), data_version: z.string(), rows: z.coerce.number() });
const liveRow = z.object({ account: z.uuid(), hour: z.number(), rows: z.coerce.number() });

const changedDays = `
  SELECT DISTINCT toUnixTimestamp(toDateTime(date, 'UTC')) AS day FROM (
    SELECT toDate(hour, 'UTC') AS date FROM account_hours WHERE cloud_account_id = {account:UUID} AND read_at_ms >= {since:UInt64}
    UNION ALL
    SELECT date FROM account_days WHERE cloud_account_id = {account:UUID} AND written_at_ms >= {since:UInt64}
    UNION ALL
    SELECT toDate(window_start, 'UTC') AS date FROM kubecost_extracts WHERE cloud_account_id = {account:UUID} AND read_at_ms >= {since:UInt64}
    UNION ALL
    SELECT toDate(timestamp, 'UTC') AS date FROM cost_summary_windows WHERE cloud_account_id = {account:UUID} AND written_at_ms >= {since:UInt64}
  ) ORDER BY day`;

/** A closed hour never opens again, so what was written of it while it ran can go without its lock. */
const liveFacts = (table: HourFactTable): string => `
  SELECT toString(cloud_account_id) AS account, toUnixTimestamp(hour) AS hour, count() AS rows FROM ${table}
  WHERE cloud_account_id IN {accounts:Array(UUID)} AND toDate(hour) >= {from:Date} AND startsWith(data_version, 'live-')
    AND (cloud_account_id, hour) IN (
      SELECT cloud_account_id, hour FROM account_hours WHERE cloud_account_id IN {accounts:Array(UUID)} AND toDate(hour) >= {from:Date}
      GROUP BY cloud_account_id, hour HAVING argMax(closed, read_at_ms) AND max(read_at_ms) < {before:UInt64})
  GROUP BY account, hour ORDER BY account, hour LIMIT {limit:UInt32}`;

const removeLive = (table: HourFactTable): string => `
  DELETE FROM ${table}
  WHERE cloud_account_id IN {accounts:Array(UUID)} AND toDate(hour) IN {dates:Array(Date)} AND startsWith(data_version, 'live-')
    AND (cloud_account_id, toUnixTimestamp(hour)) IN {hours:Array(Tuple(UUID, UInt32))}`;

/** Documents of the windows of a day that were not current at a moment any more, and what killed runs have left of some. */
const supersededDocuments = `
  SELECT kind, toUnixTimestamp(window_start) AS hour, content_hash AS data_version, count() AS rows FROM kubecost_documents
  WHERE cloud_account_id = {account:UUID} AND window_start >= toDateTime({from:UInt32}) AND window_start < toDateTime({until:UInt32})
    AND (kind, window_start, window_end) IN (
      SELECT kind, window_start, window_end FROM kubecost_extracts WHERE cloud_account_id = {account:UUID}
      GROUP BY kind, window_start, window_end HAVING max(read_at_ms) < {before:UInt64})
    AND (kind, window_start, window_end, content_hash) NOT IN (
      SELECT kind, window_start, window_end, argMax(content_hash, read_at_ms) FROM kubecost_extracts WHERE cloud_account_id = {account:UUID}
      GROUP BY kind, window_start, window_end)
  GROUP BY kind, hour, data_version ORDER BY kind, hour, data_version`;

/**
 * Summaries of windows that begin in a day that were written before a moment and are not current, and what killed runs have left of some. The
 * age is that of the version: an open month has another one every hour, and would never be at rest. Versions that
 * the books of a closed month name stay: they are what was published.
 */
const supersededSummaries = `
  SELECT toString(window_duration) AS kind, toUnixTimestamp(timestamp) AS hour, data_version, count() AS rows FROM cost_summaries
  WHERE cloud_account_id = {account:UUID} AND timestamp >= toDateTime({from:UInt32}) AND timestamp < toDateTime({until:UInt32})
    AND (window_duration, timestamp, data_version) NOT IN (
      SELECT window_duration, timestamp, argMax(data_version, written_at_ms) FROM cost_summary_windows
      WHERE cloud_account_id = {account:UUID} GROUP BY window_duration, timestamp)
    AND (window_duration, timestamp, data_version) NOT IN (
      SELECT 'month', timestamp, data_version FROM cost_postings WHERE cloud_account_id = {account:UUID})
  GROUP BY kind, hour, data_version HAVING max(written_at_ms) < {before:UInt64} ORDER BY kind, hour, data_version`;

const documentsTable = 'kubecost_documents';
const summariesTable = 'cost_summaries';

/** Tables of versions of windows of several kinds, which columns name one, and what of a day is superseded. */
const windowTables = {
  [documentsTable]: { version: '(kind, toUnixTimestamp(window_start), content_hash)', superseded: supersededDocuments },
  [summariesTable]: {
    version: '(window_duration, toUnixTimestamp(timestamp), data_version)',
    superseded: supersededSummaries,
  },
};
type WindowTable = keyof typeof windowTables;
const isWindowTable = (table: string): table is WindowTable => Object.hasOwn(windowTables, table);

const removeWindows = (
  account: string,
  table: WindowTable,
  versions: readonly SupersededVersion[],
): BoundStatement => ({
  sql: `DELETE FROM ${table} WHERE cloud_account_id = {account:UUID}
        AND ${windowTables[table].version} IN {versions:Array(Tuple(String, UInt32, String))}`,
  params: {
    account,
    versions: versions.map(({ kind = '', start, dataVersion }) => ({ tuple: [kind, start, dataVersion] })),
  },
});

/** Hours whose live facts one statement removes. */
const hoursPerStatement = 1_000;
/** A version is named by a hash of 64 characters. */
const versionsPerStatement = 800;

/** What a removal of some versions is, in the order of its statements. */
function removals(account: string, table: string, versions: readonly SupersededVersion[]): readonly BoundStatement[] {
  const hours = versions.map(({ start, dataVersion }) => ({ hour: start, dataVersion }));
  if (table === kubecostTable) return [removeKubecostHours(account, hours)];
  if (isWindowTable(table)) return [removeWindows(account, table, versions)];
  const factTable = factTables.find((name) => name === table);
  if (factTable === undefined)
    return removeAllocationDays(
      account,
      versions.map(({ start, dataVersion }) => ({ day: start, dataVersion })),
    );
  return [removeAllocationHours(account, hours, factTable)];
}

async function removeLiveOf(
  client: ClickhouseClient,
  table: HourFactTable,
  accounts: readonly string[],
  window: { readonly sinceMs: number; readonly beforeMs: number },
): Promise<number> {
  const statement = { tag, tenant: 'several' };
  const found = await client.query({
    ...statement,
    sql: liveFacts(table),
    params: {
      accounts,
      from: dateOf(window.sinceMs / 1_000),
      before: String(window.beforeMs),
      limit: hoursPerStatement,
    },
    schema: liveRow,
  });
  if (found.length === 0) return 0;
  await client.command({
    ...statement,
    sql: removeLive(table),
    params: {
      accounts: [...new Set(found.map(({ account }) => account))],
      dates: [...new Set(found.map(({ hour }) => dateOf(hour)))],
      hours: found.map(({ account, hour }) => ({ tuple: [account, hour] })),
    },
  });
  return found.reduce((sum, { rows }) => sum + rows, 0);
}

/** Superseded versions in the tables of facts and of sums. */
export function createCleanupStore(client: ClickhouseClient): CleanupStore {
  const findSupersededWindows =
    (table: WindowTable): CleanupStore['findSupersededDocuments'] =>
    async (tenant, day, beforeMs) => {
      const params = { account: tenant, from: dayOf(day), until: dayOf(day) + daySeconds, before: String(beforeMs) };
      const sql = windowTables[table].superseded;
      const rows = await client.query({ sql, params, schema: windowVersionRow, tag, tenant });
      return rows.map((row) => ({
        ...{ table, kind: row.kind, start: row.hour, dataVersion: row.data_version, rows: row.rows },
      }));
    };
  const windowOf = (day: number, beforeMs: number) => ({
    ...{ fromDay: dayOf(day), untilDay: dayOf(day) + daySeconds },
    ...{ nowMs: beforeMs, graceSeconds: 0 },
  });
  return {
    async findChangedDays(tenant, sinceMs) {
      const params = { account: tenant, since: String(sinceMs) };
      const changed = await client.query({ sql: changedDays, params, schema: dayRow, tag, tenant });
      const restated = await client.query({ ...findRestatedDays(tenant, sinceMs), schema: dayRow, tag, tenant });
      return [...new Set([...changed, ...restated].map(({ day }) => day))].sort((a, b) => a - b);
    },
    async findSupersededHours(tenant, day, beforeMs) {
      const found: SupersededVersion[] = [];
      for (const table of factTables) {
        const statement = findSupersededHours(tenant, windowOf(day, beforeMs), table);
        const rows = await client.query({ ...statement, schema: hourVersionRow, tag, tenant });
        for (const row of rows) found.push({ table, start: row.hour, dataVersion: row.data_version, rows: row.rows });
      }
      const theirs = findSupersededKubecostHours(tenant, windowOf(day, beforeMs));
      for (const row of await client.query({ ...theirs, schema: hourVersionRow, tag, tenant }))
        found.push({ table: kubecostTable, start: row.hour, dataVersion: row.data_version, rows: row.rows });
      return found;
    },
    async findSupersededDay(tenant, day, beforeMs) {
      const statement = findSupersededDays(tenant, windowOf(day, beforeMs));
      const rows = await client.query({ ...statement, schema: dayVersionRow, tag, tenant });
      return rows.map((row) => ({ table: sumsTable, start: row.day, dataVersion: row.data_version, rows: row.rows }));
    },
    findSupersededDocuments: findSupersededWindows(documentsTable),
    findSupersededSummaries: findSupersededWindows(summariesTable),
    async remove(tenant, versions) {
      for (const [table, ofTable] of groupBy(versions, (version) => version.table)) {
        for (const piece of piecesOf(ofTable, versionsPerStatement)) {
          const statements = removals(tenant, table, piece);
          for (const statement of statements) await client.command({ ...statement, tag, tenant });
        }
      }
    },
    async removeLiveFacts(accounts, window) {
      const removed: Record<string, number> = {};
      for (const table of factTables) {
        for (let rows = -1; rows !== 0;) {
          rows = await removeLiveOf(client, table, accounts, window);
          removed[table] = (removed[table] ?? 0) + rows;
        }
      }
      return removed;
    },
  };
}
