import { errorCatalogue, type ErrorCode } from './catalogue';
import type { ErrorKind } from './kind';

/** What may accompany an error. */
export interface AppErrorOptions {
  /** The error underneath; logged, never sent to a client. */
  readonly cause?: unknown;
  /** Facts that help the caller; sent to the client, so never secrets, hosts or driver texts. */
  readonly details?: unknown;
  /** When a retry makes sense, in milliseconds from now. */
  readonly retryAfterMs?: number;
}

/** An error with a code of the catalogue. Thrown inside, mapped once at the edge. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly details: unknown;
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.details = options.details;
    this.retryAfterMs = options.retryAfterMs;
  }

  /** The kind that the catalogue gives this code. */
  get kind(): ErrorKind {
    return errorCatalogue[this.code].kind;
  }
}

/** True for an error of ours. */
export function isAppError(error: unknown): error is AppError {
  return error instanceof AppError;
}

/** The error itself when it is ours, else `internal-error` with the original as its cause. */
export function toAppError(error: unknown): AppError {
  return isAppError(error) ? error : new AppError('internal-error', 'An unexpected error occurred.', { cause: error });
}
