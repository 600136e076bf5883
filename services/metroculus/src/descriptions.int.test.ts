import { randomTenant, sharedServers, waitFor } from '@cloudtuner/test-kit';
import { startMetroculus, type Metroculus } from './testing/metroculus-harness';
import { eachMinute, pushSeries, type Labels } from './testing/sample-store';

const hourMs = 3_600_000;
const zeroMs = Math.floor(Date.now() / hourMs) * hourMs - 2 * hourMs;
const hour = { startSeconds: zeroMs / 1000, endSeconds: (zeroMs + hourMs) / 1000 };

describe('what describes a cluster', () => {
  const [tenant, other] = [randomTenant(), randomTenant()];
  let metroculus: Metroculus;

  beforeAll(async () => {
    const store = await sharedServers().prometheus();
    metroculus = await startMetroculus({ queryUrl: store.queryUrl });
    const scrape = { job: 'ksm', instance: '10.0.0.1:8080' };
    const during = (labels: Labels, value: number, from: number, to: number) =>
      eachMinute({ ...scrape, ...labels }, value, { zeroMs, from, to });
    const quota = { __name__: 'kube_resourcequota', namespace: 'shop', resourcequota: 'compute' };
    await pushSeries(store, tenant, [
      during({ __name__: 'kubecost_cluster_info', id: 'c1', provider: 'AWS', clusterProfile: 'production' }, 1, 1, 59),
      during({ __name__: 'opencost_build_info', version: '1.118.0' }, 1, 1, 59),
      during({ __name__: 'kube_node_labels', node: 'n1', label_pool: 'general' }, 1, 1, 59),
      // Relabelled in mid-hour; the scrape of the second exporter does not honor its labels.
      during({ __name__: 'kube_namespace_labels', namespace: 'shop', label_team: 'old' }, 1, 1, 20),
      during({ __name__: 'kube_namespace_labels', namespace: 'shop', label_team: 'new' }, 1, 21, 59),
      during(
        { __name__: 'kube_namespace_annotations', namespace: 'kube', exported_namespace: 'lab', annotation_owner: 'x' },
        1,
        1,
        59,
      ),
      during({ ...quota, resource: 'requests.cpu', type: 'hard' }, 6, 1, 30),
      during({ ...quota, resource: 'requests.cpu', type: 'used' }, 4, 1, 30),
      eachMinute({ ...scrape, ...quota, resource: 'pods', type: 'hard' }, (minute) => (minute < 30 ? 10 : 20), {
        ...{ zeroMs, from: 1, to: 59 },
      }),
      // In the next hour all is otherwise.
      during({ __name__: 'kube_namespace_labels', namespace: 'shop', label_team: 'next' }, 1, 61, 70),
    ]);
    await waitFor(async () => (await read(tenant)).namespaces.length === 2);
  }, 60_000);
  afterAll(() => metroculus.stop());

  const read = (cloudAccountId: string) => metroculus.client.getKubecostDescriptions({ cloudAccountId, ...hour });

  it('is as it was last seen in the hour', async () => {
    expect(await read(tenant)).toMatchObject({
      info: { id: 'c1', provider: 'AWS', cluster_profile: 'production', exporter_version: '1.118.0' },
      nodes: [{ node: 'n1', labels: { pool: 'general' } }],
      namespaces: [
        { namespace: 'lab', labels: {}, annotations: { owner: 'x' }, quotas: [] },
        {
          ...{ namespace: 'shop', labels: { team: 'new' }, annotations: {} },
          quotas: [
            { quota: 'compute', resource: 'pods', hard: 20 },
            { quota: 'compute', resource: 'requests.cpu', hard: 6 },
          ],
        },
      ],
    });
    // Nothing of the scrape is said of the cluster.
    expect(Object.keys((await read(tenant)).info ?? {})).toEqual([
      'cluster_profile',
      'exporter_version',
      'id',
      'provider',
    ]);
  });

  it('is nothing for another tenant: unknown', async () => {
    expect(await read(other)).toMatchObject({ info: null, nodes: [], namespaces: [] });
  });

  it('is asked for an hour at most', async () => {
    const query = new URLSearchParams({ cloud_account_id: tenant, start_date: '0', end_date: '3601' });
    const answer = await metroculus.get(`/metroculus/v2/kubecost_descriptions?${query.toString()}`);
    expect(answer.status).toBe(400);
  });
});
