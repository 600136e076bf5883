import type { ClickhouseClient, QueryParams } from '@cloudtuner/clickhouse';
import { formatNanos, parseNanos } from '@cloudtuner/cost-model';
import { z } from 'zod';
import type { ReadContext } from '../../ports';
import type { BillExpensesReader, BillQuestion, ExpenseRow, OtherRow, RowPage } from '../../expense-ports';
import { assetProviderKey, billSql, createBind, currentRowsSql, dimensionSql, nameOf, type BillSql } from './bill-sql';

const surface = 'restapi';

const versionsSql = `
SELECT toString(account) AS account, tupleElement(current, 1) AS import_id, tupleElement(current, 2) AS data_version
FROM (
  SELECT f.cloud_account_id AS account, argMax(tuple(toString(f.import_id), f.data_version), f.sequence) AS current
  FROM bill_files AS f WHERE f.cloud_account_id IN {accounts:Array(UUID)} GROUP BY f.cloud_account_id, f.file_name
) WHERE data_version != '' ORDER BY account, import_id`;

const versionRow = z.object({ account: z.string(), import_id: z.string(), data_version: z.string() });

/** What makes a row of its own out of charges. */
const resourceKeys =
  'b.cloud_account_id, b.resource_id, b.service_name, b.region, b.resource_type, pool_id, employee_id';

const resourcesSql = ({ where, poolId, employeeId }: BillSql): string => `
SELECT toUInt32(0) AS other, toString(b.cloud_account_id) AS account, b.resource_id AS resource_id,
  max(${nameOf}) AS name, toString(b.service_name) AS service_name, toString(b.region) AS region,
  toString(b.resource_type) AS resource_type, ${poolId} AS pool_id, ${employeeId} AS employee_id,
  sum(b.effective_cost) AS cost, sum(b.billed_cost) AS billed_cost
FROM bill_rows AS b WHERE ${where} GROUP BY ${resourceKeys}`;

const totalsSql = (sql: BillSql): string => `SELECT count() AS count, sum(cost) AS cost FROM (${resourcesSql(sql)})`;

const othersSql = `
SELECT tupleElement(o, 1) AS other, '' AS account, '' AS resource_id, tupleElement(o, 2) AS name, '' AS service_name,
  tupleElement(o, 3) AS region, tupleElement(o, 4) AS resource_type, '' AS pool_id, '' AS employee_id,
  toDecimal128(tupleElement(o, 5), 9) AS cost, toDecimal128('0', 9) AS billed_cost
FROM (SELECT arrayJoin({others:Array(Tuple(UInt32, String, String, String, String))}) AS o)`;

/** Names of columns, not of requests. */
const sortColumns: Readonly<Record<RowPage['sortBy'], string>> = {
  cost: 'cost',
  name: 'name',
  region: 'region',
  service_name: 'service_name',
  resource_type: 'resource_type',
};

function rowsSql(sql: BillSql | null, { sortBy, descending }: RowPage): string {
  const branches = [...(sql === null ? [] : [resourcesSql(sql)]), othersSql];
  return `
SELECT * FROM (${branches.join(' UNION ALL ')})
ORDER BY ${sortColumns[sortBy]} ${descending ? 'DESC' : 'ASC'},
  name, account, resource_id, service_name, region, resource_type, pool_id, employee_id, other
LIMIT {limit:UInt32} OFFSET {offset:UInt32}`;
}

const expenseRow = z
  .object({
    other: z.number(),
    account: z.string(),
    resource_id: z.string(),
    name: z.string(),
    service_name: z.string(),
    region: z.string(),
    resource_type: z.string(),
    pool_id: z.string(),
    employee_id: z.string(),
    cost: z.string(),
    billed_cost: z.string(),
  })
  .transform((row): ExpenseRow =>
    row.other > 0
      ? { other: row.other - 1 }
      : {
          resource: {
            cloudAccountId: row.account,
            resourceId: row.resource_id,
            name: row.name,
            serviceName: row.service_name,
            region: row.region,
            resourceType: row.resource_type,
            poolId: row.pool_id,
            employeeId: row.employee_id,
            cost: parseNanos(row.cost),
            billedCost: parseNanos(row.billed_cost),
          },
        },
  );

const daysSql = (sql: BillSql, value: string): string => `
SELECT toUnixTimestamp(toDateTime(b.date, 'UTC')) AS day, ${value} AS value, sum(b.effective_cost) AS cost,
  uniqExact(b.cloud_account_id, b.resource_id, b.service_name, b.region, b.resource_type) AS count
FROM bill_rows AS b WHERE ${sql.where} GROUP BY day, value ORDER BY day, value`;

const dayRow = z.object({ day: z.number(), value: z.string(), cost: z.string(), count: z.coerce.number() });

/** Closed hours in their current version; of the running hour there is no bill. */
const overlapSql = (billed: string, params: { clusters: string; from: string; until: string }): string => `
WITH versions AS (
  SELECT v.cloud_account_id AS account, v.hour AS hour, argMax(tuple(v.data_version, v.closed), v.read_at_ms) AS current
  FROM account_hours AS v
  WHERE v.cloud_account_id IN ${params.clusters} AND v.hour >= ${params.from} AND v.hour < ${params.until}
  GROUP BY v.cloud_account_id, v.hour
)
SELECT toString(a.cloud_account_id) AS account, toUnixTimestamp(toDateTime(toDate(a.hour, 'UTC'), 'UTC')) AS day,
  sum(a.total_cost) AS cost
FROM asset_hours AS a
WHERE a.cloud_account_id IN ${params.clusters} AND a.hour >= ${params.from} AND a.hour < ${params.until}
  AND a.provider_id != '' AND (a.cloud_account_id, a.hour, a.data_version) IN (
    SELECT account, hour, tupleElement(current, 1) FROM versions WHERE tupleElement(current, 2))
  AND (${assetProviderKey}, toDate(a.hour, 'UTC')) IN (
    SELECT b.provider_key, b.date FROM bill_rows AS b WHERE b.provider_key != '' AND ${billed})
GROUP BY account, day ORDER BY account, day`;

const seconds = (timestampMs: number): number => Math.floor(timestampMs / 1000);

const otherTuple = (row: OtherRow, index: number) => ({
  tuple: [index + 1, row.name, row.region, row.resourceType, formatNanos(row.cost)],
});

/** Expenses of bills in ClickHouse. A query ends inside the server after `maxExecutionSeconds`. */
export function createClickhouseBillExpenses(
  client: ClickhouseClient,
  limits: { readonly maxExecutionSeconds: number },
): BillExpensesReader {
  const statement = (tenant: string, { route, signal }: ReadContext, params: QueryParams) => ({
    params,
    tag: { surface, route },
    tenant,
    limits,
    signal,
  });
  const of = (question: BillQuestion, params: QueryParams) => statement(question.organizationId, question, params);

  return {
    async readVersions(organizationId, accountIds, context) {
      if (accountIds.length === 0) return [];
      const params = { accounts: accountIds };
      const rows = await client.query({
        sql: versionsSql,
        schema: versionRow,
        ...statement(organizationId, context, params),
      });
      return rows.map((row) => ({
        cloudAccountId: row.account,
        importId: row.import_id,
        dataVersion: row.data_version,
      }));
    },
    async readTotals(question) {
      const sql = billSql(question);
      const [row] = await client.query({
        sql: totalsSql(sql),
        schema: z.object({ count: z.coerce.number(), cost: z.string() }),
        ...of(question, sql.params),
      });
      return { count: row?.count ?? 0, cost: parseNanos(row?.cost ?? '0') };
    },
    readRows(question, others, page) {
      const sql = question.accountIds.length === 0 ? null : billSql(question);
      const { limit, offset } = page;
      return client.query({
        sql: rowsSql(sql, page),
        schema: expenseRow,
        ...of(question, { ...sql?.params, others: others.map(otherTuple), limit, offset }),
      });
    },
    async readDays(question, by) {
      const sql = billSql(question);
      const rows = await client.query({
        sql: daysSql(sql, dimensionSql(by, sql)),
        schema: dayRow,
        ...of(question, sql.params),
      });
      return rows.map(({ day, value, cost, count }) => ({ dayMs: day * 1000, value, cost: parseNanos(cost), count }));
    },
    async readOverlap(question, clusterIds) {
      const { bind, params } = createBind();
      const sql = overlapSql(currentRowsSql(question, bind), {
        clusters: bind('Array(UUID)', clusterIds),
        from: bind("DateTime('UTC')", seconds(question.window.startMs)),
        until: bind("DateTime('UTC')", seconds(question.window.endMs)),
      });
      const rows = await client.query({
        sql,
        schema: z.object({ account: z.string(), day: z.number(), cost: z.string() }),
        ...of(question, params),
      });
      return rows.map(({ account, day, cost }) => ({
        cloudAccountId: account,
        dayMs: day * 1000,
        cost: parseNanos(cost),
      }));
    },
  };
}
