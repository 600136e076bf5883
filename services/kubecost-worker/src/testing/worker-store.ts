import { connectClickhouse, migrate, type ClickhouseClient } from '@cloudtuner/clickhouse';
import { createRedisLocks, type RedisLocks } from '../adapters/redis/redis-locks';
import { createDayStore } from '../adapters/clickhouse/day-store';
import { createHourStore } from '../adapters/clickhouse/hour-store';
import type { HourReader, Log } from '../ports';
import type { StoreDayPorts } from '../usecases/store-day';
import type { StoreHourPorts } from '../usecases/store-hour';
import { sampleHour } from './sample-hours';
import { workerTables } from './stored-rows';

/** Where the servers of a test are. */
export interface ServerAddresses {
  readonly clickhouse: { readonly url: string; readonly username: string; readonly password: string };
  readonly redisUrl: string;
  readonly database: string;
  readonly prefix: string;
}

/** The use cases' ports on real servers, and a source of samples that can be changed. */
export interface WorkerStore {
  readonly clickhouse: ClickhouseClient;
  readonly locks: RedisLocks;
  readonly reader: HourReader & { revision: number };
  readonly hours: StoreHourPorts;
  readonly days: StoreDayPorts;
  /** Of every account. */
  readonly labels: { keys: readonly string[] };
  close(): Promise<void>;
}

const silent: Log = { info: () => undefined, warn: () => undefined };
/** `resource_id` of every account's cluster. */
export const clusterResourceId = 'cluster-1';

/** Opens them; merges are off, so that every row that was ever written can be counted. */
export async function openWorkerStore({
  clickhouse: server,
  redisUrl,
  database,
  prefix,
}: ServerAddresses): Promise<WorkerStore> {
  const clickhouse = connectClickhouse({ ...server, database });
  await migrate(clickhouse);
  for (const table of workerTables) {
    await clickhouse.command({
      sql: `SYSTEM STOP MERGES ${table}`,
      tag: { surface: 'test', route: 'set-up' },
      tenant: 'none',
    });
  }
  const locks = createRedisLocks({ redisUrl, prefix, ttlMs: 5_000 });
  await untilConnected(locks);
  const reader = {
    revision: 1,
    readHour: (_account: string, hour: number) => Promise.resolve(sampleHour(hour, reader.revision)),
  };
  const labels = { keys: [] as readonly string[] };
  const shared = { locks, now: Date.now, log: silent };
  const account = (id: string) => ({
    ...{ id, organizationId: 'o', clusterResourceId, createdAt: new Date(0), lastReadAt: null },
    allocationLabelKeys: labels.keys,
  });
  return {
    clickhouse,
    locks,
    reader,
    labels,
    hours: { ...shared, reader, store: createHourStore(clickhouse) },
    days: {
      ...shared,
      accounts: { list: () => Promise.resolve([]), find: (id) => Promise.resolve(id === '' ? null : account(id)) },
      store: createDayStore(clickhouse),
    },
    async close() {
      await clickhouse
        .server()
        .command({ sql: `DROP DATABASE ${database}`, tag: { surface: 'test', route: 'tear-down' }, tenant: 'none' });
      await clickhouse.close();
      locks.close();
    },
  };
}

/** Locks fail at once while Redis is not there. */
export async function untilConnected(locks: RedisLocks): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      await locks.ping();
      return;
    } catch (error) {
      if (attempt > 200) throw error;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
}
