import { randomUUID } from 'node:crypto';
import { sharedServers } from '@cloudtuner/test-kit';
import { createOrganization, type RestapiHarness, type TestOrganization } from './testing/restapi-harness';
import { startTestWorld, type TestWorld } from './testing/test-world';

const inCluster = 'http://kubecost-cost-analyzer.kubecost.svc.cluster.local:9090';

let world: TestWorld;
let harness: RestapiHarness;
let organization: TestOrganization;
beforeAll(async () => {
  const environment = {
    KUBECOST_ENDPOINT_ALLOW: `*.svc.cluster.local=*, 10.0.0.0/8=*, kubecost.other.example=${randomUUID()}`,
  };
  world = await startTestWorld(sharedServers(), { environment });
  ({ harness } = world);
  organization = await createOrganization(harness);
}, 120_000);
afterAll(() => world.stop());

const api = () => harness.client(organization.owner.token);
const create = (body: object) =>
  api().createCloudAccount({
    params: { organization_id: organization.id },
    body: { name: `shop ${String(Math.random())}`, type: 'kubernetes_cnr', ...body },
  });

describe('the Kubecost of an account', () => {
  it('is set when the account is made, changed, and taken away; other changes leave it', async () => {
    const made = await create({ kubecost_endpoint: inCluster });
    expect(made).toMatchObject({ kubecost_endpoint: inCluster, kubecost_schedules: {} });
    const params = { cloud_account_id: made.id };
    const kubecost_schedules = { allocation: '15 */2 * * *' };
    await api().updateCloudAccount({ params, body: { kubecost_schedules } });
    await api().updateCloudAccount({ params, body: { region: 'eu-west-1' } });
    await api().updateCloudAccount({ params, body: { kubecost_endpoint: 'http://10.1.2.3:9003' } });
    expect(await api().getCloudAccount({ params })).toMatchObject({
      ...{ kubecost_endpoint: 'http://10.1.2.3:9003', kubecost_schedules, region: 'eu-west-1' },
    });
    await api().updateCloudAccount({ params, body: { kubecost_cluster_id: 'cluster-one' } });
    await api().updateCloudAccount({ params, body: { kubecost_schedules } });
    expect(await api().getCloudAccount({ params })).toMatchObject({ kubecost_cluster_id: 'cluster-one' });
    await api().updateCloudAccount({ params, body: { kubecost_cluster_id: null } });
    expect(await api().getCloudAccount({ params })).toMatchObject({ kubecost_cluster_id: null });
    await api().updateCloudAccount({ params, body: { kubecost_cluster_id: 'cluster-one' } });
    await api().updateCloudAccount({ params, body: { kubecost_endpoint: null } });
    expect(await api().getCloudAccount({ params })).toMatchObject({ kubecost_cluster_id: null });
    expect(await api().getCloudAccount({ params })).toMatchObject({ kubecost_endpoint: null, kubecost_schedules: {} });
    expect((await create({})).kubecost_endpoint).toBeNull();
  });

  it.each([
    'http://kubecost.example.com',
    'http://kubecost.other.example',
    'http://127.0.0.1:9090',
    'http://169.254.169.254/latest/meta-data',
    'http://admin:secret@kubecost.svc.cluster.local',
    'ftp://kubecost.svc.cluster.local',
    'http://[::ffff:127.0.0.1]',
    'http://192.168.1.1',
  ])('cannot be at %s, at no time', async (endpoint) => {
    await expect(create({ kubecost_endpoint: endpoint })).rejects.toMatchObject({ code: 'kubecost-endpoint-refused' });
    const { id } = await create({});
    const params = { cloud_account_id: id };
    await expect(api().updateCloudAccount({ params, body: { kubecost_endpoint: endpoint } })).rejects.toMatchObject({
      code: 'kubecost-endpoint-refused',
      status: 422,
    });
    expect((await api().getCloudAccount({ params })).kubecost_endpoint).toBeNull();
  });

  it('has schedules that can be kept, and only where there is something to be read', async () => {
    const wrong = { code: 'invalid-request' };
    await expect(
      create({ kubecost_endpoint: inCluster, kubecost_schedules: { assets: '* * * * *' } }),
    ).rejects.toMatchObject(wrong);
    await expect(
      create({ kubecost_endpoint: inCluster, kubecost_schedules: { assets: 'daily' } }),
    ).rejects.toMatchObject(wrong);
    await expect(create({ kubecost_schedules: { assets: '0 0 * * *' } })).rejects.toMatchObject(wrong);
    await expect(create({ type: 'aws_cnr', kubecost_endpoint: inCluster })).rejects.toMatchObject(wrong);
  });
});
