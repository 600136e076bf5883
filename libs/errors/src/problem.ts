import type { AppError } from './app-error';
import { errorCatalogue, type ErrorCode } from './catalogue';
import { httpStatusOf } from './kind';

/**
 * An error as a client sees it.
 *
 * Source: RFC 9457 (Problem Details for HTTP APIs), with `code`, `request_id` and `details` as extension members.
 */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ErrorCode;
  readonly detail: string;
  readonly instance?: string;
  readonly request_id?: string;
  readonly details?: unknown;
}

/** The problem document of an error. An internal error keeps its text to itself. */
export function problemOf(error: AppError, context: { instance?: string; requestId?: string } = {}): Problem {
  const { kind, title } = errorCatalogue[error.code];
  return {
    type: `urn:cloudtuner:error:${error.code}`,
    title,
    status: httpStatusOf(kind),
    code: error.code,
    detail: kind === 'internal' ? `${title}.` : error.message,
    ...(context.instance === undefined ? {} : { instance: context.instance }),
    ...(context.requestId === undefined ? {} : { request_id: context.requestId }),
    ...(error.details === undefined ? {} : { details: error.details }),
  };
}
