import { AppError, httpStatusOf, isAppError, problemOf, toAppError, type Problem } from '@cloudtuner/errors';
import type { Request, Response } from 'express';
import { z } from 'zod';
import type { Logger } from '../logger';
import { currentRequestId } from '../request-context';

/** The error of input that a schema refused, with the place and the rule of each fault; values are not repeated. */
export function invalidRequest(place: 'path' | 'query' | 'body', error: z.ZodError): AppError {
  const issues = error.issues.map((issue) => ({ in: place, field: issue.path.join('.'), message: issue.message }));
  const first = issues[0];
  const detail =
    first === undefined ? `The ${place} is not valid.` : `${place} ${first.field}: ${first.message}`.trim();
  return new AppError('invalid-request', detail, { details: issues });
}

const bodyParserErrors = z.object({ type: z.string(), status: z.number() });
const routerError = z.object({ status: z.number().min(400).max(499) });

/** Errors of Express and its body parser in our words. */
export function fromExpress(error: unknown): AppError {
  if (isAppError(error)) return error;
  const parsed = bodyParserErrors.safeParse(error);
  if (parsed.success) {
    switch (parsed.data.type) {
      case 'entity.parse.failed':
        return new AppError('malformed-json', 'The body is not valid JSON.', { cause: error });
      case 'entity.too.large':
        return new AppError('body-too-large', 'The request body is too large.', { cause: error });
      case 'encoding.unsupported':
      case 'charset.unsupported':
        return new AppError('unsupported-media-type', 'The body has an encoding that is not read here.', {
          cause: error,
        });
      case 'request.aborted':
        return new AppError('request-aborted', 'The request was aborted.', { cause: error });
      default:
    }
  }
  // A path that cannot be decoded, or a body of another length than announced.
  if (routerError.safeParse(error).success) {
    return new AppError('invalid-request', 'The request cannot be read.', { cause: error });
  }
  return toAppError(error);
}

/** What a route leaves for the answer of its errors. */
export interface ErrorLocals {
  errorBody?: ((problem: Problem) => unknown) | undefined;
}

/** Sends an error as problem JSON, or in the form of its route, and logs it once. */
export function sendProblem(error: AppError, request: Request, response: Response, logger: Logger): void {
  const status = httpStatusOf(error.kind);
  const level = status >= 500 ? 'error' : 'info';
  logger[level](
    { err: error, code: error.code, method: request.method, path: request.path, status },
    'request refused',
  );
  if (response.headersSent) {
    response.destroy();
    return;
  }
  if (error.retryAfterMs !== undefined || status === 503 || status === 429) {
    response.setHeader('Retry-After', String(Math.max(1, Math.ceil((error.retryAfterMs ?? 5_000) / 1000))));
  }
  if (status === 401 && response.getHeader('WWW-Authenticate') === undefined) {
    response.setHeader('WWW-Authenticate', 'Bearer');
  }
  const requestId = currentRequestId();
  const problem = problemOf(error, requestId === undefined ? {} : { requestId });
  const { errorBody }: ErrorLocals = response.locals;
  response
    .status(status)
    .type(errorBody === undefined ? 'application/problem+json' : 'application/json')
    .send(JSON.stringify(errorBody?.(problem) ?? problem));
}
