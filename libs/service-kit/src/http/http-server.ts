import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import type { ServerTlsOptions } from '../config/shared-fields';
import type { LifecyclePart } from '../lifecycle';
import type { Logger } from '../logger';

/** A listening server that drains on stop. */
export interface HttpServer extends LifecyclePart {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Still takes requests, but tells every client to close its connection after the answer; the first half of a stop. */
  drain(): void;
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
  /** With it the server speaks HTTPS. */
  readonly tls?: ServerTlsOptions | undefined;
  /**
   * True: the handler answers `Expect: 100-continue` itself, by `response.writeContinue()` when it wants the body, so
   * that a request that is refused never sends one. Otherwise every body is invited at once.
   */
  readonly invitesBodies?: boolean;
  readonly serverOptions?: http.ServerOptions;
}

const maxHeaderBytes = 16 * 1024;
const headersTimeoutMs = 10_000;
const requestTimeoutMs = 60_000;
// Longer than the idle timeout of usual load balancers (60 s), so that the balancer closes first.
const keepAliveTimeoutMs = 65_000;

function createServer(options: HttpServerOptions, listener: http.RequestListener): http.Server {
  const { tls, invitesBodies = false, serverOptions } = options;
  const settings = {
    maxHeaderSize: maxHeaderBytes,
    headersTimeout: headersTimeoutMs,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    ...serverOptions,
  };
  const server =
    tls === undefined ? http.createServer(settings, listener) : https.createServer({ ...settings, ...tls }, listener);
  if (invitesBodies) server.on('checkContinue', listener);
  return server;
}

/** An HTTP/1.1 server. On stop it refuses new connections, tells clients to close, waits for those in flight, then cuts the rest. */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  const { name, host, handler, logger, drainMs = 10_000 } = options;
  const responses = new Set<http.ServerResponse>();
  let stopping = false;
  let port = options.port;

  const listener: http.RequestListener = (request, response) => {
    if (stopping) response.setHeader('Connection', 'close');
    responses.add(response);
    response.once('close', () => responses.delete(response));
    handler(request, response);
  };
  const server = createServer(options, listener);
  const drain = (): void => {
    stopping = true;
    for (const response of responses) {
      if (!response.headersSent) response.setHeader('Connection', 'close');
    }
  };

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
    drain,
    async stop() {
      drain();
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
