import { AppError } from '@cloudtuner/errors';
import { z } from 'zod';
import type { ClickhouseClient } from '../client-port';

/**
 * Where ClickHouse keeps backups, in its own words, with `{name}` in it: `File('{name}')`, `Disk('backups', '{name}')`,
 * `S3('https://s3.example.com/backups/{name}', '…', '…')`, `AzureBlobStorage(…)`.
 */
export type BackupDestination = string;

/** What a backup or restore is of. */
export interface BackupOptions {
  readonly destination: BackupDestination;
  /** Told apart from every other backup in that place; letters, digits, `-` and `_`. */
  readonly name: string;
  /** Name of the ClickHouse cluster, when the tables are replicated. */
  readonly cluster?: string | undefined;
}

/** Rows of a table at the time of the backup, or a little later. */
export interface TableCount {
  readonly table: string;
  readonly rows: number;
}

/** The two halves of a backup: tables that say which rows are current, and the rows. */
interface Tables {
  readonly pointers: readonly string[];
  readonly facts: readonly string[];
}

const tag = { surface: 'clickhouse', route: 'backup' };
const tenant = 'all';
const tableRow = z.object({ name: z.string(), engine: z.string(), rows: z.coerce.number() });
const destinationForm = /^(File|Disk|S3|AzureBlobStorage)\s*\(\s*'[^']*'(\s*,\s*'[^']*')*\s*\)$/;
const plainName = /^[A-Za-z0-9_-]+$/;
const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** @throws AppError `invalid-request` for what is no destination with `{name}` in it */
export function checkBackupDestination(destination: BackupDestination): void {
  if (destinationForm.test(destination) && destination.includes('{name}')) return;
  throw new AppError('invalid-request', "A destination is such as File('{name}'), Disk('backups', '{name}') or S3(…).");
}

function checkedName(name: string): string {
  if (plainName.test(name)) return name;
  throw new AppError('invalid-request', 'The name of a backup is letters, digits, - and _.');
}

function placeOf({ destination, name }: BackupOptions, half: keyof Tables): string {
  checkBackupDestination(destination);
  return destination.replaceAll('{name}', `${checkedName(name)}/${half}`);
}

const onCluster = ({ cluster }: Pick<BackupOptions, 'cluster'>): string => {
  if (cluster === undefined) return '';
  if (!/^[A-Za-z_][A-Za-z0-9_-]*$/.test(cluster)) throw new RangeError(`"${cluster}" cannot be a name in ClickHouse`);
  return `ON CLUSTER \`${cluster}\``;
};

/** DDL takes no parameters, so names are checked. */
function nameOf(database: string, table: string): string {
  for (const name of [database, table]) {
    if (!identifier.test(name)) throw new RangeError(`"${name}" is no name of ours`);
  }
  return `\`${database}\`.\`${table}\``;
}

const listOf = ({ database }: ClickhouseClient, tables: readonly string[]): string =>
  tables.map((table) => `TABLE ${nameOf(database, table)}`).join(', ');

async function tablesOf(client: ClickhouseClient): Promise<{ tables: Tables; counts: TableCount[] }> {
  const found = await client.server().query({
    sql: `SELECT name, engine, ifNull(total_rows, 0) AS rows FROM system.tables
          WHERE database = {database:String} AND endsWith(engine, 'MergeTree') ORDER BY name`,
    params: { database: client.database },
    schema: tableRow,
    tag,
    tenant,
  });
  // Pointers replace each other, so their engine does; the files of bills are the one list that keeps its past.
  const isPointer = ({ name, engine }: z.infer<typeof tableRow>): boolean =>
    engine.includes('ReplacingMergeTree') || name === 'bill_files';
  return {
    tables: {
      pointers: found.filter(isPointer).map(({ name }) => name),
      facts: found.filter((table) => !isPointer(table)).map(({ name }) => name),
    },
    counts: found.map(({ name, rows }) => ({ table: name, rows })),
  };
}

/**
 * Backs up the database by ClickHouse's own `BACKUP`: first the tables that say what is current, then the rows. Rows are written before
 * they are made current and taken away only long after, so whatever the first half points to is in the second, while everything goes on.
 *
 * @returns the rows of each table
 * @throws `clickhouse-rejected` when the server refuses, for one because the destination is not allowed in its configuration
 */
export async function backUpClickhouse(client: ClickhouseClient, options: BackupOptions): Promise<TableCount[]> {
  const { tables } = await tablesOf(client);
  for (const half of ['pointers', 'facts'] as const) {
    const sql = `BACKUP ${listOf(client, tables[half])} ${onCluster(options)} TO ${placeOf(options, half)}`;
    await client.server().command({ sql, tag, tenant });
  }
  return (await tablesOf(client)).counts;
}

/**
 * Restores what {@link backUpClickhouse} wrote into an absent or empty database: rows first, then what makes them current.
 *
 * @param options - `database` and `tables` as they were when it was made
 */
export async function restoreClickhouse(
  client: ClickhouseClient,
  options: BackupOptions & { readonly database: string; readonly tables: Tables },
): Promise<void> {
  const server = client.server();
  const cluster = onCluster(options);
  await server.command({ sql: `CREATE DATABASE IF NOT EXISTS \`${client.database}\` ${cluster}`, tag, tenant });
  for (const half of ['facts', 'pointers'] as const) {
    const tables = options.tables[half].map(
      (table) => `TABLE ${nameOf(options.database, table)} AS ${nameOf(client.database, table)}`,
    );
    const sql = `RESTORE ${tables.join(', ')} ${cluster} FROM ${placeOf(options, half)}`;
    await server.command({ sql, tag, tenant });
  }
}

/** The tables of a database in the two halves of a backup. */
export async function backupTables(client: ClickhouseClient): Promise<Tables> {
  return (await tablesOf(client)).tables;
}

/** Rows of all tables of the database but its record of migrations; 0 when it is not there. */
export async function countClickhouseRows(client: ClickhouseClient): Promise<number> {
  const { counts } = await tablesOf(client);
  return counts.reduce((sum, { table, rows }) => (table === 'schema_migrations' ? sum : sum + rows), 0);
}

const markerOf = ({ database }: ClickhouseClient): string => `${database}_restoring`;

/** The backup of which a restore runs or was interrupted; undefined without one. */
export async function restoringBackup(client: ClickhouseClient): Promise<string | undefined> {
  const [mark] = await client.server().query({
    sql: 'SELECT comment FROM system.databases WHERE name = {name:String}',
    params: { name: markerOf(client) },
    schema: z.object({ comment: z.string() }),
    tag,
    tenant,
  });
  return mark?.comment;
}

const unfinished = (client: ClickhouseClient, backup: string): AppError =>
  new AppError(
    'restore-unfinished',
    `The database ${markerOf(client)} says that a restore of the backup "${backup}" has begun.`,
  );

/** @throws AppError `restore-unfinished` while a restore runs, and after one that was interrupted */
export async function requireNoRestore(client: ClickhouseClient): Promise<void> {
  const backup = await restoringBackup(client);
  if (backup !== undefined) throw unfinished(client, backup);
}

/**
 * Sets the mark that a restore of this backup has begun, and takes away what an interrupted one of it has left.
 *
 * @throws AppError `restore-unfinished` when the mark is of another backup: nothing is taken away
 */
export async function beginRestore(
  client: ClickhouseClient,
  { name, cluster }: Omit<BackupOptions, 'destination'>,
): Promise<void> {
  const on = onCluster({ cluster });
  const server = client.server();
  const mark = `CREATE DATABASE IF NOT EXISTS \`${markerOf(client)}\` ${on} COMMENT '${checkedName(name)}'`;
  await server.command({ sql: mark, tag, tenant });
  const marked = await restoringBackup(client);
  if (marked !== name) throw unfinished(client, marked ?? '');
  await server.command({ sql: `DROP DATABASE IF EXISTS \`${client.database}\` ${on} SYNC`, tag, tenant });
}

/** Takes the mark away: everything is there. */
export async function endRestore(client: ClickhouseClient, cluster: string | undefined): Promise<void> {
  const on = onCluster({ cluster });
  await client.server().command({ sql: `DROP DATABASE IF EXISTS \`${markerOf(client)}\` ${on} SYNC`, tag, tenant });
}
