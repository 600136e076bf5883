import { AppError } from '@cloudtuner/errors';
import { z } from 'zod';

const errorAnswer = z.object({ errorType: z.string(), error: z.string() });

// Prometheus: samples of a query, points of a range query; Thanos and its kin: series, samples, chunks, bytes.
const limitText =
  /too many samples|exceeded maximum resolution|exceed(s|ed)? .*limit|limit .*exceeded|limit violated|ResourceExhausted/i;
// The evaluation could not read its series: Thanos says so with 422, Prometheus with 500.
const storageText = /expanding series|No StoreAPIs|rpc error|remote read/i;

function unavailable(reason: string, cause: unknown): AppError {
  return new AppError('metrics-store-unavailable', `The metrics store does not answer queries: ${reason}.`, { cause });
}

/** The answer is larger than we read. */
export function tooLarge(reason: string, cause?: unknown): AppError {
  return new AppError('metrics-query-too-large', `The metrics asked for are too many for one query: ${reason}.`, {
    cause,
  });
}

/** The store took longer than the time limit. */
export function timedOut(timeoutMs: number, cause: unknown): AppError {
  return new AppError(
    'metrics-store-timeout',
    `The metrics store did not answer within ${String(timeoutMs)} milliseconds.`,
    { cause },
  );
}

/** The connection failed, or broke in the middle of an answer. */
export function unreachable(cause: unknown): AppError {
  return unavailable('it cannot be reached', cause);
}

/**
 * What an answer that is not 200 means.
 *
 * A query that the store does not understand is our fault, not the user's, for users do not write queries. Everything
 * that says that series could not be read is unavailability: nobody may take it for "no data".
 */
export function errorOfAnswer(status: number, text: string): AppError {
  const parsed = errorAnswer.safeParse(jsonOf(text));
  const { errorType, error } = parsed.success ? parsed.data : { errorType: '', error: text.slice(0, 500) };
  const cause = new Error(`status ${String(status)} ${errorType}: ${error}`);
  if (status === 400 || status === 422 || status === 413) {
    if (status === 413 || limitText.test(error)) return tooLarge('the store has a limit', cause);
    if (storageText.test(error)) return unavailable('it cannot read its series', cause);
    if (parsed.success) return new AppError('internal-error', 'The metrics store refused a query of ours.', { cause });
  }
  if (errorType === 'timeout' || status === 504) {
    return new AppError('metrics-store-timeout', 'The metrics store ran out of time for the query.', { cause });
  }
  if (limitText.test(error)) return tooLarge('the store has a limit', cause);
  return unavailable(`status ${String(status)}`, cause);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
