import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { defaultStore, startBackingServers, type BackingServers, type StoreKind } from './backing-servers';
import { demoText } from './demo-text';
import { loadState, writePrivateJson, type DemoState } from './demo-state';
import { fillHistory, tenantsOf, type Tenant } from './fill-history';
import type { Flags } from './flags';
import { requireFreePorts } from './free-ports';
import { startLiveCluster, type LiveCluster } from './live';
import { startServices, type Services } from './services';
import type { StopStack } from './stop-stack';
import { ensureTenants } from './tenants';

const scrapeIntervalSeconds = 15;
const stateFile = 'state.json';

/** What runs when the demo is up. */
export interface Demo {
  /** What to show a person. */
  readonly text: string;
}

export interface DemoOptions {
  readonly flags: Flags;
  /** The checkout; data and `demo.json` go below its `.local`. */
  readonly root: string;
  readonly running: StopStack;
  readonly say: (line: string) => void;
  readonly now: () => number;
}

function documentOf(
  state: DemoState,
  tenants: readonly Tenant[],
  running: { servers: BackingServers; services: Services; live: readonly LiveCluster[] },
) {
  const { servers, services, live } = running;
  const tokens = new Map(tenants.map(({ session }) => [session.organization.id, session.token]));
  const pids = {
    redis: servers.redis.pid,
    mongodb: servers.mongodb.pid,
    clickhouse: servers.clickhouse.pid,
    ...servers.store.pids,
    diproxy: services.diproxy.pid,
    metroculus: services.metroculus.pid,
    'kubecost-worker': services.worker.pid,
    restapi: services.restapi.pid,
    ...Object.fromEntries(live.map(({ prometheus }) => [prometheus.name, prometheus.pid])),
  };
  return {
    restapi_url: services.restapi.url,
    metroculus_url: services.metroculus.url,
    diproxy_write_url: `${services.diproxy.url}/storage/api/v2/write`,
    metrics_query_url: servers.store.queryUrl,
    metrics_write_url: servers.store.writeUrl,
    cluster_secret: state.cluster_secret,
    organizations: state.organizations.map(({ id, name, email, password, cloud_accounts }) => ({
      id,
      name,
      email,
      password,
      token: tokens.get(id) ?? '',
      cloud_accounts: cloud_accounts.map((account) => ({
        id: account.id,
        name: account.name,
        write_username: account.write_username,
        write_password: account.write_password,
      })),
    })),
    pids,
  };
}

/** The document that `.local/demo.json` holds. */
export type DemoDocument = ReturnType<typeof documentOf>;

/** The store whose data are there already; undefined when there are none, or some of both. */
function storeOfEarlierRuns(dataDir: string): StoreKind | undefined {
  const kinds = (['prometheus', 'thanos'] as const).filter((kind) => existsSync(join(dataDir, kind, stateFile)));
  return kinds.length === 1 ? kinds[0] : undefined;
}

/** Starts everything, fills the history, switches the clusters to live. What it starts is added to `running`. */
export async function startDemo(options: DemoOptions): Promise<Demo> {
  const { flags, root, running, say } = options;
  const store = flags.store ?? storeOfEarlierRuns(join(root, flags['data-dir'])) ?? defaultStore();
  const dataDir = join(root, flags['data-dir'], store);
  if (flags.fresh) rmSync(dataDir, { recursive: true, force: true });
  mkdirSync(dataDir, { recursive: true });
  const wantedPorts = [
    'restapi-port',
    'metroculus-port',
    'diproxy-port',
    'clickhouse-port',
    'mongo-port',
    'redis-port',
    'store-port',
  ] as const;
  await requireFreePorts(Object.fromEntries(wantedPorts.map((flag) => [flag, flags[flag]])));

  say(`Starting Redis, MongoDB, ClickHouse and ${store === 'thanos' ? 'Thanos' : 'Prometheus'} …`);
  const servers = await startBackingServers(
    {
      store,
      dataDir,
      ports: {
        redis: flags['redis-port'],
        mongodb: flags['mongo-port'],
        clickhouse: flags['clickhouse-port'],
        store: flags['store-port'],
      },
    },
    running,
  );
  const statePath = join(dataDir, stateFile);
  const state = loadState(statePath);
  say('Starting diproxy, metroculus, kubecost-worker and restapi …');
  const services = await startServices(
    {
      servers,
      clusterSecret: state.cluster_secret,
      dataDir,
      ports: { diproxy: flags['diproxy-port'], metroculus: flags['metroculus-port'], restapi: flags['restapi-port'] },
    },
    running,
  );
  const sessions = await ensureTenants(services.restapi.url, state, () => {
    writePrivateJson(statePath, state);
  });
  const tenants = tenantsOf(sessions);
  say('Two organizations, one cluster each. Their past goes through the gateway first:\n');
  await fillHistory(tenants, { diproxyUrl: services.diproxy.url, days: flags.days, now: options.now, say });

  say('\nThe clusters are live now: Prometheus scrapes them and pushes …');
  const live: LiveCluster[] = [];
  for (const { cluster, account } of tenants) {
    live.push(
      await startLiveCluster(
        { cluster, account, diproxyUrl: services.diproxy.url, scrapeIntervalSeconds, sender: 'prometheus', dataDir },
        running,
      ),
    );
  }
  const document = documentOf(state, tenants, { servers, services, live });
  const documentPath = join(root, '.local', 'demo.json');
  writePrivateJson(documentPath, document);
  return { text: demoText(document) };
}
