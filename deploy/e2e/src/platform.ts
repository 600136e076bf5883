import { randomBytes } from 'node:crypto';
import {
  pushHistory,
  startBackingServers,
  startServices,
  StopStack,
  type BackingServers,
  type Services,
  type StoreKind,
} from '@cloudtuner/launcher';
import { createMetroculusClient, type MetroculusClient } from '@cloudtuner/metroculus-client';
import { createRestapiClient, type RestapiClient } from '@cloudtuner/restapi-client';
import { createSampleCluster, type ProfileName, type SampleCluster } from '@cloudtuner/sample-cluster';
import { temporaryFolder, waitFor } from '@cloudtuner/test-kit';

export const minuteMs = 60_000;
export const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;

export const floorTo = (unitMs: number, tMs: number): number => Math.floor(tMs / unitMs) * unitMs;

/** The last day of which every hour can be closed by now: the last of them is some minutes after its end. */
export function lastClosedDay(): { readonly startMs: number; readonly endMs: number } {
  const endMs = floorTo(dayMs, Date.now() - 20 * minuteMs);
  return { startMs: endMs - dayMs, endMs };
}

/** Everything that is deployed, on free ports and in a folder of its own. */
export interface Platform {
  readonly servers: BackingServers;
  readonly services: Services;
  readonly metroculus: MetroculusClient;
  readonly clusterSecret: string;
  readonly running: StopStack;
  /** Creates an organization with its owner and one Kubernetes account. */
  createTenant(name: string, profile: ProfileName): Promise<Tenant>;
  stop(): Promise<void>;
}

/** An organization, its owner's client and its one cluster. */
export interface Tenant {
  readonly organizationId: string;
  readonly token: string;
  readonly client: RestapiClient;
  readonly accountId: string;
  readonly account: { readonly write_username: string; readonly write_password: string };
  readonly cluster: SampleCluster;
  /** Its past is scraped this long after each whole minute; absent = on the minute. */
  readonly scrapeOffsetMs?: number;
}

async function createTenant(
  restapiUrl: string,
  clusterSecret: string,
  name: string,
  profile: ProfileName,
): Promise<Tenant> {
  const email = `owner@${name}.example`;
  const password = randomBytes(16).toString('hex');
  const operator = createRestapiClient({ baseUrl: restapiUrl, secret: clusterSecret });
  const organization = await operator.createOrganization({
    body: { name, owner: { email, display_name: name, password } },
  });
  const { token } = await operator.createToken({ body: { email, password } });
  const client = createRestapiClient({ baseUrl: restapiUrl, token: () => token });
  const created = await client.createCloudAccount({
    params: { organization_id: organization.id },
    body: { name: `${name}-cluster`, type: 'kubernetes_cnr', owner: name },
  });
  return {
    organizationId: organization.id,
    token,
    client,
    accountId: created.id,
    account: { write_username: created.credentials.username, write_password: created.credentials.password },
    cluster: createSampleCluster({ seed: 7, name, clusterId: name, profile }),
  };
}

/** Starts every server and service that is deployed, each as its own process. */
export async function startPlatform(store: StoreKind, env: Readonly<Record<string, string>> = {}): Promise<Platform> {
  const folder = temporaryFolder('e2e');
  const running = new StopStack();
  const clusterSecret = randomBytes(24).toString('hex');
  try {
    const servers = await startBackingServers({ store, dataDir: folder.path }, running);
    const services = await startServices({ servers, clusterSecret, dataDir: folder.path, env }, running);
    const metroculus = createMetroculusClient({ baseUrl: services.metroculus.url, secret: clusterSecret });
    return {
      servers,
      services,
      metroculus,
      clusterSecret,
      running,
      createTenant: (name, profile) => createTenant(services.restapi.url, clusterSecret, name, profile),
      async stop() {
        metroculus.close();
        await running.stop();
        folder.remove();
      },
    };
  } catch (error) {
    await running.stop();
    throw error;
  }
}

/** Pushes the tenants' past through the gateway, side by side. */
export async function pushPast(
  platform: Platform,
  tenants: readonly Tenant[],
  startMs: number,
  endMs: number,
): Promise<number> {
  const pushed = await pushHistory(
    platform.services.diproxy.url,
    tenants.map(({ cluster, account, scrapeOffsetMs = 0 }) => {
      return { cluster, account, startMs: startMs + scrapeOffsetMs, endMs };
    }),
  );
  for (const tenant of tenants) await untilSeen(platform, tenant, endMs);
  return pushed;
}

/** Thanos Query looks only now and then which times of a new tenant a receiver has; until then it asks for none of them. */
async function untilSeen({ services, clusterSecret }: Platform, { accountId }: Tenant, endMs: number): Promise<void> {
  const window = { start_date: String(Math.floor(endMs / 1000) - 300), end_date: String(Math.floor(endMs / 1000)) };
  const query = new URLSearchParams({ cloud_account_id: accountId, metrics: 'node_cpu_hourly_cost', ...window });
  const url = `${services.metroculus.url}/metroculus/v2/kubecost_metrics?${query.toString()}`;
  await waitFor(
    async () => {
      const answer = await fetch(url, { headers: { Secret: clusterSecret }, signal: AbortSignal.timeout(30_000) });
      return (await answer.text()).includes('"values":[[');
    },
    { what: 'the samples to be seen', timeoutMs: 60_000, intervalMs: 250 },
  );
}

/** Runs a backfill to its end. */
export async function backfill(
  { client, accountId }: Pick<Tenant, 'client' | 'accountId'>,
  startMs: number,
  endMs: number,
): Promise<void> {
  const { id } = await client.createBackfill({
    params: { cloud_account_id: accountId },
    body: { start_time: startMs / 1000, end_time: endMs / 1000 },
  });
  await waitFor(
    async () => {
      const { state } = await client.getBackfill({ params: { cloud_account_id: accountId, backfill_id: id } });
      if (state === 'failed') throw new Error('the backfill failed');
      return state === 'completed';
    },
    { what: 'the backfill to complete', timeoutMs: 120_000, intervalMs: 100 },
  );
}
