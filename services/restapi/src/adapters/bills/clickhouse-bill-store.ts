import { randomUUID } from 'node:crypto';
import type { ClickhouseClient, QueryParams } from '@cloudtuner/clickhouse';
import { formatNanos } from '@cloudtuner/cost-model';
import { z } from 'zod';
import type { BillRow } from '../../domain/bills/bill-row';
import type { ReadContext } from '../../ports';
import type { BillFile, BillStore } from '../../bill-ports';

const surface = 'restapi';

const fileRow = z
  .object({ file_name: z.string(), sequence: z.coerce.number(), import_id: z.string(), data_version: z.string() })
  .transform((row): BillFile => ({
    fileName: row.file_name,
    sequence: row.sequence,
    importId: row.import_id,
    dataVersion: row.data_version,
  }));

const filesSql = (condition: string): string => `
SELECT file_name, tupleElement(current, 1) AS sequence, tupleElement(current, 2) AS import_id,
  tupleElement(current, 3) AS data_version
FROM (
  SELECT file_name, argMax(tuple(f.sequence, f.import_id, f.data_version), f.sequence) AS current
  FROM bill_files AS f WHERE cloud_account_id = {account:UUID} ${condition} GROUP BY file_name
) WHERE data_version != '' ORDER BY file_name`;

const countSql = `
SELECT block_id, count() AS rows FROM bill_rows
WHERE cloud_account_id = {account:UUID} AND block_id IN {blocks:Array(String)} GROUP BY block_id`;

const unusedSql = `
SELECT block_id FROM bill_rows
WHERE cloud_account_id = {account:UUID} AND written_at < toDateTime({before:UInt32}, 'UTC')
  AND block_id NOT IN (
    SELECT arrayJoin(current) FROM (
      SELECT argMax(blocks, sequence) AS current FROM bill_files WHERE cloud_account_id = {account:UUID} GROUP BY file_name
    )
  )
GROUP BY block_id ORDER BY block_id LIMIT 10000`;

const removeSql = `
DELETE FROM bill_rows WHERE cloud_account_id = {account:UUID} AND block_id IN {blocks:Array(String)}
SETTINGS lightweight_deletes_sync = 2`;

const insertable = (cloudAccountId: string, blockId: string, writtenAt: number) => (row: BillRow) => ({
  cloud_account_id: cloudAccountId,
  date: row.date,
  block_id: blockId,
  record: row.record,
  charge_category: row.chargeCategory,
  charge_period_start: row.chargePeriodStart,
  charge_period_end: row.chargePeriodEnd,
  service_name: row.serviceName,
  region: row.region,
  resource_type: row.resourceType,
  resource_id: row.resourceId,
  resource_name: row.resourceName,
  provider_key: row.providerKey,
  sub_account_id: row.subAccountId,
  tags: row.tags,
  billed_cost: formatNanos(row.billedCost),
  effective_cost: formatNanos(row.effectiveCost),
  written_at: writtenAt,
});

/** Bills in ClickHouse. */
export function createClickhouseBillStore(client: ClickhouseClient, { now }: { now: () => number }): BillStore {
  const scoped = (cloudAccountId: string, { route, signal }: ReadContext, params: QueryParams = {}) => ({
    params: { account: cloudAccountId, ...params },
    tag: { surface, route },
    tenant: cloudAccountId,
    signal,
  });
  const removeBlocks = (cloudAccountId: string, blocks: readonly string[], context: ReadContext): Promise<void> =>
    client.command({ sql: removeSql, ...scoped(cloudAccountId, context, { blocks }) });

  return {
    async countRows(cloudAccountId, blockIds, context) {
      const rows = await client.query({
        sql: countSql,
        schema: z.object({ block_id: z.string(), rows: z.coerce.number() }),
        ...scoped(cloudAccountId, context, { blocks: blockIds }),
      });
      return new Map(rows.map((row) => [row.block_id, row.rows]));
    },
    async insertBlock(cloudAccountId, importId, { id, rows }, { route, signal }) {
      await client.insert({
        table: 'bill_rows',
        rows: rows.map(insertable(cloudAccountId, id, Math.floor(now() / 1000))),
        token: `${importId} ${id}`,
        tag: { surface, route },
        tenant: cloudAccountId,
        signal,
      });
    },
    removeBlock: (cloudAccountId, blockId, context) => removeBlocks(cloudAccountId, [blockId], context),
    async findFile(cloudAccountId, fileName, context) {
      const sql = filesSql('AND file_name = {file:String}');
      const [file] = await client.query({
        sql,
        schema: fileRow,
        ...scoped(cloudAccountId, context, { file: fileName }),
      });
      return file ?? null;
    },
    listFiles: (cloudAccountId, context) =>
      client.query({ sql: filesSql(''), schema: fileRow, ...scoped(cloudAccountId, context) }),
    async publish(cloudAccountId, { fileName, sequence, importId, dataVersion, blockIds }, { route, signal }) {
      await client.insert({
        table: 'bill_files',
        rows: [
          {
            cloud_account_id: cloudAccountId,
            file_name: fileName,
            sequence,
            import_id: importId,
            data_version: dataVersion,
            blocks: blockIds,
          },
        ],
        token: randomUUID(),
        tag: { surface, route },
        tenant: cloudAccountId,
        signal,
      });
    },
    async removeUnused(cloudAccountId, writtenBeforeMs, context) {
      const rows = await client.query({
        sql: unusedSql,
        schema: z.object({ block_id: z.string() }),
        ...scoped(cloudAccountId, context, { before: Math.floor(writtenBeforeMs / 1000) }),
      });
      if (rows.length === 0) return;
      await removeBlocks(
        cloudAccountId,
        rows.map((row) => row.block_id),
        context,
      );
    },
  };
}
