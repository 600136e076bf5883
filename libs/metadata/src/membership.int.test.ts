import { randomUUID } from 'node:crypto';
import { randomDatabase, sharedServers } from '@cloudtuner/test-kit';
import { connectMetadata, type Metadata } from './metadata';

const password = 'correct horse battery staple';
const nextPassword = 'staple battery horse correct';
let nowMs = Date.parse('2026-03-01T10:00:00Z');
let metadata: Metadata;

beforeAll(async () => {
  const url = await sharedServers().mongodbUrl();
  metadata = connectMetadata({ url, database: randomDatabase(), appName: 'test', now: () => new Date(nowMs) });
});
afterAll(() => metadata.close());

async function createOrganization(): Promise<string> {
  const id = randomUUID();
  await metadata.organizations.create(id, { name: 'Acme', currency: 'USD' });
  return id;
}

async function createUser(organizationId: string, role: 'owner' | 'manager' | 'viewer' = 'owner') {
  const email = `${randomUUID()}@example.org`;
  return metadata.users.create(organizationId, { email, displayName: 'Ada', password, role });
}

const session = async ({ id }: { id: string }, credentialVersion = 0): Promise<string> =>
  (await metadata.tokens.issue({ id, credentialVersion }, { ttlSeconds: 3600 })).text;

describe('members', () => {
  it('keep an owner, whoever goes and in whatever way', async () => {
    const organization = await createOrganization();
    const [first, second] = [await createUser(organization), await createUser(organization)];
    expect(await metadata.users.changeRole(organization, first.id, 'viewer')).toMatchObject({ role: 'viewer' });
    const { users } = metadata;
    await expect(users.changeRole(organization, second.id, 'manager')).rejects.toMatchObject({ code: 'last-owner' });
    await expect(users.removeMember(organization, second.id)).rejects.toMatchObject({ code: 'last-owner' });
    expect(await users.removeMember(organization, first.id)).toBe(true);
    expect(await users.removeMember(organization, first.id)).toBe(false);
    expect((await users.list(organization)).map(({ id }) => id)).toEqual([second.id]);
  });

  it('do not lose their last owner when two owners step back at the same moment', async () => {
    const organization = await createOrganization();
    const owners = [await createUser(organization), await createUser(organization)];
    const outcomes = await Promise.allSettled(
      owners.map(({ id }) =>
        metadata.organizations.withMembersLocked(organization, () =>
          metadata.users.changeRole(organization, id, 'viewer'),
        ),
      ),
    );
    const refusals = outcomes.map((outcome) =>
      outcome.status === 'rejected' ? String(Reflect.get(Object(outcome.reason), 'code')) : 'done',
    );
    for (const refusal of refusals) expect(['done', 'members-busy', 'last-owner']).toContain(refusal);
    const left = (await metadata.users.list(organization)).filter(({ role }) => role === 'owner');
    expect(left.length).toBeGreaterThanOrEqual(1);
  });

  it('are locked by one at a time; a lock that was left behind ends by itself', async () => {
    const organization = await createOrganization();
    const { organizations } = metadata;
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    let entered = (): void => undefined;
    const inside = new Promise<void>((resolve) => (entered = resolve));
    const first = organizations.withMembersLocked(organization, () => {
      entered();
      return held;
    });
    await inside;
    const second = organizations.withMembersLocked(organization, () => Promise.resolve('in'));
    await expect(second).rejects.toMatchObject({ code: 'members-busy' });
    nowMs += 31_000;
    expect(await organizations.withMembersLocked(organization, () => Promise.resolve('in'))).toBe('in');
    release();
    await first;
  });

  it('are locked by one at a time when many come at once', async () => {
    const organization = await createOrganization();
    let [inside, most, done] = [0, 0, 0];
    const work = async (): Promise<void> => {
      inside += 1;
      most = Math.max(most, inside);
      await metadata.organizations.find(organization);
      inside -= 1;
      done += 1;
    };
    const attempts = Array.from({ length: 10 }, () => metadata.organizations.withMembersLocked(organization, work));
    await Promise.allSettled(attempts);
    expect(most).toBe(1);
    expect(done).toBeGreaterThanOrEqual(1);
  });

  it('of another organization cannot be changed through this one', async () => {
    const [organization, other] = [await createOrganization(), await createOrganization()];
    const user = await createUser(other, 'viewer');
    expect(await metadata.users.findMember(organization, user.id)).toBeNull();
    expect(await metadata.users.changeRole(organization, user.id, 'owner')).toBeNull();
    expect(await metadata.users.removeMember(organization, user.id)).toBe(false);
    expect(await metadata.users.findMember(other, user.id)).toMatchObject({ role: 'viewer' });
    await metadata.users.addMember(organization, user.id, 'manager');
    await expect(metadata.users.addMember(organization, user.id, 'owner')).rejects.toMatchObject({
      code: 'already-member',
    });
    expect(await metadata.users.findMember(other, user.id)).toMatchObject({ role: 'viewer' });
  });
});

describe('a changed password', () => {
  it('voids every token of the person, also one that is being issued for the old password', async () => {
    const user = await createUser(await createOrganization());
    const text = await session(user);
    const personal = await metadata.tokens.createPersonal(
      { ...user, onlyOrganizationIds: null, provider: null },
      {
        name: 'ci',
        ttlSeconds: 60,
        accountIds: null,
        role: null,
      },
    );
    const verified = await metadata.users.verifyPassword(user.email, password);
    const { users, tokens } = metadata;
    expect(await users.changePassword(user.id, { current: 'wrong', next: nextPassword })).toBe(false);
    expect(await tokens.authenticate(text)).not.toBeNull();
    expect(await users.changePassword(user.id, { current: password, next: nextPassword })).toBe(true);
    const late = await session(user, verified?.credentialVersion);
    for (const token of [text, personal.text, late]) expect(await tokens.authenticate(token)).toBeNull();
    expect(await users.verifyPassword(user.email, password)).toBeNull();
    const again = await users.verifyPassword(user.email, nextPassword);
    expect(await tokens.authenticate(await session(user, again?.credentialVersion))).toMatchObject({ userId: user.id });
  });
});

describe('tokens', () => {
  it('of a person never allow more than the person may at that moment', async () => {
    const organization = await createOrganization();
    await createUser(organization);
    const user = await createUser(organization);
    const account = randomUUID();
    const { text } = await metadata.tokens.createPersonal(
      { ...user, onlyOrganizationIds: null, provider: null },
      {
        name: 'dashboard',
        ttlSeconds: 60,
        accountIds: [account],
        role: 'manager',
      },
    );
    const roleNow = async () => (await metadata.tokens.authenticate(text))?.memberships;
    expect(await metadata.tokens.authenticate(text)).toMatchObject({ kind: 'personal', accountIds: [account] });
    expect(await roleNow()).toEqual([{ organizationId: organization, role: 'manager' }]);
    await metadata.users.changeRole(organization, user.id, 'viewer');
    expect(await roleNow()).toEqual([{ organizationId: organization, role: 'viewer' }]);
    await metadata.users.removeMember(organization, user.id);
    expect(await roleNow()).toEqual([]);
  });

  it('of a service belong to their organization, and end when it revokes them or their time is over', async () => {
    const [organization, other] = [await createOrganization(), await createOrganization()];
    const wish = { name: 'grafana', ttlSeconds: 60, accountIds: null, role: 'viewer' as const, createdBy: null };
    const { tokens } = metadata;
    const [first, second] = [
      await tokens.createService(organization, wish),
      await tokens.createService(organization, wish),
    ];
    expect(await tokens.authenticate(first.text)).toMatchObject({
      kind: 'service',
      userId: null,
      name: 'grafana',
      memberships: [{ organizationId: organization, role: 'viewer' }],
    });
    expect((await tokens.listOfOrganization(organization)).length).toBe(2);
    expect(JSON.stringify(await tokens.listOfOrganization(organization))).not.toContain(first.text.slice(-43));
    expect(await tokens.revokeOfOrganization(other, first.token.id)).toBe(false);
    expect(
      await tokens.revokeOfUser({ id: randomUUID(), onlyOrganizationIds: null, provider: null }, first.token.id),
    ).toBe(false);
    expect(await tokens.revokeOfOrganization(organization, first.token.id)).toBe(true);
    expect(await tokens.authenticate(first.text)).toBeNull();
    nowMs += 61_000;
    expect(await tokens.authenticate(second.text)).toBeNull();
    expect(await tokens.listOfOrganization(organization)).toEqual([]);
  });

  it('are at most 100 at a time, of a person and of an organization', async () => {
    const organization = await createOrganization();
    const wish = { name: 'x', ttlSeconds: 60, accountIds: null, role: 'viewer' as const, createdBy: null };
    await Promise.all(Array.from({ length: 100 }, () => metadata.tokens.createService(organization, wish)));
    await expect(metadata.tokens.createService(organization, wish)).rejects.toMatchObject({ code: 'too-many-tokens' });
    nowMs += 61_000;
    await metadata.tokens.createService(organization, wish);
  });
});

describe('invitations', () => {
  it('are accepted once, in time, and not after they were taken back', async () => {
    const organization = await createOrganization();
    const { invitations } = metadata;
    const wish = { email: ' New@Example.org ', role: 'manager' as const, ttlSeconds: 60, createdBy: null };
    const [first, second, third] = [
      await invitations.create(organization, wish),
      await invitations.create(organization, wish),
      await invitations.create(organization, wish),
    ];
    expect(await invitations.findByText(first.text)).toMatchObject({ email: 'new@example.org', role: 'manager' });
    expect(await invitations.findByText(first.text.slice(0, -1) + (first.text.endsWith('A') ? 'B' : 'A'))).toBeNull();
    expect(await invitations.claim(organization, first.invitation.id)).toBe(true);
    expect(await invitations.claim(organization, first.invitation.id)).toBe(false);
    expect(await invitations.findByText(first.text)).toBeNull();
    expect(await invitations.revoke(randomUUID(), second.invitation.id)).toBe(false);
    expect(await invitations.revoke(organization, second.invitation.id)).toBe(true);
    expect(await invitations.findByText(second.text)).toBeNull();
    expect((await invitations.list(organization)).map(({ id }) => id)).toEqual([third.invitation.id]);
    nowMs += 61_000;
    expect(await invitations.findByText(third.text)).toBeNull();
  });
});

describe('the outbox', () => {
  const pendingOf = async (documentId: string): Promise<readonly string[]> =>
    (await metadata.outbox.pending(1000)).find((pending) => pending.documentId === documentId)?.entries ?? [];

  it('holds the record of a change exactly when the change was made', async () => {
    const organization = await createOrganization();
    const { cloudAccounts } = metadata;
    const body = { type: 'kubernetes_cnr', name: 'shop', region: null, owner: null } as const;
    const { account } = await cloudAccounts.create(organization, body, 'created');
    const other = await cloudAccounts.create(organization, { ...body, name: 'other' });
    await cloudAccounts.update(organization, account.id, { name: 'store', tags: { 'app.io/team': 'a' } }, 'renamed');
    const taken = cloudAccounts.update(organization, account.id, { name: 'other' }, 'not done');
    await expect(taken).rejects.toMatchObject({ code: 'account-name-taken' });
    await cloudAccounts.update(randomUUID(), account.id, { name: 'foreign' }, 'not done');
    await cloudAccounts.setWriteLimits(organization, account.id, { series: 5 }, 'limited');
    await cloudAccounts.rotateCredentials(organization, account.id, { overlapSeconds: 60, outbox: 'rotated' });
    await cloudAccounts.remove(organization, account.id, 'removed');
    await cloudAccounts.remove(organization, account.id, 'not done');
    expect(await pendingOf(account.id)).toEqual(['created', 'renamed', 'limited', 'rotated', 'removed']);
    expect(await pendingOf(other.account.id)).toEqual([]);
  });

  it('forgets what was settled, and keeps what came since', async () => {
    const organization = await createOrganization();
    await metadata.organizations.note(organization, 'first');
    const [pending] = (await metadata.outbox.pending(1000)).filter(({ documentId }) => documentId === organization);
    if (pending === undefined) throw new Error('nothing is pending');
    await metadata.organizations.note(organization, 'second');
    await metadata.outbox.settle(pending);
    await metadata.outbox.settle(pending);
    expect(await pendingOf(organization)).toEqual(['second']);
  });
});
