import type { OrganizationsRepository, OutboxEntry } from '@cloudtuner/metadata';
import { permissions, type Operation } from '@cloudtuner/restapi-client';
import type { Answered, Logger } from '@cloudtuner/service-kit';
import { z } from 'zod';
import { maskSecrets, newEventId, resultOf, type AuditActor, type AuditEvent } from '../domain/audit-event';
import type { AuditLog } from '../ports';
import type { Principal } from './principal';

/** What a handler tells about a change: which thing, and to what. Secrets are masked by name. */
export interface ChangeDetails {
  readonly [name: string]: unknown;
}

/** Facts of a request that the trail is made of. */
export interface RequestSubject {
  readonly operation: Operation;
  readonly principal: Principal | undefined;
  readonly organizationIds: readonly string[];
  readonly cloudAccountId: string | null;
  readonly params: unknown;
  readonly query: unknown;
  readonly remoteAddress: string;
  readonly requestId: string;
}

const operator: AuditActor = { kind: 'operator', id: '', name: 'operator', tokenId: '' };
const anonymous: AuditActor = { kind: 'anonymous', id: '', name: '', tokenId: '' };

function actorOf(principal: Principal | undefined): AuditActor {
  if (principal?.kind === 'operator') return operator;
  if (principal?.kind !== 'user') return anonymous;
  const { userId, name, tokenId } = principal.identity;
  return userId === null
    ? { kind: 'service', id: tokenId, name, tokenId }
    : { kind: 'user', id: userId, name, tokenId };
}

const seconds = z.coerce.number().int().min(0).max(4_294_967_295).nullable().catch(null);
const windowQuery = z
  .object({
    start_time: seconds.optional(),
    end_time: seconds.optional(),
    start_date: seconds.optional(),
    end_date: seconds.optional(),
  })
  .catch({});

const isRead = ({ method }: Operation): boolean => method === 'GET';

function eventOf(
  subject: RequestSubject,
  outcome: Pick<AuditEvent, 'result' | 'status' | 'code' | 'details'>,
  nowMs: number,
): AuditEvent {
  const asked = windowQuery.parse(subject.query);
  const { operation, organizationIds, cloudAccountId, remoteAddress, requestId } = subject;
  return {
    id: newEventId(),
    atMs: nowMs,
    organizationIds,
    cloudAccountId,
    actor: actorOf(subject.principal),
    operation: operation.operationId,
    action: isRead(operation) ? 'read' : 'change',
    ...outcome,
    windowStartSeconds: asked.start_time ?? asked.start_date ?? null,
    windowEndSeconds: asked.end_time ?? asked.end_date ?? null,
    address: remoteAddress,
    requestId,
  };
}

/** The record of a change that succeeds if its document is written: for the outbox of that document. */
export function changeEntry(subject: RequestSubject, details: ChangeDetails, nowMs: number): OutboxEntry {
  const { status } = subject.operation;
  const shown = { ...inputOf(subject), ...(maskSecrets(details) as ChangeDetails) };
  return JSON.stringify(eventOf(subject, { result: 'ok', status, code: '', details: shown }, nowMs));
}

const maxDetailLength = 500;

/** Path and query as they were sent, cut to a length that nobody can fill the log with. */
function inputOf({ params, query }: RequestSubject): Record<string, unknown> {
  const entries = Object.entries({ ...Object(params), ...Object(query) } as Record<string, unknown>).slice(0, 20);
  return Object.fromEntries(entries.map(([name, text]) => [name.slice(0, 50), String(text).slice(0, maxDetailLength)]));
}

const isPermission = (access: string): boolean => permissions.some((permission) => permission === access);

/** Reads of costs and of the trail itself are kept; of other reads only those that were refused. */
function isKept(operation: Operation, result: AuditEvent['result']): boolean {
  if (!isRead(operation) || result === 'denied') return true;
  return (
    operation.access === 'costs:read' ||
    operation.access === 'audit:read' ||
    (operation.costClass ?? 'light') !== 'light'
  );
}

/** Where an answer's facts say which organization and account it was about. */
export const subjectFacts = { organization: 'organization', account: 'account', recorded: 'recorded' } as const;

function organizationsOf({ principal, facts }: Answered<Principal>): string[] {
  const resolved: unknown = facts.get(subjectFacts.organization);
  if (typeof resolved === 'string') return [resolved];
  if (Array.isArray(resolved)) return resolved.map(String);
  // An id that is not theirs: their own organizations should know that one of them tried.
  return principal?.kind === 'user' ? principal.identity.memberships.map(({ organizationId }) => organizationId) : [];
}

/** Makes the records of what was answered. */
export function createAuditTrail(dependencies: {
  operations: Readonly<Record<string, Operation>>;
  organizations: Pick<OrganizationsRepository, 'note'>;
  log: AuditLog;
  logger: Logger;
  now: () => number;
}): (answered: Answered<Principal>) => void {
  const { operations, organizations, log, logger, now } = dependencies;
  return (answered) => {
    const { route, principal, params, query, status, code = '', complete, remoteAddress, requestId, facts } = answered;
    const operation = operations[route.operationId];
    if (operation === undefined) return;
    const result = resultOf(status, complete);
    // The changed document has its record already.
    if (facts.get(subjectFacts.recorded) === true && status < 400) return;
    if (!isKept(operation, result)) return;
    const account: unknown = facts.get(subjectFacts.account);
    const cloudAccountId = typeof account === 'string' ? account : null;
    const organizationIds = organizationsOf(answered);
    const subject = { operation, principal, organizationIds, cloudAccountId, params, query, remoteAddress, requestId };
    const event = eventOf(subject, { result, status, code, details: inputOf(subject) }, now());
    const [organizationId] = organizationIds;
    const isChange = event.action === 'change' && status < 400 && isPermission(operation.access);
    if (!isChange || organizationId === undefined) {
      log.note(event);
      return;
    }
    // What was changed has no document of ours (a job, a file): the organization's keeps the record.
    organizations.note(organizationId, JSON.stringify(event)).catch((error: unknown) => {
      logger.warn(
        { err: error, operation: operation.operationId },
        'could not keep the record of a change in its organization',
      );
      log.note(event);
    });
  };
}
