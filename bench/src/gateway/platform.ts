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
import { connectMetadata, type WriteLimitOverrides } from '@cloudtuner/metadata';

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

/** One gateway before a null sink, with two accounts. */
export interface SharedGateway {
  readonly gateway: LocalService;
  /** No limit of rate. */
  readonly quiet: Account;
  readonly limited: Account;
  stop(): Promise<void>;
}

type Stop = () => Promise<unknown>;

/** An account with its own limits, where any are given. */
async function createAccount(mongodbUrl: string, database: string, limits: WriteLimitOverrides = {}): Promise<Account> {
  const metadata = connectMetadata({ url: mongodbUrl, database, appName: 'bench' });
  try {
    const organization = randomUUID();
    const account = { type: 'kubernetes_cnr', name: 'bench', region: null, owner: null } as const;
    const created = await metadata.cloudAccounts.create(organization, account);
    await metadata.cloudAccounts.setWriteLimits(organization, created.account.id, limits);
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

/** The common ground: MongoDB, a null sink and gateways before what they are told. */
async function startGround(environment: Readonly<Record<string, string>>, stops: Stop[]) {
  const mongo = await startMongo();
  stops.push(() => mongo.stop());
  const database = `bench_${randomBytes(6).toString('hex')}`;
  const sinkUrl = await startSink(stops);
  const gateway = async (kind: StoreKind, writeUrl: string): Promise<LocalService> => {
    const service = await startService('diproxy', {
      MONGODB_URL: mongo.url,
      MONGODB_DATABASE: database,
      METRICS_STORE: kind,
      METRICS_WRITE_URL: writeUrl,
      // The contracted rate of one account is not what is measured, unless it has one of its own.
      LIMIT_SAMPLES_PER_SECOND: '0',
      // As in the image.
      NODE_OPTIONS: '--max-semi-space-size=2',
      // No balancer has to notice the end.
      SHUTDOWN_DELAY_SECONDS: '0',
      ...environment,
    });
    stops.push(() => service.stop());
    return service;
  };
  const account = (limits?: WriteLimitOverrides): Promise<Account> => createAccount(mongo.url, database, limits);
  return { sinkUrl, gateway, account };
}

async function stoppable<T>(start: (stops: Stop[]) => Promise<T>): Promise<T & { stop(): Promise<void> }> {
  const stops: Stop[] = [];
  const stop = async (): Promise<void> => {
    for (const each of stops.toReversed()) await each();
  };
  try {
    return { ...(await start(stops)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Starts every server and gateway that is measured, each a process of its own. */
export function startPlatform(
  kinds: readonly StoreKind[],
  environment: Readonly<Record<string, string>>,
): Promise<Platform> {
  return stoppable(async (stops) => {
    const { sinkUrl, gateway, account } = await startGround(environment, stops);
    const sides: Side[] = [];
    for (const kind of kinds) {
      const store = await startStore(kind, stops);
      const beforeStore = await gateway(kind, store.writeUrl);
      sides.push({ kind, store, beforeStore, beforeSink: await gateway(kind, sinkUrl) });
    }
    return { sides, sinkUrl, account: await account() };
  });
}

/** Starts one gateway that two accounts share, one of them with limits. */
export function startSharedGateway(
  limits: WriteLimitOverrides,
  environment: Readonly<Record<string, string>>,
): Promise<SharedGateway> {
  return stoppable(async (stops) => {
    const { sinkUrl, gateway, account } = await startGround(environment, stops);
    return {
      gateway: await gateway('thanos', sinkUrl),
      quiet: await account(),
      limited: await account(limits),
    };
  });
}
