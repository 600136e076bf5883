import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { isAppError } from '@cloudtuner/errors';
import axios, { isAxiosError, type AxiosRequestConfig } from 'axios';
import { failureOf } from './answer-error';
import { secretHeader } from './contract';
import { incompleteStream } from './incomplete-stream';

/** Where metroculus is and how patient to be with it. */
export interface MetroculusClientOptions {
  readonly baseUrl: string;
  /** The cluster secret. */
  readonly secret: string;
  /** Time limit of one attempt in milliseconds. Default 60,000. */
  readonly timeoutMs?: number;
  /** Attempts per call; further ones only after a network error, 502, 503 or 504. Default 3. */
  readonly maxAttempts?: number;
  readonly tls?: {
    readonly ca?: string;
    readonly cert?: string;
    readonly key?: string;
    readonly rejectUnauthorized: boolean;
  };
  /** The request id to pass on. */
  readonly requestId?: () => string | undefined;
}

const defaultTimeoutMs = 60_000;
const defaultMaxAttempts = 3;
const firstBackoffMs = 200;
const maxBackoffMs = 5_000;
const maxAnswerBytes = 256 * 1024 * 1024;

/** Parameters of a query. */
export type Parameters = Readonly<Record<string, string | number>>;

/** One GET and what becomes of its answer: read as a whole, or piece by piece. */
export interface Call<T> {
  readonly path: string;
  readonly parameters: Parameters;
  readonly signal: AbortSignal | undefined;
  readonly answer: { readonly read: (body: string) => T } | { readonly stream: (body: Readable) => Promise<T> };
}

/** Makes calls. */
export interface Caller {
  readonly call: <T>(call: Call<T>) => Promise<T>;
  readonly close: () => void;
}

/** Half of the time at random, so that callers that failed together do not come back together. */
function backoffMs(attempt: number, retryAfterMs: number | undefined): number {
  const fullMs = Math.min(Math.max(firstBackoffMs * 2 ** (attempt - 1), retryAfterMs ?? 0), maxBackoffMs);
  return fullMs / 2 + (Math.random() * fullMs) / 2;
}

/** Reads a body as it comes. What breaks it off from outside is an incomplete stream, as its other faults are. */
async function consume<T>(body: Readable, read: (body: Readable) => Promise<T>): Promise<T> {
  try {
    return await read(body);
  } catch (error) {
    throw isAppError(error) || isAxiosError(error) ? error : incompleteStream('it broke off', error);
  } finally {
    body.destroy();
  }
}

/** The answer to a refused stream is a short text after all. */
async function withReadBody(error: unknown): Promise<unknown> {
  if (isAxiosError(error) && error.response !== undefined) {
    // A body that breaks off leaves the status to tell what happened.
    error.response.data = await text(error.response.data as Readable).catch(() => '');
  }
  return error;
}

/** Sends a call until it is answered or its attempts are used up. */
export function createCaller(options: MetroculusClientOptions): Caller {
  const { timeoutMs = defaultTimeoutMs, maxAttempts = defaultMaxAttempts, tls } = options;
  const httpAgent = new HttpAgent({ keepAlive: true });
  const httpsAgent = new HttpsAgent({ keepAlive: true, ...tls });
  const http = axios.create({
    baseURL: options.baseUrl.replace(/\/+$/, ''),
    headers: { [secretHeader]: options.secret },
    responseType: 'text',
    // The body stays text: what it is decides whether it is JSON.
    transformResponse: (body: unknown) => body,
    maxContentLength: maxAnswerBytes,
    maxRedirects: 0,
    proxy: false,
    httpAgent,
    httpsAgent,
  });

  const exchange = async <T>({ path, answer }: Call<T>, request: AxiosRequestConfig): Promise<T> => {
    if ('read' in answer) return answer.read((await http.get<string>(path, request)).data);
    const { data } = await http
      .get<Readable>(path, { ...request, responseType: 'stream' })
      .catch(async (error: unknown) => {
        throw await withReadBody(error);
      });
    return consume(data, answer.stream);
  };

  const once = async <T>(call: Call<T>): Promise<T> => {
    const { parameters, signal } = call;
    const requestId = options.requestId?.();
    const limit = AbortSignal.timeout(timeoutMs);
    try {
      return await exchange(call, {
        params: parameters,
        signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
        ...(requestId === undefined ? {} : { headers: { 'X-Request-Id': requestId } }),
      });
    } catch (error) {
      signal?.throwIfAborted();
      // Our limit is for the whole answer; the library's own would be for silence only.
      if (limit.aborted && isAxiosError(error)) error.code = 'ETIMEDOUT';
      throw error;
    }
  };

  return {
    async call(call) {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await once(call);
        } catch (error) {
          call.signal?.throwIfAborted();
          const { error: failure, isPassing } = failureOf(error, timeoutMs);
          if (attempt >= maxAttempts || !isPassing) throw failure;
          const waitMs = backoffMs(attempt, failure.retryAfterMs);
          await delay(waitMs, undefined, call.signal === undefined ? {} : { signal: call.signal });
        }
      }
    },
    close() {
      httpAgent.destroy();
      httpsAgent.destroy();
    },
  };
}
