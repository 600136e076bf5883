import { randomUUID } from 'node:crypto';
import { randomDatabase, sharedServers } from '@cloudtuner/test-kit';
import { connectMetadata, type Metadata } from '../metadata';
import type { Observed } from './descriptions-repository';

const hour = (count: number): number => 1_700_000 * 1_000 - (1_700_000_000 % 3_600) + count * 3_600;
const node = (facts: Observed['facts'], name = 'n1'): Observed => ({ kind: 'node', name, facts });

let metadata: Metadata;
beforeAll(async () => {
  const url = await sharedServers().mongodbUrl();
  metadata = connectMetadata({ url, database: randomDatabase(), appName: 'test' });
});
afterAll(() => metadata.close());

const nodesAt = async (account: string, count: number) =>
  (await metadata.descriptions.list(account, 'node', { from: hour(count), until: hour(count + 1) })).map(
    ({ name, facts }) => [name, facts],
  );

describe('descriptions of a cluster', () => {
  it('are told as they were in an hour, of what was there then; of this account alone', async () => {
    const [account, other] = [randomUUID(), randomUUID()];
    const { descriptions } = metadata;
    await descriptions.observe(account, hour(0), [node({ spot: true, labels: { 'a.b/c': '$1' } })]);
    await descriptions.observe(account, hour(2), [node({ spot: false }), node({ zone: 'b' }, 'n2')]);
    expect(await nodesAt(account, 0)).toEqual([['n1', { spot: true, labels: { 'a.b/c': '$1' } }]]);
    expect(await nodesAt(account, 1)).toEqual([['n1', { spot: true, labels: { 'a.b/c': '$1' } }]]);
    expect(await nodesAt(account, 2)).toEqual([
      ['n1', { spot: false }],
      ['n2', { zone: 'b' }],
    ]);
    expect(await nodesAt(account, 3)).toEqual([]);
    expect(await nodesAt(other, 2)).toEqual([]);
    const [first] = await descriptions.list(account, 'node', { from: hour(0), until: hour(3) });
    expect(first).toMatchObject({ since: hour(2), firstSeen: hour(0), lastSeen: hour(2) });
  });

  it('are the same when an hour is seen again, its keys in another order, or late', async () => {
    const account = randomUUID();
    const { descriptions } = metadata;
    await descriptions.observe(account, hour(4), [node({ a: 1, b: 2 })]);
    await descriptions.observe(account, hour(4), [node({ b: 2, a: 1 })]);
    await descriptions.observe(account, hour(1), [node({ a: 0 })]);
    expect(await nodesAt(account, 1)).toEqual([['n1', { a: 0 }]]);
    const [latest] = await descriptions.list(account, 'node', { from: hour(4), until: hour(5) });
    expect(latest).toMatchObject({ facts: { a: 1, b: 2 }, since: hour(4), firstSeen: hour(1) });
  });

  it('lose nothing when several workers store hours at once', async () => {
    const account = randomUUID();
    const hours = [0, 1, 2, 3, 4];
    await Promise.all(hours.map((count) => metadata.descriptions.observe(account, hour(count), [node({ count })])));
    for (const count of hours) expect(await nodesAt(account, count)).toEqual([['n1', { count }]]);
  }, 30_000);

  it('are removed when nobody has seen the thing for long, or with their account', async () => {
    const [account, other] = [randomUUID(), randomUUID()];
    const { descriptions } = metadata;
    for (const id of [account, other]) await descriptions.observe(id, hour(0), [node({})]);
    await descriptions.observe(account, hour(9), [node({}, 'n2')]);
    expect(await descriptions.removeUnseen(account, hour(5))).toBe(1);
    expect(await nodesAt(account, 9)).toEqual([['n2', {}]]);
    expect(await descriptions.accounts()).toEqual(expect.arrayContaining([account, other]));
    expect(await descriptions.removeAccount(account)).toBe(1);
    expect(await descriptions.accounts()).not.toContain(account);
    expect(await nodesAt(other, 0)).toHaveLength(1);
  });

  it('take many things at once', async () => {
    const account = randomUUID();
    const many = Array.from({ length: 450 }, (_none, index) => node({ index }, `n${String(index)}`));
    await metadata.descriptions.observe(account, hour(0), many);
    expect(await nodesAt(account, 0)).toHaveLength(450);
    const window = { from: hour(0), until: hour(1) };
    expect(await metadata.descriptions.count(account, 'node', window)).toBe(450);
    expect(await metadata.descriptions.count(account, 'node', { from: hour(1), until: hour(2) })).toBe(0);
    const page = await metadata.descriptions.list(account, 'node', window, { offset: 448, limit: 10 });
    expect(page.map(({ name }) => name)).toEqual(['n98', 'n99']);
    const [second] = await metadata.descriptions.list(account, 'node', window, { offset: 1, limit: 1 });
    expect(second?.name).toBe('n1');
  }, 30_000);
});
