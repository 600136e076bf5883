import { randomUUID } from 'node:crypto';
import { sharedServers } from '@cloudtuner/test-kit';
import { z } from 'zod';
import { assetProviderKey } from './adapters/expenses/bill-sql';
import { createBilledCluster, today, yesterday, type BilledCluster } from './testing/billed-cluster';
import { sameMachines, strangers } from './testing/provider-ids';
import { createOrganization } from './testing/restapi-harness';
import { startTestWorld, type TestWorld } from './testing/test-world';

const daySeconds = 86_400;

let world: TestWorld;
let stored: BilledCluster;

beforeAll(async () => {
  world = await startTestWorld(sharedServers(), { nowMs: (today + 10.5 * 3600) * 1000 });
  stored = await createBilledCluster(world);
}, 120_000);
afterAll(() => world.stop());

describe('GET …/clean_expenses over a cluster and a bill', () => {
  it('counts a node that is on the bill there, and takes it off once', async () => {
    expect(await stored.clean()).toMatchObject({
      granularity: 'cluster',
      total_count: 5,
      total_cost: 1 + 2 + 4 + 8 + 32,
      overlap: { cost: 16 },
      k8s_costs: { k8s_total_cost: 48 },
      warnings: [],
    });
  });

  it.each<[string, Parameters<BilledCluster['rowsOf']>[0], unknown[]]>([
    [
      'by cost',
      {},
      [
        ['shop', 48],
        ['', 8],
        ['backups', 4],
        ['logs', 2],
        ['web-1', 1],
      ],
    ],
    [
      'by name',
      { sort: 'name', limit: 2, offset: 1 },
      [
        ['backups', 4],
        ['logs', 2],
      ],
    ],
    [
      'from the last name',
      { sort: '-name', limit: 2 },
      [
        ['web-1', 1],
        ['shop', 48],
      ],
    ],
    [
      'of a service',
      { service_name: 'S3' },
      [
        ['backups', 4],
        ['logs', 2],
      ],
    ],
    [
      'of several regions',
      { region: ['us-east-1', 'eu-west-1'] },
      [
        ['shop', 48],
        ['logs', 2],
        ['web-1', 1],
      ],
    ],
    [
      'without a region',
      { region: 'null' },
      [
        ['', 8],
        ['backups', 4],
      ],
    ],
    [
      'of a type',
      { resource_type: ['Bucket', 'K8s Cluster'] },
      [
        ['shop', 48],
        ['backups', 4],
      ],
    ],
    ['of an account', { cloud_account_id: 'A' }, []],
    [
      'with a tag',
      { tag: 'team' },
      [
        ['backups', 4],
        ['logs', 2],
      ],
    ],
    ['with a tag’s value', { tag: ['team=a', 'env='] }, [['logs', 2]]],
    ['of a namespace', { k8s_namespace: 'web' }, [['shop', 30]]],
    ['of a node and a service', { k8s_node: 'n2', k8s_service: 'api' }, [['shop', 3]]],
    ['without a namespace', { k8s_namespace: 'null' }, [['shop', 15]]],
  ])('lists what is asked for %s', async (_title, query, rows) => {
    expect(await stored.rowsOf(query)).toEqual(rows);
  });

  it('says of workloads that bills are not compared with them', async () => {
    expect(await stored.clean({ k8s_namespace: 'web' })).toMatchObject({
      granularity: 'workload',
      total_cost: 30,
      overlap: { cost: 0 },
      warnings: [{ code: 'overlap-not-known', cloud_account_id: stored.bills }],
    });
  });

  it('compares with the window before', async () => {
    expect((await stored.clean({ compare: 'previous' })).previous).toEqual({
      start_date: yesterday - daySeconds,
      end_date: yesterday,
      total_cost: 100,
    });
  });
});

describe('GET …/breakdown_expenses', () => {
  it('counts resources by day and names accounts', async () => {
    const answer = await stored.api.breakDownExpenses({
      params: { organization_id: stored.organization.id },
      query: { start_date: yesterday - daySeconds, end_date: today, breakdown_by: 'cloud_account_id' },
    });
    expect(answer.values).toEqual([
      { value: stored.bills, name: 'aws', cost: 115 },
      { value: stored.cluster, name: 'shop', cost: 48 },
    ]);
    expect(answer.breakdown.map(({ count, cost, overlap_cost: overlap }) => [count, cost, overlap])).toEqual([
      [1, 100, 0],
      [5, 63, 16],
    ]);
  });

  it('tells a pod behind several services once, under all of their names', async () => {
    const { values } = await stored.api.breakDownExpenses({
      params: { organization_id: stored.organization.id },
      query: { start_date: yesterday, end_date: today, breakdown_by: 'k8s_service' },
    });
    expect(values).toEqual([
      { value: 'null', name: null, cost: 20 + 15 + 15 },
      { value: 'api,front', name: null, cost: 10 },
      { value: 'api', name: null, cost: 3 },
    ]);
  });
});

describe('assignment rules', () => {
  it('put clusters and bills into the pool of the first rule that holds, for the past at once', async () => {
    const params = { organization_id: stored.organization.id };
    const pools = await Promise.all(['one', 'two'].map((name) => stored.api.createPool({ params, body: { name } })));
    const [one, two] = pools.map(({ id }) => id);
    const rule = (priority: number, pool_id: string | undefined, conditions: object[]) =>
      stored.api.createAssignmentRule({
        params,
        body: { name: 'r', priority, pool_id: pool_id ?? null, conditions: conditions as never },
      });
    const created = [
      await rule(2, one, [{ type: 'tag_exists', key: 'team' }]),
      await rule(1, two, [
        { type: 'tag_is', key: 'team', value: 'b' },
        { type: 'name_starts_with', value: 'back' },
        { type: 'name_contains', value: 'up' },
        { type: 'resource_type_is', value: 'Bucket' },
      ]),
      await rule(3, two, [{ type: 'cloud_account_is', value: stored.cluster }]),
      await rule(4, one, [
        { type: 'region_is', value: 'us-east-1' },
        { type: 'service_name_is', value: 'EC2' },
        { type: 'name_is', value: 'web-1' },
      ]),
    ];
    expect(await stored.rowsOf({ pool_id: one ?? '' })).toEqual([
      ['logs', 2],
      ['web-1', 1],
    ]);
    expect(await stored.rowsOf({ pool_id: two ?? '' })).toEqual([
      ['shop', 48],
      ['backups', 4],
    ]);
    expect(await stored.rowsOf({ pool_id: 'null' })).toEqual([['', 8]]);
    for (const { id } of created) await stored.api.deleteAssignmentRule({ params: { ...params, rule_id: id } });
    expect(await stored.rowsOf({ pool_id: one ?? '' })).toEqual([]);
  });

  it('name nothing of another organization', async () => {
    const foreign = await createOrganization(world.harness);
    const pool = await world.harness
      .client(foreign.owner.token)
      .createPool({ params: { organization_id: foreign.id }, body: { name: 'theirs' } });
    for (const id of [pool.id, randomUUID()]) {
      await expect(
        stored.api.createAssignmentRule({
          params: { organization_id: stored.organization.id },
          body: { name: 'r', priority: 1, pool_id: id, conditions: [{ type: 'tag_exists', key: 'a' }] },
        }),
      ).rejects.toMatchObject({ code: 'invalid-request', status: 400 });
    }
  });
});

describe('provider ids', () => {
  it('have the same key in SQL as in a bill', async () => {
    const ids = [...sameMachines.map(([ofCluster, , key]) => [ofCluster, key]), ...strangers.map((id) => [id, ''])];
    const rows = await world.clickhouse.query({
      sql: `SELECT ${assetProviderKey} AS key FROM (SELECT arrayJoin({ids:Array(String)}) AS provider_id) AS a`,
      params: { ids: ids.map(([id]) => id ?? '') },
      schema: z.object({ key: z.string() }),
      tag: { surface: 'test', route: 'provider-keys' },
      tenant: 'none',
    });
    expect(rows.map(({ key }) => key)).toEqual(ids.map(([, key]) => key));
  });
});
