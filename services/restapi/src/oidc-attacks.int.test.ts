import { randomUUID } from 'node:crypto';
import type { RestapiClient } from '@cloudtuner/restapi-client';
import { sharedServers } from '@cloudtuner/test-kit';
import { SignJWT, UnsecuredJWT, type JWTPayload } from 'jose';
import { createMember, createOrganization, startRestapi, type RestapiHarness } from './testing/restapi-harness';
import { newIssuerKey, signToken, startTestIssuer, type IssuerKey, type TestIssuer } from './testing/test-issuer';
import { startTestWorld, type TestWorld } from './testing/test-world';

// What an honest provider never issues, and what it does when it fails: signed by keys of the test.

const clientId = 'restapi';
const otherClientId = 'command-line';

let world: TestWorld;
let issuer: TestIssuer;
/** Of a provider that serves one organization. */
let narrowIssuer: TestIssuer;
let harness: RestapiHarness;
let api: RestapiClient;
let organizationId: string;
let owner: string;
let key: IssuerKey;
let nowMs = Date.now();

const later = (seconds: number): void => {
  nowMs += seconds * 1000;
};

beforeAll(async () => {
  [world, issuer, narrowIssuer, key] = await Promise.all([
    startTestWorld(sharedServers()),
    startTestIssuer(),
    startTestIssuer(),
    newIssuerKey('k1'),
  ]);
  issuer.published = [key];
  narrowIssuer.published = [key];
  const organization = await createOrganization(world.harness);
  organizationId = organization.id;
  const provider = (name: string, more: object) => ({
    name,
    issuer: issuer.issuer,
    client_id: clientId,
    other_client_ids: [otherClientId],
    organizations: 'all',
    allow_http: true,
    ...more,
  });
  harness = await startRestapi({
    ...world.stores,
    now: () => nowMs,
    environment: {
      SIGN_IN_MAX_FAILURES: '3',
      OIDC_PROVIDERS: JSON.stringify([
        provider('idp', {}),
        provider('linking', { link_by_email: true, organizations: [organizationId] }),
        provider('narrow', { issuer: narrowIssuer.issuer, organizations: [organizationId] }),
        provider('nested', { groups_claim: 'realm_access.roles', trust_email: true }),
      ]),
    },
  });
  api = harness.client();
  // By a token of the clock that all of this has.
  ({ token: owner } = await api.createToken({ body: organization.owner }).catch(() => organization.owner));
  const role = (provider: string, group: string, as: 'owner' | 'viewer') => ({ provider, group, role: as });
  await harness.client(owner).setGroupRoles({
    params: { organization_id: organizationId },
    body: {
      group_roles: [
        role('idp', 'staff', 'viewer'),
        role('idp', 'admins', 'owner'),
        role('linking', 'staff', 'viewer'),
        role('narrow', 'staff', 'viewer'),
        role('nested', 'staff', 'viewer'),
      ],
    },
  });
}, 120_000);
afterAll(async () => {
  await harness.stop();
  await Promise.all([world.stop(), issuer.stop(), narrowIssuer.stop()]);
});

/** What a token says that is accepted, of somebody new each time. */
function claims(more: JWTPayload = {}): JWTPayload {
  const subject = randomUUID();
  const seconds = Math.floor(nowMs / 1000);
  const person = { sub: subject, email: `${subject}@example.org`, email_verified: true, groups: ['staff'] };
  return { iss: issuer.issuer, aud: clientId, iat: seconds, exp: seconds + 300, ...person, ...more };
}

/** The same person, as the provider tells of it later. */
const changedAddress = (person: JWTPayload): JWTPayload => ({ ...person, email: `${randomUUID()}@example.org` });

const without = (name: string): JWTPayload =>
  Object.fromEntries(Object.entries(claims()).filter(([claim]) => claim !== name));

const exchange = (idToken: string, provider = 'idp') =>
  api.createTokenFromIdToken({ body: { provider, id_token: idToken } });

const seconds = (offset: number): number => Math.floor(nowMs / 1000) + offset;

const textOf = (part: unknown): string => Buffer.from(JSON.stringify(part)).toString('base64url');

describe('an ID token', () => {
  it.each<[string, () => JWTPayload]>([
    ['for our client', () => claims()],
    ['for another client that the operator lists', () => claims({ aud: otherClientId })],
    ['for several, ours among them, asked for by ours', () => claims({ aud: [clientId, 'x'], azp: clientId })],
    ['that says that it is one, as those of Keycloak do', () => claims({ typ: 'ID' })],
    ['that ended within the skew of clocks', () => claims({ exp: seconds(-20) })],
    ['that is not before a moment within the skew', () => claims({ nbf: seconds(20) })],
  ])('%s is accepted', async (_title, payload) => {
    await exchange(await signToken(key, payload()));
  });

  it.each<[string, () => JWTPayload]>([
    ['another issuer', () => claims({ iss: 'https://evil.example.com' })],
    ['the issuer with a slash more', () => claims({ iss: `${issuer.issuer}/` })],
    ['no issuer', () => without('iss')],
    ['another audience', () => claims({ aud: 'another' })],
    ['no audience', () => without('aud')],
    ['several audiences and no azp', () => claims({ aud: [clientId, 'another'] })],
    ['our audience, asked for by another client', () => claims({ azp: 'another' })],
    ['an azp that is no text', () => claims({ azp: [clientId] })],
    ['an end that is over', () => claims({ exp: seconds(-40) })],
    ['no end', () => without('exp')],
    ['an end that is no number', () => Object.assign(claims(), { exp: '9999999999' })],
    ['a beginning in the future', () => claims({ nbf: seconds(60) })],
    ['an issue in the future', () => claims({ iat: seconds(60) })],
    ['an issue longer ago than ten minutes', () => claims({ iat: seconds(-700), exp: seconds(300) })],
    ['no issue', () => without('iat')],
    ['no subject', () => without('sub')],
    ['an empty subject', () => claims({ sub: '' })],
    ['events, as logout tokens have', () => claims({ events: {} })],
    ['the type of an access token inside', () => claims({ typ: 'Bearer' })],
    ['a scope, as access tokens have', () => claims({ scope: 'openid' })],
    ['a scope, as those of Microsoft have', () => claims({ scp: 'User.Read' })],
    ['a list of groups that is elsewhere', () => ({ ...without('groups'), _claim_names: { groups: 'src1' } })],
  ])('with %s is refused', async (_title, payload) => {
    await expect(exchange(await signToken(key, payload()))).rejects.toMatchObject({
      status: 401,
      code: 'identity-refused',
    });
  });

  it.each<[string, () => Promise<string> | string]>([
    ['no signature (alg none)', () => new UnsecuredJWT(claims()).encode()],
    [
      'the public key as a shared secret (HS256)',
      () => {
        const secret = new TextEncoder().encode(JSON.stringify(key.publicJwk));
        return new SignJWT(claims()).setProtectedHeader({ alg: 'HS256', kid: key.kid }).sign(secret);
      },
    ],
    [
      'a key of somebody else under the same name',
      async () => signToken({ ...(await newIssuerKey('k1')), kid: 'k1' }, claims()),
    ],
    [
      'a key that comes with the token',
      async () => {
        const evil = await newIssuerKey('k1');
        return signToken(evil, claims(), { jwk: evil.publicJwk });
      },
    ],
    [
      'an address of keys that comes with the token',
      async () => signToken(await newIssuerKey('evil'), claims(), { jku: 'http://127.0.0.1:1/keys' }),
    ],
    [
      'an extension that must be understood',
      () => `${textOf({ alg: key.alg, kid: key.kid, crit: ['x'], x: 1 })}.${textOf(claims())}.AAAA`,
    ],
    ['the type of an access token', () => signToken(key, claims(), { typ: 'at+jwt' })],
    ['the type of a logout token', () => signToken(key, claims(), { typ: 'logout+jwt' })],
    [
      'other claims than were signed',
      async () => {
        const [header = '', , signature = ''] = (await signToken(key, claims())).split('.');
        return [header, textOf(claims({ groups: ['admins'] })), signature].join('.');
      },
    ],
    ['its signature cut off', async () => `${(await signToken(key, claims())).split('.').slice(0, 2).join('.')}.`],
    ['no form at all', () => 'not.a.token'],
    ['five parts, as if it were encrypted', () => `${textOf({ alg: 'dir', enc: 'A256GCM' })}.a.b.c.d`],
  ])('with %s is refused', async (_title, forge) => {
    await expect(exchange(await forge())).rejects.toMatchObject({ status: 401, code: 'identity-refused' });
  });

  it('says which rule it breaks, and nothing of what it holds', async () => {
    const refusal: unknown = await exchange(await signToken(key, claims({ aud: 'secret-audience' }))).catch(
      (error: unknown) => error,
    );
    expect(String(refusal)).toContain('aud does not hold');
    expect(String(refusal)).not.toContain('secret-audience');
  });

  it('is counted when it is refused, by sender: who names somebody holds nobody up, and many are 429, also a good one', async () => {
    later(301);
    const subject = randomUUID();
    const unsigned = new UnsecuredJWT(claims({ sub: subject })).encode();
    const good = await signToken(key, claims({ sub: subject }));
    for (let index = 0; index < 10; index += 1) {
      await expect(exchange(unsigned)).rejects.toMatchObject({ code: 'identity-refused' });
    }
    await exchange(good);
    // Thirty times what is allowed of passwords, whatever it is that they send.
    for (let index = 10; index < 90; index += 1) {
      const answer = { transaction: randomUUID(), code: 'x', state: 'x' };
      await expect(api.createTokenFromCode({ body: answer })).rejects.toMatchObject({ code: 'identity-refused' });
    }
    await expect(exchange(good)).rejects.toMatchObject({ status: 429, code: 'sign-in-throttled' });
    later(301);
    await exchange(await signToken(key, claims({ sub: subject })));
  });
});

describe('keys', () => {
  it('are fetched again at once for one that is not known, and then not for half a minute', async () => {
    const next = await newIssuerKey('k2', 'ES256');
    issuer.published = [key, next];
    await exchange(await signToken(next, claims()));
    const before = issuer.asked.filter((path) => path === '/keys').length;
    // Anybody can name keys that are not there.
    const unknown = await newIssuerKey('k3');
    for (let index = 0; index < 5; index += 1) {
      await expect(exchange(await signToken(unknown, claims()))).rejects.toMatchObject({ code: 'identity-refused' });
    }
    expect(issuer.asked.filter((path) => path === '/keys')).toHaveLength(before);
    later(31);
    issuer.published = [key, next, unknown];
    await exchange(await signToken(unknown, claims()));
    // One that is taken back is worth nothing as soon as the keys are fetched again.
    issuer.published = [key];
    later(31);
    await expect(exchange(await signToken(await newIssuerKey('k4'), claims()))).rejects.toMatchObject({ status: 401 });
    await expect(exchange(await signToken(unknown, claims()))).rejects.toMatchObject({ code: 'identity-refused' });
  });

  it('are asked for at the provider’s own hosts alone, and redirects lead nowhere', async () => {
    const elsewhere = await startTestIssuer();
    elsewhere.published = [key];
    const fresh = await startTestIssuer();
    fresh.published = [key];
    const place = new URL(elsewhere.issuer).host;
    const metadata = (more: object) =>
      JSON.stringify({
        issuer: fresh.issuer,
        jwks_uri: `${fresh.issuer}/keys`,
        authorization_endpoint: `${fresh.issuer}/authorize`,
        token_endpoint: `${fresh.issuer}/token`,
        response_types_supported: ['code'],
        ...more,
      });
    const attempt = async (): Promise<unknown> => {
      const settings = {
        name: 'idp',
        issuer: fresh.issuer,
        client_id: clientId,
        organizations: 'all',
        allow_http: true,
      };
      const server = await startRestapi({
        ...world.stores,
        now: () => nowMs,
        environment: { OIDC_PROVIDERS: JSON.stringify([settings]) },
      });
      const idToken = await signToken(key, claims({ iss: fresh.issuer }));
      return server
        .client()
        .createTokenFromIdToken({ body: { provider: 'idp', id_token: idToken } })
        .catch((error: unknown) => error)
        .finally(() => server.stop());
    };
    const discovery = '/.well-known/openid-configuration';
    const json = { 'content-type': 'application/json' };
    fresh.instead.set(discovery, { status: 200, headers: json, body: metadata({ jwks_uri: `http://${place}/keys` }) });
    expect(await attempt()).toMatchObject({ status: 503, code: 'identity-provider-unavailable' });
    fresh.instead.set(discovery, { status: 302, headers: { location: `http://${place}${discovery}` }, body: '' });
    expect(await attempt()).toMatchObject({ status: 503, code: 'identity-provider-unavailable' });
    fresh.instead.set(discovery, {
      status: 200,
      headers: json,
      body: metadata({ issuer: 'https://evil.example.com' }),
    });
    expect(await attempt()).toMatchObject({ status: 503, code: 'identity-provider-unavailable' });
    expect(elsewhere.asked).toEqual([]);
    await Promise.all([fresh.stop(), elsewhere.stop()]);
  });

  it('cannot be had while the provider is away: 503, passwords and tokens go on, and so does it when it is back', async () => {
    const { token } = await exchange(await signToken(key, claims()));
    await issuer.stop();
    later(3700);
    const idToken = await signToken(key, claims());
    const refusal: unknown = await exchange(idToken).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ status: 503, code: 'identity-provider-unavailable' });
    expect((refusal as { retryAfterMs: number }).retryAfterMs).toBeGreaterThan(0);
    await harness.client(token).getCurrentUser({});
    await issuer.start();
    later(3);
    await exchange(idToken);
  });

  it('that come with an error of the provider are 503, not a refusal', async () => {
    later(3700);
    issuer.instead.set('/keys', { status: 500, body: 'oops' });
    await expect(exchange(await signToken(key, claims()))).rejects.toMatchObject({ status: 503 });
    issuer.instead.delete('/keys');
    await exchange(await signToken(key, claims()));
  });
});

const rolesOf = async (token: string) =>
  (await harness.client(token).getCurrentUser({})).organizations.map(({ role }) => role);

describe('roles', () => {
  it('are what the groups say at each sign-in, and are gone with the group, from older tokens too', async () => {
    const person = claims();
    const as = async (groups: string[]) =>
      exchange(await signToken(key, { ...person, groups, iat: seconds(0), exp: seconds(300) }));
    const viewer = await as(['staff', 'unmapped']);
    expect(await rolesOf(viewer.token)).toEqual(['viewer']);
    const admin = await as(['staff', 'admins']);
    expect(await rolesOf(admin.token)).toEqual(['owner']);
    expect(await rolesOf(viewer.token)).toEqual(['owner']);
    await as(['staff']);
    expect(await rolesOf(admin.token)).toEqual(['viewer']);
    await expect(as([])).rejects.toMatchObject({ status: 403, code: 'identity-without-access' });
    expect(await rolesOf(admin.token)).toEqual([]);
  });

  it('are not brought back by a token that is older than the one that took them', async () => {
    const person = claims({ groups: ['admins'] });
    const older = await signToken(key, person);
    await exchange(older);
    later(10);
    const newer = await signToken(key, { ...person, groups: ['staff'], iat: seconds(0) });
    const { token } = await exchange(newer);
    await exchange(older);
    expect(await rolesOf(token)).toEqual(['viewer']);
    // The same again is no older.
    await exchange(newer);
    expect(await rolesOf(token)).toEqual(['viewer']);
  });

  it('count where the person has signed in at the provider, and not by a password that is still there', async () => {
    const elsewhere = await createOrganization(harness);
    const body = { email: elsewhere.owner.email, password: elsewhere.owner.password };
    const { token: byPassword } = await api.createToken({ body });
    const idToken = await signToken(key, claims({ groups: ['admins'] }));
    await harness.client(byPassword).linkIdentity({ body: { provider: 'idp', id_token: idToken } });
    const { token: byProvider } = await exchange(idToken);
    const { token: personal } = await harness.client(byProvider).createPersonalToken({ body: { name: 'ci' } });
    const { token: again } = await api.createToken({ body });
    const organizationsOf = async (token: string) =>
      (await harness.client(token).getCurrentUser({})).organizations.map(({ id }) => id).sort();
    for (const token of [byProvider, personal]) {
      expect(await organizationsOf(token)).toEqual([organizationId, elsewhere.id].sort());
    }
    for (const token of [byPassword, again]) expect(await organizationsOf(token)).toEqual([elsewhere.id]);
  });

  it('stay as they were changed by hand, whatever the groups say', async () => {
    const person = claims({ groups: ['admins'] });
    const { token, user_id: userId } = await exchange(await signToken(key, person));
    await harness.client(owner).updateUser({
      params: { organization_id: organizationId, user_id: userId },
      body: { role: 'manager' },
    });
    await exchange(await signToken(key, person));
    expect(await rolesOf(token)).toEqual(['manager']);
    await exchange(await signToken(key, { ...person, groups: [] }));
    expect(await rolesOf(token)).toEqual(['manager']);
  });

  it('leave an organization its last owner', async () => {
    const person = claims({ groups: ['admins'] });
    const { token } = await exchange(await signToken(key, person));
    const params = { organization_id: organizationId };
    const { users } = await harness.client(token).listUsers({ params });
    for (const { id, role, email } of users) {
      if (role === 'owner' && email !== person['email']) {
        await harness.client(token).removeUser({ params: { ...params, user_id: id } });
      }
    }
    const again = await exchange(await signToken(key, { ...person, groups: ['staff'] }));
    expect(await rolesOf(again.token)).toEqual(['owner']);
    const successor = await createMember(
      harness,
      { id: organizationId, owner: { email: '', password: '', token } },
      'owner',
    );
    await exchange(await signToken(key, { ...person, groups: ['staff'] }));
    expect(await rolesOf(token)).toEqual(['viewer']);
    owner = successor;
  });

  it('come from a claim within claims, where the operator says so', async () => {
    const payload = { ...without('groups'), realm_access: { roles: ['staff'] } };
    const { token } = await exchange(await signToken(key, { ...payload, email_verified: false }), 'nested');
    expect(await rolesOf(token)).toEqual(['viewer']);
  });
});

const password = 'long enough a password';

/** A manager of the organization who was made by hand. */
async function createManager(): Promise<{ id: string; email: string; token: string }> {
  const email = `${randomUUID()}@example.org`;
  const { id } = await harness.client(owner).createUser({
    params: { organization_id: organizationId },
    body: { email, display_name: 'Eve', password, role: 'manager' },
  });
  const { token } = await api.createToken({ body: { email, password } });
  return { id, email, token };
}

describe('a sign-in that is good for some organizations', () => {
  it('gives itself no identity that is good for more, and neither sees nor ends tokens that are', async () => {
    const { id, token } = await createManager();
    const narrow = claims({ iss: narrowIssuer.issuer });
    const body = { provider: 'narrow', id_token: await signToken(key, narrow) };
    await harness.client(token).linkIdentity({ body });
    const signedIn = await exchange(body.id_token, 'narrow');
    expect(signedIn.user_id).toBe(id);
    const [whole, limited] = [harness.client(token), harness.client(signedIn.token)];
    // Where it is good for no more it may be linked, as it is already.
    await limited.linkIdentity({ body });
    const wider = { provider: 'idp', id_token: await signToken(key, claims()) };
    await expect(limited.linkIdentity({ body: wider })).rejects.toMatchObject({ status: 403, code: 'forbidden' });
    const { token_id: ofPassword } = await whole.getCurrentUser({});
    const { token_id: ofProvider } = await limited.getCurrentUser({});
    expect((await limited.listPersonalTokens({})).tokens.map((shown) => shown.id)).toEqual([ofProvider]);
    expect((await whole.listPersonalTokens({})).tokens.map((shown) => shown.id).sort()).toEqual(
      [ofPassword, ofProvider].sort(),
    );
    await expect(limited.revokePersonalToken({ params: { token_id: ofPassword } })).rejects.toMatchObject({
      status: 404,
    });
    await whole.linkIdentity({ body: wider });
    await whole.revokePersonalToken({ params: { token_id: ofProvider } });
    await expect(limited.getCurrentUser({})).rejects.toMatchObject({ status: 401 });
  });
});

describe('a person who comes with an address that a user has', () => {
  it('is that user only where the operator trusts the provider with it, and never with a second identity', async () => {
    const created = await createManager();
    const { email } = created;
    const first = claims({ email });
    await expect(exchange(await signToken(key, first))).rejects.toMatchObject({ code: 'identity-link-required' });
    await expect(
      exchange(await signToken(key, claims({ email, email_verified: false })), 'linking'),
    ).rejects.toMatchObject({ code: 'identity-email-unverified' });
    await expect(
      exchange(await signToken(key, claims({ email, email_verified: 'true' })), 'linking'),
    ).rejects.toMatchObject({ code: 'identity-email-unverified' });
    const linked = await exchange(await signToken(key, first), 'linking');
    expect(linked.user_id).toBe(created.id);
    expect(await rolesOf(linked.token)).toEqual(['manager']);
    // The password was of whoever made the user, and so were sign-ins with it.
    await expect(api.createToken({ body: { email, password } })).rejects.toMatchObject({ code: 'invalid-credentials' });
    await expect(rolesOf(created.token)).rejects.toMatchObject({ status: 401 });
    // The address was given to somebody else at the provider.
    await expect(exchange(await signToken(key, claims({ email })), 'linking')).rejects.toMatchObject({
      status: 409,
      code: 'identity-linked-already',
    });
    // A new address of the person changes nothing.
    const moved = await signToken(key, { ...first, email: `${randomUUID()}@example.org` });
    expect((await exchange(moved, 'linking')).user_id).toBe(created.id);
  });

  it.each([
    ['', (person: JWTPayload) => person],
    [', also when its address changes at that moment', changedAddress],
  ])('is made once by first sign-ins at the same moment%s', async (_what, next) => {
    // Many, as only some of them meet at the same place.
    for (let round = 0; round < 8; round += 1) {
      const person = claims();
      const idTokens = await Promise.all(Array.from({ length: 3 }, () => signToken(key, next(person))));
      const all = await Promise.all(idTokens.map((idToken) => exchange(idToken)));
      expect(new Set(all.map(({ user_id: userId }) => userId)).size).toBe(1);
    }
  });
});
