import { randomUUID } from 'node:crypto';
import { createRestapiClient } from '@cloudtuner/restapi-client';
import { sharedServers } from '@cloudtuner/test-kit';
import { createOrganization, type RestapiHarness } from './testing/restapi-harness';
import { startTestWorld, type TestWorld } from './testing/test-world';

let world: TestWorld;
let harness: RestapiHarness;

beforeAll(async () => {
  world = await startTestWorld(sharedServers(), { environment: { SIGN_IN_MAX_FAILURES: '2' } });
  ({ harness } = world);
}, 120_000);
afterAll(() => world.stop());

const owner = () => ({ email: `${randomUUID()}@example.org`, display_name: 'Ada', password: 'long enough a password' });

describe('organizations', () => {
  it('come with an owner, by the cluster secret alone', async () => {
    const body = { name: ' Acme ', currency: 'EUR', owner: owner() };
    const created = await harness.client().createOrganization({ body });
    expect(created).toMatchObject({ name: 'Acme', currency: 'EUR', owner: { role: 'owner', email: body.owner.email } });
    for (const secret of [undefined, 'a cluster secret of tests onlY', '']) {
      const api = createRestapiClient({ baseUrl: harness.url, ...(secret === undefined ? {} : { secret }) });
      await expect(api.createOrganization({ body: { name: 'X', owner: owner() } })).rejects.toMatchObject({
        code: 'unauthenticated',
        status: 401,
      });
    }
  });

  it('are not left behind when the owner’s address is taken', async () => {
    const first = owner();
    await harness.client().createOrganization({ body: { name: 'First', owner: first } });
    await expect(harness.client().createOrganization({ body: { name: 'Second', owner: first } })).rejects.toMatchObject(
      { code: 'user-exists', status: 409 },
    );
    const { token } = await harness.client().createToken({ body: { email: first.email, password: first.password } });
    const { organizations } = await harness.client(token).listOrganizations({});
    expect(organizations.map(({ name }) => name)).toEqual(['First']);
  });
});

describe('sign-in', () => {
  it('gives a token that works until it is revoked, and not one request longer', async () => {
    const { owner: user } = await createOrganization(harness);
    const { token, expires_at: expiresAt } = await harness
      .client()
      .createToken({ body: { email: user.email.toUpperCase(), password: user.password } });
    expect(expiresAt - Date.now() / 1000).toBeCloseTo(86_400, -2);
    await harness.client(token).listOrganizations({});
    await harness.client(token).revokeCurrentToken({});
    await expect(harness.client(token).listOrganizations({})).rejects.toMatchObject({ status: 401 });
    // The other session of the same user goes on.
    await harness.client(user.token).listOrganizations({});
  });

  it('answers an unknown address and a wrong password alike', async () => {
    const { owner: user } = await createOrganization(harness);
    const attempt = async (email: string) => {
      const response = await fetch(`${harness.url}/restapi/v2/tokens`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-request-id': 'same' },
        body: JSON.stringify({ email, password: 'not the password' }),
      });
      return [response.status, await response.text()];
    };
    expect(await attempt(user.email)).toEqual(await attempt('nobody@example.org'));
    expect((await attempt('nobody-else@example.org'))[0]).toBe(401);
  });

  it('refuses with 429 and Retry-After after two failures, also the right password, for this address only', async () => {
    const [{ owner: user }, { owner: other }] = [await createOrganization(harness), await createOrganization(harness)];
    const attempt = (email: string, password: string) => harness.client().createToken({ body: { email, password } });
    for (let index = 0; index < 2; index += 1) {
      await expect(attempt(user.email, 'wrong')).rejects.toMatchObject({ code: 'invalid-credentials', status: 401 });
    }
    const refused = await attempt(user.email, user.password).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'sign-in-throttled', status: 429 });
    expect((refused as { retryAfterMs: number }).retryAfterMs).toBeGreaterThan(290_000);
    await attempt(other.email, other.password);
    expect(await harness.registry.metrics()).toContain('restapi_sign_ins_total{outcome="sign_in_throttled"} 1');
  });

  it('writes neither password nor token nor secret into the log', async () => {
    const { owner: user } = await createOrganization(harness);
    await harness.client(user.token).listOrganizations({});
    const log = harness.logLines.join('');
    for (const secret of [user.password, user.token, harness.clusterSecret]) expect(log).not.toContain(secret);
  });
});

describe('users', () => {
  it('can be added with a role, and sign in', async () => {
    const organization = await createOrganization(harness);
    const api = harness.client(organization.owner.token);
    const person = { ...owner(), role: 'viewer' as const };
    const created = await api.createUser({ params: { organization_id: organization.id }, body: person });
    expect(created).not.toHaveProperty('password');
    const { users } = await api.listUsers({ params: { organization_id: organization.id } });
    expect(users.map(({ role }) => role).sort()).toEqual(['owner', 'viewer']);
    await harness.client().createToken({ body: { email: person.email, password: person.password } });
  });
});

describe('cloud accounts', () => {
  it('show their password once; rotation issues another one and keeps the old for the overlap', async () => {
    const organization = await createOrganization(harness);
    const api = harness.client(organization.owner.token);
    const params = { organization_id: organization.id };
    const created = await api.createCloudAccount({
      params,
      body: { name: 'shop', type: 'kubernetes_cnr', region: 'eu-west-1' },
    });
    expect(created.credentials.username).toBe(created.id);
    const { cloud_accounts: accounts } = await api.listCloudAccounts({ params });
    expect(accounts).toMatchObject([{ id: created.id, name: 'shop', region: 'eu-west-1', owner: null }]);
    expect(JSON.stringify(accounts)).not.toContain('password');
    const rotated = await api.rotateCredentials({
      params: { cloud_account_id: created.id },
      body: { overlap_seconds: 3600 },
    });
    expect(rotated.credentials.username).toBe(created.id);
    expect(rotated.credentials.password).not.toBe(created.credentials.password);
    expect(rotated.previous_expires_at - Date.now() / 1000).toBeCloseTo(3600, -2);
  });

  it('are gone once deleted, and their name is free', async () => {
    const organization = await createOrganization(harness);
    const api = harness.client(organization.owner.token);
    const params = { organization_id: organization.id };
    const body = { name: 'shop', type: 'kubernetes_cnr' as const };
    const { id } = await api.createCloudAccount({ params, body });
    await expect(api.createCloudAccount({ params, body })).rejects.toMatchObject({
      code: 'account-name-taken',
      status: 409,
    });
    await api.deleteCloudAccount({ params: { cloud_account_id: id } });
    await expect(api.deleteCloudAccount({ params: { cloud_account_id: id } })).rejects.toMatchObject({ status: 404 });
    await expect(api.getCloudAccount({ params: { cloud_account_id: id } })).rejects.toMatchObject({ status: 404 });
    await api.createCloudAccount({ params, body });
  });
});
