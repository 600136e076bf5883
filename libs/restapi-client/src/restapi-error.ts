import { z } from 'zod';

/** What a problem document must have to be understood. */
const problemSchema = z.looseObject({ code: z.string(), detail: z.string(), details: z.unknown().optional() });

/** Where a call ended. */
export interface RestapiErrorOptions {
  readonly cause?: unknown;
  /** HTTP status; undefined when no answer came. */
  readonly status?: number | undefined;
  readonly requestId?: string | undefined;
  readonly details?: unknown;
  readonly retryAfterMs?: number | undefined;
}

/** A call that did not go well. `code` is the one of the problem document, or one of `network`, `timeout`, `unexpected-answer`. */
export class RestapiError extends Error {
  readonly code: string;
  readonly status: number | undefined;
  readonly requestId: string | undefined;
  readonly details: unknown;
  readonly retryAfterMs: number | undefined;

  constructor(code: string, message: string, options: RestapiErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'RestapiError';
    this.code = code;
    this.status = options.status;
    this.requestId = options.requestId;
    this.details = options.details;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** The error of an answer that is not 2xx. */
export function errorOfAnswer(answer: {
  status: number;
  headers: Readonly<Record<string, unknown>>;
  body: unknown;
}): RestapiError {
  const { status, headers, body } = answer;
  const requestId = headers['x-request-id'];
  const retryAfterSeconds = Number(headers['retry-after'] ?? Number.NaN);
  const context = {
    status,
    requestId: typeof requestId === 'string' ? requestId : undefined,
    retryAfterMs: Number.isFinite(retryAfterSeconds) ? retryAfterSeconds * 1000 : undefined,
  };
  const problem = problemSchema.safeParse(body);
  return problem.success
    ? new RestapiError(problem.data.code, problem.data.detail, { ...context, details: problem.data.details })
    : new RestapiError('unexpected-answer', `The API answered ${String(status)} without a problem document.`, context);
}
