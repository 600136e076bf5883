import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AppError } from '@cloudtuner/errors';
import type { Request, RequestHandler, Response } from 'express';
import type { z } from 'zod';
import type { Logger } from '../logger';
import { invalidRequest } from './errors';
import { isKnownVersion } from './etag';
import type { AuthenticationRequest, Route } from './route';

interface RouteHandlerOptions<Principal> {
  readonly logger: Logger;
  authenticate(request: AuthenticationRequest): Promise<Principal>;
}

/** What is found out about a request on its way. */
export interface Exchange<Principal> {
  principal: Principal | undefined;
  code: string | undefined;
  readonly facts: Map<string, unknown>;
}

/** The one exchange of an answer. */
export function exchangeOf<Principal>(response: Response): Exchange<Principal> {
  const locals: { exchange?: Exchange<Principal> } = response.locals;
  locals.exchange ??= { principal: undefined, code: undefined, facts: new Map() };
  return locals.exchange;
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

const maxResponseListeners = 25;

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
  // The pipeline, compression and our own observers all listen for its close, which is more than Node takes for sane.
  response.setMaxListeners(maxResponseListeners);
  await pipeline(Readable.from(all(), { objectMode: true }), response);
}

function sendJson(
  request: Request,
  response: Response,
  body: unknown,
  answer: { status: number; final: boolean },
): void {
  response.status(answer.status).type('application/json');
  const text = JSON.stringify(body);
  if (answer.final) {
    // Weak, as a compressed answer has other bytes.
    const etag = `W/"${createHash('sha256').update(text).digest('base64url')}"`;
    response.setHeader('ETag', etag);
    response.setHeader('Cache-Control', 'private, no-cache');
    if (isKnownVersion(request.headers['if-none-match'], etag)) {
      response.status(304).end();
      return;
    }
  }
  response.send(text);
}

/** Answers the requests of a route: who asks, parsed input, the handler, its checked output. */
export function routeHandler<Principal>(
  route: Route<Principal>,
  options: RouteHandlerOptions<Principal>,
): RequestHandler {
  return async (request, response) => {
    const abort = new AbortController();
    response.once('close', () => {
      if (!response.writableFinished) abort.abort(new AppError('request-aborted', 'The client has gone.'));
    });
    const { logger } = options;
    const remoteAddress = request.socket.remoteAddress ?? '';
    const { method, path, headers } = request;
    const exchange = exchangeOf<Principal>(response);
    const principal = await options.authenticate({ method, path, headers, access: route.access, remoteAddress });
    exchange.principal = principal;
    if (route.body !== undefined) requireJsonBody(request);
    const input = {
      params: parsed('path', route.params, request.params),
      query: parsed('query', route.query, request.query),
      body: parsed('body', route.body, request.body),
      upload: route.upload ? request : undefined,
      principal,
      signal: abort.signal,
      logger,
      remoteAddress,
      setHeader: (name: string, text: string): void => {
        response.setHeader(name, text);
      },
      facts: exchange.facts,
    };
    if (route.answer.form === 'stream') {
      await sendStream(response, route.answer.contentType, await route.answer.handle(input));
      return;
    }
    const body: unknown = route.answer.schema.parse(await route.answer.handle(input));
    if (body === undefined) response.status(route.status).end();
    else sendJson(request, response, body, { status: route.status, final: route.revalidates(body) });
  };
}
