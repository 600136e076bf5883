import { join } from 'node:path';
import { z } from 'zod';
import { answersOk, fetchJson } from './http-probe';
import type { LocalServer, StartOptions } from './local-server';
import { startManaged, type ManagedServer } from './managed-server';
import { outOfOrderWindow } from './prometheus-config';
import { readServers, requireServer, type Servers } from './servers-file';

export interface ThanosOptions {
  readonly servers?: Servers;
  /** Default: a temporary folder that `stop()` removes. */
  readonly dataDir?: string;
  /** Receive's remote write port. 0 or absent: a free one. */
  readonly writePort?: number;
  /** Query's HTTP port. 0 or absent: a free one. */
  readonly queryPort?: number;
  readonly startDeadlineMs?: number;
}

/** Thanos Receive and Query, controlled together or each alone. */
export interface ThanosServer extends Pick<LocalServer, 'name' | 'stop' | 'kill' | 'pause' | 'resume' | 'restart'> {
  readonly receive: LocalServer;
  readonly query: LocalServer;
  /** Remote write; the tenant is in the header `Cloud-Account-Id`. */
  readonly writeUrl: string;
  /** The base of the query API. */
  readonly queryUrl: string;
  /** `host:port` of each part's own `/metrics`. */
  readonly metricsTargets: readonly string[];
}

const tenantHeader = 'Cloud-Account-Id';
const retention = '30d';
const grace = ['--http-grace-period=1s', '--grpc-grace-period=1s'];

/**
 * Starts Thanos Receive, and Query over it. A tenant's series are visible some seconds after its first write: Query asks
 * Receive every 5 s which tenants it has.
 */
export async function startThanos(options: ThanosOptions = {}): Promise<ThanosServer> {
  const servers = options.servers ?? readServers();
  const receive = await startReceive(servers, options);
  let query: ManagedServer<QueryPort>;
  try {
    query = await startQuery(servers, options, receive);
  } catch (error) {
    await receive.stop();
    throw error;
  }
  const both = [query, receive];
  const inOrder = async (act: (server: LocalServer) => Promise<void>): Promise<void> => {
    for (const server of both) await act(server);
  };
  return {
    name: 'thanos',
    receive,
    query,
    writeUrl: `http://127.0.0.1:${receive.ports.write}/api/v1/receive`,
    queryUrl: query.url,
    metricsTargets: [`127.0.0.1:${receive.ports.http}`, `127.0.0.1:${query.ports.http}`],
    stop: () => inOrder((server) => server.stop()),
    kill: (signal) => inOrder((server) => server.kill(signal)),
    pause: () => inOrder((server) => server.pause()),
    resume: () => inOrder((server) => server.resume()),
    async restart() {
      await receive.restart();
      await query.restart();
    },
  };
}

type ReceivePort = 'write' | 'http' | 'grpc' | 'capnproto' | 'queryHttp' | 'queryGrpc';
type QueryPort = 'http' | 'grpc';

function startReceive(servers: Servers, options: ThanosOptions): Promise<ManagedServer<ReceivePort>> {
  return startManaged<ReceivePort>({
    name: 'thanos-receive',
    program: requireServer(servers, 'thanos'),
    // A container of Query shares the network of Receive's, which therefore publishes the ports of both.
    ports: {
      write: options.writePort ?? 0,
      http: 0,
      grpc: 0,
      capnproto: 0,
      queryHttp: options.queryPort ?? 0,
      queryGrpc: 0,
    },
    mainPort: 'write',
    args: ({ ports, dataDir, listenHost }) => [
      'receive',
      ...['--log.level=warn', ...grace],
      `--remote-write.address=${listenHost}:${ports.write}`,
      `--http-address=${listenHost}:${ports.http}`,
      `--grpc-address=${listenHost}:${ports.grpc}`,
      `--receive.capnproto-address=${listenHost}:${ports.capnproto}`,
      `--tsdb.path=${join(dataDir, 'tsdb')}`,
      `--tsdb.retention=${retention}`,
      `--tsdb.out-of-order.time-window=${outOfOrderWindow}`,
      '--tsdb.too-far-in-future.time-window=10m',
      `--receive.tenant-header=${tenantHeader}`,
      '--receive.tenant-label-name=tenant_id',
      // diproxy always names the tenant; what comes without one must be easy to see.
      '--receive.default-tenant-id=no-tenant',
      '--label=receive_replica="0"',
    ],
    url: ({ write }) => `http://127.0.0.1:${write}`,
    isReady: ({ ports }) => answersOk(`http://127.0.0.1:${ports.http}/-/ready`),
    options: startOptions(options, 'receive'),
  });
}

function startQuery(
  servers: Servers,
  options: ThanosOptions,
  receive: ManagedServer<ReceivePort>,
): Promise<ManagedServer<QueryPort>> {
  const { queryHttp, queryGrpc, grpc } = receive.ports;
  return startManaged<QueryPort>({
    name: 'thanos-query',
    program: requireServer(servers, 'thanos'),
    ports: { http: queryHttp, grpc: queryGrpc },
    mainPort: 'http',
    ...(receive.container ? { network: { kind: 'container', name: receive.container } } : {}),
    args: ({ ports, listenHost }) => [
      'query',
      ...['--log.level=warn', ...grace],
      `--http-address=${listenHost}:${ports.http}`,
      `--grpc-address=${listenHost}:${ports.grpc}`,
      `--endpoint=127.0.0.1:${grpc}`,
      '--query.replica-label=receive_replica',
    ],
    url: ({ http }) => `http://127.0.0.1:${http}`,
    isReady: ({ ports }) => seesReceive(ports.http),
    options: startOptions(options, 'query'),
  });
}

function startOptions({ dataDir, startDeadlineMs }: ThanosOptions, part: string): StartOptions {
  return {
    ...(dataDir === undefined ? {} : { dataDir: join(dataDir, part) }),
    ...(startDeadlineMs === undefined ? {} : { startDeadlineMs }),
  };
}

const storesAnswer = z.object({
  data: z.object({ receive: z.array(z.object({ lastError: z.unknown() })).optional() }),
});

/** Query is of use when it has met Receive. */
async function seesReceive(queryHttpPort: number): Promise<boolean> {
  const answer = storesAnswer.parse(await fetchJson(`http://127.0.0.1:${queryHttpPort}/api/v1/stores`));
  return (answer.data.receive ?? []).some((store) => store.lastError === null);
}
