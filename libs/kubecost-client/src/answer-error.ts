import { AppError } from '@cloudtuner/errors';
import type { z } from 'zod';

const maxReasonLength = 300;
const maxRetryAfterMs = 60_000;

/** The connection failed, or broke in the middle of an answer. */
export function unreachable(cause: unknown): AppError {
  return new AppError('kubecost-unavailable', 'Kubecost cannot be reached, or broke off its answer.', { cause });
}

/** No whole answer within the time limit of one attempt. */
export function timedOut(timeoutMs: number, cause: unknown): AppError {
  return new AppError('kubecost-timeout', `Kubecost did not answer within ${String(timeoutMs)} milliseconds.`, {
    cause,
  });
}

/** The answer has another form than is known; `where` is its place, as in `data[0].name.cpuCost`. */
export function unexpected(where: string, problem: string, cause?: unknown): AppError {
  return new AppError(
    'kubecost-answer-unexpected',
    `The answer of Kubecost is not as expected at ${where}: ${problem}.`,
    {
      cause,
      details: { path: where, problem },
    },
  );
}

/** The first fault that a schema found, with its place below `where`. */
export function unexpectedBySchema(where: string, error: z.ZodError): AppError {
  const issue = deepestIssue(error.issues);
  const place = (issue?.path ?? []).map((key) => (typeof key === 'number' ? `[${String(key)}]` : `.${String(key)}`));
  return unexpected(`${where}${place.join('')}`, issue?.message ?? 'another form', error);
}

/** Of the branches of a union the one that went furthest: it is the one that was meant. */
function deepestIssue(issues: readonly z.core.$ZodIssue[]): z.core.$ZodIssue | undefined {
  const [first] = issues;
  if (first?.code !== 'invalid_union') return first;
  const inner = first.errors
    .flatMap((branch) => deepestIssue(branch) ?? [])
    .map((issue) => ({ ...issue, path: [...first.path, ...issue.path] }));
  return inner.sort((left, right) => right.path.length - left.path.length)[0] ?? first;
}

/** More bytes than are read. */
export function tooLarge(maxBytes: number): AppError {
  return new AppError('kubecost-answer-too-large', `The answer of Kubecost has more than ${String(maxBytes)} bytes.`);
}

/** The message of an error answer: a JSON document's `message`, or the text. */
function reasonOf(body: string): string {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === 'object' && parsed !== null && 'message' in parsed && typeof parsed.message === 'string') {
      return parsed.message.slice(0, maxReasonLength);
    }
  } catch {
    // It is text then. OpenCost writes two answers one after the other when it does not like a window.
  }
  return body.trim().split('\n', 1)[0]?.slice(0, maxReasonLength) ?? '';
}

/** What an answer that is not 200 means. */
export function errorOfStatus(status: number, body: string, retryAfter: string | undefined): AppError {
  // What stands at the address may be anything, and its words are not for everybody who sees the error: they are for the log.
  const reason = reasonOf(body);
  const cause = reason === '' ? undefined : new Error(reason);
  if (status === 429 || status >= 500) {
    const retryAfterMs =
      retryAfter !== undefined && /^\d+$/.test(retryAfter) ? Math.min(Number(retryAfter) * 1000, maxRetryAfterMs) : 0;
    return new AppError('kubecost-unavailable', `Kubecost answered ${String(status)}.`, {
      cause,
      ...(retryAfterMs > 0 ? { retryAfterMs } : {}),
    });
  }
  if (status === 404) return new AppError('kubecost-not-offered', 'Kubecost does not know this route.');
  return new AppError('kubecost-rejected', `Kubecost answered ${String(status)}.`, { cause });
}
