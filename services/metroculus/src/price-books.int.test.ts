import { randomUUID } from 'node:crypto';
import { connectMetadata, type Metadata } from '@cloudtuner/metadata';
import { randomDatabase, randomTenant, sharedServers, startSilentServer, waitFor } from '@cloudtuner/test-kit';
import { startMetroculus, type Metroculus } from './testing/metroculus-harness';
import { eachMinute, pushSeries, type Labels } from './testing/sample-store';

const minute = 60_000;
const gib = 2 ** 30;
const zeroMs = Math.floor(Date.now() / (60 * minute)) * 60 * minute - 120 * minute;
const hour = { startSeconds: zeroMs / 1000, endSeconds: zeroMs / 1000 + 3_600 };
const span = { zeroMs, from: -5, to: 65 };

describe('price books of accounts', () => {
  const [priced, plain] = [randomTenant(), randomTenant()];
  const database = randomDatabase();
  let metadata: Metadata;
  let metroculus: Metroculus;

  beforeAll(async () => {
    const [mongodbUrl, store] = await Promise.all([sharedServers().mongodbUrl(), sharedServers().thanos()]);
    metadata = connectMetadata({ url: mongodbUrl, database, appName: 'test' });
    const env = { MONGODB_URL: mongodbUrl, MONGODB_DATABASE: database };
    metroculus = await startMetroculus({ queryUrl: store.queryUrl, env });
    const node: Labels = { node: 'n1', instance: 'n1' };
    const place: Labels = { namespace: 'a', pod: 'web', container: 'main' };
    // 4 cores at .03, 16 GiB at .004; a pod with 1 core and 2 GiB.
    const series = [
      eachMinute({ ...node, __name__: 'node_cpu_hourly_cost' }, 0.03, span),
      eachMinute({ ...node, __name__: 'node_ram_hourly_cost' }, 0.004, span),
      eachMinute({ node: 'n1', __name__: 'kube_node_status_capacity', resource: 'cpu' }, 4, span),
      eachMinute({ node: 'n1', __name__: 'kube_node_status_capacity', resource: 'memory' }, 16 * gib, span),
      eachMinute({ node: 'n1', __name__: 'kube_node_labels', label_pool: 'batch' }, 1, span),
      eachMinute({ ...place, __name__: 'kube_pod_container_status_running' }, 1, span),
      eachMinute({ ...place, __name__: 'container_cpu_allocation', node: 'n1' }, 1, span),
      eachMinute({ ...place, __name__: 'container_memory_allocation_bytes', node: 'n1' }, 2 * gib, span),
    ];
    for (const tenant of [priced, plain]) await pushSeries(store, tenant, series);
    await waitFor(async () => {
      const hours = await Promise.all(
        [priced, plain].map((id) => metroculus.client.getKubecostAssets({ ...hour, cloudAccountId: id })),
      );
      return hours.every(({ rows }) => rows.length === 1);
    });
  }, 60_000);

  afterAll(async () => {
    await metroculus.stop();
    await metadata.close();
  });

  const totals = async (cloudAccountId: string): Promise<Record<string, unknown>> => {
    const [{ assets, allocations }, { rows }, costs] = await Promise.all([
      metroculus.client.getKubecostAllocations({ ...hour, cloudAccountId }),
      metroculus.client.getKubecostAssets({ ...hour, cloudAccountId }),
      metroculus.client.getKubecostClusterCosts({ ...hour, cloudAccountId }),
    ]);
    expect(assets).toEqual(rows);
    const pod = allocations.find(({ kind }) => kind === 'container');
    return { assets: rows[0]?.total_cost, pod: pod?.total_cost, cluster: costs.total_cost };
  };

  it('count from the next question on, in assets, allocations and costs alike, and for their account only', async () => {
    const before = { assets: '0.184000000', pod: '0.038000000', cluster: 0.184 };
    expect(await totals(priced)).toEqual(before);
    const nodes = [{ match: { label: { key: 'pool', value: 'batch' } }, cpu_core_hour_price: 0.02 }];
    await metadata.priceBooks.put(priced, {
      book: { periods: [{ effective_from: 0, nodes }] },
      basedOn: 0,
      createdBy: randomUUID(),
    });
    // 4 × .02 + 16 × .004, and 1 × .02 + 2 × .004
    expect(await totals(priced)).toEqual({ assets: '0.144000000', pod: '0.028000000', cluster: 0.144 });
    expect(await totals(plain)).toEqual(before);
  });

  it('that cannot be read make the answer fail: an hour at the wrong price is worse than none', async () => {
    const silent = await startSilentServer();
    const store = await sharedServers().thanos();
    const alone = await startMetroculus({
      queryUrl: store.queryUrl,
      env: { MONGODB_URL: `mongodb://127.0.0.1:${String(silent.port)}/?directConnection=true` },
    });
    try {
      const query = `cloud_account_id=${plain}&start_date=${String(hour.startSeconds)}&end_date=${String(hour.endSeconds)}`;
      const answer = await alone.get(`/metroculus/v2/kubecost_allocations?${query}`);
      expect([answer.status, await answer.json()]).toMatchObject([503, { code: 'metadata-unavailable' }]);
    } finally {
      await alone.stop();
      await silent.close();
    }
  });
});
