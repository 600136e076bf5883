import { AppError } from '@cloudtuner/errors';
import { compressSnappy } from '@cloudtuner/remote-write';
import type { TlsOptions } from '@cloudtuner/service-kit';
import { Pool, type Dispatcher } from 'undici';
import { protocolHeaders } from '../negotiate';
import type { KnownProtocol, MetricsStore, OutgoingWrite, StoreAnswer, WriteProtocol } from '../ports';
import { readWritten } from '../written';
import { exchange, ExchangeTimeoutError, GivenUpError, NotSentError, type ExchangeAnswer } from './http-exchange';

export interface HttpMetricsStoreOptions {
  readonly writeUrl: string;
  /** Header that names the account to the store; undefined for a store without tenants. */
  readonly tenantHeader: string | undefined;
  readonly timeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly maxConnections: number;
  readonly tls: TlsOptions | undefined;
  /** Told the status of every answer, or `timeout` or `connection`. */
  readonly onAnswer: (status: string) => void;
  /** Told of every second attempt. */
  readonly onRetry: () => void;
}

// A 2.0 request with the one symbol that every one has, and nothing else.
const emptyVersion2 = Buffer.from([0x22, 0x00]);
// A 1.0 store takes the body for an empty 1.0 request and says yes, or refuses the type or the body.
const answersOfVersion1: ReadonlySet<number> = new Set([400, 406, 415]);

/**
 * Sends once more when there was no connection, so that nothing can have been sent twice: a store that restarts behind
 * one name, or a balancer with one dead backend, costs nothing then.
 */
async function withOneRetry(run: (timeoutMs: number) => Promise<ExchangeAnswer>, options: HttpMetricsStoreOptions) {
  const startedMs = performance.now();
  try {
    return await run(options.timeoutMs);
  } catch (error) {
    const leftMs = options.timeoutMs - (performance.now() - startedMs);
    if (!(error instanceof NotSentError) || leftMs <= 0) throw error;
    options.onRetry();
    return run(leftMs);
  }
}

/** The error of a write that has no answer, and how it is counted. */
function failureOf(cause: unknown): { readonly status: string; readonly error: AppError } {
  if (cause instanceof GivenUpError) {
    return { status: 'given_up', error: new AppError('request-aborted', 'The client went away.', { cause }) };
  }
  if (cause instanceof ExchangeTimeoutError) {
    const text = 'The metrics store did not answer in time; send the same again.';
    return { status: 'timeout', error: new AppError('metrics-store-timeout', text, { cause }) };
  }
  const text = 'The metrics store cannot be reached; send the same again.';
  return { status: 'connection', error: new AppError('metrics-store-unavailable', text, { cause }) };
}

function protocolOf({ status, headers }: ExchangeAnswer): KnownProtocol {
  if (status >= 200 && status < 300) return readWritten(headers) === undefined ? '1' : '2';
  return answersOfVersion1.has(status) ? '1' : 'unknown';
}

function toStoreAnswer({ status, headers, text }: ExchangeAnswer): StoreAnswer {
  const retryAfter = headers['retry-after'];
  return { status, text: status < 300 ? '' : text, retryAfter, written: readWritten(headers) };
}

/** A Remote Write receiver over HTTP. */
export function createHttpMetricsStore(options: HttpMetricsStoreOptions): MetricsStore {
  const { tenantHeader, connectTimeoutMs, maxConnections, tls, onAnswer } = options;
  const url = new URL(options.writeUrl);
  const path = `${url.pathname}${url.search}`;
  const pool: Dispatcher = new Pool(url.origin, {
    connections: maxConnections,
    pipelining: 1,
    connect: { timeout: connectTimeoutMs, ...tls },
  });
  // Made here from nothing of the client's: headers such as THANOS-TENANT or THANOS-REPLICA would change what the store
  // does, and its Content-Length alone can make a receiver reserve that much memory.
  const headersOf = (protocol: WriteProtocol, accountId: string | undefined): Record<string, string> => ({
    ...protocolHeaders[protocol],
    'user-agent': 'cloudtuner-diproxy',
    ...(tenantHeader === undefined || accountId === undefined ? {} : { [tenantHeader]: accountId }),
  });
  const post = ({ accountId, body, protocol }: OutgoingWrite, giveUp: AbortSignal): Promise<ExchangeAnswer> => {
    const request = { path, method: 'POST', headers: headersOf(protocol, accountId), body } as const;
    return withOneRetry((timeoutMs) => exchange(pool, request, { timeoutMs, giveUp }), options);
  };

  return {
    async write(write, left) {
      try {
        const answer = await post(write, left);
        onAnswer(String(answer.status));
        return toStoreAnswer(answer);
      } catch (cause) {
        const { status, error } = failureOf(cause);
        onAnswer(status);
        throw error;
      }
    },
    async probe() {
      const body = compressSnappy(emptyVersion2);
      const request = { path, method: 'POST', headers: headersOf('2', undefined), body } as const;
      return protocolOf(await exchange(pool, request, { timeoutMs: connectTimeoutMs }));
    },
    async ping() {
      // Receivers take POST only; any answer shows that one is there.
      const request = { path, method: 'GET', headers: {}, body: null } as const;
      const { status } = await exchange(pool, request, { timeoutMs: connectTimeoutMs });
      if (status >= 500 && status !== 501) throw new Error(`the store answered ${String(status)}`);
    },
    close: () => pool.close(),
  };
}
