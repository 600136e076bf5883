import { connectMetadata, type Metadata } from '@cloudtuner/metadata';
import { randomDatabase, randomTenant, sharedServers } from '@cloudtuner/test-kit';
import type { DescriptionReader } from '../ports';
import { sampleHour } from '../testing/sample-hours';
import { cleanDescriptions, storeDescriptions } from './store-descriptions';

const hour = 1_700_000_000 - (1_700_000_000 % 86_400);
const signal = new AbortController().signal;

let metadata: Metadata;
beforeAll(async () => {
  const url = await sharedServers().mongodbUrl();
  metadata = connectMetadata({ url, database: randomDatabase(), appName: 'test' });
});
afterAll(() => metadata.close());

/** A cluster whose version is that of its hour. */
const reader: DescriptionReader = {
  readDescriptions: (cloudAccountId, start) =>
    Promise.resolve({
      ...{ cloud_account_id: cloudAccountId, start_date: start, end_date: start + 3_600 },
      info: { provider: 'AWS', version: start < hour + 7_200 ? '1.30' : '1.31' },
      nodes: [],
      namespaces: [{ namespace: 'shop', labels: { team: 'a' }, annotations: {}, quotas: [] }],
    }),
};
const store = (account: string, at: number) =>
  storeDescriptions(
    { reader, store: metadata.descriptions },
    { cloudAccountId: account, hour: at, reading: sampleHour(at, 1), signal },
  );
const listed = async (account: string, kind: 'info' | 'node' | 'namespace' | 'workload', at: number) =>
  metadata.descriptions.list(account, kind, { from: at, until: at + 3_600 });

describe('what describes a cluster', () => {
  it('is noted with an hour, once however often, and told as it was then', async () => {
    const account = randomTenant();
    for (const at of [hour + 7_200, hour, hour, hour + 3_600]) await store(account, at);
    const versions = [hour, hour + 3_600, hour + 7_200].map(async (at) => {
      const [info] = await listed(account, 'info', at);
      return [info?.facts['version'], info?.since];
    });
    expect(await Promise.all(versions)).toEqual([
      ['1.30', hour],
      ['1.30', hour],
      ['1.31', hour + 7_200],
    ]);
    expect((await listed(account, 'node', hour)).map(({ name }) => name)).toEqual(['node-0', 'node-1', 'node-2']);
    expect((await listed(account, 'namespace', hour)).map(({ facts }) => facts['labels'])).toEqual([{ team: 'a' }]);
    expect((await listed(account, 'workload', hour)).map(({ name }) => name)).toEqual([
      'batch/deployment/web',
      'shop/deployment/web',
    ]);
  });

  it('is forgotten with its account, and after as long as facts are kept', async () => {
    const [account, deleted] = [randomTenant(), randomTenant()];
    for (const id of [account, deleted]) await store(id, hour);
    const known = {
      id: account,
      organizationId: 'o',
      clusterResourceId: 'c',
      createdAt: new Date(0),
      lastReadAt: null,
    };
    const clean = (afterDays: number) =>
      cleanDescriptions(
        {
          accounts: { list: () => Promise.resolve([{ ...known, allocationLabelKeys: [] }]) },
          ...{ descriptions: metadata.descriptions, now: () => (hour + afterDays * 86_400) * 1_000, retentionDays: 30 },
        },
        signal,
      );
    await clean(30);
    expect(await listed(deleted, 'node', hour)).toEqual([]);
    expect(await listed(account, 'node', hour)).toHaveLength(3);
    // The cluster, its nodes, its namespace and two workloads.
    expect(await clean(31)).toBe(7);
    expect(await listed(account, 'node', hour)).toEqual([]);
  });
});
