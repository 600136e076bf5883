import { randomUUID } from 'node:crypto';
import { randomDatabase, sharedServers } from '@cloudtuner/test-kit';
import { MongoClient } from 'mongodb';
import { connectMetadata, type Metadata } from '../metadata';
import { createTenantErasure, type DoomedTenant } from './tenant-erasure';

const password = 'correct horse battery staple';
const database = randomDatabase();
let metadata: Metadata;
let mongo: MongoClient;

beforeAll(async () => {
  const url = await sharedServers().mongodbUrl();
  mongo = new MongoClient(url);
  metadata = connectMetadata({ url, database, appName: 'test' });
});
afterAll(() => Promise.all([metadata.close(), mongo.close()]));

async function createOrganization(): Promise<string> {
  const id = randomUUID();
  await metadata.organizations.create(id, { name: 'Acme', currency: 'USD' });
  return id;
}

const createUser = (organizationId: string) =>
  metadata.users.create(organizationId, {
    ...{ email: `${randomUUID()}@example.org`, displayName: 'Ada', role: 'owner', password },
  });

async function doomed(organizationId: string, before?: DoomedTenant): Promise<DoomedTenant> {
  const found = await metadata.tenantErasure.find(organizationId, before?.userIds);
  return { organizationId, wholeOrganization: true, ...found };
}

const entryOf = (organizationIds: readonly string[], actorId: string): string =>
  JSON.stringify({ organizationIds, actor: { id: actorId } });

describe('the erasure of an organization', () => {
  it('leaves a person who has joined another organization since people were looked for', async () => {
    const [leaving, staying] = [await createOrganization(), await createOrganization()];
    const [joining, gone] = [await createUser(leaving), await createUser(leaving)];
    const first = await doomed(leaving);
    expect(first.userIds).toEqual([joining.id, gone.id].sort());
    await metadata.users.addMember(staying, joining.id, 'viewer');
    const { text } = await metadata.tokens.issue({ id: joining.id, credentialVersion: 0 }, { ttlSeconds: 60 });

    await metadata.tenantErasure.erase(first);
    expect((await metadata.users.list(staying)).map(({ id }) => id)).toEqual([joining.id]);
    expect((await metadata.tokens.authenticate(text))?.memberships).toMatchObject([{ organizationId: staying }]);
    const second = await doomed(leaving, first);
    expect(second.userIds).toEqual([gone.id]);
    expect(await metadata.tenantErasure.mentions(second)).toEqual({});
  });

  it('leaves a person who joins another organization while documents are being removed', async () => {
    const [leaving, staying] = [await createOrganization(), await createOrganization()];
    const person = await createUser(leaving);
    let joined = false;
    const joinsMeanwhile = {
      ...metadata.outbox,
      async pending(limit: number) {
        if (!joined) await metadata.users.addMember(staying, person.id, 'viewer');
        joined = true;
        return metadata.outbox.pending(limit);
      },
    };
    const erasure = createTenantErasure(mongo.db(database), joinsMeanwhile, (work) => work());
    const first = await doomed(leaving);
    expect(first.userIds).toEqual([person.id]);
    await erasure.erase(first);
    expect(await erasure.mentions(first)).toMatchObject({ users: expect.any(Number) as number });

    const second = await doomed(leaving, first);
    await erasure.erase(second);
    expect(await erasure.mentions(second)).toEqual({});
    expect((await metadata.users.list(staying)).map(({ id }) => id)).toEqual([person.id]);
  });

  it("ends although the person's name stays on what was made in another organization, and in its records", async () => {
    const [leaving, staying] = [await createOrganization(), await createOrganization()];
    const person = await createUser(leaving);
    const token = { name: 'ci', ttlSeconds: 60, accountIds: null, role: 'viewer', createdBy: person.id } as const;
    const { text } = await metadata.tokens.createService(staying, token);
    const kept = entryOf([staying], person.id);
    await metadata.organizations.note(staying, kept);
    await metadata.organizations.note(staying, entryOf([leaving], person.id));

    const tenant = await doomed(leaving);
    expect(await metadata.tenantErasure.mentions(tenant)).toMatchObject({ users: expect.any(Number) as number });
    await metadata.tenantErasure.erase(tenant);
    expect(await metadata.tenantErasure.mentions(tenant)).toEqual({});
    expect(await metadata.tokens.authenticate(text)).toMatchObject({ kind: 'service' });
    const waiting = (await metadata.outbox.pending(1_000)).filter(({ documentId }) => documentId === staying);
    expect(waiting.flatMap(({ entries }) => entries)).toEqual([kept]);
  });

  it('is not over while a record of several organizations waits to be written, which is left to its writer', async () => {
    const [leaving, staying] = [await createOrganization(), await createOrganization()];
    await metadata.organizations.note(staying, entryOf([leaving, staying], randomUUID()));
    const tenant = await doomed(leaving);
    await metadata.tenantErasure.erase(tenant);
    expect(await metadata.tenantErasure.mentions(tenant)).toEqual({ organizations: 1 });
  });
});
