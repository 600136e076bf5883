import { connectClickhouse, type ClickhouseClient } from '@cloudtuner/clickhouse';
import { connectMetadata, type Metadata } from '@cloudtuner/metadata';
import {
  randomDatabase,
  randomPrefix,
  sharedServers,
  startService,
  type ClickhouseServer,
  type LocalService,
} from '@cloudtuner/test-kit';
import type { ClickhouseProxy, Moment } from './clickhouse-proxy';
import { startFakeMetroculus, type FakeMetroculus } from './fake-metroculus';
import { workerEnvironment } from './worker-process';

/** A worker in a process of its own, a source of samples that can be changed, and the real servers between them. */
export interface WorkerWorld {
  readonly worker: LocalService;
  readonly metroculus: FakeMetroculus;
  readonly clickhouse: ClickhouseClient;
  readonly metadata: Metadata;
  /** Where the worker's queues are. */
  readonly queues: { readonly redisUrl: string; readonly prefix: string };
  /** The value of a metric of the worker with these labels in its text; undefined: it has none. */
  metric(name: string, labels?: string): Promise<number | undefined>;
  close(): Promise<void>;
}

interface WorldOptions {
  /** Settings beside, or other than, those of {@link workerEnvironment}. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Other than the shared one, when it is to be killed. */
  readonly server?: Pick<ClickhouseServer, 'url' | 'username' | 'password'>;
  /** Where the worker finds ClickHouse, when something is between them. */
  readonly clickhouseUrl?: string;
}

const tag = { surface: 'test', route: 'tear-down' };

/** Starts one, with a database and queues of its own. */
export async function startWorkerWorld(options: WorldOptions = {}): Promise<WorkerWorld> {
  const servers = sharedServers();
  const [server, redisUrl, mongodbUrl] = await Promise.all([
    options.server ?? servers.clickhouse(),
    servers.redisUrl(),
    servers.mongodbUrl(),
  ]);
  const [database, prefix] = [randomDatabase(), randomPrefix()];
  const clickhouse = connectClickhouse({ ...server, database });
  const metadata = connectMetadata({ url: mongodbUrl, database, appName: 'test' });
  const metroculus = await startFakeMetroculus();
  const worker = await startService('kubecost-worker', {
    ...workerEnvironment({
      ...{ redisUrl, prefix, database, mongodbUrl, clickhouseUrl: options.clickhouseUrl ?? server.url },
      ...{ metroculusUrl: metroculus.url, secret: metroculus.secret },
    }),
    ...options.environment,
  });
  return {
    ...{ worker, metroculus, clickhouse, metadata, queues: { redisUrl, prefix } },
    async metric(name, labels = '') {
      const text = await (await fetch(`${worker.adminUrl}/metrics`)).text();
      const line = text.split('\n').find((one) => one.startsWith(`${name}{`) && one.includes(labels));
      return line === undefined ? undefined : Number(line.split(' ').at(-1));
    },
    async close() {
      await worker.stop();
      await metroculus.close();
      await clickhouse.server().command({ sql: `DROP DATABASE ${database}`, tag, tenant: 'none' });
      await clickhouse.close();
      await metadata.close();
    },
  };
}

/** Kills the worker with its next statement that has this text; resolves when that is done. */
export const killedAt = (worker: LocalService, proxy: ClickhouseProxy, moment: Moment, text: string): Promise<void> =>
  new Promise((resolve) => {
    proxy.trap = {
      matches: (statement) => statement.includes(text),
      moment,
      spring: async () => {
        await worker.kill('SIGKILL');
        resolve();
      },
    };
  });
