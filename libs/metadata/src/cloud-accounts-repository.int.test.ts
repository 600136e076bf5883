import { randomUUID } from 'node:crypto';
import { randomDatabase, sharedServers } from '@cloudtuner/test-kit';
import { MongoClient } from 'mongodb';
import { connectMetadata, type Metadata } from './metadata';
import { sha256Hex } from './secrets';

let nowMs = Date.parse('2026-03-01T10:00:00Z');
let metadata: Metadata;

beforeAll(async () => {
  metadata = connectMetadata({
    url: await sharedServers().mongodbUrl(),
    database: randomDatabase(),
    appName: 'test',
    now: () => new Date(nowMs),
  });
});
afterAll(() => metadata.close());

const cluster = (name: string) => ({ type: 'kubernetes_cnr' as const, name, region: 'eu-west-1', owner: 'ada' });

describe('cloud accounts', () => {
  it('creates an account whose write identity knows only the SHA-256 of the password', async () => {
    const organizationId = randomUUID();
    const { account, password } = await metadata.cloudAccounts.create(organizationId, cluster('shop'));
    expect(Buffer.from(password, 'base64url')).toHaveLength(32);
    expect(account).toMatchObject({
      organizationId,
      name: 'shop',
      region: 'eu-west-1',
      owner: 'ada',
      lastReadAt: null,
    });
    expect(await metadata.cloudAccounts.findWriteIdentity(account.id)).toEqual({
      accountId: account.id,
      organizationId,
      type: 'kubernetes_cnr',
      deletedAt: null,
      credentials: [{ passwordSha256: sha256Hex(password), expiresAt: null }],
      limits: {},
      ignoredLimits: [],
    });
    expect(JSON.stringify(account)).not.toContain(password);
  });

  it('knows an account that never existed from a deleted one, which keeps its credentials for the 422 of the write path', async () => {
    const organizationId = randomUUID();
    expect(await metadata.cloudAccounts.findWriteIdentity(randomUUID())).toBeNull();
    const { account, password } = await metadata.cloudAccounts.create(organizationId, cluster('gone'));
    expect(await metadata.cloudAccounts.remove(organizationId, account.id)).toBe(true);
    expect(await metadata.cloudAccounts.remove(organizationId, account.id)).toBe(false);
    expect(await metadata.cloudAccounts.findWriteIdentity(account.id)).toMatchObject({
      deletedAt: new Date(nowMs),
      credentials: [{ passwordSha256: sha256Hex(password), expiresAt: null }],
    });
  });

  it('keeps names unique in one organization, and gives the name of a deleted account free', async () => {
    const [one, other] = [randomUUID(), randomUUID()];
    const { account } = await metadata.cloudAccounts.create(one, cluster('shop'));
    await expect(metadata.cloudAccounts.create(one, cluster('shop'))).rejects.toMatchObject({
      code: 'account-name-taken',
    });
    await metadata.cloudAccounts.create(other, cluster('shop'));
    await metadata.cloudAccounts.remove(one, account.id);
    await metadata.cloudAccounts.create(one, cluster('shop'));
    expect(await metadata.cloudAccounts.list(one)).toHaveLength(1);
    expect(await metadata.cloudAccounts.list(one, { includeDeleted: true })).toHaveLength(2);
  });

  it('lets one of many creations of the same name at the same moment through', async () => {
    const organizationId = randomUUID();
    const outcomes = await Promise.allSettled(
      Array.from({ length: 8 }, () => metadata.cloudAccounts.create(organizationId, cluster('same'))),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('rotates with an overlap and keeps at most two passwords, also when several rotate at once', async () => {
    const organizationId = randomUUID();
    const { account, password: first } = await metadata.cloudAccounts.create(organizationId, cluster('rotating'));
    const second = await metadata.cloudAccounts.rotateCredentials(organizationId, account.id, { overlapSeconds: 90 });
    const identity = await metadata.cloudAccounts.findWriteIdentity(account.id);
    expect(identity?.credentials).toEqual([
      { passwordSha256: sha256Hex(first), expiresAt: new Date(nowMs + 90_000) },
      { passwordSha256: sha256Hex(second?.password ?? ''), expiresAt: null },
    ]);
    // A connection for each rotation, so that they really run side by side.
    const atOnce = [1, 2, 3, 4];
    await Promise.all(atOnce.map(() => metadata.cloudAccounts.findWriteIdentity(account.id)));
    for (let round = 0; round < 5; round += 1) {
      const rotations = await Promise.all(
        atOnce.map(() => metadata.cloudAccounts.rotateCredentials(organizationId, account.id, { overlapSeconds: 90 })),
      );
      const after = await metadata.cloudAccounts.findWriteIdentity(account.id);
      const issued = new Set(rotations.map((rotation) => sha256Hex(rotation?.password ?? '')));
      expect(after?.credentials).toHaveLength(2);
      expect(after?.credentials.every(({ passwordSha256 }) => issued.has(passwordSha256))).toBe(true);
    }
  });

  it('lists living Kubernetes accounts of all organizations for the worker', async () => {
    const [one, other] = [randomUUID(), randomUUID()];
    const created = [
      await metadata.cloudAccounts.create(one, cluster('a')),
      await metadata.cloudAccounts.create(other, cluster('b')),
    ];
    const bill = await metadata.cloudAccounts.create(one, { type: 'aws_cnr', name: 'bill', region: null, owner: null });
    const gone = await metadata.cloudAccounts.create(one, cluster('gone'));
    await metadata.cloudAccounts.remove(one, gone.account.id);
    const ids = (await metadata.cloudAccounts.listKubernetes()).map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining(created.map(({ account }) => account.id)));
    expect(ids).not.toContain(bill.account.id);
    expect(ids).not.toContain(gone.account.id);
    expect(ids).toEqual([...ids].sort());
  });

  it('sets, replaces and takes back the limits of the write path, and refuses absurd ones', async () => {
    const organizationId = randomUUID();
    const { account } = await metadata.cloudAccounts.create(organizationId, cluster('limited'));
    const limits = async () => (await metadata.cloudAccounts.findWriteIdentity(account.id))?.limits;
    const set = (value: Record<string, number>) =>
      metadata.cloudAccounts.setWriteLimits(organizationId, account.id, value);
    expect(await set({ samples_per_second: 500, labels: 100 })).toBe(true);
    expect(await limits()).toEqual({ samples_per_second: 500, labels: 100 });
    await expect(set({ labels: 0 })).rejects.toMatchObject({ code: 'invalid-request' });
    await expect(set({ lables: 5 })).rejects.toMatchObject({ code: 'invalid-request' });
    expect(await limits()).toEqual({ samples_per_second: 500, labels: 100 });
    expect(await set({ series: 5 })).toBe(true);
    expect(await limits()).toEqual({ series: 5 });
    expect(await set({})).toBe(true);
    expect(await limits()).toEqual({});
    expect(await metadata.cloudAccounts.setWriteLimits(organizationId, randomUUID(), {})).toBe(false);
  });

  it('sets and takes back the label keys that are summed by day, also of an account from before there were any', async () => {
    const url = await sharedServers().mongodbUrl();
    const database = randomDatabase();
    const own = connectMetadata({ url, database, appName: 'test' });
    const raw = new MongoClient(url);
    const organizationId = randomUUID();
    const { account } = await own.cloudAccounts.create(organizationId, cluster('labelled'));
    expect(account.allocationLabelKeys).toEqual([]);
    const stored = raw.db(database).collection<{ _id: string }>('cloud_accounts');
    await stored.updateOne({ _id: account.id }, { $unset: { allocation_label_keys: '' } });
    const keys = async () => (await own.cloudAccounts.listKubernetes()).map((found) => found.allocationLabelKeys);
    expect(await keys()).toEqual([[]]);
    expect(await own.cloudAccounts.setAllocationLabelKeys(organizationId, account.id, ['team', 'app'])).toBe(true);
    expect(await keys()).toEqual([['app', 'team']]);
    await expect(own.cloudAccounts.setAllocationLabelKeys(organizationId, account.id, ['a b'])).rejects.toMatchObject({
      code: 'invalid-request',
    });
    expect(await own.cloudAccounts.setAllocationLabelKeys(organizationId, account.id, [])).toBe(true);
    expect(await keys()).toEqual([[]]);
    await raw.close();
    await own.close();
  });

  it('reads an account whose stored limits somebody has broken, and names what has no effect', async () => {
    const url = await sharedServers().mongodbUrl();
    const database = randomDatabase();
    const own = connectMetadata({ url, database, appName: 'test' });
    const raw = new MongoClient(url);
    const { account } = await own.cloudAccounts.create(randomUUID(), cluster('broken'));
    const stored = raw.db(database).collection<{ _id: string }>('cloud_accounts');
    const readBack = async (limits: unknown) => {
      await stored.updateOne({ _id: account.id }, { $set: { limits } });
      const identity = await own.cloudAccounts.findWriteIdentity(account.id);
      return [identity?.limits, identity?.ignoredLimits];
    };
    expect(await readBack({ series: 5, labels: -1, speed: 3 })).toEqual([{ series: 5 }, ['labels', 'speed']]);
    expect(await readBack('fast')).toEqual([{}, ['limits']]);
    await raw.close();
    await own.close();
  });

  it('keeps the latest moment of reading, in whatever order they arrive', async () => {
    const organizationId = randomUUID();
    const { account } = await metadata.cloudAccounts.create(organizationId, cluster('read'));
    const at = new Date('2026-03-01T10:05:00Z');
    await metadata.cloudAccounts.markRead(organizationId, account.id, at);
    await metadata.cloudAccounts.markRead(organizationId, account.id, new Date('2026-03-01T10:01:00Z'));
    expect((await metadata.cloudAccounts.findAmong([organizationId], account.id))?.lastReadAt).toEqual(at);
  });
});

describe('isolation: tenant A never sees or changes tenant B', () => {
  it('holds for every method that takes an organization', async () => {
    const [a, b] = [randomUUID(), randomUUID()];
    const { account } = await metadata.cloudAccounts.create(b, cluster('of b'));
    const before = await metadata.cloudAccounts.findWriteIdentity(account.id);
    nowMs += 1000;
    expect(await metadata.cloudAccounts.list(a, { includeDeleted: true })).toEqual([]);
    expect(await metadata.cloudAccounts.findAmong([a], account.id)).toBeNull();
    expect(await metadata.cloudAccounts.findAmong([], account.id)).toBeNull();
    expect(await metadata.cloudAccounts.rotateCredentials(a, account.id, { overlapSeconds: 0 })).toBeNull();
    expect(await metadata.cloudAccounts.remove(a, account.id)).toBe(false);
    expect(await metadata.cloudAccounts.setWriteLimits(a, account.id, { series: 1 })).toBe(false);
    expect(await metadata.cloudAccounts.setAllocationLabelKeys(a, account.id, ['team'])).toBe(false);
    await metadata.cloudAccounts.markRead(a, account.id, new Date(nowMs));
    expect(await metadata.cloudAccounts.findWriteIdentity(account.id)).toEqual(before);
    expect((await metadata.cloudAccounts.findAmong([b], account.id))?.lastReadAt).toBeNull();
    expect((await metadata.cloudAccounts.findAmong([b], account.id))?.allocationLabelKeys).toEqual([]);
  });
});
