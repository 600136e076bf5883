import cluster from 'node:cluster';
import http from 'node:http';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { ServerTlsOptions } from '../config/shared-fields';
import { answerFault } from './client-fault';
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
  /**
   * True: a connection whose request does not arrive in time is closed without an answer, not with 408. For clients that
   * give up what they have on any 4xx, and send it again when a connection breaks.
   */
  readonly closesLateSilently?: boolean;
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

// What Node answers by itself; listening for these errors takes its place.
const statusOfFault: ReadonlyMap<string | undefined, string> = new Map([
  ['HPE_HEADER_OVERFLOW', '431 Request Header Fields Too Large'],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', '413 Payload Too Large'],
]);

/** Ends a connection whose request cannot be read; one that is only late without a word. */
function endFaulty(error: NodeJS.ErrnoException, socket: Duplex, isAnswered: boolean): void {
  if (error.code !== 'ERR_HTTP_REQUEST_TIMEOUT' && socket.writable && !isAnswered) {
    const status = statusOfFault.get(error.code) ?? '400 Bad Request';
    socket.write(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
  }
  socket.destroy(error);
}

// As long as clients keep a connection that they do not use, most often.
const lingerMs = 5_000;

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
  if (options.closesLateSilently === true) {
    server.on('clientError', (error, socket) => {
      const isAnswered = [...responses].some((response) => response.socket === socket && response.headersSent);
      endFaulty(error, socket, isAnswered);
    });
  } else {
    server.on('clientError', (error, socket) => {
      const isAnswered = [...responses].some((response) => response.socket === socket);
      if (isAnswered) socket.destroy(error);
      else answerFault(error, socket);
    });
  }
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
        // Ends the listening alone; an http.Server would also close what is idle.
        net.Server.prototype.close.call(server, () => {
          resolve();
        });
      });
      // A request may be on its way over a kept connection. Where another process listens on, it costs nothing to wait for it.
      if (cluster.isWorker) await Promise.race([closed, delay(lingerMs)]);
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
