import { connectClickhouse, migrate, type ClickhouseClient } from '@cloudtuner/clickhouse';
import {
  createEndpointPolicy,
  createKubecostClients,
  endpointRules,
  type KubecostClients,
} from '@cloudtuner/kubecost-client';
import {
  createSampleCluster,
  randomDatabase,
  randomPrefix,
  sharedServers,
  startKubecostServer,
  type KubecostServer,
  type SampleCluster,
} from '@cloudtuner/test-kit';
import { z } from 'zod';
import { createExtractStore } from '../adapters/clickhouse/extract-store';
import { createKubecostStore } from '../adapters/clickhouse/kubecost-store';
import { createDocumentReader } from '../adapters/kubecost/document-reader';
import { createRedisLocks, type RedisLocks } from '../adapters/redis/redis-locks';
import type { ExtractAccountPorts } from '../usecases/extract-account';
import { untilConnected } from './worker-store';

/** A Kubecost whose truth is known, real stores, and the ports of extraction between them. */
export interface ExtractWorld {
  readonly kubecost: KubecostServer;
  readonly cluster: SampleCluster;
  readonly clickhouse: ClickhouseClient;
  readonly locks: RedisLocks;
  /** The clock of everything; unix milliseconds. */
  nowMs: number;
  /** What was observed of windows since the last look: `allocation stored`, … */
  outcomes(): string[];
  readonly ports: ExtractAccountPorts;
  close(): Promise<void>;
}

const tag = { surface: 'test', route: 'extract' };
const dayMs = 86_400_000;

async function closeAll(world: Pick<ExtractWorld, 'clickhouse' | 'locks' | 'kubecost'>, clients: KubecostClients) {
  const { clickhouse, locks, kubecost } = world;
  await clients.close();
  await kubecost.stop();
  await clickhouse.server().command({ sql: `DROP DATABASE ${clickhouse.database}`, tag, tenant: 'none' });
  await clickhouse.close();
  locks.close();
}

/** Starts one. Merges are off, so that every row that was ever written can be counted. */
export async function startExtractWorld(
  product: 'kubecost' | 'opencost' = 'kubecost',
  nowMs = Math.floor(Date.now() / 3_600_000) * 3_600_000 + 5_000,
  /** A second cluster that the Kubecost knows, and which one the account names. */
  federation?: { readonly otherClusterId: string; readonly clusterId?: string },
): Promise<ExtractWorld> {
  const servers = sharedServers();
  const [server, redisUrl] = await Promise.all([servers.clickhouse(), servers.redisUrl()]);
  const clickhouse = connectClickhouse({ ...server, database: randomDatabase() });
  await migrate(clickhouse);
  for (const table of ['kubecost_documents', 'kubecost_extracts'])
    await clickhouse.command({ sql: `SYSTEM STOP MERGES ${table}`, tag, tenant: 'none' });
  const locks = createRedisLocks({ redisUrl, prefix: randomPrefix(), ttlMs: 5_000 });
  await untilConnected(locks);
  const startMs = Math.floor(nowMs / dayMs) * dayMs - 4 * dayMs;
  const cluster = createSampleCluster({ seed: 7, name: 'Shop', clusterId: 'shop', profile: 'shop', startMs });
  const other = federation?.otherClusterId;
  const otherClusters =
    other === undefined
      ? []
      : [createSampleCluster({ seed: 8, name: other, clusterId: other, profile: 'shop', startMs })];
  const kubecost = await startKubecostServer({ cluster, otherClusters, product, nowMs: () => world.nowMs });
  const clients = createKubecostClients({
    policy: createEndpointPolicy({ allow: endpointRules('127.0.0.1=*'), deny: [] }),
    maxAttempts: 1,
    breakerFailures: 1_000,
    timeoutMs: 5_000,
    rateLimit: { perMinute: 60_000, burst: 1_000 },
  });
  const log = { info: () => undefined, warn: () => undefined };
  const now = (): number => world.nowMs;
  const named = federation?.clusterId === undefined ? {} : { clusterId: federation.clusterId };
  const endpoint = { endpoint: kubecost.url, ...named, schedules: {}, configuredAt: new Date(0) };
  let observed: string[] = [];
  const world: ExtractWorld = {
    ...{ kubecost, cluster, clickhouse, locks, nowMs },
    outcomes() {
      const seen = observed;
      observed = [];
      return seen;
    },
    ports: {
      ...{ locks, now, log, lookbackHours: 4 },
      inTurn: (_signal, work) => work(),
      reader: createDocumentReader(clients),
      store: createExtractStore(clickhouse),
      figures: createKubecostStore(clickhouse),
      accounts: {
        find: (id) =>
          Promise.resolve({
            ...{
              id,
              organizationId: 'o',
              clusterResourceId: 'c',
              createdAt: new Date(0),
              lastReadAt: null,
              allocationLabelKeys: [],
            },
            kubecost: endpoint,
          }),
      },
      observe: ({ kind }, outcome) => {
        observed.push(`${kind} ${outcome}`);
      },
    },
    close: () => closeAll(world, clients),
  };
  return world;
}

/**
 * Every physical row of an account, as text. With `comparable`, without the account and the moment of the reading, and what differs by
 * nothing else as one row.
 */
export async function storedExtracts(
  client: ClickhouseClient,
  account: string,
  { comparable = false } = {},
): Promise<string[]> {
  const texts: string[] = [];
  for (const [table, own] of [
    ['kubecost_documents', ['cloud_account_id']],
    ['kubecost_extracts', ['cloud_account_id', 'read_at_ms']],
  ] as const) {
    const columns = comparable ? `DISTINCT * EXCEPT (${own.join(', ')})` : '*';
    const from = comparable && table === 'kubecost_extracts' ? `${table} FINAL` : table;
    const rows = await client.query({
      sql: `SELECT * FROM (SELECT ${columns} FROM ${from} WHERE cloud_account_id = {account:UUID}) ORDER BY ALL`,
      params: { account },
      schema: z.unknown(),
      tag,
      tenant: account,
    });
    texts.push(...rows.map((row) => `${table} ${JSON.stringify(row)}`));
  }
  return texts;
}
