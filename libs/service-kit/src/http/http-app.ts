import { performance } from 'node:perf_hooks';
import { AppError } from '@cloudtuner/errors';
import compression from 'compression';
import express, { type Express, type NextFunction, type Request, type RequestHandler, type Response } from 'express';
import { Histogram, type Registry } from 'prom-client';
import type { Health } from '../health';
import type { Logger } from '../logger';
import { currentRequestId, runWithRequestId } from '../request-context';
import { fromExpress, sendProblem, type ErrorLocals } from './errors';
import { answerHealth } from './health-routes';
import { requestIdFrom, requestIdHeader } from './request-id';
import type { Answered, AuthenticationRequest, Route } from './route';
import { exchangeOf, routeHandler } from './route-handler';
import { serveAsset, type StaticAsset } from './static-asset';

export interface HttpAppOptions<Principal> {
  readonly logger: Logger;
  readonly registry: Registry;
  readonly health: Health;
  readonly routes: readonly Route<Principal>[];
  /** Called for every route, before its input is parsed. @throws AppError unauthenticated or forbidden. */
  authenticate(request: AuthenticationRequest): Promise<Principal>;
  readonly maxBodyBytes?: number;
  /** Files that anybody may read, such as a page of documentation. */
  readonly assets?: readonly StaticAsset[];
  /** True: answers are compressed for clients that take it. */
  readonly compress?: boolean;
  /** Told of every request that met a route, after its answer. */
  readonly onAnswer?: (answered: Answered<Principal>) => void;
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

function answerObserver<Principal>(
  route: Route<Principal>,
  onAnswer: (answered: Answered<Principal>) => void,
): RequestHandler {
  return (request, response, next) => {
    const exchange = exchangeOf<Principal>(response);
    const remoteAddress = request.socket.remoteAddress ?? '';
    const requestId = currentRequestId() ?? '';
    response.once('close', () => {
      const { principal, facts, code } = exchange;
      const { params, query } = request;
      const { statusCode: status, writableFinished: complete } = response;
      onAnswer({ route, principal, params, query, status, code, complete, remoteAddress, requestId, facts });
    });
    next();
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
    const handlers = [
      rememberRoute(route.path, route.errorBody),
      ...(options.onAnswer === undefined ? [] : [answerObserver(route, options.onAnswer)]),
      ...(route.body === undefined ? [] : [parseBody]),
    ];
    app[route.method](route.path, ...handlers, routeHandler(route, options));
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
  if (options.compress === true) app.use(compression());
  for (const asset of options.assets ?? []) app.get(asset.path, rememberRoute(asset.path), serveAsset(asset));
  mountRoutes(app, options);
  app.use(() => {
    throw new AppError('not-found', 'There is nothing at this address.');
  });
  // Express knows an error handler by its four parameters.
  app.use((error: unknown, request: Request, response: Response, _next: NextFunction) => {
    const problem = fromExpress(error);
    exchangeOf(response).code = problem.code;
    sendProblem(problem, request, response, logger);
  });
  return app;
}
