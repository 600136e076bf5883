import { randomUUID } from 'node:crypto';
import { focusHeader, focusLine } from './focus-files';
import { createMember, createOrganization, type RestapiHarness, type TestOrganization } from './restapi-harness';

/** An organization with somebody of each role, services, and one resource of every kind. */
export interface MatrixTenant {
  readonly organization: TestOrganization;
  /** Bearer tokens. `restricted` is a service's token for one cloud account, which is not `ids.cloud_account_id`. */
  readonly tokens: Readonly<Record<'owner' | 'manager' | 'viewer' | 'service' | 'restricted', string>>;
  /** Ids by the name that they have in paths, queries and bodies. */
  readonly ids: Readonly<Record<string, string>>;
  /** Ids that go together with the one of this name, where it is in a path. */
  readonly together: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** Makes a resource in an organization and answers its id; `ids` has what was made before it. */
type Maker = (harness: RestapiHarness, owner: string, ids: Readonly<Record<string, string>>) => Promise<string>;

const idOf = (ids: Readonly<Record<string, string>>, name: string): string => ids[name] ?? randomUUID();

/** An account of bills with an import; answers its own ids. */
async function makeImport(harness: RestapiHarness, owner: string, organizationId: string) {
  const api = harness.client(owner);
  const body = { name: `bills ${randomUUID()}`, type: 'aws_cnr' as const };
  const { id } = await api.createCloudAccount({ params: { organization_id: organizationId }, body });
  const made = await api.createExpenseImport({
    params: { cloud_account_id: id },
    query: { file_name: 'march.csv' },
    upload: Buffer.from(focusHeader + focusLine({})),
  });
  return { import_id: made.id, cloud_account_id: id };
}

/** How a resource of each kind of id is made, in the order in which they need each other. */
export const resourceMakers: Readonly<Record<string, Maker>> = {
  cloud_account_id: async (harness, owner, ids) => {
    const params = { organization_id: idOf(ids, 'organization_id') };
    const body = { name: `shop ${randomUUID()}`, type: 'kubernetes_cnr' as const };
    return (await harness.client(owner).createCloudAccount({ params, body })).id;
  },
  cluster_id: (_harness, _owner, ids) => Promise.resolve(idOf(ids, 'cloud_account_id')),
  backfill_id: async (harness, owner, ids) => {
    const params = { cloud_account_id: idOf(ids, 'cloud_account_id') };
    const body = { start_time: 1_700_000_000, end_time: 1_700_090_000 };
    return (await harness.client(owner).createBackfill({ params, body })).id;
  },
  user_id: async (harness, owner, ids) => {
    const params = { organization_id: idOf(ids, 'organization_id') };
    const person = { email: `${randomUUID()}@example.org`, display_name: 'Eve', password: 'long enough a password' };
    return (await harness.client(owner).createUser({ params, body: { ...person, role: 'viewer' } })).id;
  },
  employee_id: (_harness, _owner, ids) => Promise.resolve(idOf(ids, 'user_id')),
  invitation_id: async (harness, owner, ids) => {
    const params = { organization_id: idOf(ids, 'organization_id') };
    const body = { email: `${randomUUID()}@example.org`, role: 'viewer' as const };
    return (await harness.client(owner).createInvitation({ params, body })).id;
  },
  token_id: async (harness, owner, ids) => {
    const params = { organization_id: idOf(ids, 'organization_id') };
    return (await harness.client(owner).createServiceToken({ params, body: { name: 'x', role: 'viewer' } })).id;
  },
  pool_id: async (harness, owner, ids) => {
    const params = { organization_id: idOf(ids, 'organization_id') };
    return (await harness.client(owner).createPool({ params, body: { name: `pool ${randomUUID()}` } })).id;
  },
  rule_id: async (harness, owner, ids) => {
    const params = { organization_id: idOf(ids, 'organization_id') };
    const body = {
      name: 'rule',
      priority: 1,
      conditions: [{ type: 'tag_exists' as const, key: 'team' }],
      pool_id: idOf(ids, 'pool_id'),
    };
    return (await harness.client(owner).createAssignmentRule({ params, body })).id;
  },
};

/** Makes a tenant with everything. */
export async function createMatrixTenant(harness: RestapiHarness): Promise<MatrixTenant> {
  const organization = await createOrganization(harness);
  const { token: owner } = organization.owner;
  const ids: Record<string, string> = { organization_id: organization.id };
  const other = await resourceMakers['cloud_account_id']?.(harness, owner, ids);
  for (const [name, make] of Object.entries(resourceMakers)) ids[name] = await make(harness, owner, ids);
  const imported = await makeImport(harness, owner, organization.id);
  ids['import_id'] = imported.import_id;
  const params = { organization_id: organization.id };
  const serviceToken = async (cloudAccountIds: string[] | null): Promise<string> => {
    const body = { name: 'service', role: 'viewer' as const, cloud_account_ids: cloudAccountIds };
    return (await harness.client(owner).createServiceToken({ params, body })).token;
  };
  const tokens = {
    owner,
    manager: await createMember(harness, organization, 'manager'),
    viewer: await createMember(harness, organization, 'viewer'),
    service: await serviceToken(null),
    restricted: await serviceToken([other ?? '']),
  };
  return { organization, tokens, ids, together: { import_id: imported } };
}
