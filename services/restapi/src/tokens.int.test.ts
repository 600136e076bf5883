import { randomUUID } from 'node:crypto';
import { createRestapiClient, RestapiError } from '@cloudtuner/restapi-client';
import { sharedServers } from '@cloudtuner/test-kit';
import { createMember, createOrganization, type RestapiHarness } from './testing/restapi-harness';
import { startTestWorld, type TestWorld } from './testing/test-world';

let world: TestWorld;
let harness: RestapiHarness;

beforeAll(async () => {
  world = await startTestWorld(sharedServers());
  ({ harness } = world);
}, 120_000);
afterAll(() => world.stop());

const statusOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => 'done',
    (error: unknown) => (error instanceof RestapiError ? error.status : error),
  );

describe('personal tokens', () => {
  it('are shown once, may be limited to a role, and end at once when revoked', async () => {
    const { id: organization_id, owner } = await createOrganization(harness);
    const api = harness.client(owner.token);
    const made = await api.createPersonalToken({ body: { name: 'ci', role: 'viewer' } });
    const tool = harness.client(made.token);
    expect((await tool.getCurrentUser({})).organizations).toEqual([{ id: organization_id, role: 'viewer' }]);
    await tool.getOrganization({ params: { organization_id } });
    expect(await statusOf(tool.listUsers({ params: { organization_id } }))).toBe(403);
    // A token makes no tokens, whatever its role.
    expect(await statusOf(tool.createPersonalToken({ body: { name: 'more' } }))).toBe(403);
    const { tokens } = await api.listPersonalTokens({});
    expect(tokens.map(({ kind }) => kind).sort()).toEqual(['personal', 'session']);
    expect(tokens.find(({ id }) => id === made.id)).toMatchObject({ name: 'ci', prefix: made.prefix, role: 'viewer' });
    expect(JSON.stringify(tokens)).not.toContain(made.token);
    await api.revokePersonalToken({ params: { token_id: made.id } });
    expect(await statusOf(tool.getCurrentUser({}))).toBe(401);
  });

  it('end with the password, and the session that changed it, too', async () => {
    const { owner } = await createOrganization(harness);
    const api = harness.client(owner.token);
    const { token } = await api.createPersonalToken({ body: { name: 'ci' } });
    const next = 'a password that is new';
    const change = (current_password: string) =>
      statusOf(api.changePassword({ body: { current_password, new_password: next } }));
    expect(await change('not the password')).toBe(401);
    expect(await change(owner.password)).toBe('done');
    for (const old of [token, owner.token]) expect(await statusOf(harness.client(old).getCurrentUser({}))).toBe(401);
    const signIn = (password: string) => harness.client().createToken({ body: { email: owner.email, password } });
    expect(await statusOf(signIn(owner.password))).toBe(401);
    await harness.client((await signIn(next)).token).getCurrentUser({});
  });
});

describe('service tokens', () => {
  it('for some cloud accounts see those and nothing of the others', async () => {
    const { id: organization_id, owner } = await createOrganization(harness);
    const api = harness.client(owner.token);
    const params = { organization_id };
    const [seen, hidden] = await Promise.all(
      ['seen', 'hidden'].map((name) => api.createCloudAccount({ params, body: { name, type: 'kubernetes_cnr' } })),
    );
    if (seen === undefined || hidden === undefined) throw new Error('two accounts');
    const { token } = await api.createServiceToken({
      params,
      body: { name: 'grafana', role: 'manager', cloud_account_ids: [seen.id] },
    });
    const service = harness.client(token);
    expect((await service.listCloudAccounts({ params })).cloud_accounts.map(({ name }) => name)).toEqual(['seen']);
    expect((await service.listClusters({ params })).clusters.map(({ name }) => name)).toEqual(['seen']);
    const expenses = await service.getCleanExpenses({
      query: { organization_id, start_date: 1_700_000_000, end_date: 1_700_003_600 },
    });
    expect(JSON.stringify(expenses)).not.toContain(hidden.id);
    await service.rotateCredentials({ params: { cloud_account_id: seen.id } });
    expect(await statusOf(service.rotateCredentials({ params: { cloud_account_id: hidden.id } }))).toBe(404);
    expect(await statusOf(service.createCloudAccount({ params, body: { name: 'x', type: 'kubernetes_cnr' } }))).toBe(
      403,
    );
  });
});

describe('members', () => {
  it('join by an invitation, which can be used once and makes no owner of somebody else’s account', async () => {
    const first = await createOrganization(harness);
    const second = await createOrganization(harness);
    const inviteTo = async ({ id, owner }: typeof first, email: string) =>
      (
        await harness.client(owner.token).createInvitation({
          params: { organization_id: id },
          body: { email, role: 'manager' },
        })
      ).invitation_token;
    const accept = (invitation_token: string, password: string) =>
      harness.client().acceptInvitation({ body: { invitation_token, display_name: 'Grace', password } });
    const email = `${randomUUID()}@example.org`;
    const password = 'a password of Grace';
    const text = await inviteTo(first, email);
    expect(await accept(text, password)).toMatchObject({ organization_id: first.id, role: 'manager', email });
    expect(await statusOf(accept(text, password))).toBe(401);
    // Who has the invitation of a known address, and not the password, stays outside.
    const again = await inviteTo(second, email);
    expect(await statusOf(accept(again, 'not the password'))).toBe(401);
    expect(await accept(again, password)).toMatchObject({ organization_id: second.id, role: 'manager' });
    const { token } = await harness.client().createToken({ body: { email, password } });
    const { organizations } = await harness.client(token).listOrganizations({});
    expect(organizations.map(({ id, role }) => [id, role]).sort()).toEqual(
      [first, second].map(({ id }) => [id, 'manager']).sort(),
    );
  });

  it('lose what they may at once, with their role and with their membership; an owner stays', async () => {
    const organization = await createOrganization(harness);
    const params = { organization_id: organization.id };
    const api = harness.client(organization.owner.token);
    const manager = harness.client(await createMember(harness, organization, 'manager'));
    const { user_id: userId } = await manager.getCurrentUser({});
    const { user_id: ownerId } = await api.getCurrentUser({});
    if (userId === null || ownerId === null) throw new Error('a sign-in is of a person');
    const member = { params: { ...params, user_id: userId } };
    expect(await api.updateUser({ ...member, body: { role: 'viewer' } })).toMatchObject({ role: 'viewer' });
    const create = () => manager.createCloudAccount({ params, body: { name: randomUUID(), type: 'kubernetes_cnr' } });
    expect(await statusOf(create())).toBe(403);
    await api.removeUser(member);
    expect(await statusOf(manager.getOrganization({ params }))).toBe(404);
    const lastOwner = { params: { ...params, user_id: ownerId } };
    await expect(api.removeUser(lastOwner)).rejects.toMatchObject({ code: 'last-owner', status: 409 });
    await expect(api.updateUser({ ...lastOwner, body: { role: 'viewer' } })).rejects.toMatchObject({
      code: 'last-owner',
    });
  });
});

describe('cloud accounts', () => {
  it('change name, region, owner and tags, each by itself', async () => {
    const { id: organization_id, owner } = await createOrganization(harness);
    const api = harness.client(owner.token);
    const body = { name: 'shop', type: 'kubernetes_cnr' as const, region: 'eu-west-1', tags: { team: 'a' } };
    const { id } = await api.createCloudAccount({ params: { organization_id }, body });
    const params = { cloud_account_id: id };
    expect(await api.updateCloudAccount({ params, body: { tags: { 'app.io/team': '$b' } } })).toMatchObject({
      name: 'shop',
      region: 'eu-west-1',
      tags: { 'app.io/team': '$b' },
    });
    expect(await api.updateCloudAccount({ params, body: { name: 'store', region: null } })).toMatchObject({
      name: 'store',
      region: null,
      tags: { 'app.io/team': '$b' },
    });
    await api.createCloudAccount({ params: { organization_id }, body: { ...body, name: 'other' } });
    await expect(api.updateCloudAccount({ params, body: { name: 'other' } })).rejects.toMatchObject({
      code: 'account-name-taken',
      status: 409,
    });
  });

  it('get their write limits from the operator alone, and show them in the status', async () => {
    const { id: organization_id, owner } = await createOrganization(harness);
    const api = harness.client(owner.token);
    const { id } = await api.createCloudAccount({
      params: { organization_id },
      body: { name: 'shop', type: 'kubernetes_cnr' },
    });
    const params = { cloud_account_id: id };
    const body = { samples_per_second: 5000, series: 100_000 };
    const byOwner = await fetch(`${harness.url}/restapi/v2/cloud_accounts/${id}/write_limits`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${owner.token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(byOwner.status).toBe(401);
    const operator = createRestapiClient({ baseUrl: harness.url, secret: harness.clusterSecret });
    await operator.setWriteLimits({ params, body });
    expect(await statusOf(operator.setWriteLimits({ params, body: { series: 0 } }))).toBe(400);
    expect(await statusOf(operator.setWriteLimits({ params: { cloud_account_id: randomUUID() }, body }))).toBe(404);
    const status = await api.getCloudAccountStatus({ params });
    expect(status).toMatchObject({ status: 'never', receiving_since: null, coverage_24h: null, write_limits: body });
    expect(status.credentials).toHaveLength(1);
  });
});
