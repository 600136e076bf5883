import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { randomDatabase, randomTenant, sharedServers, temporaryFolder } from '@cloudtuner/test-kit';
import { z } from 'zod';
import { connectClickhouse } from './client';
import type { ClickhouseClient } from './client-port';
import { migrate, rollBack, schemaVersion } from './migrate';
import { migrationsFolder, readMigrations } from './migration-files';
import { renderStatements } from './migration-sql';
import { defaultRetention } from './retention';

const tag = { surface: 'test', route: 'migrate.int' };
const tenant = randomTenant();
const clients: ClickhouseClient[] = [];

async function freshDatabase(database = randomDatabase()): Promise<ClickhouseClient> {
  const { url, username, password } = await sharedServers().clickhouse();
  const client = connectClickhouse({ url, username, password, database });
  clients.push(client);
  return client;
}

afterEach(async () => {
  for (const client of clients.splice(0)) {
    await client.server().command({ sql: `DROP DATABASE IF EXISTS ${client.database}`, tag, tenant });
    await client.close();
  }
});

const definitionRow = z.object({ name: z.string(), definition: z.string() });

async function definitions(client: ClickhouseClient): Promise<Record<string, string>> {
  const rows = await client.server().query({
    sql: 'SELECT name, create_table_query AS definition FROM system.tables WHERE database = {database:String} ORDER BY name',
    params: { database: client.database },
    schema: definitionRow,
    tag,
    tenant,
  });
  return Object.fromEntries(rows.map(({ name, definition }) => [name, definition.replaceAll(client.database, 'db')]));
}

const tables = [
  'account_days',
  'account_hours',
  'account_periods',
  'allocation_days',
  'allocation_dimension_days',
  'allocation_dimension_periods',
  'allocation_hours',
  'allocation_periods',
  'asset_hours',
  'audit_events',
  'bill_files',
  'bill_rows',
  'cost_adjustments',
  'cost_postings',
  'cost_summaries',
  'cost_summary_windows',
  'expenses',
  'kubecost_documents',
  'kubecost_extracts',
  'kubecost_hours',
  'kubecost_statements',
  'schema_migrations',
];

describe('migrate', () => {
  it('makes the database and its tables, goes back to nothing, and makes the same again', async () => {
    const client = await freshDatabase();
    expect(await schemaVersion(client)).toEqual({ applied: 0, latest: 13 });
    expect(await migrate(client)).toEqual({ applied: 13, latest: 13 });
    const first = await definitions(client);
    expect(Object.keys(first)).toEqual(tables);

    await rollBack(client, 0);
    expect(Object.keys(await definitions(client))).toEqual(['schema_migrations']);
    expect(await schemaVersion(client)).toEqual({ applied: 0, latest: 13 });

    await migrate(client);
    expect(await definitions(client)).toEqual(first);
    expect(await schemaVersion(client)).toEqual({ applied: 13, latest: 13 });
  });

  it('goes back as far as it is told', async () => {
    const client = await freshDatabase();
    await migrate(client);
    const { account_hours: pointer } = await definitions(client);
    expect(pointer).toContain('`allocation_rows` Nullable(UInt32)');
    await rollBack(client, 3);
    expect((await definitions(client))['account_hours']).not.toContain('allocation_rows');
    expect((await definitions(client))['account_days']).not.toContain('rollup');
    await rollBack(client, 1);
    expect(Object.keys(await definitions(client))).toEqual(['asset_hours', 'schema_migrations']);
    expect((await schemaVersion(client)).applied).toBe(1);
  });

  it('changes nothing when it is run again, and may be run by several processes at once', async () => {
    const { database } = await freshDatabase();
    const several = await Promise.all([1, 2, 3, 4].map(() => freshDatabase(database)));
    await Promise.all(several.map((client) => migrate(client)));
    const [client] = several;
    if (client === undefined) throw new Error('no client');
    const row = { cloud_account_id: tenant, resource_id: 'r', date: '2026-03-01', cost: '1.000000001', sign: 1 };
    await client.insert({ table: 'expenses', rows: [row], tag, tenant });
    await migrate(client);
    const rows = await client.query({
      sql: 'SELECT cost FROM expenses',
      schema: z.object({ cost: z.string() }),
      tag,
      tenant,
    });
    expect(rows).toEqual([{ cost: '1.000000001' }]);
  });

  it('refuses a file that was changed after it was applied', async () => {
    const client = await freshDatabase();
    await migrate(client);
    const folder = temporaryFolder();
    try {
      await cp(migrationsFolder, folder.path, { recursive: true });
      await writeFile(join(folder.path, '0001_asset_hours.up.sql'), 'SELECT 1;');
      await expect(migrate(client, { folder: folder.path })).rejects.toMatchObject({
        code: 'clickhouse-schema-changed',
      });
    } finally {
      folder.remove();
    }
  });

  it('gives tables that are there another retention', async () => {
    const client = await freshDatabase();
    await migrate(client);
    await migrate(client, {
      retention: { hourlyDays: 400, liveDays: 2, expensesDays: 800, podHourlyDays: 40, podDailyDays: 200 },
    });
    const changed = await definitions(client);
    expect(changed['asset_hours']).toContain(
      "TTL hour + toIntervalDay(400), hour + toIntervalDay(2) WHERE startsWith(data_version, 'live-')",
    );
    expect(changed['account_hours']).toContain('TTL hour + toIntervalDay(400)');
    expect(changed['expenses']).toContain('TTL date + toIntervalDay(800)');
    expect(changed['account_days']).toContain('TTL date + toIntervalDay(800)');
    expect(changed['allocation_hours']).toContain(
      "TTL toDate(hour) + toIntervalDay(40), toDate(hour) + toIntervalDay(2) WHERE startsWith(data_version, 'live-')",
    );
    expect(changed['allocation_days']).toContain('TTL date + toIntervalDay(200)');
    expect(changed['allocation_dimension_days']).toContain('TTL date + toIntervalDay(800)');
    expect(changed['kubecost_hours']).toContain('TTL toDate(hour) + toIntervalDay(40)');
    expect(changed['kubecost_statements']).toContain('TTL hour + toIntervalDay(400)');
    expect(changed['bill_rows']).toContain('TTL date + toIntervalDay(800)');
  });

  it('has a form for clusters that ClickHouse can read', async () => {
    const client = await freshDatabase();
    const target = { database: client.database, cluster: 'main', retention: defaultRetention };
    for (const { up, down } of await readMigrations(migrationsFolder)) {
      for (const sql of [...renderStatements(up, target), ...renderStatements(down, target)]) {
        const [row] = await client.server().query({
          sql: 'SELECT formatQuery({sql:String}) AS text',
          params: { sql },
          schema: z.object({ text: z.string() }),
          tag,
          tenant,
        });
        // Rows are copied once: tables replicate them.
        if (!sql.startsWith('INSERT')) expect(row?.text).toContain('ON CLUSTER main');
        if (sql.startsWith('CREATE')) expect(row?.text).toMatch(/ENGINE = Replicated\w*MergeTree\('/);
      }
    }
  });
});

describe('facts of the running hour', () => {
  it.each(['asset_hours', 'allocation_hours'])(
    'are dropped from %s after some days, the others stay',
    async (table) => {
      const client = await freshDatabase();
      await migrate(client);
      const hour = Math.floor(Date.now() / 3_600_000) * 3_600 - 10 * 86_400;
      const row = (data_version: string): object => ({
        cloud_account_id: tenant,
        hour,
        data_version,
        asset_type: 'node',
        asset_key: 'n',
        covered_seconds: 3_600,
        total_cost: '1.000000000',
      });
      await client.insert({ table, rows: [{ ...row('live-a') }, { ...row('a') }], tag, tenant });
      await client.command({ sql: `OPTIMIZE TABLE ${table} FINAL`, tag, tenant });
      const rows = await client.query({
        sql: `SELECT data_version FROM ${table}`,
        schema: z.object({ data_version: z.string() }),
        tag,
        tenant,
      });
      expect(rows).toEqual([{ data_version: 'a' }]);
    },
  );
});
