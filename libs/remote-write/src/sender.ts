import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@cloudtuner/errors';
import { Agent, request } from 'undici';
import { encodeWriteRequest } from './encode';
import { compressSnappy } from './snappy-compress';
import type { WriteRequest } from './write-request';

/** Where and how to send. */
export interface RemoteWriteClientOptions {
  /** The whole write address. */
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  /** Sent as `Cloud-Account-Id`. */
  readonly accountId?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** For one attempt, in milliseconds; default 30 s as Prometheus. */
  readonly timeoutMs?: number;
  /** Attempts for one request before `push` gives up; default 10. */
  readonly maxAttempts?: number;
}

/** Sends requests one by one; the caller keeps the order of a series by awaiting each push. */
export interface RemoteWriteClient {
  /**
   * Resolves when the receiver has stored the request. Retries network errors, timeouts, 429 and 5xx with backoff,
   * or after the receiver's Retry-After.
   *
   * @throws remote-write-rejected for any other answer, with the receiver's text; remote-write-unavailable when the
   * attempts are used up.
   */
  push(request: WriteRequest, options?: { signal?: AbortSignal }): Promise<void>;
  close(): Promise<void>;
}

const defaultTimeoutMs = 30_000;
const defaultMaxAttempts = 10;
// Prometheus' own backoff: 30 ms, doubled up to 5 s.
const minBackoffMs = 30;
const maxBackoffMs = 5_000;
const maxRetryAfterMs = 60_000;
const maxErrorTextBytes = 2_048;

type Attempt = { stored: true } | { stored: false; reason: string; cause?: unknown; retryAfterMs?: number };

/** Milliseconds of a Retry-After header (seconds or a date), or undefined. */
export function parseRetryAfter(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d+$/.test(header)) return Math.min(Number(header) * 1000, maxRetryAfterMs);
  const dateMs = Date.parse(header);
  if (Number.isNaN(dateMs)) return undefined;
  return Math.min(Math.max(dateMs - nowMs, 0), maxRetryAfterMs);
}

function requestHeaders(options: RemoteWriteClientOptions): Record<string, string> {
  const { username, password, accountId, headers } = options;
  return {
    'content-type': 'application/x-protobuf',
    'content-encoding': 'snappy',
    'x-prometheus-remote-write-version': '0.1.0',
    'user-agent': 'cloudtuner-remote-write',
    ...(accountId === undefined ? {} : { 'cloud-account-id': accountId }),
    ...(username === undefined
      ? {}
      : { authorization: `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}` }),
    ...headers,
  };
}

function isRetryable(status: number): boolean {
  return status === 429 || status >= 500;
}

/** A client that pushes history or test data as a Prometheus would. */
export function createRemoteWriteClient(options: RemoteWriteClientOptions): RemoteWriteClient {
  const { url, timeoutMs = defaultTimeoutMs, maxAttempts = defaultMaxAttempts } = options;
  const dispatcher = new Agent({ connections: 8 });
  const headers = requestHeaders(options);

  const attempt = async (body: Buffer, number: number, signal: AbortSignal | undefined): Promise<Attempt> => {
    const timeout = AbortSignal.timeout(timeoutMs);
    let response;
    let text: string;
    try {
      response = await request(url, {
        method: 'POST',
        body,
        dispatcher,
        headers: number === 1 ? headers : { ...headers, 'retry-attempt': String(number - 1) },
        signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      });
      text = (await response.body.text()).slice(0, maxErrorTextBytes).trim();
    } catch (cause) {
      signal?.throwIfAborted();
      return { stored: false, reason: 'the receiver could not be reached', cause };
    }
    const status = response.statusCode;
    if (status >= 200 && status < 300) return { stored: true };
    const reason = `the receiver answered ${String(status)}: ${text}`;
    if (!isRetryable(status)) {
      throw new AppError('remote-write-rejected', `The write was refused: ${reason}`, { details: { status } });
    }
    const retryAfter = response.headers['retry-after'];
    const retryAfterMs = parseRetryAfter(typeof retryAfter === 'string' ? retryAfter : undefined, Date.now());
    return { stored: false, reason, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  };

  return {
    async push(writeRequest, { signal } = {}) {
      const body = compressSnappy(encodeWriteRequest(writeRequest));
      for (let number = 1; ; number += 1) {
        const result = await attempt(body, number, signal);
        if (result.stored) return;
        if (number >= maxAttempts) {
          throw new AppError('remote-write-unavailable', `The write was not stored: ${result.reason}`, {
            cause: result.cause,
          });
        }
        const backoffMs = Math.min(minBackoffMs * 2 ** (number - 1), maxBackoffMs);
        await delay(result.retryAfterMs ?? backoffMs, undefined, signal === undefined ? {} : { signal });
      }
    },
    close: () => dispatcher.close(),
  };
}
