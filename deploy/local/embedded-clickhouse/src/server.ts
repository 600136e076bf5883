import { readFileSync, statSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Engine, type EngineLimits } from './engine';
import { QueryHandler } from './query-handler';
import type { Credentials } from './query-request';
import { QueryRunner } from './query-runner';
import { QuerySlots, type SlotLimits } from './query-slots';
import { ResultPipes } from './result-pipe';

/** How to serve a data folder. */
export interface EmbeddedClickhouseOptions {
  /** Data folder; made when it is not there. */
  readonly path: string;
  readonly host: string;
  /** Port to listen on; 0 takes a free one. */
  readonly port: number;
  readonly credentials: Credentials;
  readonly engine: EngineLimits;
  readonly slots: SlotLimits;
  /** How long running queries may take to end when the server stops, in milliseconds. */
  readonly stopDeadlineMs: number;
}

/** A data folder that is being served. */
export interface EmbeddedClickhouse {
  readonly port: number;
  /**
   * Stops taking requests, lets running queries end, stops those that do not in time, and closes the folder.
   *
   * @returns whether the folder could be closed; if not, a query would not stop
   */
  stop(): Promise<boolean>;
}

// Longer statements come in the body; parameters may make a URL long.
const MAX_HEAD_BYTES = 1024 * 1024;
const KEEP_ALIVE_MS = 30_000;
const ANSWER_DEADLINE_MS = 1_000;
const KILL_DEADLINE_MS = 5_000;
const POLL_MS = 50;

/** The process that has a folder open, as far as it can be seen; asking the engine would make it complain on its own. */
function ownerOf(path: string): string | undefined {
  try {
    const status = join(path, 'status');
    const inode = String(statSync(status).ino);
    const isLocked = readFileSync('/proc/locks', 'utf8')
      .split('\n')
      .some((line) => line.includes(`:${inode} `));
    return isLocked ? (/PID: (\d+)/.exec(readFileSync(status, 'utf8'))?.[1] ?? 'another process') : undefined;
  } catch {
    return undefined;
  }
}

function openEngine(path: string, limits: EngineLimits): Engine {
  const owner = ownerOf(path);
  if (owner !== undefined) throw new Error(`The folder ${path} is in use by process ${owner}`);
  try {
    return new Engine(path, limits);
  } catch (cause) {
    throw new Error(`Cannot open the folder ${path}`, { cause });
  }
}

async function listen(server: Server, host: string, port: number): Promise<number> {
  await new Promise<void>((done, failed) => {
    server.once('error', failed);
    server.listen(port, host, () => {
      server.off('error', failed);
      done();
    });
  });
  return (server.address() as AddressInfo).port;
}

function answerText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    'Content-Type': 'text/plain; charset=UTF-8',
    'Content-Length': Buffer.byteLength(text),
  });
  response.end(text);
}

function urlOf(request: IncomingMessage): URL | undefined {
  try {
    return new URL(request.url ?? '/', 'http://localhost');
  } catch {
    return undefined;
  }
}

/** Which of the paths of ClickHouse's HTTP interface a request is for. */
function route(handler: QueryHandler, request: IncomingMessage, response: ServerResponse): void {
  const url = urlOf(request);
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  const isQuery = url?.pathname === '/' || url?.pathname === '/query';
  if (url !== undefined && isQuery && (request.method === 'POST' || (isRead && url.searchParams.has('query')))) {
    void handler.handle(request, response, url);
    return;
  }
  request.resume();
  if (url === undefined) answerText(response, 400, 'The URL cannot be parsed\n');
  else if (isRead && ['/', '/ping', '/replicas_status'].includes(url.pathname)) answerText(response, 200, 'Ok.\n');
  else if (!isQuery) answerText(response, 404, `There is no handle ${url.pathname}\n`);
  else answerText(response.setHeader('Allow', 'GET, HEAD, POST'), 405, 'Method is not supported\n');
}

async function until(condition: () => boolean, deadlineMs: number): Promise<boolean> {
  const deadline = Date.now() + deadlineMs;
  while (!condition()) {
    if (Date.now() >= deadline) return false;
    await delay(POLL_MS);
  }
  return true;
}

/**
 * Opens a data folder and serves it.
 *
 * @param options - folder, address, bounds
 * @throws when the folder is in use or cannot be opened, or the port is taken
 */
export async function startEmbeddedClickhouse(options: EmbeddedClickhouseOptions): Promise<EmbeddedClickhouse> {
  const path = resolve(options.path);
  await mkdir(path, { recursive: true });
  const engine = openEngine(path, options.engine);
  const spoolFolder = join(path, 'http');
  // What an earlier process has left when it was killed.
  await rm(spoolFolder, { recursive: true, force: true });
  await mkdir(spoolFolder, { mode: 0o700 });
  let files = 0;
  const nextPath = (kind: string) => (): string => join(spoolFolder, `${kind}-${String((files += 1))}`);
  const runner = new QueryRunner({
    engine,
    slots: new QuerySlots(options.slots),
    pipes: new ResultPipes(spoolFolder),
    resultPath: nextPath('held'),
  });
  const version = await engine.version();
  const handler = new QueryHandler({ runner, credentials: options.credentials, version, rowsPath: nextPath('rows') });
  const serverOptions = {
    maxHeaderSize: MAX_HEAD_BYTES,
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestTimeout: 0,
    noDelay: true,
  };
  let stopping = false;
  const server = createServer(serverOptions, (request, response) => {
    if (stopping) request.destroy();
    else route(handler, request, response);
  });
  const port = await listen(server, options.host, options.port).catch(async (error: unknown) => {
    await engine.close();
    throw error;
  });

  const stop = async (): Promise<boolean> => {
    stopping = true;
    const closed = new Promise<void>((done) => server.close(() => done()));
    const isIdle = (): boolean => handler.active === 0;
    if (!(await until(isIdle, options.stopDeadlineMs))) {
      await runner.killAll();
      // Time for the answers that say so; then uploads that never end are cut, and what still runs is killed again.
      if (!(await until(isIdle, ANSWER_DEADLINE_MS))) server.closeAllConnections();
      if (!(await until(isIdle, KILL_DEADLINE_MS))) return false;
    }
    server.closeAllConnections();
    await closed;
    await engine.close();
    return true;
  };
  return { port, stop };
}
