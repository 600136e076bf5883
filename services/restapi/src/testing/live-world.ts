import { randomUUID } from 'node:crypto';
import { createSampleCluster, sharedServers, startKubecostServer, type KubecostServer } from '@cloudtuner/test-kit';
import { createOrganization, type TestOrganization } from './restapi-harness';
import { startTestWorld, type TestWorld } from './test-world';

const hourSeconds = 3_600;
/** 2026-03-10T00:00:00Z, of which the first two hours are asked for. */
export const today = Date.parse('2026-03-10T00:00:00Z') / 1_000;
/** Half an hour into the eleventh. */
export const nowMs = (today + 10 * hourSeconds + 1_800) * 1_000;

/** A restapi that may ask Kubecosts on this machine, and a Kubecost of a sample cluster. */
export interface LiveWorld extends TestWorld {
  readonly kubecost: KubecostServer;
  readonly cluster: ReturnType<typeof createSampleCluster>;
  readonly organization: TestOrganization;
  /** A cluster with that Kubecost, another one, or none. */
  createCluster(endpoint?: string | null, clusterId?: string): Promise<string>;
}

/** Starts one; its clock stands still. */
export async function startLiveWorld(): Promise<LiveWorld> {
  const startMs = (today - 6 * hourSeconds) * 1_000;
  const cluster = createSampleCluster({ seed: 4, name: 'Shop', clusterId: 'shop', profile: 'shop', startMs });
  const kubecost = await startKubecostServer({ cluster, product: 'kubecost', nowMs: () => nowMs });
  const environment = {
    ...{ KUBECOST_ENDPOINT_ALLOW: '127.0.0.1=*', KUBECOST_ENDPOINT_DENY: '169.254.0.0/16' },
    // Of a loaded machine; what is slow in tests is slower by far.
    KUBECOST_BUDGET_MS: '4000',
  };
  const world = await startTestWorld(sharedServers(), { nowMs, environment });
  const organization = await createOrganization(world.harness);
  return {
    ...world,
    ...{ kubecost, cluster, organization },
    async createCluster(endpoint = kubecost.url, clusterId) {
      const { id } = await world.harness.client(organization.owner.token).createCloudAccount({
        params: { organization_id: organization.id },
        body: {
          name: `cluster-${randomUUID()}`,
          type: 'kubernetes_cnr',
          ...(endpoint === null ? {} : { kubecost_endpoint: endpoint }),
          ...(clusterId === undefined ? {} : { kubecost_cluster_id: clusterId }),
        },
      });
      return id;
    },
    async stop() {
      await kubecost.stop();
      await world.stop();
    },
  };
}
