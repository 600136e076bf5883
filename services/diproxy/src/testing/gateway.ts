import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { join } from 'node:path';
import { compressSnappy, encodeWriteRequest, type TimeSeries, type WriteRequest } from '@cloudtuner/remote-write';
import { connectMetadata, type WriteLimitOverrides } from '@cloudtuner/metadata';
import { createHealth, createLogger, createRegistry, type App, type AppContext } from '@cloudtuner/service-kit';
import { config, type Config } from '../config';

/** A gateway in this process, with what a test looks at. */
export interface TestGateway {
  readonly url: string;
  readonly port: number;
  readonly logLines: readonly Readonly<Record<string, unknown>>[];
  metricsText(): Promise<string>;
  stop(): Promise<void>;
}

/** The composition root, as a test passes it in. */
type CreateApp = (
  config: Config,
  context: AppContext & { readonly checkThreadFile: string },
) => App & { readonly port: number };

/** Starts a gateway on a free port; `environment` adds to and overrides what it needs. */
export async function startGateway(
  createApp: CreateApp,
  environment: Readonly<Record<string, string>>,
  checkThreadFile = join(__dirname, '../../dist/check-main.js'),
): Promise<TestGateway> {
  const logLines: Record<string, unknown>[] = [];
  const write = (line: string): void => {
    logLines.push(JSON.parse(line) as Record<string, unknown>);
  };
  const registry = createRegistry('diproxy');
  const health = createHealth();
  // Threads run what was built, so only tests about threads have some.
  const app = createApp(config.parse({ HOST: '127.0.0.1', PORT: '0', WORKER_THREADS: '0', ...environment }), {
    checkThreadFile,
    logger: createLogger({ service: 'diproxy', level: 'info', destination: { write } }),
    registry,
    health,
  });
  await app.start();
  health.setAccepting(true);
  return {
    url: `http://127.0.0.1:${String(app.port)}`,
    port: app.port,
    logLines,
    metricsText: () => registry.metrics(),
    stop: () => app.stop(),
  };
}

/** A cloud account and the credentials that were shown once. */
export interface TestAccount {
  readonly id: string;
  readonly password: string;
}

/** What tests do to accounts behind the gateway's back. */
export function openAccounts(mongodbUrl: string, database: string) {
  const metadata = connectMetadata({ url: mongodbUrl, database, appName: 'diproxy-test' });
  const organizationId = randomUUID();
  return {
    async create(type: 'kubernetes_cnr' | 'aws_cnr' = 'kubernetes_cnr'): Promise<TestAccount> {
      const name = `account ${randomUUID()}`;
      const { account, password } = await metadata.cloudAccounts.create(organizationId, {
        type,
        name,
        region: null,
        owner: null,
      });
      return { id: account.id, password };
    },
    remove: (account: TestAccount) => metadata.cloudAccounts.remove(organizationId, account.id),
    rotate: (account: TestAccount, overlapSeconds: number) =>
      metadata.cloudAccounts.rotateCredentials(organizationId, account.id, { overlapSeconds }),
    limit: (account: TestAccount, limits: WriteLimitOverrides) =>
      metadata.cloudAccounts.setWriteLimits(organizationId, account.id, limits),
    close: () => metadata.close(),
  };
}

export function basic({ id, password }: TestAccount): string {
  return `Basic ${Buffer.from(`${id}:${password}`).toString('base64')}`;
}

/** The headers of a proper write. */
export function headersOf(account: TestAccount): Record<string, string> {
  return {
    'cloud-account-id': account.id,
    authorization: basic(account),
    'content-type': 'application/x-protobuf',
    'content-encoding': 'snappy',
    'x-prometheus-remote-write-version': '0.1.0',
  };
}

/** A series with one sample of now. */
export function seriesOf(labels: Readonly<Record<string, string>>, timestampMs = Date.now(), value = 1): TimeSeries {
  const pairs = Object.entries(labels).map(([name, text]) => ({ name, value: text }));
  return { labels: pairs, samples: [{ value, timestampMs }] };
}

export function bodyOf(request: WriteRequest): Buffer {
  return compressSnappy(encodeWriteRequest(request));
}

/** A body with one good series. */
export function validBody(): Buffer {
  return bodyOf({ timeseries: [seriesOf({ __name__: 'up', job: 'test' })] });
}

/** What the gateway answered. */
export interface Reply {
  readonly status: number;
  readonly code: string | null;
  readonly retryAfter: string | null;
  readonly text: string;
  readonly headers: Headers;
}

export async function post(
  gateway: Pick<TestGateway, 'url'>,
  request: {
    path?: string;
    headers: Readonly<Record<string, string>>;
    body: Uint8Array;
    /** Breaks it off. */
    signal?: AbortSignal | undefined;
  },
): Promise<Reply> {
  const response = await fetch(`${gateway.url}${request.path ?? '/storage/api/v2/write'}`, {
    method: 'POST',
    headers: request.headers,
    body: Buffer.from(request.body),
    signal: request.signal ?? null,
  });
  return {
    status: response.status,
    code: response.headers.get('x-error-code'),
    retryAfter: response.headers.get('retry-after'),
    text: await response.text(),
    headers: response.headers,
  };
}

/** Sends bytes as they are and returns all that came back until the other side closed, or `quietMs` after the start. */
export function exchangeRaw(port: number, bytes: Buffer | string, quietMs = 5_000): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    const timer = setTimeout(() => socket.destroy(), quietMs);
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(Buffer.concat(chunks).toString('latin1'));
    });
  });
}
