import { randomUUID } from 'node:crypto';
import { connectMetadata } from '@cloudtuner/metadata';
import { RestapiError } from '@cloudtuner/restapi-client';
import { randomDatabase, sharedServers, startClickhouse, waitFor } from '@cloudtuner/test-kit';
import {
  createMember,
  createOrganization,
  startRestapi,
  type RestapiHarness,
  type TestOrganization,
} from './testing/restapi-harness';
import { startTestWorld, type TestWorld } from './testing/test-world';

/** Records are written each second; a busy machine takes its time. */
const patienceMs = 60_000;

let world: TestWorld;

beforeAll(async () => {
  world = await startTestWorld(sharedServers());
}, 120_000);
afterAll(() => world.stop());

const ignored = (call: Promise<unknown>): Promise<unknown> => call.catch((error: unknown) => error);

const recordsOf = async ({ id, owner }: TestOrganization, harness: RestapiHarness = world.harness) =>
  (await harness.client(owner.token).listAudit({ params: { organization_id: id }, query: { limit: 1000 } })).records;

/** The records of an organization, once there is one of this kind. */
async function recordsWith(
  organization: TestOrganization,
  operation: string,
  { result = 'ok', count = 1, harness = world.harness } = {},
) {
  let records: Awaited<ReturnType<typeof recordsOf>> = [];
  await waitFor(
    async () => {
      const all = await recordsOf(organization, harness);
      records = all.filter((record) => record.operation === operation && record.result === result);
      return records.length >= count;
    },
    { what: `records of ${operation}`, timeoutMs: patienceMs },
  );
  return records;
}

describe('the audit log', () => {
  it('has who changed what, from what to what, and no secret', async () => {
    const organization = await createOrganization(world.harness);
    const api = world.harness.client(organization.owner.token);
    const params = { organization_id: organization.id };
    const account = await api.createCloudAccount({ params, body: { name: 'shop', type: 'kubernetes_cnr' } });
    await api.updateCloudAccount({ params: { cloud_account_id: account.id }, body: { name: 'store' } });
    const rotated = await api.rotateCredentials({ params: { cloud_account_id: account.id } });
    const made = await api.createServiceToken({ params, body: { name: 'grafana', role: 'viewer' } });
    const [changed] = await recordsWith(organization, 'updateCloudAccount');
    const { user_id: userId } = await api.getCurrentUser({});
    expect(changed).toMatchObject({
      action: 'change',
      result: 'ok',
      status: 200,
      code: null,
      cloud_account_id: account.id,
      actor: { kind: 'user', id: userId, name: organization.owner.email },
      details: { from: { name: 'shop' }, to: { name: 'store' } },
    });
    expect(changed?.address).toMatch(/127\.0\.0\.1|::1/);
    await recordsWith(organization, 'createServiceToken');
    const text = JSON.stringify(await recordsOf(organization));
    for (const operation of ['createOrganization', 'createToken', 'createCloudAccount', 'rotateCredentials']) {
      expect(text).toContain(`"operation":"${operation}"`);
    }
    for (const secret of [organization.owner.password, rotated.credentials.password, made.token]) {
      expect(text).not.toContain(secret);
    }
  });

  it('has reads of costs with their window, and what was refused, for the organization it is about', async () => {
    const organization = await createOrganization(world.harness);
    const stranger = await createOrganization(world.harness);
    const viewer = world.harness.client(await createMember(world.harness, organization, 'viewer'));
    const [start_date, end_date] = [1_700_000_000, 1_700_003_600];
    await viewer.getCleanExpenses({ query: { organization_id: organization.id, start_date, end_date } });
    await ignored(viewer.listUsers({ params: { organization_id: organization.id } }));
    await ignored(viewer.getOrganization({ params: { organization_id: stranger.id } }));
    const [read] = await recordsWith(organization, 'getCleanExpenses');
    expect(read).toMatchObject({ action: 'read', window: { start: start_date, end: end_date } });
    const [refused] = await recordsWith(organization, 'listUsers', { result: 'denied' });
    expect(refused).toMatchObject({ status: 403, code: 'forbidden' });
    const [foreign] = await recordsWith(organization, 'getOrganization', { result: 'denied' });
    expect(foreign).toMatchObject({ status: 404, code: 'not-found' });
    // The stranger learns nothing of it.
    expect(JSON.stringify(await recordsOf(stranger))).not.toContain(organization.id);
  });

  it('has backfills, which change no document of ours', async () => {
    const organization = await createOrganization(world.harness);
    const api = world.harness.client(organization.owner.token);
    const account = await api.createCloudAccount({
      params: { organization_id: organization.id },
      body: { name: 'shop', type: 'kubernetes_cnr' },
    });
    await api.createBackfill({
      params: { cloud_account_id: account.id },
      body: { start_time: 1_700_000_000, end_time: 1_700_090_000 },
    });
    const [record] = await recordsWith(organization, 'createBackfill');
    expect(record).toMatchObject({ action: 'change', status: 202, cloud_account_id: account.id });
  });

  it('is read by owners alone, page by page or whole, and is itself in the log', async () => {
    const organization = await createOrganization(world.harness);
    const params = { organization_id: organization.id };
    const api = world.harness.client(organization.owner.token);
    for (let index = 0; index < 5; index += 1) {
      await api.createServiceToken({ params, body: { name: `token ${String(index)}`, role: 'viewer' } });
    }
    await recordsWith(organization, 'createServiceToken', { count: 5 });
    const query = { operation: 'createServiceToken', limit: 2 };
    const names: unknown[] = [];
    let before: string | null = null;
    do {
      const page: Awaited<ReturnType<typeof api.listAudit>> = await api.listAudit({
        params,
        query: { ...query, ...(before === null ? {} : { before }) },
      });
      names.push(...page.records.map(({ details }) => details['name']));
      before = page.next;
    } while (before !== null);
    expect(names).toEqual(['token 4', 'token 3', 'token 2', 'token 1', 'token 0']);
    const response = await fetch(
      `${world.harness.url}/restapi/v2/organizations/${organization.id}/audit/export?operation=createServiceToken`,
      { headers: { authorization: `Bearer ${organization.owner.token}` } },
    );
    expect(response.headers.get('content-type')).toContain('application/x-ndjson');
    expect((await response.text()).trim().split('\n')).toHaveLength(5);
    const manager = world.harness.client(await createMember(world.harness, organization, 'manager'));
    await expect(manager.listAudit({ params })).rejects.toMatchObject({ status: 403 });
    await recordsWith(organization, 'exportAudit');
  });

  it('loses no change while ClickHouse is away, nor when restapi is stopped before it is back', async () => {
    const clickhouse = await startClickhouse();
    const { url, username, password } = clickhouse;
    // Nobody listens there any more.
    await clickhouse.stop();
    const { database } = world.stores.clickhouse;
    const stores = { ...world.stores, mongodbDatabase: randomDatabase() };
    const before = await startRestapi({ ...stores, clickhouse: { url, username, password, database } });
    const organization = await createOrganization(before);
    const api = before.client(organization.owner.token);
    const { id } = await api.createCloudAccount({
      params: { organization_id: organization.id },
      body: { name: 'shop', type: 'kubernetes_cnr' },
    });
    await api.deleteCloudAccount({ params: { cloud_account_id: id } });
    const hasTried = (): boolean => before.logLines.some((line) => line.includes('could not be written'));
    await waitFor(hasTried, { timeoutMs: patienceMs });
    await before.stop();
    const harness = await startRestapi(stores);
    const [created] = await recordsWith(organization, 'createCloudAccount', { harness });
    expect(created).toMatchObject({ result: 'ok', details: { name: 'shop' } });
    const [deleted] = await recordsWith(organization, 'deleteCloudAccount', { harness });
    expect(deleted).toMatchObject({ result: 'ok', cloud_account_id: id });
    await harness.stop();
    const { mongodbUrl, mongodbDatabase } = stores;
    const metadata = connectMetadata({ url: mongodbUrl, database: mongodbDatabase, appName: 'test' });
    expect(await metadata.outbox.pending(10)).toEqual([]);
    await metadata.close();
  });

  it('has a change once, though its record is written twice', async () => {
    const organization = await createOrganization(world.harness);
    const [record] = await recordsWith(organization, 'createOrganization');
    if (record === undefined) throw new Error('no record');
    const columns =
      'organization_id, at, event_id, actor_kind, actor_id, actor_name, token_id, operation, action, result, status, code, address, request_id, details';
    await world.clickhouse.command({
      sql: `INSERT INTO audit_events (${columns}) SELECT ${columns} FROM audit_events WHERE event_id = {id:UUID}`,
      params: { id: record.id },
      tag: { surface: 'test', route: 'audit' },
      tenant: organization.id,
    });
    expect((await recordsOf(organization)).filter(({ id }) => id === record.id)).toHaveLength(1);
  });

  it('refuses a place or a window that is none', async () => {
    const { id, owner } = await createOrganization(world.harness);
    const api = world.harness.client(owner.token);
    const params = { organization_id: id };
    const queries = [{ before: `1_${randomUUID()}' OR 1=1 --` }, { start_time: 2000, end_time: 1000 }];
    for (const query of queries) {
      const error = await api.listAudit({ params, query }).catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(RestapiError);
      expect(error).toMatchObject({ status: 400 });
    }
  });
});
