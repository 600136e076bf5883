import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { expositionContentType, expositionText } from './exposition';
import type { SampleCluster } from './sample-cluster';

export interface ExporterOptions {
  readonly cluster: SampleCluster;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** 0 = any free port. */
  readonly port: number;
  /** Unix milliseconds; default the machine's clock. */
  readonly now?: () => number;
}

/** A running exporter. */
export interface Exporter {
  /** Address of the metrics. */
  readonly url: string;
  readonly port: number;
  /** Stops listening and closes every connection. */
  stop(): Promise<void>;
}

function answer(response: ServerResponse, status: number, body: { type: string; text: string; allow?: string }): void {
  response.writeHead(status, {
    'Content-Type': body.type,
    'Content-Length': Buffer.byteLength(body.text),
    ...(body.allow === undefined ? {} : { Allow: body.allow }),
  });
  response.end(body.text);
}

function handle(request: IncomingMessage, response: ServerResponse, metrics: () => string): void {
  const plain = (text: string): { type: string; text: string } => ({ type: 'text/plain; charset=utf-8', text });
  const [path] = (request.url ?? '/').split('?');
  if (path !== '/metrics') {
    answer(response, 404, plain('The metrics are at /metrics.\n'));
  } else if (request.method !== 'GET' && request.method !== 'HEAD') {
    answer(response, 405, { ...plain('Use GET.\n'), allow: 'GET, HEAD' });
  } else {
    answer(response, 200, { type: expositionContentType, text: metrics() });
  }
}

/** Serves a cluster's metrics of the current instant at `/metrics`. Rejects when the port is taken. */
export async function startExporter(options: ExporterOptions): Promise<Exporter> {
  const { cluster, host = '127.0.0.1', now = Date.now } = options;
  const server = createServer((request, response) => {
    handle(request, response, () => expositionText(cluster.seriesAt(now())));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, host, resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${String(port)}/metrics`,
    port,
    stop: () =>
      new Promise((resolve, reject) => {
        server.close((error) => {
          if (error) reject(error);
          else resolve();
        });
        server.closeAllConnections();
      }),
  };
}
