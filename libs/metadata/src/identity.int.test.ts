import { randomUUID } from 'node:crypto';
import { randomDatabase, sharedServers } from '@cloudtuner/test-kit';
import { MongoClient } from 'mongodb';
import { connectMetadata, type Metadata } from './metadata';

const database = randomDatabase();
const password = 'correct horse battery staple';
let nowMs = Date.parse('2026-03-01T10:00:00Z');
let url: string;
let metadata: Metadata;

beforeAll(async () => {
  url = await sharedServers().mongodbUrl();
  metadata = connectMetadata({ url, database, appName: 'test', now: () => new Date(nowMs) });
});
afterAll(() => metadata.close());

async function createUser(organizationId: string): Promise<{ id: string; email: string }> {
  const email = `${randomUUID()}@example.org`;
  const { id } = await metadata.users.create(organizationId, { email, displayName: 'Ada', password, role: 'manager' });
  return { id, email };
}

async function storedText(collection: string): Promise<string> {
  const client = await new MongoClient(url).connect();
  const documents = await client.db(database).collection(collection).find().toArray();
  await client.close();
  return JSON.stringify(documents);
}

describe('organizations', () => {
  it('finds an organization by its id, several sorted by name, and forgets a removed one', async () => {
    const [first, second] = [randomUUID(), randomUUID()];
    await metadata.organizations.create(first, { name: 'Zeta', currency: 'EUR' });
    await metadata.organizations.create(second, { name: 'Alpha', currency: 'USD' });
    expect(await metadata.organizations.find(first)).toMatchObject({ id: first, name: 'Zeta', currency: 'EUR' });
    const found = await metadata.organizations.findMany([first, second, randomUUID()]);
    expect(found.map(({ name }) => name)).toEqual(['Alpha', 'Zeta']);
    await metadata.organizations.remove(first);
    expect(await metadata.organizations.find(first)).toBeNull();
  });
});

describe('users', () => {
  it('verifies a password in whatever form the address is written, and stores no password', async () => {
    const organizationId = randomUUID();
    const { id, email } = await createUser(organizationId);
    expect(await metadata.users.verifyPassword(` ${email.toUpperCase()} `, password)).toEqual({
      id,
      credentialVersion: 0,
      organizationIds: [organizationId],
    });
    expect(await metadata.users.verifyPassword(email, `${password}!`)).toBeNull();
    expect(await metadata.users.verifyPassword('nobody@example.org', password)).toBeNull();
    expect(await storedText('users')).not.toContain(password);
  });

  it('refuses an address that is taken, also in another organization', async () => {
    const { email } = await createUser(randomUUID());
    const twin = { email: email.toUpperCase(), displayName: 'Eve', password, role: 'owner' as const };
    await expect(metadata.users.create(randomUUID(), twin)).rejects.toMatchObject({ code: 'user-exists' });
  });

  it('lists only the members of the organization', async () => {
    const [a, b] = [randomUUID(), randomUUID()];
    const { id, email } = await createUser(a);
    await createUser(b);
    expect(await metadata.users.list(a)).toEqual([
      { id, email, displayName: 'Ada', role: 'manager', createdAt: new Date(nowMs) },
    ]);
  });
});

describe('people of identity providers', () => {
  const comes = (subject: string) =>
    metadata.externalUsers.createExternal({
      identity: { issuer: 'https://idp.example.org', subject },
      email: `${randomUUID()}@example.org`,
      displayName: 'Ada',
      memberships: [{ organizationId: randomUUID(), role: 'viewer', provider: 'idp' }],
    });

  it('are made once for an identity, however many come at the same moment and whatever is said of them', async () => {
    const subject = randomUUID();
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => comes(subject)));
    const made = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    const refusals = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
    expect(made).toHaveLength(1);
    for (const refusal of refusals) expect(refusal).toMatchObject({ code: 'user-exists' });
    const [user] = made;
    expect(await metadata.externalUsers.findByIdentity({ issuer: 'https://idp.example.org', subject })).toEqual(user);
  });

  it('have an id of their identity, and others another', async () => {
    // The SHA-256 of ["https://idp.example.org","ada"] is 50c8c6df064e02917a960fafb7c00ab6…; with version 8 and the variant of RFC 9562.
    expect((await comes('ada')).id).toBe('50c8c6df-064e-8291-ba96-0fafb7c00ab6');
    expect((await comes('bob')).id).not.toBe('50c8c6df-064e-8291-ba96-0fafb7c00ab6');
  });
});

describe('tokens', () => {
  it('knows the bearer of a token, stores only its SHA-256, and notes the use at most once a minute', async () => {
    const organizationId = randomUUID();
    const { id, email } = await createUser(organizationId);
    const token = await metadata.tokens.issue({ id, credentialVersion: 0 }, { ttlSeconds: 3600 });
    expect(token.text).toMatch(/^ct_[0-9a-f]{16}_[A-Za-z0-9_-]{43}$/);
    expect(await metadata.tokens.authenticate(token.text)).toEqual({
      tokenId: token.id,
      kind: 'session',
      userId: id,
      name: email,
      accountIds: null,
      onlyOrganizationIds: null,
      provider: null,
      memberships: [{ organizationId, role: 'manager' }],
    });
    const stored = await storedText('tokens');
    expect(stored).not.toContain(token.text.slice('ct_0123456789abcdef_'.length));
    expect(stored).toContain('"last_used_at":"2026-03-01T10:00:00.000Z"');
  });

  it('refuses a token with one other character, an expired one, a revoked one, and what is no token', async () => {
    const { id } = await createUser(randomUUID());
    const token = await metadata.tokens.issue({ id, credentialVersion: 0 }, { ttlSeconds: 60 });
    const other = token.text.endsWith('A') ? 'B' : 'A';
    expect(await metadata.tokens.authenticate(`${token.text.slice(0, -1)}${other}`)).toBeNull();
    expect(await metadata.tokens.authenticate('ct_x_y')).toBeNull();
    nowMs += 59_999;
    expect(await metadata.tokens.authenticate(token.text)).not.toBeNull();
    nowMs += 1;
    expect(await metadata.tokens.authenticate(token.text)).toBeNull();
    const revoked = await metadata.tokens.issue({ id, credentialVersion: 0 }, { ttlSeconds: 60 });
    await metadata.tokens.revoke(revoked.id);
    expect(await metadata.tokens.authenticate(revoked.text)).toBeNull();
    await metadata.tokens.revoke(revoked.id);
  });
});
