import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  readServers,
  startClickhouse,
  startInflux,
  startMongo,
  startPrometheus,
  startRedis,
  startThanos,
  type Servers,
} from '@cloudtuner/local-servers';

interface Started {
  /** What a test is told. */
  readonly address: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** Starts shared servers when they are first asked for, in the one process that outlives all test processes. */
export interface Broker {
  readonly url: string;
  stop(): Promise<void>;
}

export async function startBroker(): Promise<Broker> {
  const running = new Map<string, Promise<Started>>();
  const server = createServer((request, response) => {
    // A test asks seconds apart: a kept connection might end in the moment of its next question.
    response.setHeader('Connection', 'close');
    const name = (request.url ?? '/').slice(1);
    const starter = starters[name];
    if (!starter) {
      response.writeHead(404).end(`There is no shared server ${name}.`);
      return;
    }
    const started = running.get(name) ?? starter(readServers());
    running.set(name, started);
    started.then(
      ({ address }) => response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(address)),
      (error: unknown) => response.writeHead(500).end(error instanceof Error ? error.message : String(error)),
    );
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    async stop() {
      server.close();
      server.closeAllConnections();
      const started = await Promise.allSettled([...running.values()]);
      await Promise.all(started.flatMap((result) => (result.status === 'fulfilled' ? [result.value.stop()] : [])));
    },
  };
}

const starters: Readonly<Record<string, (servers: Servers) => Promise<Started>>> = {
  redis: async (servers) => {
    const server = await startRedis({ servers });
    return { address: { url: server.url }, stop: () => server.stop() };
  },
  mongodb: async (servers) => {
    const server = await startMongo({ servers });
    return { address: { url: server.url }, stop: () => server.stop() };
  },
  clickhouse: async (servers) => {
    const server = await startClickhouse({ servers });
    const { url, username, password } = server;
    return { address: { url, username, password }, stop: () => server.stop() };
  },
  influxdb: async (servers) => {
    const server = await startInflux({ servers });
    return { address: { url: server.url }, stop: () => server.stop() };
  },
  prometheus: async (servers) =>
    givenStore(servers, 'prometheus') ?? storeOf(await startPrometheus({ servers, storeReceiver: true })),
  thanos: async (servers) => givenStore(servers, 'thanos') ?? storeOf(await startThanos({ servers })),
};

/** A store that the environment names is used as it is. */
function givenStore({ store }: Servers, kind: 'prometheus' | 'thanos'): Started | undefined {
  if (store?.store !== kind) return undefined;
  const { writeUrl, queryUrl } = store;
  return { address: { writeUrl, queryUrl }, stop: () => Promise.resolve() };
}

function storeOf(server: { writeUrl: string; queryUrl: string; stop(): Promise<void> }): Started {
  const { writeUrl, queryUrl } = server;
  return { address: { writeUrl, queryUrl }, stop: () => server.stop() };
}
