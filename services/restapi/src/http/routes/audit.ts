import { AppError } from '@cloudtuner/errors';
import { operations } from '@cloudtuner/restapi-client';
import type { Route } from '@cloudtuner/service-kit';
import type { AuditQuery, AuditReader, AuditRecord } from '../../ports';
import { secondsOf } from '../present-costs';
import type { Principal } from '../principal';
import type { ScopedRoutes } from '../scoped-routes';

interface Dependencies {
  readonly audit: AuditReader;
  readonly now: () => number;
}

interface Filters {
  readonly start_time?: number | undefined;
  readonly end_time?: number | undefined;
  readonly cloud_account_id?: string | undefined;
  readonly actor_id?: string | undefined;
  readonly operation?: string | undefined;
  readonly result?: AuditQuery['result'];
}

const defaultWindowMs = 30 * 86_400_000;
const exportPage = 1000;

function queryOf(filters: Filters, nowMs: number): AuditQuery {
  // An end that is not given lies after everything that has happened in this second.
  const endMs = filters.end_time === undefined ? nowMs + 1000 : filters.end_time * 1000;
  const startMs = filters.start_time === undefined ? endMs - defaultWindowMs : filters.start_time * 1000;
  if (startMs >= endMs) throw new AppError('invalid-window', 'The window must end after it starts.');
  const { cloud_account_id: cloudAccountId, actor_id: actorId, operation, result } = filters;
  return { window: { startMs: Math.max(0, startMs), endMs }, cloudAccountId, actorId, operation, result };
}

const present = (record: AuditRecord) => ({
  id: record.id,
  at: new Date(record.atMs).toISOString(),
  operation: record.operation,
  action: record.action,
  result: record.result,
  status: record.status,
  code: record.code === '' ? null : record.code,
  actor: {
    kind: record.actor.kind,
    id: record.actor.id,
    name: record.actor.name,
    token_id: record.actor.tokenId,
  },
  cloud_account_id: record.cloudAccountId,
  window: { start: record.windowStartSeconds, end: record.windowEndSeconds },
  address: record.address,
  request_id: record.requestId,
  details: { ...Object(record.details) } as Record<string, unknown>,
});

const placeOf = ({ atMs, id }: AuditRecord): string => `${String(atMs)}_${id}`;

function placeFrom(text: string | undefined): { atMs: number; id: string } | null {
  const [atMs, id] = text?.split('_') ?? [];
  return atMs === undefined || id === undefined ? null : { atMs: Number(atMs), id };
}

async function* exported(
  audit: AuditReader,
  organizationId: string,
  query: AuditQuery,
  signal: AbortSignal,
): AsyncGenerator<string> {
  let before: { atMs: number; id: string } | null = null;
  for (;;) {
    const records: AuditRecord[] = await audit.read(organizationId, query, { limit: exportPage, before, signal });
    yield records.map((record) => `${JSON.stringify(present(record))}\n`).join('');
    const last = records.at(-1);
    if (last === undefined || records.length < exportPage) return;
    before = last;
  }
}

/** Who did what in an organization. */
export function auditRoutes(routes: ScopedRoutes, { audit, now }: Dependencies): Route<Principal>[] {
  return [
    routes.inOrganization(operations.listAudit, async ({ organization, query, signal }) => {
      const { limit, before, ...filters } = query;
      const asked = queryOf(filters, now());
      const records = await audit.read(organization.id, asked, { limit, before: placeFrom(before), signal });
      const last = records.at(-1);
      return {
        start_time: secondsOf(asked.window.startMs),
        end_time: secondsOf(asked.window.endMs),
        records: records.map(present),
        next: last === undefined || records.length < limit ? null : placeOf(last),
      };
    }),
    routes.inOrganization(operations.exportAudit, ({ organization, query, signal, setHeader }) => {
      setHeader('Content-Disposition', 'attachment; filename="audit.ndjson"');
      return exported(audit, organization.id, queryOf(query, now()), signal);
    }),
  ];
}
