import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import {
  backUpClickhouse,
  backupTables,
  beginRestore,
  checkBackupDestination,
  countClickhouseRows,
  endRestore,
  restoreClickhouse,
  restoringBackup,
} from '@cloudtuner/clickhouse';
import { AppError } from '@cloudtuner/errors';
import { collectionCopy } from '@cloudtuner/metadata';
import { z } from 'zod';
import type { Stores } from './stores';

/** What a whole backup says of itself. It is written last: a folder without it was interrupted. */
const manifestForm = z.object({
  version: z.literal(1),
  name: z.string(),
  started_at: z.iso.datetime(),
  completed_at: z.iso.datetime(),
  mongodb: z.object({ collections: z.array(collectionCopy) }),
  clickhouse: z.object({
    database: z.string(),
    tables: z.object({ pointers: z.array(z.string()).readonly(), facts: z.array(z.string()).readonly() }),
    rows: z.record(z.string(), z.int()),
  }),
});
type Manifest = z.infer<typeof manifestForm>;

const manifestOf = (folder: string): string => path.join(folder, 'manifest.json');
const unfinishedOf = (folder: string): string => path.join(folder, 'unfinished.json');
const mongodbOf = (folder: string): string => path.join(folder, 'mongodb');
const nameBytes = 4;
const ownerOnlyFolder = 0o700;
/** Of files: only their owner reads them. */
const mode = 0o600;

/** Unlike any other, so that what an interrupted backup has left in ClickHouse's place is never in the way. */
const newName = (at: Date): string =>
  `cloudtuner-${at.toISOString().replace(/[-:]|\.\d+/g, '')}-${randomBytes(nameBytes).toString('hex')}`;

/**
 * Backs up MongoDB into the folder and ClickHouse to its own place, while everything goes on. MongoDB is first: what it
 * says was done is in ClickHouse by then, and what ClickHouse has more of belongs to nobody or is written again.
 *
 * @throws AppError `backup-exists`
 */
export async function backUp(stores: Stores, folder: string, now: () => Date): Promise<Manifest> {
  const { clickhouse, metadata, clickhouseDestination: destination, cluster } = stores;
  checkBackupDestination(destination);
  if (existsSync(manifestOf(folder))) throw new AppError('backup-exists', `${folder} holds a whole backup.`);
  // Hashes of passwords and tokens are in it.
  await mkdir(folder, { recursive: true, mode: ownerOnlyFolder });
  const started = now();
  const name = newName(started);
  await writeFile(unfinishedOf(folder), JSON.stringify({ name, started_at: started.toISOString() }), { mode });
  const collections = await metadata.copy.write(mongodbOf(folder));
  const counts = await backUpClickhouse(clickhouse, { destination, name, cluster });
  const manifest: Manifest = {
    version: 1,
    name,
    started_at: started.toISOString(),
    completed_at: now().toISOString(),
    mongodb: { collections },
    clickhouse: {
      database: clickhouse.database,
      tables: await backupTables(clickhouse),
      rows: Object.fromEntries(counts.map(({ table, rows }) => [table, rows])),
    },
  };
  await writeFile(unfinishedOf(folder), JSON.stringify(manifest, undefined, 2), { mode });
  await rename(unfinishedOf(folder), manifestOf(folder));
  return manifest;
}

async function readManifest(folder: string): Promise<Manifest> {
  const text = await readFile(manifestOf(folder), 'utf8').catch((cause: unknown) => {
    const message = existsSync(unfinishedOf(folder))
      ? `The backup in ${folder} was interrupted.`
      : `${folder} holds no backup.`;
    throw new AppError('backup-incomplete', message, { cause });
  });
  return manifestForm.parse(JSON.parse(text));
}

/**
 * Restores a backup into empty stores. ClickHouse is first and MongoDB last: until its accounts are there, nobody sees
 * anything. A mark in ClickHouse says of which backup a restore has begun; what an interrupted one has left is taken away by the next of the same.
 *
 * @throws AppError `backup-incomplete`, `stores-not-empty`, `restore-unfinished`
 */
export async function restore(stores: Stores, folder: string): Promise<Manifest> {
  const { clickhouse, metadata, clickhouseDestination: destination, cluster } = stores;
  const manifest = await readManifest(folder);
  const { collections } = manifest.mongodb;
  const changed = await metadata.copy.verify(mongodbOf(folder), collections);
  if (changed.length > 0) {
    throw new AppError('backup-incomplete', `These files are not as they were written: ${changed.join(', ')}.`);
  }
  if ((await restoringBackup(clickhouse)) === undefined) {
    const rows = await countClickhouseRows(clickhouse);
    const documents = await metadata.copy.count();
    if (rows + documents > 0) {
      const what = `${String(rows)} rows in ClickHouse and ${String(documents)} documents in MongoDB`;
      throw new AppError('stores-not-empty', `There are ${what}.`);
    }
  }
  const { name, clickhouse: saved } = manifest;
  await beginRestore(clickhouse, { name, cluster });
  await metadata.copy.clear();
  const { database, tables } = saved;
  await restoreClickhouse(clickhouse, { destination, name, cluster, database, tables });
  await metadata.copy.read(mongodbOf(folder), collections);
  await endRestore(clickhouse, cluster);
  return manifest;
}
