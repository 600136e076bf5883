import { z } from 'zod';
import type { AuditEvent } from '../../domain/audit-event';

/** Of an event whose organization could not be made out. */
const noOrganization = '00000000-0000-0000-0000-000000000000';

/** The form in which events wait in the outbox of a document. */
export const storedEvent: z.ZodType<AuditEvent> = z.object({
  id: z.uuid(),
  atMs: z.number(),
  organizationIds: z.array(z.uuid()),
  cloudAccountId: z.uuid().nullable(),
  actor: z.object({
    kind: z.enum(['user', 'service', 'operator', 'anonymous']),
    id: z.string(),
    name: z.string(),
    tokenId: z.string(),
  }),
  operation: z.string(),
  action: z.enum(['read', 'change']),
  result: z.enum(['ok', 'denied', 'failed', 'aborted']),
  status: z.int(),
  code: z.string(),
  windowStartSeconds: z.int().nullable(),
  windowEndSeconds: z.int().nullable(),
  address: z.string(),
  requestId: z.string(),
  details: z.record(z.string(), z.unknown()),
});

/** The rows of an event: one in each of its organizations. */
export function rowsOf(event: AuditEvent): Readonly<Record<string, unknown>>[] {
  const organizationIds = event.organizationIds.length === 0 ? [noOrganization] : event.organizationIds;
  return organizationIds.map((organizationId) => ({
    organization_id: organizationId,
    // As text: a number with a fraction is no DateTime64 in JSON.
    at: new Date(event.atMs).toISOString().replace('T', ' ').replace('Z', ''),
    event_id: event.id,
    cloud_account_id: event.cloudAccountId,
    actor_kind: event.actor.kind,
    actor_id: event.actor.id,
    actor_name: event.actor.name,
    token_id: event.actor.tokenId,
    operation: event.operation,
    action: event.action,
    result: event.result,
    status: event.status,
    code: event.code,
    window_start: event.windowStartSeconds,
    window_end: event.windowEndSeconds,
    address: event.address,
    request_id: event.requestId,
    details: JSON.stringify(event.details),
  }));
}
