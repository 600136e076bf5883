import { randomUUID } from 'node:crypto';

/** Who did something: a person (by a sign-in or a personal token), a service, the platform's operator, or nobody known. */
export interface AuditActor {
  readonly kind: 'user' | 'service' | 'operator' | 'anonymous';
  /** Of the person or the service's token; empty when there is none. */
  readonly id: string;
  /** E-mail address or name of the token. */
  readonly name: string;
  readonly tokenId: string;
}

/** Something that was done, or tried. It never holds a secret. */
export interface AuditEvent {
  readonly id: string;
  readonly atMs: number;
  /** The organizations it is about; none when that could not be made out. */
  readonly organizationIds: readonly string[];
  readonly cloudAccountId: string | null;
  readonly actor: AuditActor;
  readonly operation: string;
  readonly action: 'read' | 'change';
  readonly result: 'ok' | 'denied' | 'failed' | 'aborted';
  readonly status: number;
  /** Code of the error. */
  readonly code: string;
  readonly windowStartSeconds: number | null;
  readonly windowEndSeconds: number | null;
  readonly address: string;
  readonly requestId: string;
  /** Small and JSON-safe: ids of the path, the query, what was changed to what. */
  readonly details: Readonly<Record<string, unknown>>;
}

const secretName = /password|secret|token$|credential/i;
const masked = '***';

/** The value without what is secret, by the names of its fields. */
export function maskSecrets(input: unknown): unknown {
  if (Array.isArray(input)) return input.map(maskSecrets);
  if (typeof input !== 'object' || input === null) return input;
  return Object.fromEntries(
    Object.entries(input).map(([name, inner]) => [name, secretName.test(name) ? masked : maskSecrets(inner)]),
  );
}

/** What a status says about the result. */
export function resultOf(status: number, complete: boolean): AuditEvent['result'] {
  if (status === 401 || status === 403 || status === 404) return 'denied';
  if (status >= 400) return 'failed';
  return complete ? 'ok' : 'aborted';
}

/** An id for an event. */
export const newEventId = (): string => randomUUID();
