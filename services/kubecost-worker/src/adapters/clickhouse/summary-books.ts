import type { ClickhouseClient, QueryTag } from '@cloudtuner/clickhouse';
import { formatNanos, parseNanos } from '@cloudtuner/cost-model';
import { z } from 'zod';
import { postingReasons, type Posting, type SummaryStore } from '../../summary-ports';
import { countRow } from './rows';
import { amountFields } from './summary-rows';

const tag: QueryTag = { surface: 'kubecost-worker', route: 'post-month' };

const postingRow = z
  .object({
    month: z.number(),
    sequence: z.number(),
    posted_at_ms: z.coerce.number(),
    data_version: z.string(),
    from_version: z.string(),
    reason: z.enum(postingReasons),
    rules_version: z.number(),
    rows: z.number(),
    adjustment_rows: z.number(),
    total_cost: z.string(),
  })
  .transform((row): Posting => ({
    ...{ month: row.month, sequence: row.sequence, reason: row.reason, rows: row.rows },
    dataVersion: row.data_version,
    fromVersion: row.from_version,
    rulesVersion: row.rules_version,
    postedAtMs: row.posted_at_ms,
    adjustmentRows: row.adjustment_rows,
    totalNanos: parseNanos(row.total_cost),
  }));

const postings = `
  SELECT toUnixTimestamp(timestamp) AS month, sequence, first.1 AS posted_at_ms, first.2 AS data_version, first.3 AS from_version,
         first.4 AS reason, first.5 AS rules_version, first.6 AS rows, first.7 AS adjustment_rows, first.8 AS total_cost
  FROM (
    SELECT timestamp, sequence,
           argMax((posted_at_ms, data_version, from_version, toString(reason), rules_version, rows, adjustment_rows, total_cost), precedence) AS first
    FROM cost_postings WHERE cloud_account_id = {account:UUID} GROUP BY timestamp, sequence
  ) ORDER BY month, sequence`;

const ofAdjustment = `cloud_account_id = {account:UUID} AND timestamp = toDateTime({month:UInt32}) AND sequence = {sequence:UInt32}
  AND data_version = {version:String}`;

const paramsOf = (account: string, { month, sequence, dataVersion }: Posting) => ({
  ...{ account, month, sequence, version: dataVersion },
});

/** The books of closed months, in `cost_postings` and `cost_adjustments`. */
export function createSummaryBooks(
  client: ClickhouseClient,
): Pick<SummaryStore, 'listPostings' | 'countAdjustments' | 'insertAdjustments' | 'removeAdjustments' | 'putPosting'> {
  return {
    listPostings: (tenant) =>
      client.query({ sql: postings, params: { account: tenant }, schema: postingRow, tag, tenant }),
    async countAdjustments(tenant, posting) {
      const sql = `SELECT count() AS count FROM cost_adjustments WHERE ${ofAdjustment}`;
      const [row] = await client.query({ sql, params: paramsOf(tenant, posting), schema: countRow, tag, tenant });
      return row?.count ?? 0;
    },
    async insertAdjustments(tenant, { posting, changes, token }) {
      const { month: timestamp, sequence, dataVersion } = posting;
      const place = { cloud_account_id: tenant, timestamp, sequence, data_version: dataVersion };
      const rows = changes.map((change) => ({ ...place, ...amountFields(change) }));
      await client.insert({ table: 'cost_adjustments', rows, token, tag, tenant });
    },
    async removeAdjustments(tenant, posting) {
      const sql = `DELETE FROM cost_adjustments WHERE ${ofAdjustment}`;
      await client.command({ sql, params: paramsOf(tenant, posting), tag, tenant });
    },
    async putPosting(tenant, posting) {
      const row = {
        ...{ cloud_account_id: tenant, timestamp: posting.month, sequence: posting.sequence, reason: posting.reason },
        // The first posting of a sequence is the one that counts.
        precedence: String(Number.MAX_SAFE_INTEGER - posting.postedAtMs),
        posted_at_ms: String(posting.postedAtMs),
        data_version: posting.dataVersion,
        from_version: posting.fromVersion,
        rules_version: posting.rulesVersion,
        rows: posting.rows,
        adjustment_rows: posting.adjustmentRows,
        total_cost: formatNanos(posting.totalNanos),
      };
      const token = [tenant, posting.month, posting.sequence, posting.dataVersion, posting.postedAtMs].join('|');
      await client.insert({ table: 'cost_postings', rows: [row], token, tag, tenant });
    },
  };
}
