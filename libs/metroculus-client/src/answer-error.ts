import { AppError, type ErrorCode } from '@cloudtuner/errors';
import { isAxiosError, type AxiosError } from 'axios';
import { z } from 'zod';

const problem = z.object({ code: z.string(), detail: z.string().optional(), details: z.unknown().optional() });

// Limits that the caller can do something about keep their own code.
const passedOn: readonly ErrorCode[] = ['range-too-long', 'too-many-points', 'metrics-query-too-large'];

const maxRetryAfterMs = 60_000;

function parseBody(body: unknown): z.infer<typeof problem> | undefined {
  try {
    return problem.safeParse(typeof body === 'string' ? JSON.parse(body) : body).data;
  } catch {
    return undefined;
  }
}

function retryAfterMs(header: unknown): number | undefined {
  return typeof header === 'string' && /^\d+$/.test(header)
    ? Math.min(Number(header) * 1000, maxRetryAfterMs)
    : undefined;
}

function errorOfStatus(response: NonNullable<AxiosError['response']>, cause: unknown): AppError {
  const { status } = response;
  const answer = parseBody(response.data);
  if (status >= 500) {
    const waitMs = retryAfterMs(response.headers['retry-after']);
    return new AppError('metroculus-unavailable', `Metroculus answered ${String(status)}.`, {
      cause,
      ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
    });
  }
  const code = passedOn.find((known) => known === answer?.code);
  if (code !== undefined) {
    return new AppError(code, answer?.detail ?? 'Metroculus refused the request.', { cause, details: answer?.details });
  }
  const reason = answer === undefined ? '' : ` ${answer.code}: ${answer.detail ?? ''}`;
  return new AppError('metroculus-rejected', `Metroculus answered ${String(status)}${reason}.`, { cause });
}

/** What a failed call means to its caller, and whether the same call may succeed in a moment. */
export interface CallFailure {
  readonly error: AppError;
  readonly isPassing: boolean;
}

// From a gateway in front of the service, or from the service while it or its store is overloaded or away.
const passingStatuses: readonly number[] = [502, 503, 504];

/** Reads the failure of one attempt. */
export function failureOf(error: unknown, timeoutMs: number): CallFailure {
  if (error instanceof AppError) return { error, isPassing: error.code === 'metroculus-incomplete-stream' };
  if (!isAxiosError(error)) {
    const unreadable = new AppError('metroculus-unavailable', 'The answer of metroculus cannot be read.', {
      cause: error,
    });
    return { error: unreadable, isPassing: false };
  }
  // The error of the HTTP library holds the request with its secret, and must not reach a log.
  const cause = new Error(`${error.code ?? 'no code'}: ${error.message}`);
  // A response below 400 broke off while it was read.
  if (error.response !== undefined && error.response.status >= 400) {
    return {
      error: errorOfStatus(error.response, cause),
      isPassing: passingStatuses.includes(error.response.status),
    };
  }
  if (error.code === 'ETIMEDOUT') {
    const reason = `Metroculus did not answer within ${String(timeoutMs)} milliseconds.`;
    return { error: new AppError('metroculus-timeout', reason, { cause }), isPassing: false };
  }
  return { error: new AppError('metroculus-unavailable', 'Metroculus cannot be reached.', { cause }), isPassing: true };
}
