import type { ClickhouseClient, QueryTag } from '@cloudtuner/clickhouse';
import { formatNanos, parseNanos, piecesOf, type SummaryRow } from '@cloudtuner/cost-model';
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { summaryDurations, type SummaryState, type SummaryStore, type SummaryVersion } from '../../summary-ports';
import { createSummaryBooks } from './summary-books';
import { createSummaryFacts } from './summary-facts';
import { amountFields, summaryFields, summaryRow } from './summary-rows';

const tag: QueryTag = { surface: 'kubecost-worker', route: 'store-summaries' };

const durationText = z.enum(summaryDurations);

const stateRow = z
  .object({
    duration: durationText,
    start: z.number(),
    data_version: z.string(),
    inputs_version: z.string(),
    rules_version: z.number(),
    written_at_ms: z.coerce.number(),
    rows: z.number(),
    total_cost: z.string(),
    metrics_total_cost: z.string(),
    closed_hours: z.number(),
    api_hours: z.number(),
    measured_seconds: z.number(),
    expected_seconds: z.number(),
  })
  .transform((row): SummaryState => ({
    ...{ duration: row.duration, start: row.start, rows: row.rows },
    dataVersion: row.data_version,
    inputsVersion: row.inputs_version,
    rulesVersion: row.rules_version,
    writtenAtMs: row.written_at_ms,
    totalNanos: parseNanos(row.total_cost),
    metricsTotalNanos: parseNanos(row.metrics_total_cost),
    closedHours: row.closed_hours,
    apiHours: row.api_hours,
    measuredSeconds: row.measured_seconds,
    expectedSeconds: row.expected_seconds,
  }));

const states = `
  SELECT toString(window_duration) AS duration, toUnixTimestamp(timestamp) AS start, latest.1 AS data_version, latest.2 AS inputs_version,
         latest.3 AS rules_version, latest.4 AS written_at_ms, latest.5 AS rows, latest.6 AS total_cost, latest.7 AS metrics_total_cost,
         latest.8 AS closed_hours, latest.9 AS api_hours, latest.10 AS measured_seconds, latest.11 AS expected_seconds
  FROM (
    SELECT window_duration, timestamp, argMax((data_version, inputs_version, rules_version, written_at_ms, rows, total_cost, metrics_total_cost,
           closed_hours, api_hours, measured_seconds, expected_seconds), written_at_ms) AS latest
    FROM cost_summary_windows
    WHERE cloud_account_id = {account:UUID} AND window_duration = {duration:String}
      AND timestamp >= toDateTime({from:UInt32}) AND timestamp < toDateTime({until:UInt32})
    GROUP BY window_duration, timestamp
  ) ORDER BY start`;

const inVersions = `cloud_account_id = {account:UUID}
  AND (window_duration, toUnixTimestamp(timestamp), data_version) IN {versions:Array(Tuple(String, UInt32, String))}`;

const paramsOf = (account: string, versions: readonly SummaryVersion[]) => ({
  account,
  versions: versions.map(({ duration, start, dataVersion }) => ({ tuple: [duration, start, dataVersion] })),
});

const placeRow = z.object({ duration: durationText, start: z.number(), data_version: z.string() });
const countRow = placeRow.extend({ count: z.coerce.number() });
const placedRow = z.intersection(placeRow, summaryRow);

const nameOf = ({ duration, start, dataVersion }: SummaryVersion): string =>
  `${duration} ${String(start)} ${dataVersion}`;
const placeOf = ({ duration, start, data_version }: z.output<typeof placeRow>): string =>
  nameOf({ duration, start, dataVersion: data_version });

/** An id has 36 characters. */
const accountsPerStatement = 1_000;
/** Of all statements together: somebody waits for the metrics. */
const behindTimeoutMs = 5_000;

/** The newest hours of an account that are closed and that are summarized. */
const behind = `
  SELECT max(c.closed - greatest(s.summarized, {since:UInt32})) AS seconds FROM (
    SELECT cloud_account_id AS account, toUnixTimestamp(max(h.hour)) AS closed FROM (
      SELECT cloud_account_id, hour FROM account_hours
      WHERE cloud_account_id IN {accounts:Array(UUID)} AND hour >= toDateTime({since:UInt32})
      GROUP BY cloud_account_id, hour HAVING argMax(closed, read_at_ms)
    ) AS h GROUP BY account
  ) AS c
  LEFT JOIN (
    SELECT cloud_account_id AS account, toUnixTimestamp(max(timestamp)) AS summarized FROM cost_summary_windows
    WHERE cloud_account_id IN {accounts:Array(UUID)} AND window_duration = 'hour' AND timestamp >= toDateTime({since:UInt32}) GROUP BY account
  ) AS s ON s.account = c.account
  SETTINGS join_use_nulls = 0`;

/** Summaries in `cost_summaries` and `cost_summary_windows`, what they are made from, and the books of closed months. */
export function createSummaryStore(client: ClickhouseClient): SummaryStore {
  return {
    ...createSummaryFacts(client),
    ...createSummaryBooks(client),
    listStates: (tenant, duration, { from, until }) =>
      client.query({
        sql: states,
        params: { account: tenant, duration, from, until },
        ...{ schema: stateRow, tag, tenant },
      }),
    async readRows(tenant, versions) {
      const rows = await client.query({
        sql: `SELECT toString(window_duration) AS duration, toUnixTimestamp(timestamp) AS start, * EXCEPT (window_duration, timestamp)
              FROM cost_summaries WHERE ${inVersions} ORDER BY duration, start, data_version, namespace, team, owner`,
        params: paramsOf(tenant, versions),
        ...{ schema: placedRow, tag, tenant },
      });
      const found = new Map<string, SummaryRow[]>(versions.map((version) => [nameOf(version), []]));
      for (const row of rows) found.get(placeOf(row))?.push(row);
      const inOrder = versions.map((version) => ({ ...version, found: found.get(nameOf(version)) ?? [] }));
      return inOrder.every(({ rows: count, found: { length } }) => count === length)
        ? inOrder.map((version) => version.found)
        : null;
    },
    async countRows(tenant, versions) {
      const rows = await client.query({
        sql: `SELECT toString(window_duration) AS duration, toUnixTimestamp(timestamp) AS start, data_version, count() AS count
              FROM cost_summaries WHERE ${inVersions} GROUP BY duration, start, data_version`,
        params: paramsOf(tenant, versions),
        ...{ schema: countRow, tag, tenant },
      });
      const counts = new Map(rows.map((row) => [placeOf(row), row.count]));
      return versions.map((version) => counts.get(nameOf(version)) ?? 0);
    },
    async insertRows(tenant, summaries, token) {
      const rows = summaries.flatMap(({ duration, start, dataVersion, writtenAtMs, summaryRows }) => {
        const place = { window_duration: duration, timestamp: start, data_version: dataVersion };
        return summaryRows.map((row) => ({
          ...{ cloud_account_id: tenant, ...place, written_at_ms: String(writtenAtMs) },
          ...amountFields(row),
          ...summaryFields(row),
        }));
      });
      if (rows.length > 0) await client.insert({ table: 'cost_summaries', rows, token, tag, tenant });
    },
    async removeRows(tenant, versions) {
      const sql = `DELETE FROM cost_summaries WHERE ${inVersions}`;
      await client.command({ sql, params: paramsOf(tenant, versions), tag, tenant });
    },
    async putStates(tenant, wanted) {
      const rows = wanted.map((state) => ({
        ...{ cloud_account_id: tenant, window_duration: state.duration, timestamp: state.start, rows: state.rows },
        data_version: state.dataVersion,
        inputs_version: state.inputsVersion,
        rules_version: state.rulesVersion,
        written_at_ms: String(state.writtenAtMs),
        total_cost: formatNanos(state.totalNanos),
        metrics_total_cost: formatNanos(state.metricsTotalNanos),
        closed_hours: state.closedHours,
        api_hours: state.apiHours,
        measured_seconds: state.measuredSeconds,
        expected_seconds: state.expectedSeconds,
      }));
      const token = `${tenant}|${createHash('sha256').update(JSON.stringify(rows)).digest('hex')}`;
      await client.insert({ table: 'cost_summary_windows', rows, token, tag, tenant });
    },
    async secondsBehind(accounts, since) {
      const signal = AbortSignal.timeout(behindTimeoutMs);
      let seconds = 0;
      for (const piece of piecesOf(accounts, accountsPerStatement)) {
        const [row] = await client.query({
          sql: behind,
          params: { accounts: piece, since },
          schema: z.object({ seconds: z.coerce.number() }),
          ...{ tag, tenant: 'several', signal },
        });
        seconds = Math.max(seconds, row?.seconds ?? 0);
      }
      return seconds;
    },
  };
}
