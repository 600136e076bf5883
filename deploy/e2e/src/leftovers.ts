import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { connectClickhouse, type ClickhouseClient } from '@cloudtuner/clickhouse';
import { connectMetadata } from '@cloudtuner/metadata';
import { temporaryFolder } from '@cloudtuner/test-kit';
import { z } from 'zod';
import type { Platform } from './platform';

/** Where an id was found: tables, collections, or Redis. */
export type Places = readonly string[];

const tag = { surface: 'test', route: 'leftovers' };
const limits = { maxResultRows: 10_000_000 };
const anyRow = z.record(z.string(), z.unknown());

async function inClickhouse(client: ClickhouseClient, ids: readonly string[]): Promise<string[]> {
  const tables = await client.query({
    sql: 'SELECT name FROM system.tables WHERE database = {database:String} ORDER BY name',
    params: { database: client.database },
    schema: z.object({ name: z.string() }),
    tag,
    tenant: 'all',
  });
  const found: string[] = [];
  for (const { name } of tables) {
    // Whatever columns a table has: all of each row, as text.
    const rows = await client.query({ sql: `SELECT * FROM ${name}`, schema: anyRow, limits, tag, tenant: 'all' });
    const text = JSON.stringify(rows);
    if (ids.some((id) => text.includes(id))) found.push(`clickhouse ${name}`);
  }
  return found;
}

async function inMongodb(url: string, ids: readonly string[]): Promise<string[]> {
  const metadata = connectMetadata({ url, database: 'cloudtuner', appName: 'leftovers' });
  const folder = temporaryFolder('leftovers');
  try {
    await metadata.copy.write(folder.path);
    const files = readdirSync(folder.path).filter((file) => file.endsWith('.bson'));
    return files
      .filter((file) => ids.some((id) => readFileSync(path.join(folder.path, file)).includes(id)))
      .map((file) => `mongodb ${file.replace('.bson', '')}`);
  } finally {
    folder.remove();
    await metadata.close();
  }
}

/** Sends Redis lines of commands; resolves with what it says until it has answered them all by a `+` or an error. */
async function redisCommands(port: number, commands: readonly string[]): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  let said = '';
  await new Promise<void>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.split('\r\n').length > commands.length) resolve();
    });
    socket.write(commands.map((command) => `${command}\r\n`).join(''));
  });
  socket.destroy();
  if (said.includes('-ERR')) throw new Error(said);
}

/** Everything that Redis holds, whatever its kind: a dump of its memory, not compressed. */
async function inRedis({ servers }: Platform, ids: readonly string[]): Promise<string[]> {
  const { port, dataDir = '' } = servers.redis;
  await redisCommands(port, ['CONFIG SET rdbcompression no', 'SAVE']);
  const dump = readFileSync(path.join(dataDir, 'dump.rdb'));
  return ids.some((id) => dump.includes(id)) ? ['redis'] : [];
}

/** Every table, collection and key in which one of the ids stands anywhere. */
export async function placesOf(platform: Platform, ids: readonly string[]): Promise<Places> {
  const { clickhouse, mongodb } = platform.servers;
  const client = connectClickhouse({ ...clickhouse, database: 'cloudtuner' });
  try {
    return [
      ...(await inClickhouse(client, ids)),
      ...(await inMongodb(mongodb.url, ids)),
      ...(await inRedis(platform, ids)),
    ];
  } finally {
    await client.close();
  }
}
