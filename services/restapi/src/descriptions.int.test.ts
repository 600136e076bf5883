import { connectMetadata, type Metadata } from '@cloudtuner/metadata';
import { sharedServers } from '@cloudtuner/test-kit';
import { createOrganization, type TestOrganization } from './testing/restapi-harness';
import { containerFact, storeAllocationHours } from './testing/stored-allocations';
import { startTestWorld, type TestWorld } from './testing/test-world';
import { answerUsage, refuseUsage } from './testing/usage-answers';

const hourSeconds = 3600;
const today = Date.parse('2026-03-10T00:00:00Z') / 1000;
const firstHour = today - 24 * hourSeconds;

let world: TestWorld;
let organization: TestOrganization;
let metadata: Metadata;
let id: string;

beforeAll(async () => {
  world = await startTestWorld(sharedServers(), { nowMs: (today + 1800) * 1000 });
  const { mongodbUrl: url, mongodbDatabase: database } = world.stores;
  metadata = connectMetadata({ url, database, appName: 'test' });
  organization = await createOrganization(world.harness);
  const body = { name: 'shop', type: 'kubernetes_cnr' as const };
  ({ id } = await api().createCloudAccount({ params: { organization_id: organization.id }, body }));
  const facts = [containerFact({ namespace: 'shop', cpu_cost: '1.000000000' })];
  await storeAllocationHours(world.clickhouse, id, [{ hour: firstHour, version: 'a', facts }]);
  const bound = (hard: number) => [{ quota: 'compute', resource: 'requests.cpu', hard }];
  const namespace = (quotas: unknown) => ({ kind: 'namespace' as const, name: 'shop', facts: { quotas } });
  const node = (name: string, spot: boolean) => ({ kind: 'node' as const, name, facts: { spot } });
  await metadata.descriptions.observe(id, firstHour, [namespace(bound(6)), node('n1', true), node('n2', false)]);
  await metadata.descriptions.observe(id, firstHour + 2 * hourSeconds, [namespace(bound(8)), node('n1', false)]);
}, 120_000);
afterAll(async () => {
  await metadata.close();
  await world.stop();
});
afterEach(() => {
  refuseUsage(world.metroculus);
});

const api = () => world.harness.client(organization.owner.token);
const hours = (first: number, last: number) => ({
  start_time: firstHour + first * hourSeconds,
  end_time: firstHour + last * hourSeconds,
});
const params = () => ({ cluster_id: id });

describe('GET …/clusters/{id}/descriptions', () => {
  it('tells what was there in a window, as it was at its end', async () => {
    const nodesOf = async (first: number, last: number) => {
      const query = { kind: 'node' as const, ...hours(first, last) };
      const { descriptions } = await api().listClusterDescriptions({ params: params(), query });
      return descriptions.map(({ name, facts, since }) => [name, facts['spot'], (since - firstHour) / hourSeconds]);
    };
    expect(await nodesOf(0, 1)).toEqual([
      ['n1', true, 0],
      ['n2', false, 0],
    ]);
    expect(await nodesOf(1, 2)).toEqual([['n1', true, 0]]);
    expect(await nodesOf(0, 24)).toEqual([
      ['n1', false, 2],
      ['n2', false, 0],
    ]);
    expect(await nodesOf(23, 24)).toEqual([]);
  });

  it('comes in pages', async () => {
    const query = { kind: 'node' as const, ...hours(0, 1), limit: 1, offset: 1 };
    const page = await api().listClusterDescriptions({ params: params(), query });
    expect(page).toMatchObject({ total_count: 2, limit: 1, offset: 1, descriptions: [{ name: 'n2' }] });
  });
});

describe('quotas of a window whose samples are gone', () => {
  const quotasIn = async (first: number, last: number) => {
    const { namespaces } = await api().listClusterNamespaces({ params: params(), query: hours(first, last) });
    return namespaces.find(({ namespace }) => namespace === 'shop')?.quotas;
  };
  const noted = (hard: number) => [{ quota: 'compute', resource: 'requests.cpu', hard, used: null, utilization: null }];

  it('are those that were noted then, and what was used of them is not known', async () => {
    const usage = { coverage: 0, last_sample_at: null, usage: [], quotas: [] };
    answerUsage(world.metroculus, { usage });
    expect(await quotasIn(0, 1)).toEqual(noted(6));
    expect(await quotasIn(0, 24)).toEqual(noted(8));
    refuseUsage(world.metroculus);
    expect(await quotasIn(0, 1)).toEqual(noted(6));
  });

  it('are those of the samples while these are there', async () => {
    const quotas = [{ namespace: 'shop', quota: 'compute', resource: 'requests.cpu', hard: 7, used: 3.5 }];
    answerUsage(world.metroculus, { usage: { coverage: 1, last_sample_at: today, usage: [], quotas } });
    expect(await quotasIn(0, 1)).toMatchObject([{ hard: 7, used: 3.5, utilization: 0.5 }]);
  });
});
