import { randomUUID } from 'node:crypto';
import { operations, type Operation } from '@cloudtuner/restapi-client';
import { sharedServers } from '@cloudtuner/test-kit';
import { z } from 'zod';
import { badClusterRequests } from './testing/bad-cluster-requests';
import { createOrganization, type TestOrganization } from './testing/restapi-harness';
import { startTestWorld, type TestWorld } from './testing/test-world';

let world: TestWorld;
let organization: TestOrganization;
let accountId: string;

beforeAll(async () => {
  world = await startTestWorld(sharedServers());
  organization = await createOrganization(world.harness);
  const account = await world.harness.client(organization.owner.token).createCloudAccount({
    params: { organization_id: organization.id },
    body: { name: 'shop', type: 'kubernetes_cnr' },
  });
  accountId = account.id;
}, 120_000);
afterAll(() => world.stop());

interface Attempt {
  readonly method?: string;
  readonly path: string;
  readonly body?: unknown;
  /** Sent as it is. */
  readonly rawBody?: string;
  readonly contentType?: string;
}

async function send({ method = 'GET', path, body, rawBody, contentType = 'application/json' }: Attempt) {
  const payload = rawBody ?? (body === undefined ? undefined : JSON.stringify(body));
  const target = path.replaceAll('{org}', organization.id).replaceAll('{account}', accountId);
  const response = await fetch(`${world.harness.url}${target}`, {
    method,
    headers: {
      authorization: `Bearer ${organization.owner.token}`,
      secret: world.harness.clusterSecret,
      ...(payload === undefined ? {} : { 'content-type': contentType }),
    },
    ...(payload === undefined ? {} : { body: payload }),
  });
  return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
}

const v2 = '/restapi/v2';
const person = { email: 'eve@example.org', display_name: 'Eve', password: 'long enough a password' };
const organizationBody = { name: 'X', owner: person };
const userBody = { ...person, role: 'viewer' };
const accountBody = { name: 'new', type: 'kubernetes_cnr' };

const costs = (query: string): Attempt => ({ path: `${v2}/kubecost/clusters/{account}/costs?${query}` });
const expenses = (query: string): Attempt => ({ path: `${v2}/clean_expenses?${query}` });
const post = (path: string, body: unknown): Attempt => ({ method: 'POST', path: `${v2}${path}`, body });
const patch = (path: string, body: unknown): Attempt => ({ method: 'PATCH', path: `${v2}${path}`, body });
const without = (body: object, field: string): unknown =>
  Object.fromEntries(Object.entries(body).filter(([name]) => name !== field));

/** Status and code that each attempt is answered with. */
const attempts: readonly (readonly [title: string, status: number, code: string, attempt: Attempt])[] = [
  ['organization: no name', 400, 'invalid-request', post('/organizations', without(organizationBody, 'name'))],
  ['organization: blank name', 400, 'invalid-request', post('/organizations', { ...organizationBody, name: '  ' })],
  ['organization: currency', 400, 'invalid-request', post('/organizations', { ...organizationBody, currency: 'usd' })],
  ['organization: unknown field', 400, 'invalid-request', post('/organizations', { ...organizationBody, id: 'x' })],
  [
    'organization: short password',
    400,
    'invalid-request',
    post('/organizations', { name: 'X', owner: { ...person, password: '11 characte' } }),
  ],
  ['organization: an array', 400, 'invalid-request', post('/organizations', [])],
  ['organization: null', 400, 'invalid-request', post('/organizations', null)],
  ['organization: no body', 415, 'unsupported-media-type', { method: 'POST', path: `${v2}/organizations` }],
  [
    'organization: broken JSON',
    400,
    'malformed-json',
    { method: 'POST', path: `${v2}/organizations`, rawBody: '{"name":' },
  ],
  [
    'organization: a form',
    415,
    'unsupported-media-type',
    {
      method: 'POST',
      path: `${v2}/organizations`,
      rawBody: 'name=X',
      contentType: 'application/x-www-form-urlencoded',
    },
  ],
  [
    'organization: 300 kB',
    413,
    'body-too-large',
    { method: 'POST', path: `${v2}/organizations`, rawBody: JSON.stringify({ name: 'x'.repeat(300_000) }) },
  ],
  ['organization: id is no UUID', 400, 'invalid-request', { path: `${v2}/organizations/1` }],
  ['organization: id is an operator', 400, 'invalid-request', { path: `${v2}/organizations/%7B%22$ne%22:null%7D` }],
  ['organization: path cannot be decoded', 400, 'invalid-request', { path: `${v2}/organizations/%E0%A4%A` }],
  ['user: role', 400, 'invalid-request', post('/organizations/{org}/users', { ...userBody, role: 'admin' })],
  ['user: no role', 400, 'invalid-request', post('/organizations/{org}/users', without(userBody, 'role'))],
  ['user: address', 400, 'invalid-request', post('/organizations/{org}/users', { ...userBody, email: 'eve' })],
  [
    'user: address is an object',
    400,
    'invalid-request',
    post('/organizations/{org}/users', { ...userBody, email: { $gt: '' } }),
  ],
  [
    'user: memberships of their own',
    400,
    'invalid-request',
    post('/organizations/{org}/users', { ...userBody, memberships: [] }),
  ],
  ['token: address is an object', 400, 'invalid-request', post('/tokens', { email: { $ne: null }, password: 'x' })],
  [
    'token: password is an object',
    400,
    'invalid-request',
    post('/tokens', { email: 'a@example.org', password: { $ne: '' } }),
  ],
  ['token: empty', 400, 'invalid-request', post('/tokens', {})],
  [
    'token: password of 2,000 characters',
    400,
    'invalid-request',
    post('/tokens', { email: 'a@example.org', password: 'x'.repeat(2000) }),
  ],
  [
    'account: type',
    400,
    'invalid-request',
    post('/organizations/{org}/cloud_accounts', { ...accountBody, type: 'aws' }),
  ],
  [
    'account: name with a line break',
    400,
    'invalid-request',
    post('/organizations/{org}/cloud_accounts', { ...accountBody, name: 'a\nb' }),
  ],
  [
    'account: name too long',
    400,
    'invalid-request',
    post('/organizations/{org}/cloud_accounts', { ...accountBody, name: 'x'.repeat(201) }),
  ],
  [
    'account: organization of their own',
    400,
    'invalid-request',
    post('/organizations/{org}/cloud_accounts', { ...accountBody, organization_id: randomUUID() }),
  ],
  [
    'account: name taken',
    409,
    'account-name-taken',
    post('/organizations/{org}/cloud_accounts', { ...accountBody, name: 'shop' }),
  ],
  [
    'rotate: negative overlap',
    400,
    'invalid-request',
    post('/cloud_accounts/{account}/rotate_credentials', { overlap_seconds: -1 }),
  ],
  [
    'rotate: overlap as text',
    400,
    'invalid-request',
    post('/cloud_accounts/{account}/rotate_credentials', { overlap_seconds: '60' }),
  ],
  [
    'rotate: overlap of 31 days',
    400,
    'invalid-request',
    post('/cloud_accounts/{account}/rotate_credentials', { overlap_seconds: 31 * 86_400 }),
  ],
  ['backfill: no end', 400, 'invalid-request', post('/cloud_accounts/{account}/backfills', { start_time: 0 })],
  [
    'backfill: end before start',
    400,
    'invalid-window',
    post('/cloud_accounts/{account}/backfills', { start_time: 7200, end_time: 3600 }),
  ],
  [
    'backfill: in the future',
    400,
    'invalid-window',
    post('/cloud_accounts/{account}/backfills', { start_time: 4_000_000_000, end_time: 4_000_003_600 }),
  ],
  [
    'backfill: 401 days',
    422,
    'range-too-long',
    post('/cloud_accounts/{account}/backfills', { start_time: 0, end_time: 401 * 86_400 }),
  ],
  ['backfill: id with a colon', 400, 'invalid-request', { path: `${v2}/cloud_accounts/{account}/backfills/a:b` }],
  ['backfill: absent id', 404, 'not-found', { path: `${v2}/cloud_accounts/{account}/backfills/absent` }],
  ['costs: no window', 400, 'invalid-request', costs('step=1h')],
  ['costs: window and times', 400, 'invalid-request', costs('window=7d&start_time=0&end_time=3600')],
  ['costs: start alone', 400, 'invalid-request', costs('start_time=0')],
  ['costs: window of another grammar', 400, 'invalid-window', costs('window=fortnight')],
  [
    'costs: window with SQL',
    400,
    'invalid-window',
    costs(`window=${encodeURIComponent("7d'; DROP TABLE expenses; --")}`),
  ],
  ['costs: empty window', 400, 'invalid-window', costs('start_time=3600&end_time=3600')],
  ['costs: two windows', 400, 'invalid-request', costs('window=7d&window=1d')],
  ['costs: a window of another kind', 400, 'invalid-request', costs('window[$ne]=7d')],
  ['costs: step', 400, 'invalid-request', costs('window=7d&step=5m')],
  ['costs: money', 400, 'invalid-request', costs('window=7d&money=eur')],
  ['costs: misspelt parameter', 400, 'invalid-request', costs('window=7d&agregate=namespace')],
  ['costs: 32 days by the hour', 422, 'range-too-long', costs('window=32d&step=1h')],
  ['costs: 401 days by the day', 422, 'range-too-long', costs('window=401d')],
  ['costs: time with a sign', 400, 'invalid-request', costs('start_time=-1&end_time=3600')],
  ['costs: time with a fraction', 400, 'invalid-request', costs('start_time=0.5&end_time=3600')],
  ['costs: id is no UUID', 400, 'invalid-request', { path: `${v2}/kubecost/clusters/shop/costs?window=7d` }],
  ['expenses: no organization', 400, 'invalid-request', expenses('start_date=0&end_date=3600')],
  ['expenses: no end', 400, 'invalid-request', expenses('organization_id={org}&start_date=0')],
  [
    'expenses: end before start',
    400,
    'invalid-window',
    expenses('organization_id={org}&start_date=7200&end_date=3600'),
  ],
  [
    'expenses: 401 days',
    422,
    'range-too-long',
    expenses(`organization_id={org}&start_date=0&end_date=${String(401 * 86_400)}`),
  ],
  ['expenses: limit 0', 400, 'invalid-request', expenses('organization_id={org}&start_date=0&end_date=3600&limit=0')],
  [
    'expenses: limit 1001',
    400,
    'invalid-request',
    expenses('organization_id={org}&start_date=0&end_date=3600&limit=1001'),
  ],
  [
    'expenses: negative offset',
    400,
    'invalid-request',
    expenses('organization_id={org}&start_date=0&end_date=3600&offset=-1'),
  ],
  [
    'expenses: two organizations',
    400,
    'invalid-request',
    expenses(`organization_id={org}&organization_id=${randomUUID()}&start_date=0&end_date=3600`),
  ],
  ['clusters: money', 400, 'invalid-request', { path: `${v2}/organizations/{org}/kubecost/clusters?money=x` }],
  ['member: role', 400, 'invalid-request', patch(`/organizations/{org}/users/${randomUUID()}`, { role: 'admin' })],
  [
    'member: another field',
    400,
    'invalid-request',
    patch(`/organizations/{org}/users/${randomUUID()}`, { role: 'viewer', email: 'a@example.org' }),
  ],
  [
    'invitation: address',
    400,
    'invalid-request',
    post('/organizations/{org}/invitations', { email: 'eve', role: 'viewer' }),
  ],
  [
    'invitation: for a year',
    400,
    'invalid-request',
    post('/organizations/{org}/invitations', {
      email: 'a@example.org',
      role: 'viewer',
      expires_in_seconds: 31_536_000,
    }),
  ],
  [
    'acceptance: not of an invitation',
    401,
    'invitation-invalid',
    post('/invitations/accept', { invitation_token: 'x', display_name: 'Eve', password: person.password }),
  ],
  [
    'acceptance: an operator',
    400,
    'invalid-request',
    post('/invitations/accept', { invitation_token: { $ne: '' }, display_name: 'Eve', password: person.password }),
  ],
  [
    'password: short',
    400,
    'invalid-request',
    { method: 'PUT', path: `${v2}/users/me/password`, body: { current_password: 'x', new_password: 'short' } },
  ],
  ['personal token: role', 400, 'invalid-request', post('/users/me/tokens', { name: 'ci', role: 'admin' })],
  [
    'personal token: for ever',
    400,
    'invalid-request',
    post('/users/me/tokens', { name: 'ci', expires_in_seconds: 1e12 }),
  ],
  [
    'personal token: absent account',
    404,
    'not-found',
    post('/users/me/tokens', { name: 'ci', cloud_account_ids: [randomUUID()] }),
  ],
  [
    'service token: an owner',
    400,
    'invalid-request',
    post('/organizations/{org}/service_tokens', { name: 'x', role: 'owner' }),
  ],
  [
    'service token: no account',
    400,
    'invalid-request',
    post('/organizations/{org}/service_tokens', { name: 'x', role: 'viewer', cloud_account_ids: [] }),
  ],
  ['account: tags of a list', 400, 'invalid-request', patch('/cloud_accounts/{account}', { tags: ['a'] })],
  [
    'account: 51 tags',
    400,
    'invalid-request',
    patch('/cloud_accounts/{account}', {
      tags: Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`tag${String(index)}`, 'x'])),
    }),
  ],
  ['account: another id', 400, 'invalid-request', patch('/cloud_accounts/{account}', { id: randomUUID() })],
  [
    'limits: below nothing',
    400,
    'invalid-request',
    { method: 'PUT', path: `${v2}/cloud_accounts/{account}/write_limits`, body: { series: -1 } },
  ],
  [
    'limits: unknown',
    400,
    'invalid-request',
    { method: 'PUT', path: `${v2}/cloud_accounts/{account}/write_limits`, body: { cores: 1 } },
  ],
  ['audit: place of another kind', 400, 'invalid-request', { path: `${v2}/organizations/{org}/audit?before=x` }],
  ['audit: result', 400, 'invalid-request', { path: `${v2}/organizations/{org}/audit?result=good` }],
  [
    'audit: end before start',
    400,
    'invalid-window',
    { path: `${v2}/organizations/{org}/audit/export?start_time=10&end_time=5` },
  ],
  ...badClusterRequests.map(([title, status, code, path]) => [title, status, code, { path }] as const),
  ['another path', 404, 'not-found', { path: `${v2}/nothing` }],
  ['another method', 405, 'method-not-allowed', { method: 'PUT', path: `${v2}/organizations/{org}` }],
];

async function stateOfTheOrganization(): Promise<unknown> {
  const api = world.harness.client(organization.owner.token);
  const params = { organization_id: organization.id };
  return [
    await api.listOrganizations({}),
    await api.listUsers({ params }),
    await api.listCloudAccounts({ params }),
    await world.clickhouse.query({
      sql: 'SELECT count() AS tables FROM system.tables WHERE database = currentDatabase()',
      schema: z.unknown(),
      tag: { surface: 'test', route: 'restapi' },
      tenant: 'none',
    }),
  ];
}

describe('bad input', () => {
  it.each(attempts)('%s: %d %s as problem JSON, and nothing changes', async (_title, status, code, attempt) => {
    const before = await stateOfTheOrganization();
    const answer = await send(attempt);
    expect([answer.status, answer.type]).toEqual([status, 'application/problem+json; charset=utf-8']);
    const problem = JSON.parse(answer.text) as Record<string, unknown>;
    expect(problem).toMatchObject({ code, status, type: `urn:cloudtuner:error:${code}` });
    expect(typeof problem['request_id']).toBe('string');
    expect(await stateOfTheOrganization()).toEqual(before);
  });

  it.each(Object.values(operations).map((operation) => [operation.operationId, operation as Operation] as const))(
    '%s: 400 for a field or parameter that it does not know',
    async (_operationId, operation) => {
      const ids: Readonly<Record<string, string>> = {
        organization_id: '{org}',
        cloud_account_id: '{account}',
        cluster_id: '{account}',
      };
      const path = operation.path.replace(/:([a-z_]+)/g, (_match, name: string) => ids[name] ?? randomUUID());
      const attempt =
        operation.body === undefined ? { path: `${path}?no_such_parameter=1` } : { path, body: { no_such_field: 1 } };
      const { status, text } = await send({ method: operation.method, ...attempt });
      const { code } = JSON.parse(text) as { code: unknown };
      // Clients of OpenCost are told the status again, in their form.
      expect([status, code]).toEqual([400, operation.errorForm === 'opencost' ? 400 : 'invalid-request']);
      expect(text).toContain(operation.body === undefined ? 'no_such_parameter' : 'no_such_field');
    },
  );

  it('repeats no value of the input in the answer', async () => {
    const { text } = await send(post('/organizations/{org}/users', { ...userBody, password: 'hunter2' }));
    expect(text).not.toContain('hunter2');
  });
});
