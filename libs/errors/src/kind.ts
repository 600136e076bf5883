/** What went wrong, in the words every transport has an answer for. */
export type ErrorKind =
  | 'invalid-input'
  | 'unauthenticated'
  | 'forbidden'
  | 'not-found'
  | 'method-not-allowed'
  | 'request-timeout'
  | 'conflict'
  | 'payload-too-large'
  | 'headers-too-large'
  | 'unsupported-media-type'
  | 'unprocessable'
  | 'limit-exceeded'
  | 'internal'
  | 'upstream-rejected'
  | 'upstream-unavailable'
  | 'timeout';

const httpStatusByKind: Readonly<Record<ErrorKind, number>> = {
  'invalid-input': 400,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  'method-not-allowed': 405,
  'request-timeout': 408,
  conflict: 409,
  'payload-too-large': 413,
  'headers-too-large': 431,
  'unsupported-media-type': 415,
  unprocessable: 422,
  'limit-exceeded': 429,
  internal: 500,
  'upstream-rejected': 502,
  'upstream-unavailable': 503,
  timeout: 503,
};

/** The HTTP status that answers an error of this kind. */
export function httpStatusOf(kind: ErrorKind): number {
  return httpStatusByKind[kind];
}

const retryableKinds: ReadonlySet<ErrorKind> = new Set(['limit-exceeded', 'upstream-unavailable', 'timeout']);

/** True when the same request can succeed later without being changed. */
export function isRetryable(kind: ErrorKind): boolean {
  return retryableKinds.has(kind);
}
