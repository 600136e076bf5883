import type { ClickhouseClient, QueryTag } from '@cloudtuner/clickhouse';
import { z } from 'zod';
import { extractKinds, type ExtractState } from '../../domain/extraction';
import type { DocumentRow, ExtractStore, ExtractWindow } from '../../extract-ports';
import type { FactTable } from '../../ports';
import { countRow } from './rows';

const tag: QueryTag = { surface: 'kubecost-worker', route: 'extract' };

const kindText = z.enum(extractKinds);

const stateRow = z
  .object({
    kind: kindText,
    start: z.number(),
    end: z.number(),
    content_hash: z.string(),
    read_at_ms: z.coerce.number(),
    product: z.string(),
    cluster: z.string(),
    rows: z.number(),
    bytes: z.coerce.number(),
  })
  .transform(({ start, end, content_hash, read_at_ms, ...row }): ExtractState => ({
    ...row,
    from: start,
    to: end,
    contentHash: content_hash,
    readAtMs: read_at_ms,
  }));

const currentStates = `
  SELECT kind, toUnixTimestamp(window_start) AS start, toUnixTimestamp(window_end) AS end, latest.1 AS content_hash, latest.2 AS read_at_ms,
         latest.3 AS product, latest.4 AS cluster, latest.5 AS rows, latest.6 AS bytes
  FROM (
    SELECT kind, window_start, window_end, argMax((content_hash, read_at_ms, product, cluster, rows, bytes), read_at_ms) AS latest
    FROM kubecost_extracts
    WHERE cloud_account_id = {account:UUID} AND kind = {kind:String} AND window_start >= toDateTime({from:UInt32})
    GROUP BY kind, window_start, window_end
  ) ORDER BY start, end`;

const ofDocument = `cloud_account_id = {account:UUID} AND kind = {kind:String} AND window_start = toDateTime({from:UInt32})
  AND window_end = toDateTime({to:UInt32}) AND content_hash = {hash:String}`;

const documentRow = z.object({ row: z.number(), name: z.string(), body: z.string() });

const newestRow = z
  .object({ account: z.uuid(), kind: kindText, end: z.number(), read_at_ms: z.coerce.number(), product: z.string() })
  .transform(({ account, read_at_ms, ...row }) => ({ cloudAccountId: account, readAtMs: read_at_ms, ...row }));

// An hour of 100,000 containers in several clusters; what is longer is no hour any more.
const maxDocumentRows = 1_000_000;

function documentTable(client: ClickhouseClient, { kind, from, to }: ExtractWindow): FactTable<DocumentRow> {
  const paramsOf = (account: string, hash: string) => ({ account, kind, from, to, hash });
  return {
    async count(tenant, { dataVersion }) {
      const sql = `SELECT count() AS count FROM kubecost_documents WHERE ${ofDocument}`;
      const params = paramsOf(tenant, dataVersion);
      const [found] = await client.query({ sql, params, schema: countRow, tag, tenant });
      return found?.count ?? 0;
    },
    async insert(tenant, { dataVersion }, rows, token) {
      const place = {
        ...{ cloud_account_id: tenant, kind, window_start: from, window_end: to, content_hash: dataVersion },
      };
      const placed = rows.map((row) => ({ ...place, ...row }));
      await client.insert({ table: 'kubecost_documents', rows: placed, token: `${kind}|${token}`, tag, tenant });
    },
    async remove(tenant, { dataVersion }) {
      const sql = `DELETE FROM kubecost_documents WHERE ${ofDocument}`;
      await client.command({ sql, params: paramsOf(tenant, dataVersion), tag, tenant });
    },
  };
}

/** Documents in `kubecost_documents`, and which of them are current in `kubecost_extracts`. */
export function createExtractStore(client: ClickhouseClient): ExtractStore {
  return {
    list: (tenant, kind, from) =>
      client.query({ sql: currentStates, params: { account: tenant, kind, from }, schema: stateRow, tag, tenant }),
    documents: (window) => documentTable(client, window),
    async put(tenant, { kind, from, to, contentHash, readAtMs, product, cluster, rows, bytes }) {
      const row = {
        ...{ cloud_account_id: tenant, kind, window_start: from, window_end: to, content_hash: contentHash },
        ...{ read_at_ms: String(readAtMs), product, cluster, rows, bytes: String(bytes) },
      };
      const token = [tenant, kind, from, to, contentHash, readAtMs].join('|');
      await client.insert({ table: 'kubecost_extracts', rows: [row], token, tag, tenant });
    },
    readDocument: (tenant, { kind, from, to, contentHash }) =>
      client.query({
        sql: `SELECT row, name, body FROM kubecost_documents WHERE ${ofDocument} ORDER BY row`,
        params: { account: tenant, kind, from, to, hash: contentHash },
        schema: documentRow,
        tag,
        tenant,
        limits: { maxResultRows: maxDocumentRows },
      }),
    newest: (accounts) =>
      client.query({
        sql: `SELECT toString(cloud_account_id) AS account, kind, toUnixTimestamp(max(window_end)) AS end, max(kubecost_extracts.read_at_ms) AS read_at_ms,
                argMax(kubecost_extracts.product, kubecost_extracts.read_at_ms) AS product
              FROM kubecost_extracts WHERE cloud_account_id IN {accounts:Array(UUID)} GROUP BY account, kind`,
        params: { accounts },
        schema: newestRow,
        tag,
        tenant: 'several',
      }),
  };
}
