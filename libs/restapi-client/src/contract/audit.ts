import { z } from 'zod';
import { inOrganization, type Operation } from './operation';
import { integerParam, unixSeconds, unixSecondsParam, uuid } from './scalars';

const defaultPageSize = 100;
const maxPageSize = 1000;
const maxTextLength = 200;

const result = z.enum(['ok', 'denied', 'failed', 'aborted']);

const record = z
  .object({
    id: z.uuid(),
    at: z.iso.datetime(),
    operation: z.string().describe('The operationId of this document.'),
    action: z.enum(['read', 'change']),
    result: result.describe('denied: 401, 403 or 404; aborted: the client left before the end of the answer.'),
    status: z.int(),
    code: z.string().nullable(),
    actor: z.object({
      kind: z.enum(['user', 'service', 'operator', 'anonymous']),
      id: z.string(),
      name: z.string(),
      token_id: z.string(),
    }),
    cloud_account_id: z.uuid().nullable(),
    window: z.object({ start: unixSeconds.nullable(), end: unixSeconds.nullable() }),
    address: z.string().describe('Where the request came from.'),
    request_id: z.string(),
    details: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'AuditRecord' });

const filters = {
  start_time: unixSecondsParam.optional().describe('Default: 30 days before the end.'),
  end_time: unixSecondsParam.optional().describe('Default: now.'),
  cloud_account_id: uuid.optional(),
  actor_id: z.string().max(maxTextLength).optional(),
  operation: z.string().max(maxTextLength).optional(),
  result: result.optional(),
};

const errors = [
  'clickhouse-query-timeout',
  'clickhouse-query-too-large',
  'clickhouse-schema-missing',
  'clickhouse-unavailable',
  'invalid-window',
] as const;

/** Who did what in an organization. */
export const auditOperations = {
  listAudit: {
    operationId: 'listAudit',
    method: 'GET',
    path: '/restapi/v2/organizations/:organization_id/audit',
    summary: 'Who read costs or changed something, and what was refused; the newest first',
    description: 'A record is there within seconds of what it is about. Nothing can be changed or taken out.',
    access: 'audit:read',
    scope: inOrganization,
    costClass: 'query',
    errors,
    status: 200,
    params: z.object({ organization_id: uuid }),
    query: z.strictObject({
      ...filters,
      limit: integerParam({ min: 1, max: maxPageSize }).default(defaultPageSize),
      before: z
        .string()
        .regex(/^\d{1,13}_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'must be the next of another answer')
        .optional()
        .describe('`next` of the page before this one.'),
    }),
    response: z.object({
      start_time: unixSeconds,
      end_time: unixSeconds,
      records: z.array(record),
      next: z.string().nullable().describe('Null on the last page.'),
    }),
  },
  exportAudit: {
    operationId: 'exportAudit',
    method: 'GET',
    path: '/restapi/v2/organizations/:organization_id/audit/export',
    summary: 'The same records, all of them, one JSON document a line',
    access: 'audit:read',
    scope: inOrganization,
    costClass: 'export',
    errors,
    status: 200,
    params: z.object({ organization_id: uuid }),
    query: z.strictObject(filters),
    response: z.string(),
    stream: 'application/x-ndjson',
  },
} as const satisfies Readonly<Record<string, Operation>>;
