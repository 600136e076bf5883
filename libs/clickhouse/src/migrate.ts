import { AppError } from '@cloudtuner/errors';
import { z } from 'zod';
import type { ClickhouseClient } from './client-port';
import { migrationsFolder, readMigrations, type Migration } from './migration-files';
import { renderStatements, type MigrationTarget } from './migration-sql';
import { requireNoRestore } from './operations/backup';
import { alignRetention, defaultRetention, type Retention } from './retention';

/** How the tables are made. */
export interface MigrateOptions {
  /** Name of the ClickHouse cluster: tables are then replicated and made on all of its servers. */
  readonly cluster?: string;
  readonly retention?: Retention;
  /** Another folder of migrations; for tests. */
  readonly folder?: string;
}

/** How far a database is. */
export interface SchemaState {
  /** Number of the last migration that was applied; 0 for none. */
  readonly applied: number;
  /** Number of the last migration that this package has. */
  readonly latest: number;
}

const tag = { surface: 'clickhouse', route: 'migrate' };
const tenant = 'none';

const bookkeeping = `CREATE TABLE IF NOT EXISTS {{database}}.schema_migrations {{on_cluster}}
(version UInt32, name String, checksum String, applied Bool, step UInt64)
ENGINE = {{engine:ReplacingMergeTree(step)}} ORDER BY version`;

const recordRow = z.object({
  version: z.number(),
  checksum: z.string(),
  applied: z.boolean(),
  step: z.coerce.number(),
});
type RecordRow = z.infer<typeof recordRow>;

async function readRecords(client: ClickhouseClient): Promise<ReadonlyMap<number, RecordRow>> {
  const rows = await client.query({
    sql: `SELECT version, latest.1 AS checksum, latest.2 AS applied, latest.3 AS step
          FROM (SELECT version, argMax((checksum, applied, step), step) AS latest FROM schema_migrations GROUP BY version)
          ORDER BY version`,
    schema: recordRow,
    tag,
    tenant,
  });
  return new Map(rows.map((row) => [row.version, row]));
}

const targetOf = (client: ClickhouseClient, options: MigrateOptions): MigrationTarget => ({
  database: client.database,
  ...(options.cluster === undefined ? {} : { cluster: options.cluster }),
  retention: options.retention ?? defaultRetention,
});

async function execute(client: ClickhouseClient, template: string, target: MigrationTarget): Promise<void> {
  for (const sql of renderStatements(template, target)) await client.server().command({ sql, tag, tenant });
}

/** One row per change; `step` grows, and two processes that apply the same migration write the same row. */
async function record(
  client: ClickhouseClient,
  migration: Migration,
  before: RecordRow | undefined,
  applied: boolean,
): Promise<void> {
  const { version, name, checksum } = migration;
  const step = (before?.step ?? 0) + 1;
  await client.insert({ table: 'schema_migrations', rows: [{ version, name, checksum, applied, step }], tag, tenant });
}

/**
 * Brings the database to the latest schema and its tables to the wished retention. Creates the database when it is not there.
 *
 * Every statement may run twice (`IF NOT EXISTS`), so several processes may start it at the same time and a killed one is simply run again.
 *
 * @throws `clickhouse-schema-changed` when a file that was applied before is another one now; `restore-unfinished`: what is made now
 * would be taken away when the restore is run again; the errors of {@link ClickhouseClient}
 */
export async function migrate(client: ClickhouseClient, options: MigrateOptions = {}): Promise<SchemaState> {
  const migrations = await readMigrations(options.folder ?? migrationsFolder);
  const target = targetOf(client, options);
  await requireNoRestore(client);
  await execute(client, 'CREATE DATABASE IF NOT EXISTS {{database}} {{on_cluster}}', target);
  await execute(client, bookkeeping, target);
  const records = await readRecords(client);
  for (const migration of migrations) {
    const before = records.get(migration.version);
    if (before?.applied === true) {
      if (before.checksum === migration.checksum) continue;
      throw new AppError(
        'clickhouse-schema-changed',
        `Migration ${String(migration.version)} was applied in another form.`,
      );
    }
    await execute(client, migration.up, target);
    await record(client, migration, before, true);
  }
  await alignRetention(client, target);
  return { applied: migrations.length, latest: migrations.length };
}

/** Undoes the migrations above `toVersion`, last first. Data in their tables is gone. */
export async function rollBack(
  client: ClickhouseClient,
  toVersion: number,
  options: MigrateOptions = {},
): Promise<void> {
  const migrations = await readMigrations(options.folder ?? migrationsFolder);
  const target = targetOf(client, options);
  const records = await readRecords(client);
  for (const migration of migrations.toReversed()) {
    const before = records.get(migration.version);
    if (migration.version <= toVersion || before?.applied !== true) continue;
    await execute(client, migration.down, target);
    await record(client, migration, before, false);
  }
}

/** How far the database is; 0 when it or its bookkeeping is not there. @throws `clickhouse-unavailable` */
export async function schemaVersion(client: ClickhouseClient, options: MigrateOptions = {}): Promise<SchemaState> {
  const latest = (await readMigrations(options.folder ?? migrationsFolder)).length;
  try {
    const records = await readRecords(client);
    const applied = [...records.values()].filter((row) => row.applied).map((row) => row.version);
    return { applied: Math.max(0, ...applied), latest };
  } catch (error) {
    if (error instanceof AppError && error.code === 'clickhouse-schema-missing') return { applied: 0, latest };
    throw error;
  }
}
