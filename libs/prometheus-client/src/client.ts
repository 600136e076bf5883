import { isAppError } from '@cloudtuner/errors';
import { Agent, request, type Dispatcher } from 'undici';
import type { QueryResult } from './answer';
import { AnswerDecoder } from './answer-decoder';
import { labelName } from './escape';
import type { InstantVector, RangeVector, Scalar } from './expression';
import { decodeLabelValues } from './label-values';
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
  /**
   * The values that a label has in the series that the selector matches and that may have samples between two moments (`endMs` null: from
   * the first on): the store looks into its index only, which knows of blocks of hours, so there can be values from before and after.
   *
   * @throws AppError as `instantQuery`.
   */
  labelValues(
    label: string,
    selected: InstantVector,
    range: { readonly startMs: number; readonly endMs: number | null },
    options?: QueryOptions,
  ): Promise<readonly string[]>;
  close(): Promise<void>;
}

const defaultTimeoutMs = 30_000;
const defaultMaxResponseBytes = 64 * 1024 * 1024;
const connectTimeoutMs = 5_000;
const maxErrorBytes = 64 * 1024;

const secondsText = (timestampMs: number): string => (timestampMs / 1000).toFixed(3);

type Body = Dispatcher.ResponseData['body'];

async function* limitedTo(maxBytes: number, body: Body): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of body) {
    const part = chunk as Buffer;
    bytes += part.length;
    // Leaving the loop destroys the stream, and the connection with it.
    if (bytes > maxBytes) throw tooLarge(`more than ${String(maxBytes)} bytes`);
    yield part;
  }
}

async function readText(body: Body, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of limitedTo(maxBytes, body)) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

async function readAnswer(body: Body, maxBytes: number): Promise<QueryResult> {
  const decoder = new AnswerDecoder();
  for await (const chunk of limitedTo(maxBytes, body)) decoder.push(chunk);
  return decoder.end();
}

async function readLabelValues(body: Body, maxBytes: number): Promise<readonly string[]> {
  const text = await readText(body, maxBytes);
  try {
    return decodeLabelValues(JSON.parse(text));
  } catch (error) {
    throw isAppError(error) ? error : unreachable(error);
  }
}

/** One question to the store. */
interface Question<T> {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly read: (body: Body, maxBytes: number) => Promise<T>;
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

  const send = async <T>({ method, path, parameters, read }: Question<T>, signal: AbortSignal): Promise<T> => {
    const form = new URLSearchParams(parameters).toString();
    const { statusCode, body } = await request(`${base}${path}${method === 'GET' ? `?${form}` : ''}`, {
      method,
      dispatcher,
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
      ...(method === 'GET' ? {} : { body: form }),
      signal,
    });
    if (statusCode !== 200) throw errorOfAnswer(statusCode, await readText(body, maxErrorBytes));
    return read(body, maxResponseBytes);
  };

  const ask = async <T>(question: Question<T>, { signal }: QueryOptions): Promise<T> => {
    signal?.throwIfAborted();
    const limit = AbortSignal.timeout(timeoutMs);
    const common = { timeout: `${String(timeoutMs)}ms`, partial_response: 'false', dedup: 'true' };
    const parameters = { ...question.parameters, ...common };
    try {
      return await send({ ...question, parameters }, signal === undefined ? limit : AbortSignal.any([signal, limit]));
    } catch (error) {
      signal?.throwIfAborted();
      if (isAppError(error)) throw error;
      throw limit.aborted ? timedOut(timeoutMs, error) : unreachable(error);
    }
  };

  const query = (path: string, parameters: Question<QueryResult>['parameters'], queryOptions: QueryOptions) =>
    ask({ method: 'POST', path, parameters, read: readAnswer }, queryOptions);

  return {
    instantQuery: (expression, atMs, queryOptions = {}) =>
      query('/api/v1/query', { query: expression.toString(), time: secondsText(atMs) }, queryOptions),
    rangeQuery: (expression, { startMs, endMs, stepMs }, queryOptions = {}) =>
      query(
        '/api/v1/query_range',
        {
          query: expression.toString(),
          start: secondsText(startMs),
          end: secondsText(endMs),
          step: secondsText(stepMs),
        },
        queryOptions,
      ),
    labelValues: (label, selected, { startMs, endMs }, queryOptions = {}) =>
      ask(
        {
          method: 'GET',
          path: `/api/v1/label/${labelName(label)}/values`,
          parameters: {
            'match[]': selected.toString(),
            start: secondsText(startMs),
            ...(endMs === null ? {} : { end: secondsText(endMs) }),
          },
          read: readLabelValues,
        },
        queryOptions,
      ),
    close: () => dispatcher.destroy(),
  };
}
