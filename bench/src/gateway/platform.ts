import { fork } from 'node:child_process';
import { once } from 'node:events';
import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import {
  startMongo,
  startPrometheus,
  startService,
  startThanos,
  type LocalServer,
  type LocalService,
} from '@cloudtuner/local-servers';
import { connectMetadata } from '@cloudtuner/metadata';

export type StoreKind = 'thanos' | 'prometheus';

/** One kind of store, and the gateways before it and before a null sink. */
export interface Side {
  readonly kind: StoreKind;
  readonly store: { readonly writeUrl: string; readonly pid: number };
  readonly beforeStore: LocalService;
  readonly beforeSink: LocalService;
}

export interface Account {
  readonly id: string;
  readonly password: string;
}

export interface Platform {
  readonly sides: readonly Side[];
  readonly sinkUrl: string;
  readonly account: Account;
  stop(): Promise<void>;
}

type Stop = () => Promise<unknown>;

async function createAccount(mongodbUrl: string, database: string): Promise<Account> {
  const metadata = connectMetadata({ url: mongodbUrl, database, appName: 'bench' });
  try {
    const account = { type: 'kubernetes_cnr', name: 'bench', region: null, owner: null } as const;
    const created = await metadata.cloudAccounts.create(randomUUID(), account);
    return { id: created.account.id, password: created.password };
  } finally {
    await metadata.close();
  }
}

async function startSink(stops: Stop[]): Promise<string> {
  const child = fork(join(__dirname, '..', 'sink-main.js'));
  stops.push(async () => {
    child.disconnect();
    await once(child, 'exit');
  });
  const [port] = (await once(child, 'message')) as [number];
  return `http://127.0.0.1:${String(port)}/api/v1/write`;
}

function pidOf({ name, pid }: Pick<LocalServer, 'name' | 'pid'>): number {
  if (pid === undefined) throw new Error(`${name} is no process of this machine: its CPU time cannot be read.`);
  return pid;
}

async function startStore(kind: StoreKind, stops: Stop[]): Promise<Side['store']> {
  if (kind === 'thanos') {
    const thanos = await startThanos();
    stops.push(() => thanos.stop());
    return { writeUrl: thanos.writeUrl, pid: pidOf(thanos.receive) };
  }
  const prometheus = await startPrometheus({ storeReceiver: true });
  stops.push(() => prometheus.stop());
  return { writeUrl: prometheus.writeUrl, pid: pidOf(prometheus) };
}

async function startEverything(
  kinds: readonly StoreKind[],
  environment: Readonly<Record<string, string>>,
  stops: Stop[],
): Promise<Omit<Platform, 'stop'>> {
  const mongo = await startMongo();
  stops.push(() => mongo.stop());
  const database = `bench_${randomBytes(6).toString('hex')}`;
  const account = await createAccount(mongo.url, database);
  const sinkUrl = await startSink(stops);
  const gateway = async (kind: StoreKind, writeUrl: string): Promise<LocalService> => {
    const service = await startService('diproxy', {
      MONGODB_URL: mongo.url,
      MONGODB_DATABASE: database,
      METRICS_STORE: kind,
      METRICS_WRITE_URL: writeUrl,
      // The contracted rate of one account is not what is measured.
      LIMIT_SAMPLES_PER_SECOND: '0',
      // No balancer has to notice the end.
      SHUTDOWN_DELAY_SECONDS: '0',
      ...environment,
    });
    stops.push(() => service.stop());
    return service;
  };
  const sides: Side[] = [];
  for (const kind of kinds) {
    const store = await startStore(kind, stops);
    const beforeStore = await gateway(kind, store.writeUrl);
    sides.push({ kind, store, beforeStore, beforeSink: await gateway(kind, sinkUrl) });
  }
  return { sides, sinkUrl, account };
}

/** Starts every server and gateway that is measured, each a process of its own. */
export async function startPlatform(
  kinds: readonly StoreKind[],
  environment: Readonly<Record<string, string>>,
): Promise<Platform> {
  const stops: Stop[] = [];
  const stop = async (): Promise<void> => {
    for (const each of stops.toReversed()) await each();
  };
  try {
    return { ...(await startEverything(kinds, environment, stops)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
