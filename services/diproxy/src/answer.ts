import type { IncomingMessage, ServerResponse } from 'node:http';
import { httpStatusOf, type AppError, type ErrorCode } from '@cloudtuner/errors';
import type { CheckedWrite } from './check';
import type { Stored } from './forward';
import type { WriteProtocol, WrittenCounts } from './ports';
import { noneWritten, writtenHeaders } from './written';

/** What a sender is told. */
export interface WriteAnswer {
  readonly status: number;
  readonly code?: ErrorCode;
  /** Plain text, because that is what senders log. */
  readonly text: string;
  readonly headers: Readonly<Record<string, string>>;
}

const defaultRetryAfterMs = 5_000;
// Senders that were refused together must not come back together.
const retryJitterSeconds = 5;
// How long and how much of an unread body is thrown away so that the sender sees the answer, not a reset.
const lingerMs = 1_000;
// Above the largest body that a sender is likely to try: one that meets a reset instead of its 413 would try for ever.
const lingerBytes = 32 * 1024 * 1024;

function refusalText({ refusals, received, accepted }: CheckedWrite): string {
  const refused = received.series - accepted.series;
  const reasons = refusals.map(({ code, series, samples, example }) => {
    const named = example === undefined ? '' : ` (such as ${printable(example)})`;
    return `${code}: ${String(series)} series with ${String(samples)} samples${named}`;
  });
  const rest = accepted.series === 0 ? '' : ', the others are stored';
  return `${String(refused)} of ${String(received.series)} series refused${rest}. ${reasons.join('; ')}.`;
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]+/g, '?').slice(0, 128);
}

/**
 * The answer to a write that came through the checks: the store's own 2xx, or 400 when series had to be left out.
 * Remote Write 1.0 wants no `…-Written` headers, and both versions 400 as soon as one sample was refused.
 */
export function answerTo(checked: CheckedWrite, protocol: WriteProtocol, stored: Stored | undefined): WriteAnswer {
  const { accepted, refusals } = checked;
  const [first] = refusals;
  // A store that was sent a translation does not count; it has taken the whole of it.
  const written = stored === undefined ? noneWritten : (stored.written ?? accepted);
  const headers = protocol === '2' ? writtenHeaders(written) : {};
  // 2.0 wants 204; to 1.0 the store's own 2xx goes on.
  const status = protocol === '2' ? 204 : (stored?.status ?? 204);
  if (first === undefined) return { status, text: '', headers };
  return { status: 400, code: first.code, text: refusalText(checked), headers };
}

/** What the store said of a body that it refused. */
interface Rejection {
  readonly status: number;
  readonly written: WrittenCounts | undefined;
}

function rejectionOf({ code, details }: AppError): Rejection | undefined {
  return code === 'metrics-store-rejected' ? (details as Rejection) : undefined;
}

// Remote Write 2.0 has one status for data that can never be stored: out of order, a duplicate, not to be processed.
const badDataStatuses: ReadonlySet<number> = new Set([409, 422]);

function statusOf(error: AppError, protocol: WriteProtocol | undefined): number {
  const rejection = rejectionOf(error);
  if (rejection === undefined) return httpStatusOf(error.kind);
  return protocol === '2' && badDataStatuses.has(rejection.status) ? 400 : rejection.status;
}

/** The answer to a refused or failed write; `protocol` as far as it is known. */
export function answerError(error: AppError, protocol?: WriteProtocol): WriteAnswer {
  const status = statusOf(error, protocol);
  // What a store that refused a part has written is known only where it said so.
  const headers = protocol === '2' ? writtenHeaders(rejectionOf(error)?.written ?? noneWritten) : {};
  if (status === 401) {
    headers['WWW-Authenticate'] = 'Basic realm="cloudtuner", charset="UTF-8"';
    // Always, or whether the connection stays would tell how long the look-up took.
    headers['Connection'] = 'close';
  }
  if (status === 405) headers['Allow'] = 'POST';
  if (status === 429 || status === 503) headers['Retry-After'] = String(retryAfterSeconds(error.retryAfterMs));
  const text = error.kind === 'internal' ? 'Something failed inside the gateway; send the same again.' : error.message;
  return { status, code: error.code, text, headers };
}

function retryAfterSeconds(retryAfterMs: number | undefined): number {
  if (retryAfterMs !== undefined) return Math.max(1, Math.ceil(retryAfterMs / 1000));
  return defaultRetryAfterMs / 1000 + Math.floor(Math.random() * retryJitterSeconds);
}

/** Sends an answer; where the body was not read to its end, politely closes the connection. */
export function sendAnswer(request: IncomingMessage, response: ServerResponse, answer: WriteAnswer): void {
  const { status, code, text, headers } = answer;
  const body = text === '' ? '' : `${text}\n`;
  const unread = !request.complete;
  if (unread) response.setHeader('Connection', 'close');
  response.writeHead(status, {
    ...(body === '' ? {} : { 'Content-Type': 'text/plain; charset=utf-8' }),
    ...(status === 204 ? {} : { 'Content-Length': Buffer.byteLength(body) }),
    ...(code === undefined ? {} : { 'X-Error-Code': code }),
    ...headers,
  });
  if (!unread) {
    response.end(body);
    return;
  }
  response.write(body);
  linger(request, response);
}

/** Throws unread bytes away for a moment before the connection ends: closing on them would reset it. */
function linger(request: IncomingMessage, response: ServerResponse): void {
  let discarded = 0;
  const end = (): void => {
    clearTimeout(timer);
    response.end();
  };
  const timer = setTimeout(end, lingerMs);
  request.on('data', (chunk: Buffer) => {
    discarded += chunk.length;
    if (discarded > lingerBytes) end();
  });
  request.once('end', end).once('close', end).once('error', end);
  request.resume();
}
