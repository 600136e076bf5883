import { randomUUID } from 'node:crypto';
import { randomDatabase, sharedServers } from '@cloudtuner/test-kit';
import { z } from 'zod';
import { connectClickhouse } from '../client';
import type { ClickhouseClient } from '../client-port';
import { migrate } from '../migrate';
import { countTenantRows, eraseTenantRows } from './erase-tenant';

const tag = { surface: 'test', route: 'erase-tenant.int' };
const tenant = 'all';
const noOrganization = '00000000-0000-0000-0000-000000000000';
let client: ClickhouseClient;

beforeAll(async () => {
  const { url, username, password } = await sharedServers().clickhouse();
  client = connectClickhouse({ url, username, password, database: randomDatabase() });
  await migrate(client);
});
afterAll(async () => {
  await client.server().command({ sql: `DROP DATABASE IF EXISTS ${client.database}`, tag, tenant });
  await client.close();
});

interface Deed {
  readonly organizationId: string;
  readonly actorId: string;
  readonly cloudAccountId?: string;
}

/** What somebody did, as a row of the audit log; answers the row's id. */
async function note({ organizationId, actorId, cloudAccountId }: Deed): Promise<string> {
  const event_id = randomUUID();
  const row = {
    ...{ organization_id: organizationId, event_id, actor_id: actorId, cloud_account_id: cloudAccountId ?? null },
    ...{ at: '2026-03-01 10:00:00.000', operation: 'listUsers', action: 'read', result: 'ok', status: 200 },
  };
  await client.insert({ table: 'audit_events', rows: [row], tag, tenant });
  return event_id;
}

async function noted(): Promise<string[]> {
  const sql = 'SELECT event_id FROM audit_events';
  const rows = await client.query({ sql, schema: z.object({ event_id: z.string() }), tag, tenant });
  return rows.map(({ event_id }) => event_id).sort();
}

it.each([true, false])(
  'leaves what a person did in another organization in its audit log (whole organization: %s)',
  async (wholeOrganization) => {
    await client.command({ sql: 'TRUNCATE TABLE audit_events', tag, tenant });
    const [leaving, staying, person, cloudAccountId] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
    const [actorId, stranger] = [person, randomUUID()];
    const elsewhere = await note({ organizationId: staying, actorId });
    const refusedElsewhere = await note({ organizationId: staying, actorId: stranger, cloudAccountId });
    const beside = await note({ organizationId: leaving, actorId: stranger });
    await note({ organizationId: leaving, actorId, cloudAccountId });
    await note({ organizationId: noOrganization, actorId, cloudAccountId });
    const erased = {
      ...{ organizationId: leaving, wholeOrganization, withAudit: true, cloudAccountIds: [cloudAccountId] },
      subjectIds: wholeOrganization ? [person] : [],
    };
    expect(await eraseTenantRows(client, erased)).toEqual({ audit_events: wholeOrganization ? 3 : 2 });
    const left = [elsewhere, refusedElsewhere, ...(wholeOrganization ? [] : [beside])];
    expect(await noted()).toEqual(left.sort());
    expect(await countTenantRows(client, erased)).toEqual({});
  },
);

it('leaves nothing of an account in summaries and the books of its closed months', async () => {
  const [leaving, staying] = [randomUUID(), randomUUID()];
  const tables = ['cost_adjustments', 'cost_postings', 'cost_summaries', 'cost_summary_windows'];
  const timestamp = Math.floor(Date.now() / 1000);
  for (const table of tables)
    for (const cloud_account_id of [leaving, staying])
      await client.insert({ table, rows: [{ cloud_account_id, timestamp }], tag, tenant });
  const erasedOf = (id: string) => ({
    ...{ organizationId: randomUUID(), wholeOrganization: false, withAudit: true, cloudAccountIds: [id] },
    subjectIds: [],
  });
  const inAll = Object.fromEntries(tables.map((table) => [table, 1]));
  expect(await eraseTenantRows(client, erasedOf(leaving))).toEqual(inAll);
  expect(await countTenantRows(client, erasedOf(leaving))).toEqual({});
  expect(await countTenantRows(client, erasedOf(staying))).toEqual(inAll);
});
