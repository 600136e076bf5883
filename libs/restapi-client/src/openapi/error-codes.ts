import type { ErrorCode } from '@cloudtuner/errors';
import { permissions, type Operation } from '../contract/operation';

const isPermission = (access: string): boolean => permissions.some((permission) => permission === access);

/** Every code that an answer of the operation may carry: those that follow from its declaration, and its own; sorted. */
export function errorCodesOf(operation: Operation): ErrorCode[] {
  const { access, scope, params, query, body, errors = [] } = operation;
  const codes = new Set<ErrorCode>(['headers-too-large', 'internal-error', ...errors]);
  const add = (condition: boolean, ...more: ErrorCode[]): void => {
    if (condition) for (const code of more) codes.add(code);
  };
  add(access !== 'public', 'unauthenticated', 'rate-limited');
  add(access !== 'public' && access !== 'cluster-secret', 'metadata-unavailable');
  add(access === 'session' || isPermission(access), 'forbidden');
  add(scope !== undefined, 'not-found');
  add(params !== undefined || query !== undefined || body !== undefined, 'invalid-request');
  add(body !== undefined, 'malformed-json', 'body-too-large', 'unsupported-media-type', 'request-aborted');
  return [...codes].sort();
}
