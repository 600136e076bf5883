import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@cloudtuner/errors';
import { Agent, request } from 'undici';
import { encodeWriteRequest } from './encode';
import { encodeWriteRequestV2 } from './encode-v2';
import { compressSnappy } from './snappy-compress';
import type { WriteRequest, WriteRequestV2 } from './write-request';

/** Where and how to send. */
export interface RemoteWriteClientOptions {
  /** The whole write address. */
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  /** Sent as `Cloud-Account-Id`. */
  readonly accountId?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Remote Write version; default 1.0. In 2.0 metadata belongs to a series: that of a 1.0 request is not sent. */
  readonly protocol?: '1.0' | '2.0';
  /** For one attempt, in milliseconds; default 30 s as Prometheus. */
  readonly timeoutMs?: number;
  /** Attempts for one request before `push` gives up; default 10. */
  readonly maxAttempts?: number;
}

/** What a receiver says it has written, in the headers of Remote Write 2.0; a 1.0 receiver says nothing. */
export interface WrittenCounts {
  readonly samples?: number;
  readonly histograms?: number;
  readonly exemplars?: number;
}

/** Sends requests one by one; the caller keeps the order of a series by awaiting each push. */
export interface RemoteWriteClient {
  /**
   * Resolves when the receiver has stored the request. Retries network errors, timeouts, 429 and 5xx with backoff,
   * or after the receiver's Retry-After. Gives what the receiver says it has written.
   *
   * @throws remote-write-rejected for any other answer, with the receiver's text; remote-write-unavailable when the
   * attempts are used up.
   */
  push(request: WriteRequest | WriteRequestV2, options?: { signal?: AbortSignal }): Promise<WrittenCounts>;
  close(): Promise<void>;
}

const defaultTimeoutMs = 30_000;
const defaultMaxAttempts = 10;
// Prometheus' own backoff: 30 ms, doubled up to 5 s.
const minBackoffMs = 30;
const maxBackoffMs = 5_000;
const maxRetryAfterMs = 60_000;
const maxErrorTextBytes = 2_048;

type Attempt =
  { stored: true; written: WrittenCounts } | { stored: false; reason: string; cause?: unknown; retryAfterMs?: number };

/** Milliseconds of a Retry-After header (seconds or a date), or undefined. */
export function parseRetryAfter(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d+$/.test(header)) return Math.min(Number(header) * 1000, maxRetryAfterMs);
  const dateMs = Date.parse(header);
  if (Number.isNaN(dateMs)) return undefined;
  return Math.min(Math.max(dateMs - nowMs, 0), maxRetryAfterMs);
}

function requestHeaders(options: RemoteWriteClientOptions): Record<string, string> {
  const { username, password, accountId, headers, protocol = '1.0' } = options;
  return {
    'content-encoding': 'snappy',
    ...(protocol === '1.0'
      ? { 'content-type': 'application/x-protobuf', 'x-prometheus-remote-write-version': '0.1.0' }
      : {
          'content-type': 'application/x-protobuf;proto=io.prometheus.write.v2.Request',
          'x-prometheus-remote-write-version': '2.0.0',
        }),
    'user-agent': 'cloudtuner-remote-write',
    ...(accountId === undefined ? {} : { 'cloud-account-id': accountId }),
    ...(username === undefined
      ? {}
      : { authorization: `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}` }),
    ...headers,
  };
}

function writtenCounts(headers: Readonly<Record<string, string | string[] | undefined>>): WrittenCounts {
  const count = (kind: string): number | undefined => {
    const text = headers[`x-prometheus-remote-write-${kind}-written`];
    return typeof text === 'string' && /^\d+$/.test(text) ? Number(text) : undefined;
  };
  const [samples, histograms, exemplars] = [count('samples'), count('histograms'), count('exemplars')];
  return {
    ...(samples === undefined ? {} : { samples }),
    ...(histograms === undefined ? {} : { histograms }),
    ...(exemplars === undefined ? {} : { exemplars }),
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
    if (status >= 200 && status < 300) return { stored: true, written: writtenCounts(response.headers) };
    const reason = `the receiver answered ${String(status)}: ${text}`;
    if (!isRetryable(status)) {
      throw new AppError('remote-write-rejected', `The write was refused: ${reason}`, {
        details: { status, written: writtenCounts(response.headers) },
      });
    }
    const retryAfter = response.headers['retry-after'];
    const retryAfterMs = parseRetryAfter(typeof retryAfter === 'string' ? retryAfter : undefined, Date.now());
    return { stored: false, reason, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  };

  return {
    async push(writeRequest, { signal } = {}) {
      const encode = options.protocol === '2.0' ? encodeWriteRequestV2 : encodeWriteRequest;
      const body = compressSnappy(encode(writeRequest));
      for (let number = 1; ; number += 1) {
        const result = await attempt(body, number, signal);
        if (result.stored) return result.written;
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
