import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * Where a statement is hit: before it reaches ClickHouse, with half of its rows on their way, or after ClickHouse has done it and before
 * the answer is seen.
 */
export type Moment = 'before' | 'half-way' | 'after';

/** What is to happen to the next statement that matches. */
export interface Trap {
  readonly matches: (statement: string) => boolean;
  readonly moment: Moment;
  /** Called once; the statement goes no further. */
  readonly spring: () => Promise<void>;
}

/** A proxy in front of ClickHouse that can stop a statement at an exact moment. */
export interface ClickhouseProxy {
  readonly url: string;
  trap: Trap | undefined;
  close(): Promise<void>;
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Passes a request on; with `half`, only the first half of its body, and then the connection breaks. */
function passOn(
  target: string,
  request: IncomingMessage,
  body: Buffer,
  half: boolean,
): Promise<IncomingMessage | undefined> {
  return new Promise((resolve, reject) => {
    const { host: _host, 'content-length': _length, ...headers } = request.headers;
    const upstream = httpRequest(new URL(request.url ?? '/', target), { method: request.method ?? 'POST', headers });
    upstream.on('response', resolve);
    upstream.on('error', (error) => {
      if (half) resolve(undefined);
      else reject(error);
    });
    if (!half) {
      upstream.end(body);
      return;
    }
    upstream.write(body.subarray(0, body.length / 2), () => {
      upstream.destroy();
      resolve(undefined);
    });
  });
}

/** Starts one on a free port of 127.0.0.1. */
export async function startClickhouseProxy(target: string): Promise<ClickhouseProxy> {
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await readBody(request);
    const statement = `${new URL(request.url ?? '/', target).searchParams.get('query') ?? ''} ${body.toString('utf8', 0, 2_000)}`;
    const { trap } = proxy;
    const isHit = trap?.matches(statement) === true;
    if (isHit) proxy.trap = undefined;
    if (isHit && trap.moment === 'before') return trap.spring();
    const answer = await passOn(target, request, body, isHit && trap.moment === 'half-way');
    if (answer === undefined) return trap?.spring();
    if (isHit) {
      answer.resume();
      return trap.spring();
    }
    response.writeHead(answer.statusCode ?? 500, answer.headers);
    answer.pipe(response);
  };
  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy: ClickhouseProxy = {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    trap: undefined,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
  return proxy;
}
