import type { ClickhouseClient } from '@cloudtuner/clickhouse';
import { nanosOrNull, parseNanos, piecesOf, summarySources } from '@cloudtuner/cost-model';
import { AppError } from '@cloudtuner/errors';
import { z } from 'zod';
import type { ReadContext } from '../ports';
import type {
  SummariesReader,
  SummaryAdjustment,
  SummaryGroupBy,
  SummaryPosting,
  SummarySum,
  SummaryWindow,
} from '../summary-ports';

const money = z.string();
const known = money.nullable();
const quantity = z.number().nullable();

const postingTuple = z
  .tuple([z.number(), z.string(), z.string(), z.number(), z.coerce.number(), z.number(), z.number()])
  .transform(([sequence, reason, dataVersion, rulesVersion, postedAtMs, rows, adjustmentRows]): SummaryPosting => ({
    ...{ sequence, reason, dataVersion, rulesVersion, postedAtMs, rows, adjustmentRows },
  }));

const windowRow = z
  .object({
    account: z.uuid(),
    start: z.number(),
    data_version: z.string(),
    rules_version: z.number(),
    rows: z.number(),
    closed_hours: z.number(),
    api_hours: z.number(),
    measured_seconds: z.number(),
    expected_seconds: z.number(),
    postings: z.array(postingTuple),
  })
  .transform((row): SummaryWindow => {
    const last = row.postings.at(-1);
    return {
      ...{ cloudAccountId: row.account, start: row.start, closedHours: row.closed_hours, apiHours: row.api_hours },
      ...{ measuredSeconds: row.measured_seconds, expectedSeconds: row.expected_seconds },
      dataVersion: last?.dataVersion ?? row.data_version,
      rulesVersion: last?.rulesVersion ?? row.rules_version,
      rows: last?.rows ?? row.rows,
      postings: row.postings,
    };
  });

/** Of two postings with one sequence the first one counts. */
const windows = `
  SELECT toString(w.cloud_account_id) AS account, toUnixTimestamp(w.timestamp) AS start, w.latest.1 AS data_version, w.latest.2 AS rules_version,
         w.latest.3 AS rows, w.latest.4 AS closed_hours, w.latest.5 AS api_hours,
         w.latest.6 AS measured_seconds, w.latest.7 AS expected_seconds, p.postings AS postings
  FROM (
    SELECT cloud_account_id, timestamp,
           argMax((data_version, rules_version, rows, closed_hours, api_hours, measured_seconds, expected_seconds), written_at_ms) AS latest
    FROM cost_summary_windows
    WHERE cloud_account_id IN {accounts:Array(UUID)} AND window_duration = {duration:String}
      AND timestamp >= toDateTime({from:UInt32}) AND timestamp < toDateTime({until:UInt32})
    GROUP BY cloud_account_id, timestamp
  ) AS w
  LEFT JOIN (
    SELECT cloud_account_id, timestamp, arraySort(groupArray((sequence, first.1, first.2, first.3, first.4, first.5, first.6))) AS postings
    FROM (
      SELECT cloud_account_id, timestamp, sequence,
             argMax((toString(reason), data_version, rules_version, posted_at_ms, rows, adjustment_rows), precedence) AS first
      FROM cost_postings
      WHERE {duration:String} = 'month' AND cloud_account_id IN {accounts:Array(UUID)}
        AND timestamp >= toDateTime({from:UInt32}) AND timestamp < toDateTime({until:UInt32})
      GROUP BY cloud_account_id, timestamp, sequence
    ) GROUP BY cloud_account_id, timestamp
  ) AS p ON p.cloud_account_id = w.cloud_account_id AND p.timestamp = w.timestamp
  ORDER BY account, start SETTINGS join_use_nulls = 0`;

const nameOf: Readonly<Record<SummaryGroupBy, string>> = {
  cluster: 'toString(cloud_account_id)',
  namespace: 'toString(namespace)',
  team: 'toString(team)',
  owner: 'toString(owner)',
};

const sumRow = z
  .object({
    account: z.uuid(),
    start: z.number(),
    data_version: z.string(),
    name: z.string(),
    rows: z.coerce.number(),
    sources: z.array(z.enum(summarySources)),
    ...{
      cpu: known,
      memory: known,
      gpu: known,
      storage: known,
      network: known,
      load_balancer: known,
      management: known,
    },
    ...{ shared: money, total: money, metrics_total: money, difference: known },
    ...{ cpu_usage: quantity, cpu_request: quantity, ram_usage: quantity, ram_request: quantity },
  })
  .transform((row): SummarySum & { readonly rows: number } => ({
    ...{ cloudAccountId: row.account, start: row.start, dataVersion: row.data_version, name: row.name, rows: row.rows },
    source: row.sources.length === 1 ? (row.sources[0] ?? 'mixed') : 'mixed',
    costs: {
      cpu_cost: nanosOrNull(row.cpu),
      ram_cost: nanosOrNull(row.memory),
      gpu_cost: nanosOrNull(row.gpu),
      pv_cost: nanosOrNull(row.storage),
      network_cost: nanosOrNull(row.network),
      load_balancer_cost: nanosOrNull(row.load_balancer),
      management_cost: nanosOrNull(row.management),
    },
    sharedCost: parseNanos(row.shared),
    totalCost: parseNanos(row.total),
    metricsTotalCost: parseNanos(row.metrics_total),
    differenceCost: nanosOrNull(row.difference),
    quantities: {
      cpu_core_usage_hours: row.cpu_usage,
      cpu_core_measured_request_hours: row.cpu_request,
      ram_byte_usage_hours: row.ram_usage,
      ram_byte_measured_request_hours: row.ram_request,
    },
  }));

const sums = (groupBy: SummaryGroupBy): string => `
  SELECT toString(cloud_account_id) AS account, toUnixTimestamp(timestamp) AS start, data_version, ${nameOf[groupBy]} AS name, count() AS rows,
         arraySort(groupUniqArray(toString(source))) AS sources, sum(cpu_cost) AS cpu, sum(memory_cost) AS memory, sum(gpu_cost) AS gpu,
         sum(storage_cost) AS storage, sum(network_cost) AS network, sum(load_balancer_cost) AS load_balancer,
         sum(management_cost) AS management, sum(shared_cost) AS shared, sum(total_cost) AS total, sum(metrics_total_cost) AS metrics_total,
         sum(difference_cost) AS difference, sum(cpu_core_usage_hours) AS cpu_usage, sum(cpu_core_measured_request_hours) AS cpu_request,
         sum(ram_byte_usage_hours) AS ram_usage, sum(ram_byte_measured_request_hours) AS ram_request
  FROM cost_summaries
  WHERE cloud_account_id IN {accounts:Array(UUID)} AND window_duration = {duration:String}
    AND (cloud_account_id, toUnixTimestamp(timestamp), data_version) IN {versions:Array(Tuple(UUID, UInt32, String))}
  GROUP BY account, start, data_version, name ORDER BY account, start, data_version, name`;

const adjustmentRow = z
  .object({
    account: z.uuid(),
    start: z.number(),
    sequence: z.number(),
    name: z.string(),
    rows: z.coerce.number(),
    total: money,
  })
  .transform((row): SummaryAdjustment & { readonly rows: number } => ({
    ...{ cloudAccountId: row.account, start: row.start, sequence: row.sequence, name: row.name, rows: row.rows },
    totalCost: parseNanos(row.total),
  }));

const adjustments = (groupBy: SummaryGroupBy): string => `
  SELECT toString(cloud_account_id) AS account, toUnixTimestamp(timestamp) AS start, sequence, ${nameOf[groupBy]} AS name, count() AS rows,
         sum(total_cost) AS total
  FROM cost_adjustments
  WHERE cloud_account_id IN {accounts:Array(UUID)}
    AND (cloud_account_id, toUnixTimestamp(timestamp), sequence, data_version) IN {postings:Array(Tuple(UUID, UInt32, UInt32, String))}
  GROUP BY account, start, sequence, name ORDER BY account, start, sequence, name`;

/** A version is a hash of 64 characters beside an id of 36. */
const versionsPerStatement = 800;
const maxRows = 100_000;

interface Counted {
  readonly rows: number;
}

const countOf = (counted: readonly Counted[]): number => counted.reduce((sum, { rows }) => sum + rows, 0);

/** Reads what belongs to these versions, some of them at a time; null: there are not as many rows of them as they say. */
async function readPieces<Version extends Counted, Row extends Counted>(
  versions: readonly Version[],
  read: (piece: readonly Version[]) => Promise<readonly Row[]>,
): Promise<readonly Row[] | null> {
  const found: Row[] = [];
  for (const piece of piecesOf(versions, versionsPerStatement)) {
    const rows = await read(piece);
    if (countOf(rows) !== countOf(piece)) return null;
    // The limit of one statement is that of all of an answer together.
    if (found.length + rows.length > maxRows)
      throw new AppError('clickhouse-query-too-large', `The summaries have more than ${String(maxRows)} rows.`);
    for (const row of rows) found.push(row);
  }
  return found;
}

/** Summaries in ClickHouse. A query ends inside the server after `maxExecutionSeconds`, whatever becomes of the client. */
export function createClickhouseSummaries(
  client: ClickhouseClient,
  { maxExecutionSeconds }: { readonly maxExecutionSeconds: number },
): SummariesReader {
  const asked = (tenant: string, { route, signal }: ReadContext) => ({
    tag: { surface: 'restapi', route },
    tenant,
    limits: { maxExecutionSeconds, maxResultRows: maxRows },
    signal,
  });
  return {
    readWindows: (tenant, { cloudAccountIds: accounts, duration }, { from, until, ...context }) =>
      client.query({
        sql: windows,
        params: { accounts, duration, from, until },
        schema: windowRow,
        ...asked(tenant, context),
      }),
    readSums: (tenant, { cloudAccountIds: accounts, duration, groupBy }, { versions, ...context }) =>
      readPieces(versions, (piece) =>
        client.query({
          sql: sums(groupBy),
          params: {
            ...{ accounts, duration },
            versions: piece.map((one) => ({ tuple: [one.cloudAccountId, one.start, one.dataVersion] })),
          },
          schema: sumRow,
          ...asked(tenant, context),
        }),
      ),
    readAdjustments(tenant, { cloudAccountIds: accounts, groupBy }, { windows: of, ...context }) {
      const posted = of.flatMap(({ cloudAccountId, start, postings }) =>
        postings
          .filter(({ sequence }) => sequence > 0)
          .map(({ sequence, dataVersion, adjustmentRows: rows }) => ({
            ...{ cloudAccountId, start, sequence, dataVersion, rows },
          })),
      );
      return readPieces(posted, (piece) =>
        client.query({
          sql: adjustments(groupBy),
          params: {
            accounts,
            postings: piece.map((one) => ({ tuple: [one.cloudAccountId, one.start, one.sequence, one.dataVersion] })),
          },
          schema: adjustmentRow,
          ...asked(tenant, context),
        }),
      );
    },
  };
}
