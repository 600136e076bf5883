import { randomUUID } from 'node:crypto';
import { operations, type Operation } from '@cloudtuner/restapi-client';
import { sharedServers } from '@cloudtuner/test-kit';
import { createMember, createOrganization, type TestOrganization } from './testing/restapi-harness';
import { startTestWorld, type TestWorld } from './testing/test-world';
import { answerUsage } from './testing/usage-answers';

let world: TestWorld;
/** Two organizations, each with an account and somebody of each role. */
let own: Tenant;
let foreign: Tenant;

interface Tenant {
  readonly organization: TestOrganization;
  readonly accountId: string;
  readonly backfillId: string;
  readonly tokens: Readonly<Record<Role, string>>;
}

const roles = ['viewer', 'manager', 'owner'] as const;
type Role = (typeof roles)[number];

async function createTenant(): Promise<Tenant> {
  const { harness } = world;
  const organization = await createOrganization(harness);
  const api = harness.client(organization.owner.token);
  const params = { organization_id: organization.id };
  const { id } = await api.createCloudAccount({ params, body: { name: 'shop', type: 'kubernetes_cnr' } });
  const backfill = await api.createBackfill({
    params: { cloud_account_id: id },
    body: { start_time: 1_700_000_000, end_time: 1_700_090_000 },
  });
  return {
    organization,
    accountId: id,
    backfillId: backfill.id,
    tokens: {
      owner: organization.owner.token,
      manager: await createMember(harness, organization, 'manager'),
      viewer: await createMember(harness, organization, 'viewer'),
    },
  };
}

beforeAll(async () => {
  world = await startTestWorld(sharedServers());
  answerUsage(world.metroculus);
  [own, foreign] = [await createTenant(), await createTenant()];
}, 120_000);
afterAll(() => world.stop());

/** Ids that a request is about. */
interface Target {
  readonly organizationId: string;
  readonly accountId: string;
  readonly backfillId: string;
}

const targetOf = ({ organization, accountId, backfillId }: Tenant): Target => ({
  organizationId: organization.id,
  accountId,
  backfillId,
});

const bodies: Readonly<Record<string, () => unknown>> = {
  createUser: () => ({
    email: `${randomUUID()}@example.org`,
    display_name: 'Eve',
    password: 'long enough a password',
    role: 'owner',
  }),
  createCloudAccount: () => ({ name: `c-${randomUUID()}`, type: 'kubernetes_cnr' }),
  rotateCredentials: () => ({ overlap_seconds: 600 }),
  createBackfill: () => ({ start_time: 1_700_000_000, end_time: 1_700_090_000 }),
};

const queries: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  getClusterCosts: { window: 'yesterday' },
  getOrganizationAllocation: { window: 'yesterday' },
  listClusterAssets: { window: 'yesterday' },
  getClusterMetrics: { window: 'yesterday', metric: 'cpu' },
  getClusterOptimization: { window: 'yesterday' },
  listClusterNamespaces: { window: 'yesterday' },
  listNamespaceWorkloads: { window: 'yesterday' },
  getKubernetesCosts: { window: 'yesterday' },
  listKubernetesNamespaces: { window: 'yesterday' },
  listKubernetesWorkloads: { window: 'yesterday' },
  getKubernetesOptimization: { window: 'yesterday' },
  getCleanExpenses: { start_date: '1700000000', end_date: '1700090000' },
};

/** What is sent for an operation about a target; the same request id always, so that answers can be compared. */
async function send(operation: Operation, target: Target, authorization?: string) {
  const ids: Readonly<Record<string, string>> = {
    organization_id: target.organizationId,
    cloud_account_id: target.accountId,
    cluster_id: target.accountId,
    backfill_id: target.backfillId,
    namespace: 'default',
  };
  const path = operation.path.replace(/:([a-z_]+)/g, (_match, name: string) => ids[name] ?? '');
  const url = new URL(path, world.harness.url);
  for (const [name, text] of Object.entries(queries[operation.operationId] ?? {})) url.searchParams.set(name, text);
  if (operation.scope?.from === 'query') url.searchParams.set(operation.scope.field, ids[operation.scope.field] ?? '');
  const body = bodies[operation.operationId]?.();
  const response = await fetch(url, {
    method: operation.method,
    headers: {
      'x-request-id': 'the-same',
      ...(authorization === undefined ? {} : { authorization }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const headers = Object.fromEntries([...response.headers].filter(([name]) => name !== 'date'));
  return { status: response.status, headers, text: await response.text() };
}

const scoped: readonly Operation[] = Object.values(operations).filter((operation) => 'scope' in operation);

/** Viewers read; managers also connect accounts, rotate and backfill; owners also handle users and delete. */
const leastRole: Readonly<Record<string, Role>> = {
  getOrganization: 'viewer',
  listCloudAccounts: 'viewer',
  getCloudAccount: 'viewer',
  getBackfill: 'viewer',
  listClusters: 'viewer',
  getClusterCosts: 'viewer',
  getOrganizationAllocation: 'viewer',
  listClusterAssets: 'viewer',
  getClusterMetrics: 'viewer',
  getClusterOptimization: 'viewer',
  listClusterNamespaces: 'viewer',
  listNamespaceWorkloads: 'viewer',
  getKubernetesCosts: 'viewer',
  listKubernetesNamespaces: 'viewer',
  listKubernetesWorkloads: 'viewer',
  getKubernetesOptimization: 'viewer',
  getCleanExpenses: 'viewer',
  createCloudAccount: 'manager',
  rotateCredentials: 'manager',
  createBackfill: 'manager',
  listUsers: 'owner',
  createUser: 'owner',
  deleteCloudAccount: 'owner',
};

/** Everything of a tenant that a request could change. */
async function stateOf({ organization, accountId, tokens }: Tenant): Promise<unknown> {
  const api = world.harness.client(tokens.owner);
  const params = { organization_id: organization.id };
  const { last_read_at: _readAt, ...account } = await api.getCloudAccount({ params: { cloud_account_id: accountId } });
  return [account, await api.listUsers({ params }), (await api.listCloudAccounts({ params })).cloud_accounts.length];
}

describe('authorization', () => {
  it('has a least role for every operation of an organization', () => {
    expect(Object.keys(leastRole).sort()).toEqual(scoped.map(({ operationId }) => operationId).sort());
  });

  it.each(roles)('as %s: own ids as the role allows, a foreign id byte for byte like an absent one', async (role) => {
    const authorization = `Bearer ${own.tokens[role]}`;
    const before = await stateOf(foreign);
    const absent = { organizationId: randomUUID(), accountId: randomUUID(), backfillId: foreign.backfillId };
    for (const operation of scoped) {
      const onForeign = await send(operation, targetOf(foreign), authorization);
      expect(onForeign).toEqual(await send(operation, absent, authorization));
      expect([operation.operationId, onForeign.status]).toEqual([operation.operationId, 404]);
      expect(JSON.parse(onForeign.text)).toMatchObject({ code: 'not-found', status: 404 });
    }
    expect(await stateOf(foreign)).toEqual(before);
  });

  it.each(roles)('as %s: 403 for what the role may not do, and nothing changes', async (role) => {
    const before = await stateOf(own);
    for (const operation of scoped) {
      if (roles.indexOf(role) >= roles.indexOf(leastRole[operation.operationId] ?? 'owner')) continue;
      const { status, text } = await send(operation, targetOf(own), `Bearer ${own.tokens[role]}`);
      expect([operation.operationId, status]).toEqual([operation.operationId, 403]);
      expect(JSON.parse(text)).toMatchObject({ code: 'forbidden' });
    }
    expect(await stateOf(own)).toEqual(before);
  });

  it.each(roles)('as %s: what the role may do works', async (role) => {
    for (const operation of scoped) {
      const least = leastRole[operation.operationId] ?? 'owner';
      // The account is needed once more.
      if (operation.operationId === 'deleteCloudAccount' || roles.indexOf(role) < roles.indexOf(least)) continue;
      const { status } = await send(operation, targetOf(own), `Bearer ${own.tokens[role]}`);
      expect([operation.operationId, status]).toEqual([operation.operationId, operation.status]);
    }
  });

  it('as owner: an account can be deleted', async () => {
    const { id } = await world.harness.client(own.tokens.owner).createCloudAccount({
      params: { organization_id: own.organization.id },
      body: { name: randomUUID(), type: 'kubernetes_cnr' },
    });
    const target = { ...targetOf(own), accountId: id };
    const { status } = await send(operations.deleteCloudAccount, target, `Bearer ${own.tokens.owner}`);
    expect(status).toBe(204);
  });

  it.each([
    ['no credentials', undefined],
    ['another scheme', `Basic ${Buffer.from('a:b').toString('base64')}`],
    ['the cluster secret', 'Bearer a cluster secret of tests only'],
    ['a made-up token', `Bearer ct_0123456789abcdef_${'x'.repeat(43)}`],
    ['an empty token', 'Bearer '],
  ])('answers 401 with WWW-Authenticate to %s, whatever the id', async (_title, authorization) => {
    for (const operation of [...scoped, operations.listOrganizations, operations.revokeCurrentToken]) {
      const answer = await send(operation, targetOf(own), authorization);
      expect([operation.operationId, answer.status]).toEqual([operation.operationId, 401]);
      expect(answer.headers).toMatchObject({ 'www-authenticate': 'Bearer' });
      expect(answer).toEqual(await send(operation, targetOf(foreign), authorization));
    }
  });

  it('shows a user the own organizations and no other', async () => {
    const { organizations } = await world.harness.client(own.tokens.viewer).listOrganizations({});
    expect(organizations.map(({ id, role }) => [id, role])).toEqual([[own.organization.id, 'viewer']]);
  });

  it('finds no backfill of another account under the own account', async () => {
    const mixed = { ...targetOf(own), backfillId: foreign.backfillId };
    const { status } = await send(operations.getBackfill, mixed, `Bearer ${own.tokens.owner}`);
    expect(status).toBe(404);
  });
});
