import type { Registry } from 'prom-client';
import type { Health } from '../health';
import type { Logger } from '../logger';
import { answerHealth } from './health-routes';
import { createHttpServer, type HttpServer } from './http-server';

/** Serves `/metrics`, `/healthz` and `/readyz` on a port of its own, away from customers. */
export function createAdminServer(options: {
  host: string;
  port: number;
  registry: Registry;
  health: Health;
  logger: Logger;
}): HttpServer {
  const { registry, health, logger } = options;
  return createHttpServer({
    name: 'admin',
    host: options.host,
    port: options.port,
    logger,
    drainMs: 1_000,
    handler: (request, response) => {
      const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
      if (answerHealth(path, health, response)) return;
      if (path !== '/metrics') {
        response.writeHead(404).end();
        return;
      }
      registry.metrics().then(
        (text) => response.writeHead(200, { 'Content-Type': registry.contentType }).end(text),
        (error: unknown) => {
          logger.error({ err: error }, 'could not collect metrics');
          response.writeHead(500).end();
        },
      );
    },
  });
}
