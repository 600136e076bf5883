import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { RestapiClient } from '@cloudtuner/restapi-client';
import { sharedServers, waitFor } from '@cloudtuner/test-kit';
import { redeemCode, redirectUri, startOidcProvider, type OidcProviderServer } from './testing/oidc-provider';
import {
  createOrganization,
  startRestapi,
  type RestapiHarness,
  type TestOrganization,
} from './testing/restapi-harness';
import { startTestWorld, type TestWorld } from './testing/test-world';

// Against oidc-provider, a certified implementation, over HTTP.

const ada = `ada-${randomUUID()}@example.org`;
const local = `local-${randomUUID()}@example.org`;
const people = {
  ada: { email: ada, email_verified: true, name: 'Ada', groups: ['finance', 'platform'] },
  bob: { email: `bob-${randomUUID()}@example.org`, email_verified: true, groups: ['finance', 'secret-project'] },
  unverified: { email: `eve-${randomUUID()}@example.org`, email_verified: false, groups: ['finance'] },
  stranger: { email: `mal-${randomUUID()}@example.org`, email_verified: true, groups: ['guests'] },
  local: { email: local, email_verified: true, groups: ['finance'] },
};

let world: TestWorld;
let provider: OidcProviderServer;
let acme: TestOrganization;
let other: TestOrganization;
/** restapi with the provider, which serves acme alone. */
let harness: RestapiHarness;
let api: RestapiClient;

const settings = (server: OidcProviderServer, organizations: string[] | 'all') => ({
  name: 'corporate',
  issuer: server.issuer,
  client_id: server.client.client_id,
  client_secret: server.client.client_secret,
  redirect_uris: [redirectUri],
  scope: 'openid email profile groups',
  organizations,
  allow_http: true,
});

beforeAll(async () => {
  [world, provider] = await Promise.all([startTestWorld(sharedServers()), startOidcProvider(people)]);
  [acme, other] = [await createOrganization(world.harness), await createOrganization(world.harness)];
  harness = await startRestapi({
    ...world.stores,
    environment: { OIDC_PROVIDERS: JSON.stringify([settings(provider, [acme.id])]) },
  });
  api = harness.client();
  await harness.client(acme.owner.token).setGroupRoles({
    params: { organization_id: acme.id },
    body: {
      group_roles: [
        { provider: 'corporate', group: 'finance', role: 'viewer' },
        { provider: 'corporate', group: 'platform', role: 'manager' },
      ],
    },
  });
}, 120_000);
afterAll(async () => {
  await harness.stop();
  await Promise.all([world.stop(), provider.stop()]);
});

async function returned(person: string) {
  const begun = await api.createOidcAuthorization({ body: { provider: 'corporate', redirect_uri: redirectUri } });
  const answer = await provider.signIn(begun.authorization_url, person);
  const of = (name: string): string => answer.get(name) ?? '';
  return { transaction: begun.transaction, code: of('code'), state: of('state'), iss: of('iss') };
}

const signIn = async (person: string) => api.createTokenFromCode({ body: await returned(person) });

const base64url = (bytes: Buffer): string => bytes.toString('base64url');

/** As an application gets it that signs people in itself. */
async function idTokenOf(person: string, nonce: string): Promise<string> {
  const verifier = base64url(randomBytes(32));
  const url = new URL(`${provider.issuer}/auth`);
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: provider.client.client_id,
    redirect_uri: redirectUri,
    scope: 'openid email profile groups',
    nonce,
    code_challenge: base64url(createHash('sha256').update(verifier).digest()),
    code_challenge_method: 'S256',
  }).toString();
  const answer = await provider.signIn(url.href, person);
  return redeemCode(provider, { code: answer.get('code') ?? '', verifier });
}

describe('signing in by authorization code', () => {
  it('creates who comes for the first time, with the most powerful role of the groups', async () => {
    const { token, user_id: userId } = await signIn('ada');
    expect(await harness.client(token).getCurrentUser({})).toMatchObject({
      user_id: userId,
      name: ada,
      kind: 'session',
      organizations: [{ id: acme.id, role: 'manager' }],
    });
    // The same person the next time.
    expect((await signIn('ada')).user_id).toBe(userId);
  });

  it('sends the browser with PKCE, state and nonce, each another every time', async () => {
    const seen = new Set<string>();
    for (let index = 0; index < 2; index += 1) {
      const begun = await api.createOidcAuthorization({ body: { provider: 'corporate', redirect_uri: redirectUri } });
      const { searchParams, origin } = new URL(begun.authorization_url);
      expect(origin).toBe(provider.issuer);
      expect(searchParams.get('code_challenge_method')).toBe('S256');
      for (const name of ['state', 'nonce', 'code_challenge']) seen.add(`${name} ${String(searchParams.get(name))}`);
      // What the browser holds tells it nothing.
      expect(Buffer.from(begun.transaction, 'base64url').toString('latin1')).not.toContain(searchParams.get('nonce'));
    }
    expect(seen.size).toBe(6);
  });

  it('takes a code once', async () => {
    const body = await returned('bob');
    await api.createTokenFromCode({ body });
    await expect(api.createTokenFromCode({ body })).rejects.toMatchObject({ status: 401, code: 'identity-refused' });
  });

  it.each([
    ['another state', { state: 'another' }],
    ['an answer of another issuer', { iss: 'https://evil.example.com' }],
    ['no issuer where the provider promises one', { iss: undefined }],
    ['a transaction that is not ours', { transaction: 'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..AAAA.AAAA.AAAA' }],
  ])('refuses %s', async (_title, wrong) => {
    const { iss, ...body } = { ...(await returned('bob')), ...wrong };
    await expect(
      api.createTokenFromCode({ body: { ...body, ...(iss === undefined ? {} : { iss }) } }),
    ).rejects.toMatchObject({ status: 401, code: 'identity-refused' });
  });

  it('refuses the code of one browser with the transaction of another', async () => {
    const [mine, theirs] = [await returned('bob'), await returned('ada')];
    const body = { ...theirs, transaction: mine.transaction };
    await expect(api.createTokenFromCode({ body })).rejects.toMatchObject({ code: 'identity-refused' });
    const injected = { ...mine, code: theirs.code };
    await expect(api.createTokenFromCode({ body: injected })).rejects.toMatchObject({ code: 'identity-refused' });
  });

  it('sends the browser back to addresses of the operator alone', async () => {
    for (const address of ['https://evil.example.com/callback', `${redirectUri}/`, `${redirectUri}?a=b`]) {
      await expect(
        api.createOidcAuthorization({ body: { provider: 'corporate', redirect_uri: address } }),
      ).rejects.toMatchObject({ status: 400, code: 'invalid-request' });
    }
  });
});

describe('exchanging an ID token', () => {
  it('signs in, with the nonce of who has asked for it', async () => {
    const idToken = await idTokenOf('bob', 'n-1');
    const body = { provider: 'corporate', id_token: idToken };
    const { token } = await api.createTokenFromIdToken({ body: { ...body, nonce: 'n-1' } });
    expect((await harness.client(token).getCurrentUser({})).organizations).toEqual([{ id: acme.id, role: 'viewer' }]);
    await expect(api.createTokenFromIdToken({ body: { ...body, nonce: 'n-2' } })).rejects.toMatchObject({
      code: 'identity-refused',
    });
  });

  it('refuses who has no role, and whose address is not verified, and makes neither a user', async () => {
    await expect(signIn('stranger')).rejects.toMatchObject({ status: 403, code: 'identity-without-access' });
    await expect(signIn('unverified')).rejects.toMatchObject({ status: 403, code: 'identity-email-unverified' });
    const { users } = await harness.client(acme.owner.token).listUsers({ params: { organization_id: acme.id } });
    for (const { email } of [people.stranger, people.unverified]) {
      expect(users.map((user) => user.email)).not.toContain(email);
    }
  });
});

describe('a user who is there already', () => {
  it('is not taken over by the address, links the identity with both proofs, and keeps the password', async () => {
    const password = 'long enough a password';
    const params = { organization_id: acme.id };
    await harness.client(acme.owner.token).createUser({
      params,
      body: { email: local, display_name: 'Local', password, role: 'manager' },
    });
    await expect(signIn('local')).rejects.toMatchObject({ status: 409, code: 'identity-link-required' });
    const { token, user_id: userId } = await api.createToken({ body: { email: local, password } });
    const body = { provider: 'corporate', id_token: await idTokenOf('local', 'n') };
    await harness.client(token).linkIdentity({ body });
    // Twice is no error, and nobody else can have it.
    await harness.client(token).linkIdentity({ body });
    await expect(harness.client(acme.owner.token).linkIdentity({ body })).rejects.toMatchObject({
      code: 'identity-linked-already',
    });
    const outside = await signIn('local');
    expect(outside.user_id).toBe(userId);
    // The role was given by hand, so the group does not lower it.
    const me = await harness.client(outside.token).getCurrentUser({});
    expect(me.organizations).toEqual([{ id: acme.id, role: 'manager' }]);
    await api.createToken({ body: { email: local, password } });
  });
});

describe('what a sign-in is good for', () => {
  it('is the organizations that the provider serves, also for tokens made with it', async () => {
    const { invitation_token: invitationToken } = await harness.client(other.owner.token).createInvitation({
      params: { organization_id: other.id },
      body: { email: local, role: 'owner' },
    });
    await api.acceptInvitation({
      body: { invitation_token: invitationToken, display_name: 'Local', password: 'long enough a password' },
    });
    const { token } = await signIn('local');
    const personal = await harness.client(token).createPersonalToken({ body: { name: 'ci' } });
    for (const text of [token, personal.token]) {
      const { organizations } = await harness.client(text).getCurrentUser({});
      expect(organizations.map(({ id }) => id)).toEqual([acme.id]);
      await expect(
        harness.client(text).getOrganization({ params: { organization_id: other.id } }),
      ).rejects.toMatchObject({ status: 404 });
    }
    // By password the person is in both.
    const signedIn = await api.createToken({ body: { email: local, password: 'long enough a password' } });
    expect((await harness.client(signedIn.token).getCurrentUser({})).organizations).toHaveLength(2);
  });

  it('cannot be given to groups by an organization that the provider does not serve', async () => {
    await expect(
      harness.client(other.owner.token).setGroupRoles({
        params: { organization_id: other.id },
        body: { group_roles: [{ provider: 'corporate', group: 'finance', role: 'owner' }] },
      }),
    ).rejects.toMatchObject({ status: 400, code: 'invalid-request' });
  });
});

describe('the audit log', () => {
  it('has the first sign-in, the change of the rules, and no token', async () => {
    await signIn('bob');
    const { user_id: userId } = await signIn('ada');
    const entries = await waitFor(
      async () => {
        const { records } = await harness.client(acme.owner.token).listAudit({ params: { organization_id: acme.id } });
        const shown = JSON.stringify(records);
        return shown.includes('"user created"') && shown.includes('setGroupRoles') && shown.includes(userId)
          ? shown
          : undefined;
      },
      { what: 'the records', timeoutMs: 30_000 },
    );
    // Of the groups only those that have a role there.
    expect(entries).toContain('finance');
    expect(entries).not.toContain('secret-project');
    expect(entries).not.toMatch(/ct_[0-9a-f]{8}|eyJ/);
    expect(harness.logLines.join('')).not.toMatch(/eyJ|a client secret of tests/);
  });
});
