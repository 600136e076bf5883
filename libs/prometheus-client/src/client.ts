import { isAppError } from '@cloudtuner/errors';
import { Agent, request, type Dispatcher } from 'undici';
import { decodeAnswer, type QueryResult } from './answer';
import type { InstantVector, RangeVector, Scalar } from './expression';
import { errorOfAnswer, timedOut, tooLarge, unreachable } from './store-error';

/** Where the store is and what a query may take. */
export interface PrometheusClientOptions {
  /** Base of the query API: Prometheus, Thanos Query or anything that speaks it, with or without a path. */
  readonly url: string;
  readonly tls?: {
    readonly ca?: string;
    readonly cert?: string;
    readonly key?: string;
    readonly rejectUnauthorized: boolean;
  };
  /** Time limit of a query, in milliseconds; the store is told too. Default 30,000. */
  readonly timeoutMs?: number;
  /** A longer answer is refused while it arrives. Default 64 MiB. */
  readonly maxResponseBytes?: number;
  /** Connections at most; queries beyond them wait. Default 16. */
  readonly connections?: number;
}

/** What one query may take along. */
export interface QueryOptions {
  /** Cancels the query, at the store too. */
  readonly signal?: AbortSignal;
}

/**
 * Asks a store by the Prometheus query API.
 *
 * Thanos is told `partial_response=false`, so that a store that cannot be read is an error and never a smaller sum, and
 * `dedup=true`. Prometheus does not know the two and passes over them.
 */
export interface PrometheusClient {
  /**
   * The expression at one moment. Of a range vector every sample comes with its own time.
   *
   * @throws AppError `metrics-store-unavailable`, `metrics-store-timeout`, `metrics-query-too-large`, or `internal-error`
   * for a query that the store does not understand.
   */
  instantQuery(query: InstantVector | RangeVector | Scalar, atMs: number, options?: QueryOptions): Promise<QueryResult>;
  /** The expression at every step from start to end, both included. @throws AppError as `instantQuery`. */
  rangeQuery(
    query: InstantVector,
    range: { readonly startMs: number; readonly endMs: number; readonly stepMs: number },
    options?: QueryOptions,
  ): Promise<QueryResult>;
  close(): Promise<void>;
}

const defaultTimeoutMs = 30_000;
const defaultMaxResponseBytes = 64 * 1024 * 1024;
const connectTimeoutMs = 5_000;
const maxErrorBytes = 64 * 1024;

const secondsText = (timestampMs: number): string => (timestampMs / 1000).toFixed(3);

async function readBody(body: Dispatcher.ResponseData['body'], maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    const part = chunk as Buffer;
    bytes += part.length;
    // Leaving the loop destroys the stream, and the connection with it.
    if (bytes > maxBytes) throw tooLarge(`more than ${String(maxBytes)} bytes`);
    chunks.push(part);
  }
  return Buffer.concat(chunks);
}

/** A client of one store. It connects when it is first asked, and again after an outage. */
export function createPrometheusClient(options: PrometheusClientOptions): PrometheusClient {
  const { timeoutMs = defaultTimeoutMs, maxResponseBytes = defaultMaxResponseBytes, connections = 16 } = options;
  const base = options.url.replace(/\/+$/, '');
  const dispatcher = new Agent({
    connections,
    pipelining: 1,
    connect: { timeout: connectTimeoutMs, ...options.tls },
    // The signal below limits the whole query.
    headersTimeout: 0,
    bodyTimeout: 0,
  });

  const post = async (path: string, parameters: Record<string, string>, signal: AbortSignal): Promise<QueryResult> => {
    const { statusCode, body } = await request(`${base}${path}`, {
      method: 'POST',
      dispatcher,
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
      body: new URLSearchParams(parameters).toString(),
      signal,
    });
    if (statusCode !== 200) throw errorOfAnswer(statusCode, (await readBody(body, maxErrorBytes)).toString('utf8'));
    const bytes = await readBody(body, maxResponseBytes);
    let parsed: unknown;
    try {
      parsed = JSON.parse(bytes.toString('utf8'));
    } catch (error) {
      throw unreachable(error);
    }
    return decodeAnswer(parsed);
  };

  const ask = async (
    path: string,
    parameters: Record<string, string>,
    { signal }: QueryOptions,
  ): Promise<QueryResult> => {
    signal?.throwIfAborted();
    const limit = AbortSignal.timeout(timeoutMs);
    const common = { timeout: `${String(timeoutMs)}ms`, partial_response: 'false', dedup: 'true' };
    try {
      return await post(
        path,
        { ...parameters, ...common },
        signal === undefined ? limit : AbortSignal.any([signal, limit]),
      );
    } catch (error) {
      signal?.throwIfAborted();
      if (isAppError(error)) throw error;
      throw limit.aborted ? timedOut(timeoutMs, error) : unreachable(error);
    }
  };

  return {
    instantQuery: (query, atMs, queryOptions = {}) =>
      ask('/api/v1/query', { query: query.toString(), time: secondsText(atMs) }, queryOptions),
    rangeQuery: (query, { startMs, endMs, stepMs }, queryOptions = {}) =>
      ask(
        '/api/v1/query_range',
        {
          query: query.toString(),
          start: secondsText(startMs),
          end: secondsText(endMs),
          step: secondsText(stepMs),
        },
        queryOptions,
      ),
    close: () => dispatcher.destroy(),
  };
}
