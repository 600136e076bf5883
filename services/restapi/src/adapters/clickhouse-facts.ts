import type { ClickhouseClient } from '@cloudtuner/clickhouse';
import { costComponents, msPerHour, parseNanos, type TimeWindow } from '@cloudtuner/cost-model';
import { z } from 'zod';
import { componentsFrom, costsOf } from '../domain/costs';
import type { LedgerEntry } from '../domain/ledger';
import type { FactsReader, ReadContext } from '../ports';

const surface = 'restapi';

// Of 18 digits the sum may have 38; parseNanos reads any number of them.
const decimal = z.string().nullable();

const hourRow = z.object({
  hour: z.number(),
  data_version: z.string(),
  closed: z.boolean(),
  rows: z.number(),
  rows_found: z.coerce.number(),
  measured_seconds: z.number(),
  last_sample_at: z.number().nullable(),
  flags: z.array(z.string()),
  read_at_ms: z.coerce.number(),
  management_cost: decimal,
  cpu_cost: decimal,
  ram_cost: decimal,
  gpu_cost: decimal,
  pv_cost: decimal,
  network_cost: decimal,
  load_balancer_cost: decimal,
});
type HourRow = z.infer<typeof hourRow>;

const currentVersions = `
  SELECT hour, argMax(tuple(data_version, closed, rows, measured_seconds, last_sample_at, flags, read_at_ms), read_at_ms) AS current
  FROM account_hours
  WHERE cloud_account_id = {account:UUID} AND hour >= {from:DateTime('UTC')} AND hour < {until:DateTime('UTC')}
  GROUP BY hour`;

/** One row an hour: the version that is current, and the sums of its facts. Superseded versions are not read. */
const hoursSql = `
WITH versions AS (${currentVersions})
SELECT
  toUnixTimestamp(versions.hour) AS hour,
  tupleElement(current, 1) AS data_version, tupleElement(current, 2) AS closed, tupleElement(current, 3) AS rows,
  tupleElement(current, 4) AS measured_seconds, toUnixTimestamp(tupleElement(current, 5)) AS last_sample_at,
  tupleElement(current, 6) AS flags, tupleElement(current, 7) AS read_at_ms,
  facts.rows_found AS rows_found,
  ${costComponents.map((component) => `facts.${component}_sum AS ${component}`).join(', ')}
FROM versions
LEFT JOIN
(
  SELECT hour, data_version, count() AS rows_found,
    ${costComponents.map((component) => `sum(${component}) AS ${component}_sum`).join(', ')}
  FROM asset_hours
  WHERE cloud_account_id = {account:UUID} AND hour >= {from:DateTime('UTC')} AND hour < {until:DateTime('UTC')}
    AND (hour, data_version) IN (SELECT hour, tupleElement(current, 1) FROM versions)
  GROUP BY hour, data_version
) AS facts ON facts.hour = versions.hour AND facts.data_version = tupleElement(versions.current, 1)
ORDER BY hour`;

const expensesSql = `
SELECT toUnixTimestamp(toDateTime(date, 'UTC')) AS day, sum(cost * sign) AS cost
FROM expenses
WHERE cloud_account_id = {account:UUID} AND resource_id = {resource:String}
  AND date >= {from:Date} AND date < {until:Date}
GROUP BY date HAVING sum(sign) > 0 ORDER BY date`;

const lastSampleSql = `
SELECT toUnixTimestamp(max(last_sample_at)) AS last_sample_at FROM account_hours WHERE cloud_account_id = {account:UUID}`;

/** A version whose facts are not all there: superseded between two reads of the table, or gone by retention. */
const isWhole = (row: HourRow): boolean => row.rows === row.rows_found;

function toEntry(row: HourRow): LedgerEntry {
  const startMs = row.hour * 1000;
  const whole = isWhole(row);
  const costs = costsOf(
    componentsFrom((component) => {
      const sum = row[component];
      return sum === null || !whole ? null : parseNanos(sum);
    }),
  );
  return {
    startMs,
    endMs: startMs + msPerHour,
    costs,
    measuredSeconds: whole ? row.measured_seconds : 0,
    closed: row.closed,
    readAtMs: row.read_at_ms,
    dataVersion: row.data_version,
    lastSampleMs: row.last_sample_at === null ? null : row.last_sample_at * 1000,
    flags: whole ? row.flags : [...row.flags, 'facts-missing'].sort(),
  };
}

// A newer version may become current while the query runs; reading once more then finds it.
const attempts = 3;

const secondsOf = (timestampMs: number): number => Math.floor(timestampMs / 1000);
const dateOf = (timestampMs: number): string => new Date(timestampMs).toISOString().slice(0, 10);

/** Facts in ClickHouse. A query ends inside the server after `maxExecutionSeconds`, whatever becomes of the client. */
export function createClickhouseFacts(
  client: ClickhouseClient,
  { maxExecutionSeconds }: { maxExecutionSeconds: number },
): FactsReader {
  const readRows = (cloudAccountId: string, window: TimeWindow, { route, signal }: ReadContext): Promise<HourRow[]> =>
    client.query({
      sql: hoursSql,
      params: { account: cloudAccountId, from: secondsOf(window.startMs), until: secondsOf(window.endMs) },
      schema: hourRow,
      tag: { surface, route },
      tenant: cloudAccountId,
      limits: { maxExecutionSeconds },
      signal,
    });
  return {
    async readHours(cloudAccountId, window, context) {
      let rows = await readRows(cloudAccountId, window, context);
      for (let attempt = 1; attempt < attempts && !rows.every(isWhole); attempt += 1) {
        rows = await readRows(cloudAccountId, window, context);
      }
      return rows.map(toEntry);
    },
    async readExpenses(cloudAccountId, resourceId, window, { route, signal }) {
      const rows = await client.query({
        sql: expensesSql,
        params: {
          account: cloudAccountId,
          resource: resourceId,
          from: dateOf(window.startMs),
          until: dateOf(window.endMs),
        },
        schema: z.object({ day: z.number(), cost: z.string() }),
        tag: { surface, route },
        tenant: cloudAccountId,
        limits: { maxExecutionSeconds },
        signal,
      });
      return new Map(rows.map(({ day, cost }) => [day * 1000, parseNanos(cost)]));
    },
    async lastSampleMs(cloudAccountId, { route, signal }) {
      const [row] = await client.query({
        sql: lastSampleSql,
        params: { account: cloudAccountId },
        schema: z.object({ last_sample_at: z.number().nullable() }),
        tag: { surface, route },
        tenant: cloudAccountId,
        limits: { maxExecutionSeconds },
        signal,
      });
      return row?.last_sample_at === undefined || row.last_sample_at === null ? null : row.last_sample_at * 1000;
    },
  };
}
