import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { SampleCluster } from '@cloudtuner/sample-cluster';
import {
  answerAllocation,
  answerAssets,
  answerClusterInfo,
  answerKubecostOnly,
  answerUnknown,
  misbehaves,
  type Failure,
  type World,
} from './answers';
import type { Fault } from './faults';

export interface KubecostServerOptions {
  readonly cluster: SampleCluster;
  /** Of which it answers as well, as the primary of a federation does. Idle is that of the first alone. */
  readonly otherClusters?: readonly SampleCluster[];
  /** `kubecost` has the prefix `/model`, pages, budgets and savings; `opencost` has none of them. */
  readonly product: 'kubecost' | 'opencost';
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** 0 = any free port; kept over restarts. */
  readonly port?: number;
  /** Unix milliseconds; default the machine's clock. What is later has not happened yet. */
  readonly nowMs?: () => number;
}

/** A running server that can be told to fail. */
export interface KubecostServer {
  readonly url: string;
  /** What it was asked so far: path and query. */
  readonly requests: readonly string[];
  /** Misbehaves from now on, at the routes whose path holds the text; `none` ends it. */
  fail(fault: Fault, options?: { readonly at?: string; readonly slowMs?: number; readonly hugeBytes?: number }): void;
  /** From now on everything of the hour costs so many times what it did. */
  restate(hourStartMs: number, costFactor: number): void;
  /** Forgets an hour: it is answered without rows. */
  forget(hourStartMs: number): void;
  /** Forgets all that is before; 0 brings it back. */
  forgetBefore(timestampMs: number): void;
  /** Stops listening and cuts every connection. */
  stop(): Promise<void>;
  /** Listens again, at the same port. */
  start(): Promise<void>;
}

const noFailure: Failure = { fault: 'none', slowMs: 0, hugeBytes: 0 };

async function answer(
  world: World,
  request: IncomingMessage,
  response: ServerResponse,
  failureAt: (pathname: string) => Failure,
): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  const failure = failureAt(pathname);
  if (await misbehaves(failure, response)) return;
  const prefix = world.product === 'kubecost' ? '/model' : '';
  const isApi = pathname.startsWith(prefix);
  const path = isApi ? pathname.slice(prefix.length) : '';
  if (path === '/clusterInfo') answerClusterInfo(world, response);
  else if (path === '/allocation') await answerAllocation(world, searchParams, response, failure);
  else if (path === '/assets') await answerAssets(world, searchParams, response, failure);
  else if (world.product === 'opencost' || !answerKubecostOnly(path, response)) answerUnknown(world, !isApi, response);
}

/** A listener that can be stopped, its connections cut, and started again at the same port. */
async function createStoppable(
  listener: RequestListener,
  host: string,
  firstPort: number,
): Promise<{ readonly port: number; readonly start: () => Promise<void>; readonly stop: () => Promise<void> }> {
  let port = firstPort;
  let server: Server | undefined;
  const start = async (): Promise<void> => {
    const started = createServer(listener);
    await new Promise<void>((resolve, reject) => {
      started.once('error', reject);
      started.listen(port, host, resolve);
    });
    const address = started.address();
    if (typeof address === 'object' && address !== null) port = address.port;
    server = started;
  };
  const stop = async (): Promise<void> => {
    const stopping = server;
    server = undefined;
    if (stopping === undefined) return;
    const closed = new Promise((resolve) => stopping.close(resolve));
    stopping.closeAllConnections();
    await closed;
  };
  await start();
  return { port, start, stop };
}

/** Starts a server that answers from the book of a sample cluster. Rejects when the port is taken. */
export async function startKubecostServer(options: KubecostServerOptions): Promise<KubecostServer> {
  const { cluster, otherClusters = [], product, host = '127.0.0.1', nowMs = Date.now } = options;
  const requests: string[] = [];
  const costFactors = new Map<number, number>();
  const forgottenHours = new Set<number>();
  let keptFromMs = 0;
  const memory = { costFactors, forgottenHours, keptFromMs: () => keptFromMs };
  const world: World = { cluster, otherClusters, product, nowMs, ...memory };
  let failing: { readonly at: string; readonly failure: Failure } = { at: '', failure: noFailure };

  const listener: RequestListener = (request, response) => {
    requests.push(request.url ?? '/');
    const failureAt = (pathname: string): Failure => (pathname.includes(failing.at) ? failing.failure : noFailure);
    answer(world, request, response, failureAt).catch(() => response.destroy());
  };
  const { port, start, stop } = await createStoppable(listener, host, options.port ?? 0);
  return {
    url: `http://${host}:${String(port)}`,
    requests,
    fail(fault, { at = '', slowMs = 0, hugeBytes = 0 } = {}) {
      failing = { at, failure: { fault, slowMs, hugeBytes } };
    },
    restate: (hourStartMs, costFactor) => void costFactors.set(hourStartMs, costFactor),
    forget: (hourStartMs) => void forgottenHours.add(hourStartMs),
    forgetBefore(timestampMs) {
      keptFromMs = timestampMs;
    },
    start,
    stop,
  };
}
