import { randomUUID } from 'node:crypto';

export const requestIdHeader = 'X-Request-Id';

// What may be taken over from a caller into logs and onward headers.
const acceptable = /^[A-Za-z0-9._-]{1,64}$/;

/** The caller's request id when it is harmless, else a new one. */
export function requestIdFrom(header: string | string[] | undefined): string {
  return typeof header === 'string' && acceptable.test(header) ? header : randomUUID();
}
