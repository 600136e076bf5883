import { isAppError, toAppError, type AppError, type ErrorKind } from '@cloudtuner/errors';
import type { JobFailure } from './queue-port';

/** What becomes of a job whose processor threw. */
export type FailureAction = 'retry' | 'delay' | 'give-up';

const attemptsOfInternalErrors = 3;

const actionByKind: Readonly<Record<ErrorKind, FailureAction>> = {
  'invalid-input': 'give-up',
  unauthenticated: 'give-up',
  forbidden: 'give-up',
  'not-found': 'give-up',
  'method-not-allowed': 'give-up',
  conflict: 'give-up',
  'payload-too-large': 'give-up',
  'headers-too-large': 'give-up',
  'unsupported-media-type': 'give-up',
  unprocessable: 'give-up',
  'upstream-rejected': 'give-up',
  'request-timeout': 'retry',
  'upstream-unavailable': 'retry',
  timeout: 'retry',
  'limit-exceeded': 'delay',
  internal: 'retry',
};

/** What to do with a job after this error; `attempt` is 1 for the first one. */
export function actionOf(error: AppError, attempt: number): FailureAction {
  if (error.kind === 'internal' && attempt >= attemptsOfInternalErrors) return 'give-up';
  return actionByKind[error.kind];
}

const separator = ': ';

/** The text that is stored with a failed job. An internal error keeps its own text to the log. */
export function failureText(error: unknown): string {
  const appError = toAppError(error);
  return `${appError.code}${separator}${isAppError(error) ? appError.message : 'An unexpected error occurred.'}`;
}

/** The failure that a stored text tells of. A text that is not ours (BullMQ's own, for a stalled job) is an internal error. */
export function parseFailure(text: string): JobFailure {
  const at = text.indexOf(separator);
  const code = at === -1 ? '' : text.slice(0, at);
  return /^[a-z][a-z-]*$/.test(code)
    ? { code, message: text.slice(at + separator.length) }
    : { code: 'internal-error', message: text };
}
