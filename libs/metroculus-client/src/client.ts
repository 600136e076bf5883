import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import axios, { isAxiosError } from 'axios';
import { failureOf } from './answer-error';
import { readAssetsStream, type KubecostAssets } from './assets-stream';
import {
  clusterCostsSchema,
  kubecostMetricsSchema,
  kubecostSavingsSchema,
  metroculusPaths,
  secretHeader,
  type ClusterCosts,
  type KubecostMetrics,
  type KubecostSavings,
} from './contract';

/** A window of one account: `[startSeconds, endSeconds)`, unix seconds. */
export interface AccountWindow {
  readonly cloudAccountId: string;
  readonly startSeconds: number;
  readonly endSeconds: number;
  /** Cancels the call and its retries. */
  readonly signal?: AbortSignal;
}

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

/**
 * Calls metroculus.
 *
 * Every call throws AppError: `metroculus-unavailable`, `metroculus-timeout`, `metroculus-rejected`, or the limit that was
 * exceeded, `range-too-long`, `too-many-points`, `metrics-query-too-large`.
 */
export interface MetroculusClient {
  getKubecostMetrics(
    window: AccountWindow & { readonly metrics?: readonly string[]; readonly stepSeconds?: number },
  ): Promise<KubecostMetrics>;
  getKubecostClusterCosts(window: AccountWindow): Promise<ClusterCosts>;
  getKubecostSavings(window: AccountWindow): Promise<KubecostSavings>;
  /**
   * All assets of one hour, or of the part of it that has passed. The start is aligned to the hour.
   *
   * @throws AppError `metroculus-incomplete-stream` when the stream was cut.
   */
  getKubecostAssets(window: AccountWindow): Promise<KubecostAssets>;
  /** Resolves when the service is ready to answer. */
  ping(): Promise<void>;
  /** Closes idle connections. */
  close(): void;
}

const defaultTimeoutMs = 60_000;
const defaultMaxAttempts = 3;
const firstBackoffMs = 200;
const maxBackoffMs = 5_000;
const maxAnswerBytes = 256 * 1024 * 1024;

type Parameters = Readonly<Record<string, string | number>>;

interface Call<T> {
  readonly path: string;
  readonly parameters: Parameters;
  readonly signal: AbortSignal | undefined;
  readonly read: (body: string) => T;
}

/** Half of the time at random, so that callers that failed together do not come back together. */
function backoffMs(attempt: number, retryAfterMs: number | undefined): number {
  const fullMs = Math.min(Math.max(firstBackoffMs * 2 ** (attempt - 1), retryAfterMs ?? 0), maxBackoffMs);
  return fullMs / 2 + (Math.random() * fullMs) / 2;
}

interface Caller {
  readonly call: <T>(call: Call<T>) => Promise<T>;
  readonly close: () => void;
}

/** Sends a call until it is answered or its attempts are used up. */
function createCaller(options: MetroculusClientOptions): Caller {
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

  const once = async <T>({ path, parameters, signal, read }: Call<T>): Promise<T> => {
    const requestId = options.requestId?.();
    const limit = AbortSignal.timeout(timeoutMs);
    try {
      const { data } = await http.get<string>(path, {
        params: parameters,
        signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
        ...(requestId === undefined ? {} : { headers: { 'X-Request-Id': requestId } }),
      });
      return read(data);
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

function windowParameters({ cloudAccountId, startSeconds, endSeconds }: AccountWindow): Parameters {
  return { cloud_account_id: cloudAccountId, start_date: startSeconds, end_date: endSeconds };
}

const json =
  <T>(schema: { readonly parse: (input: unknown) => T }) =>
  (body: string): T =>
    schema.parse(JSON.parse(body));

/** A client of metroculus. It connects when it is first used. */
export function createMetroculusClient(options: MetroculusClientOptions): MetroculusClient {
  const { call, close } = createCaller(options);
  const get = <T>(path: string, window: AccountWindow, read: (body: string) => T, more: Parameters = {}): Promise<T> =>
    call({ path, parameters: { ...windowParameters(window), ...more }, signal: window.signal, read });

  return {
    getKubecostMetrics: (window) =>
      get(metroculusPaths.metrics, window, json(kubecostMetricsSchema), {
        ...(window.metrics === undefined ? {} : { metrics: window.metrics.join(',') }),
        ...(window.stepSeconds === undefined ? {} : { step: window.stepSeconds }),
      }),
    getKubecostClusterCosts: (window) => get(metroculusPaths.clusterCosts, window, json(clusterCostsSchema)),
    getKubecostSavings: (window) => get(metroculusPaths.savings, window, json(kubecostSavingsSchema)),
    getKubecostAssets: (window) => get(metroculusPaths.assets, window, readAssetsStream),
    ping: () => call({ path: '/readyz', parameters: {}, signal: undefined, read: () => undefined }),
    close,
  };
}
