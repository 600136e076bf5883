import type { ClickhouseClient } from '@cloudtuner/clickhouse';
import { z } from 'zod';
import type { AuditReader, AuditRecord } from '../../ports';

const text = z.string();
const jsonText = text.transform((json): unknown => JSON.parse(json));

const auditRow = z.object({
  event_id: text,
  at_ms: z.coerce.number(),
  cloud_account_id: text.nullable(),
  actor_kind: z.enum(['user', 'service', 'operator', 'anonymous']),
  actor_id: text,
  actor_name: text,
  token_id: text,
  operation: text,
  action: z.enum(['read', 'change']),
  result: z.enum(['ok', 'denied', 'failed', 'aborted']),
  status: z.number(),
  code: text,
  window_start: z.number().nullable(),
  window_end: z.number().nullable(),
  address: text,
  request_id: text,
  details: jsonText,
});

const sql = `
SELECT event_id, toUnixTimestamp64Milli(at) AS at_ms, cloud_account_id, actor_kind, actor_id, actor_name, token_id, operation,
  action, result, status, code, toUnixTimestamp(window_start) AS window_start, toUnixTimestamp(window_end) AS window_end,
  address, request_id, details
FROM audit_events
WHERE organization_id = {organization:UUID}
  AND at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND at < fromUnixTimestamp64Milli({until:Int64}, 'UTC')
  AND (at, event_id) < (fromUnixTimestamp64Milli({beforeAt:Int64}, 'UTC'), {beforeId:UUID})
  AND ({account:Nullable(UUID)} IS NULL OR cloud_account_id = {account:Nullable(UUID)})
  AND ({actor:String} = '' OR actor_id = {actor:String})
  AND ({operation:String} = '' OR operation = {operation:String})
  AND ({result:String} = '' OR result = {result:String})
ORDER BY at DESC, event_id DESC
LIMIT 1 BY event_id
LIMIT {limit:UInt32}`;

const lastId = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

const recordOf = (row: z.infer<typeof auditRow>): AuditRecord => ({
  id: row.event_id,
  atMs: row.at_ms,
  cloudAccountId: row.cloud_account_id,
  actor: { kind: row.actor_kind, id: row.actor_id, name: row.actor_name, tokenId: row.token_id },
  operation: row.operation,
  action: row.action,
  result: row.result,
  status: row.status,
  code: row.code,
  windowStartSeconds: row.window_start,
  windowEndSeconds: row.window_end,
  address: row.address,
  requestId: row.request_id,
  details: row.details,
});

/** The audit log in ClickHouse. */
export function createClickhouseAuditReader(
  clickhouse: Pick<ClickhouseClient, 'query'>,
  { maxExecutionSeconds }: { maxExecutionSeconds: number },
): AuditReader {
  return {
    async read(organizationId, { window, cloudAccountId, actorId, operation, result }, { limit, before, signal }) {
      const rows = await clickhouse.query({
        sql,
        params: {
          organization: organizationId,
          from: window.startMs,
          until: window.endMs,
          beforeAt: before?.atMs ?? window.endMs,
          beforeId: before?.id ?? lastId,
          account: cloudAccountId ?? null,
          actor: actorId ?? '',
          operation: operation ?? '',
          result: result ?? '',
          limit,
        },
        schema: auditRow,
        tag: { surface: 'restapi', route: 'listAudit' },
        tenant: organizationId,
        limits: { maxExecutionSeconds },
        signal,
      });
      return rows.map(recordOf);
    },
  };
}
