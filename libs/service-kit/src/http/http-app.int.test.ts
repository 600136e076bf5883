import { request as httpRequest } from 'node:http';
import { Writable } from 'node:stream';
import { AppError } from '@cloudtuner/errors';
import { z } from 'zod';
import {
  createHealth,
  createHttpApp,
  createHttpServer,
  createLogger,
  currentRequestId,
  Registry,
  routesFor,
  type HttpServer,
} from '../index';

interface Caller {
  readonly name: string;
}

const { defineRoute, defineStreamRoute } = routesFor<Caller | undefined>();

const logLines: string[] = [];
const logger = createLogger({
  service: 'test',
  level: 'info',
  destination: new Writable({
    write(chunk: Buffer, _encoding, done) {
      logLines.push(chunk.toString());
      done();
    },
  }),
});
const health = createHealth();

let releaseSlow: () => void = () => undefined;

const routes = [
  defineRoute({
    method: 'get',
    path: '/things/:id',
    operationId: 'getThing',
    summary: 'A thing.',
    access: 'read',
    params: z.strictObject({ id: z.uuid() }),
    query: z.strictObject({ limit: z.coerce.number().int().max(10).default(5) }),
    response: z.object({ id: z.string(), limit: z.number(), caller: z.string(), request_id: z.string().optional() }),
    handler: ({ params, query, principal }) => ({
      id: params.id,
      limit: query.limit,
      caller: principal?.name ?? '',
      request_id: currentRequestId(),
      hash: 'never declared, never sent',
    }),
  }),
  defineRoute({
    method: 'post',
    path: '/things',
    operationId: 'createThing',
    summary: 'Makes a thing.',
    access: 'write',
    status: 201,
    body: z.strictObject({ name: z.string().min(1) }),
    response: z.object({ name: z.string() }),
    handler: ({ body }) => body,
  }),
  defineRoute({
    method: 'get',
    path: '/broken',
    operationId: 'broken',
    summary: 'Fails.',
    access: 'public',
    response: z.object({}),
    handler: () => {
      throw new Error('password=hunter2 at 10.0.0.1');
    },
  }),
  defineRoute({
    method: 'get',
    path: '/wrong-shape',
    operationId: 'wrongShape',
    summary: 'Answers against its schema.',
    access: 'public',
    response: z.object({ count: z.number() }),
    handler: () => ({ count: Number.NaN }),
  }),
  defineStreamRoute({
    method: 'get',
    path: '/stream',
    operationId: 'stream',
    summary: 'Streams lines, then fails if asked.',
    access: 'public',
    contentType: 'application/x-ndjson',
    query: z.strictObject({ fail: z.enum(['early', 'late']).optional() }),
    async *handler({ query }) {
      if (query.fail === 'early') throw new AppError('not-found', 'No lines.');
      yield '{"line":1}\n';
      await Promise.resolve();
      if (query.fail === 'late') throw new Error('broke in mid-stream');
      yield '{"line":2}\n';
    },
  }),
  defineRoute({
    method: 'get',
    path: '/slow',
    operationId: 'slow',
    summary: 'Answers when it is released.',
    access: 'public',
    response: z.object({ done: z.boolean() }),
    handler: async () => {
      await new Promise<void>((resolve) => {
        releaseSlow = resolve;
      });
      return { done: true };
    },
  }),
];

function createServer(): HttpServer {
  const app = createHttpApp<Caller | undefined>({
    logger,
    registry: new Registry(),
    health,
    routes,
    authenticate: ({ headers, access }) => {
      if (access === 'public') return Promise.resolve(undefined);
      if (headers.authorization === 'Bearer good') return Promise.resolve({ name: 'ada' });
      return Promise.reject(new AppError('unauthenticated', 'A token is needed.'));
    },
  });
  return createHttpServer({ name: 'http', host: '127.0.0.1', port: 0, handler: app, logger, drainMs: 5_000 });
}

let server: HttpServer;
beforeAll(async () => {
  server = createServer();
  await server.start();
});
afterAll(() => server.stop());

const url = (path: string): string => `http://127.0.0.1:${String(server.port)}${path}`;
const thingId = '5f0c9a60-6ad5-4c1c-9a61-0d1c6dd9e0a1';
const authorized = { authorization: 'Bearer good' };

async function problem(
  path: string,
  init: RequestInit = {},
): Promise<{ status: number; body: Record<string, unknown>; headers: Headers }> {
  const response = await fetch(url(path), init);
  expect(response.headers.get('content-type')).toContain('application/problem+json');
  return {
    status: response.status,
    body: (await response.json()) as Record<string, unknown>,
    headers: response.headers,
  };
}

describe('createHttpApp', () => {
  it('gives the handler parsed input and the caller, and sends only what the response schema declares', async () => {
    const response = await fetch(url(`/things/${thingId}?limit=7`), {
      headers: { ...authorized, 'X-Request-Id': 'trace-1' },
    });

    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ id: thingId, limit: 7, caller: 'ada', request_id: 'trace-1' });
    expect(response.headers.get('x-request-id')).toBe('trace-1');
  });

  it('replaces a request id that could forge a log line', async () => {
    const response = await fetch(url('/healthz-not'), { headers: { 'X-Request-Id': 'a b{"level":"fatal"}' } });
    expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('asks for credentials before it looks at the input', async () => {
    const { status, body, headers } = await problem('/things/not-a-uuid?limit=x');
    expect([status, body['code']]).toEqual([401, 'unauthenticated']);
    expect(headers.get('www-authenticate')).toBe('Bearer');
  });

  it.each([
    ['a path parameter of another form', '/things/x', {}, 400, 'invalid-request'],
    ['a query parameter over its bound', `/things/${thingId}?limit=11`, {}, 400, 'invalid-request'],
    ['an unknown query parameter', `/things/${thingId}?limt=1`, {}, 400, 'invalid-request'],
    ['a query parameter given twice', `/things/${thingId}?limit=1&limit=2`, {}, 400, 'invalid-request'],
    ['a path that cannot be decoded', '/things/%E0%A4%A', {}, 400, 'invalid-request'],
    ['an unknown path', '/nothing', {}, 404, 'not-found'],
    ['a method that the path does not take', '/things', { method: 'DELETE' }, 405, 'method-not-allowed'],
    [
      'a body that is not JSON',
      '/things',
      { method: 'POST', body: '{', headers: { 'content-type': 'application/json' } },
      400,
      'malformed-json',
    ],
    [
      'a body of another type',
      '/things',
      { method: 'POST', body: 'name=x', headers: { 'content-type': 'text/plain' } },
      415,
      'unsupported-media-type',
    ],
    [
      'a body without a field',
      '/things',
      { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } },
      400,
      'invalid-request',
    ],
    [
      'a body with an unknown field',
      '/things',
      { method: 'POST', body: '{"name":"x","admin":true}', headers: { 'content-type': 'application/json' } },
      400,
      'invalid-request',
    ],
    [
      'a body over the limit',
      '/things',
      {
        method: 'POST',
        body: JSON.stringify({ name: 'x'.repeat(300_000) }),
        headers: { 'content-type': 'application/json' },
      },
      413,
      'body-too-large',
    ],
  ])(
    'answers %s with problem JSON',
    async (...[, path, init, status, code]: readonly [string, string, RequestInit, number, string]) => {
      const answer = await problem(path, {
        ...init,
        headers: { ...authorized, ...(init.headers as Record<string, string>) },
      });
      expect([answer.status, answer.body['code']]).toEqual([status, code]);
      expect(answer.body['status']).toBe(status);
      if (status === 405) expect(answer.headers.get('allow')).toBe('POST');
    },
  );

  it('keeps an unexpected error to the log', async () => {
    const { status, body } = await problem('/broken');
    expect([status, body['code']]).toEqual([500, 'internal-error']);
    expect(JSON.stringify(body)).not.toMatch(/hunter2|10\.0\.0\.1|at /);
    expect(logLines.join('')).toContain('10.0.0.1');
  });

  it('answers 500 rather than a body that breaks its own schema', async () => {
    expect((await problem('/wrong-shape')).body['code']).toBe('internal-error');
  });

  it('streams, tells an early error as a problem and cuts the connection on a late one', async () => {
    expect(await (await fetch(url('/stream'))).text()).toBe('{"line":1}\n{"line":2}\n');
    expect((await problem('/stream?fail=early')).body['code']).toBe('not-found');
    await expect(fetch(url('/stream?fail=late')).then((response) => response.text())).rejects.toThrow();
  });

  it('answers health without credentials', async () => {
    health.setAccepting(true);
    expect(await (await fetch(url('/healthz'))).json()).toEqual({ status: 'ok' });
    expect((await fetch(url('/readyz'))).status).toBe(200);
    health.setAccepting(false);
    expect((await fetch(url('/readyz'))).status).toBe(503);
  });
});

describe('createHttpServer', () => {
  it('lets a request in flight finish on stop, tells its client to close and refuses new connections', async () => {
    const draining = createServer();
    await draining.start();
    const base = `http://127.0.0.1:${String(draining.port)}`;
    const answer = new Promise<{ connection: string | undefined; text: string }>((resolve, reject) => {
      httpRequest(`${base}/slow`, (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => {
          text += chunk.toString();
        });
        response.on('end', () => {
          resolve({ connection: response.headers.connection, text });
        });
      })
        .on('error', reject)
        .end();
    });
    const previous = releaseSlow;
    while (releaseSlow === previous) await new Promise((resolve) => setImmediate(resolve));

    const stopped = draining.stop();
    await expect(fetch(`${base}/healthz`)).rejects.toThrow();
    releaseSlow();

    expect(await answer).toEqual({ connection: 'close', text: '{"done":true}' });
    await stopped;
  });

  const invitations = async (invitesBodies: boolean, path: string): Promise<string[]> => {
    const server = createHttpServer({
      name: 'inviting',
      host: '127.0.0.1',
      port: 0,
      logger,
      invitesBodies,
      handler: (request, response) => {
        if (request.url === '/wanted' && invitesBodies) response.writeContinue();
        if (request.url === '/refused') response.writeHead(403).end();
        else request.resume().on('end', () => response.writeHead(200).end());
      },
    });
    await server.start();
    const seen = await new Promise<string[]>((resolve, reject) => {
      const events: string[] = [];
      const request = httpRequest(`http://127.0.0.1:${String(server.port)}${path}`, {
        method: 'POST',
        headers: { Expect: '100-continue', 'Content-Length': '2' },
      });
      request.on('continue', () => {
        events.push('continue');
        request.end('ok');
      });
      request.on('response', (response) => {
        events.push(String(response.statusCode));
        response.resume();
        request.destroy();
        resolve(events);
      });
      request.on('error', reject);
      request.flushHeaders();
    });
    await server.stop();
    return seen;
  };

  it('invites every body that asks, or leaves it to a handler that says so', async () => {
    expect(await invitations(false, '/refused')).toContain('continue');
    expect(await invitations(true, '/refused')).toEqual(['403']);
    expect(await invitations(true, '/wanted')).toEqual(['continue', '200']);
  });

  it('drains: takes requests still, and tells each client to close', async () => {
    const draining = createServer();
    await draining.start();
    const url = `http://127.0.0.1:${String(draining.port)}/healthz`;
    expect((await fetch(url)).headers.get('connection')).toBe('keep-alive');
    draining.drain();
    const response = await fetch(url);
    expect([response.status, response.headers.get('connection')]).toEqual([200, 'close']);
    await draining.stop();
  });
});
