import { AppError } from '@cloudtuner/errors';
import type { TlsOptions } from '@cloudtuner/service-kit';
import { errors, Pool, type Dispatcher } from 'undici';
import type { MetricsStore, StoreAnswer } from '../ports';

export interface HttpMetricsStoreOptions {
  readonly writeUrl: string;
  /** Header that names the account to the store; undefined for a store without tenants. */
  readonly tenantHeader: string | undefined;
  readonly timeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly maxConnections: number;
  readonly tls: TlsOptions | undefined;
  /** Told the status of every answer, or `timeout` or `connection`, with the time it took. */
  readonly onAnswer: (status: string, durationSeconds: number) => void;
}

const maxTextBytes = 2_048;

/** The beginning of a text; the rest is thrown away with the connection. */
async function readBeginning(body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= maxTextBytes) break;
  }
  return Buffer.concat(chunks).subarray(0, maxTextBytes).toString('utf8');
}

function isTimeout(error: unknown): boolean {
  return (
    error instanceof errors.HeadersTimeoutError ||
    error instanceof errors.BodyTimeoutError ||
    (error instanceof DOMException && error.name === 'TimeoutError')
  );
}

/** A Remote Write 1.0 receiver over HTTP. */
export function createHttpMetricsStore(options: HttpMetricsStoreOptions): MetricsStore {
  const { tenantHeader, timeoutMs, connectTimeoutMs, maxConnections, tls, onAnswer } = options;
  const url = new URL(options.writeUrl);
  const path = `${url.pathname}${url.search}`;
  const pool = new Pool(url.origin, {
    connections: maxConnections,
    pipelining: 1,
    connect: { timeout: connectTimeoutMs, ...tls },
  });
  // Made here from nothing of the client's: headers such as THANOS-TENANT or THANOS-REPLICA would change what the store
  // does, and its Content-Length alone can make a receiver reserve that much memory.
  const baseHeaders = {
    'content-type': 'application/x-protobuf',
    'content-encoding': 'snappy',
    'x-prometheus-remote-write-version': '0.1.0',
    'user-agent': 'cloudtuner-diproxy',
  };

  const post = async (accountId: string, body: Uint8Array): Promise<StoreAnswer> => {
    const response = await pool.request({
      path,
      method: 'POST',
      headers: tenantHeader === undefined ? baseHeaders : { ...baseHeaders, [tenantHeader]: accountId },
      body,
      // Covers connecting, waiting for a connection, and the answer with its text.
      signal: AbortSignal.timeout(timeoutMs),
    });
    const status = response.statusCode;
    const retryAfter = response.headers['retry-after'];
    const text = await readBeginning(response.body);
    return {
      status,
      text: status < 300 ? '' : text,
      retryAfter: typeof retryAfter === 'string' ? retryAfter : undefined,
    };
  };

  return {
    async write(accountId, body) {
      const startedMs = performance.now();
      const done = (status: string): void => {
        onAnswer(status, (performance.now() - startedMs) / 1000);
      };
      try {
        const answer = await post(accountId, body);
        done(String(answer.status));
        return answer;
      } catch (cause) {
        if (isTimeout(cause)) {
          done('timeout');
          throw new AppError(
            'metrics-store-timeout',
            'The metrics store did not answer in time; send the same again.',
            {
              cause,
            },
          );
        }
        done('connection');
        throw new AppError('metrics-store-unavailable', 'The metrics store cannot be reached; send the same again.', {
          cause,
        });
      }
    },
    async ping() {
      // Receivers take POST only; any answer shows that one is there.
      const signal = AbortSignal.timeout(connectTimeoutMs);
      const { statusCode, body } = await pool.request({ path, method: 'GET', signal });
      await body.dump();
      if (statusCode >= 500 && statusCode !== 501) throw new Error(`the store answered ${String(statusCode)}`);
    },
    close: () => pool.close(),
  };
}
