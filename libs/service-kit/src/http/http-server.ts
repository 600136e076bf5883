import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { LifecyclePart } from '../lifecycle';
import type { Logger } from '../logger';

/** A listening server that drains on stop. */
export interface HttpServer extends LifecyclePart {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** The port it listens on; known after start. */
  readonly port: number;
}

export interface HttpServerOptions {
  /** Names the server in logs. */
  readonly name: string;
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly handler: http.RequestListener;
  readonly logger: Logger;
  /** How long requests in flight may take on stop before their connections are cut, in milliseconds. */
  readonly drainMs?: number;
  readonly serverOptions?: http.ServerOptions;
}

const maxHeaderBytes = 16 * 1024;
const headersTimeoutMs = 10_000;
const requestTimeoutMs = 60_000;
// Longer than the idle timeout of usual load balancers (60 s), so that the balancer closes first.
const keepAliveTimeoutMs = 65_000;

/** An HTTP/1.1 server. On stop it refuses new connections, tells clients to close, waits for those in flight, then cuts the rest. */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  const { name, host, handler, logger, drainMs = 10_000 } = options;
  const responses = new Set<http.ServerResponse>();
  let stopping = false;
  let port = options.port;

  const server = http.createServer(
    {
      maxHeaderSize: maxHeaderBytes,
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      keepAliveTimeout: keepAliveTimeoutMs,
      ...options.serverOptions,
    },
    (request, response) => {
      if (stopping) response.setHeader('Connection', 'close');
      responses.add(response);
      response.once('close', () => responses.delete(response));
      handler(request, response);
    },
  );

  return {
    name,
    get port() {
      return port;
    },
    async start() {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(options.port, host, () => {
          server.off('error', reject);
          resolve();
        });
      });
      port = (server.address() as AddressInfo).port;
      logger.info({ server: name, port }, 'listening');
    },
    async stop() {
      stopping = true;
      for (const response of responses) {
        if (!response.headersSent) response.setHeader('Connection', 'close');
      }
      const closed = new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      });
      server.closeIdleConnections();
      const cut = setTimeout(() => {
        logger.warn({ server: name, in_flight: responses.size }, 'cutting the connections that did not drain');
        server.closeAllConnections();
      }, drainMs);
      await closed;
      clearTimeout(cut);
    },
  };
}
