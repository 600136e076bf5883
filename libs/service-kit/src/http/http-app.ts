import { performance } from 'node:perf_hooks';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AppError } from '@cloudtuner/errors';
import express, { type Express, type NextFunction, type Request, type RequestHandler, type Response } from 'express';
import { Histogram, type Registry } from 'prom-client';
import type { z } from 'zod';
import type { Health } from '../health';
import type { Logger } from '../logger';
import { currentRequestId, runWithRequestId } from '../request-context';
import { fromExpress, invalidRequest, sendProblem, type ErrorLocals } from './errors';
import { answerHealth } from './health-routes';
import { requestIdFrom, requestIdHeader } from './request-id';
import type { AuthenticationRequest, Route } from './route';

export interface HttpAppOptions<Principal> {
  readonly logger: Logger;
  readonly registry: Registry;
  readonly health: Health;
  readonly routes: readonly Route<Principal>[];
  /** Called for every route, before its input is parsed. @throws AppError unauthenticated or forbidden. */
  authenticate(request: AuthenticationRequest): Promise<Principal>;
  readonly maxBodyBytes?: number;
}

function contextMiddleware(): RequestHandler {
  return (request, response, next) => {
    const requestId = requestIdFrom(request.headers['x-request-id']);
    response.setHeader(requestIdHeader, requestId);
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('Cache-Control', 'no-store');
    runWithRequestId(requestId, next);
  };
}

function accessLogMiddleware(logger: Logger, registry: Registry): RequestHandler {
  const duration = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from the first byte of a request to the last of its answer, by route pattern.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers: [registry],
  });
  return (request, response, next) => {
    const startMs = performance.now();
    const requestId = currentRequestId();
    response.once('close', () => {
      const seconds = (performance.now() - startMs) / 1000;
      const locals: { route?: string } = response.locals;
      const route = locals.route ?? 'none';
      duration.observe({ method: request.method, route, status: String(response.statusCode) }, seconds);
      // The store of the request's context is gone when the socket closes, so the id is given here.
      logger.info(
        {
          request_id: requestId,
          method: request.method,
          path: request.path,
          status: response.statusCode,
          duration_ms: Math.round(seconds * 1000),
          complete: response.writableFinished,
        },
        'request',
      );
    });
    next();
  };
}

function parsed(place: 'path' | 'query' | 'body', schema: z.ZodType | undefined, input: unknown): unknown {
  if (schema === undefined) return undefined;
  const result = schema.safeParse(input);
  if (!result.success) throw invalidRequest(place, result.error);
  return result.data;
}

function requireJsonBody(request: Request): void {
  if (request.is('application/json') === false) {
    throw new AppError('unsupported-media-type', 'The body must be sent as application/json.');
  }
}

async function sendStream(
  response: Response,
  contentType: string,
  chunks: AsyncIterable<string | Uint8Array>,
): Promise<void> {
  const iterator = chunks[Symbol.asyncIterator]();
  // The first chunk is made before the status is sent, so that an early error can still be told.
  const first = await iterator.next();
  response.status(200).type(contentType);
  async function* all(): AsyncGenerator<string | Uint8Array> {
    if (first.done === true) return;
    yield first.value;
    yield* { [Symbol.asyncIterator]: () => iterator };
  }
  await pipeline(Readable.from(all(), { objectMode: true }), response);
}

function routeHandler<Principal>(route: Route<Principal>, options: HttpAppOptions<Principal>): RequestHandler {
  return async (request, response) => {
    const abort = new AbortController();
    response.once('close', () => {
      if (!response.writableFinished) abort.abort(new AppError('request-aborted', 'The client has gone.'));
    });
    const { logger } = options;
    const remoteAddress = request.socket.remoteAddress ?? '';
    const { method, path, headers } = request;
    const principal = await options.authenticate({ method, path, headers, access: route.access, remoteAddress });
    if (route.body !== undefined) requireJsonBody(request);
    const input = {
      params: parsed('path', route.params, request.params),
      query: parsed('query', route.query, request.query),
      body: parsed('body', route.body, request.body),
      principal,
      signal: abort.signal,
      logger,
      remoteAddress,
    };
    if (route.answer.form === 'stream') {
      await sendStream(response, route.answer.contentType, await route.answer.handle(input));
      return;
    }
    const body: unknown = route.answer.schema.parse(await route.answer.handle(input));
    if (body === undefined) response.status(route.status).end();
    else response.status(route.status).json(body);
  };
}

function rememberRoute(path: string, errorBody?: ErrorLocals['errorBody']): RequestHandler {
  return (_request, response, next) => {
    const locals: { route?: string } & ErrorLocals = response.locals;
    locals.route = path;
    locals.errorBody = errorBody;
    next();
  };
}

function mountRoutes<Principal>(app: Express, options: HttpAppOptions<Principal>): void {
  const parseBody = express.json({ limit: options.maxBodyBytes ?? 256 * 1024, strict: false });
  for (const route of options.routes) {
    const remember = rememberRoute(route.path, route.errorBody);
    if (route.body === undefined) app[route.method](route.path, remember, routeHandler(route, options));
    else app[route.method](route.path, remember, parseBody, routeHandler(route, options));
  }
  for (const path of new Set(options.routes.map((route) => route.path))) {
    const allow = options.routes
      .filter((route) => route.path === path)
      .map((route) => route.method.toUpperCase())
      .join(', ');
    app.all(path, rememberRoute(path), (_request, response) => {
      response.setHeader('Allow', allow);
      throw new AppError('method-not-allowed', `This address takes ${allow}.`);
    });
  }
}

/**
 * The HTTP edge of a service: request id, access log and metrics by route, authentication, parsed input, checked
 * output, health, and every error as problem JSON (RFC 9457).
 */
export function createHttpApp<Principal>(options: HttpAppOptions<Principal>): Express {
  const { logger, registry, health } = options;
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  app.use((request, response, next) => {
    if (!answerHealth(request.path, health, response)) next();
  });
  app.use(contextMiddleware());
  app.use(accessLogMiddleware(logger, registry));
  mountRoutes(app, options);
  app.use(() => {
    throw new AppError('not-found', 'There is nothing at this address.');
  });
  // Express knows an error handler by its four parameters.
  app.use((error: unknown, request: Request, response: Response, _next: NextFunction) => {
    sendProblem(fromExpress(error), request, response, logger);
  });
  return app;
}
