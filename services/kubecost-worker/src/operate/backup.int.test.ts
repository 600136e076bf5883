import { randomUUID } from 'node:crypto';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { beginRestore, endRestore, migrate, restoringBackup } from '@cloudtuner/clickhouse';
import {
  randomDatabase,
  randomPrefix,
  sharedServers,
  startClickhouse,
  temporaryFolder,
  type ClickhouseServer,
} from '@cloudtuner/test-kit';
import { createSchemaKeeper } from '../adapters/clickhouse/schema-keeper';
import { backUp, restore } from './backup';
import { openStores, operateConfig, type Stores } from './stores';

const tag = { surface: 'test', route: 'backup.int' };
const startDeadlineMs = 60_000;
const folder = temporaryFolder('backup');
const other = 'cloudtuner-20260301T000000Z-0a0b0c0d';
let stores: Stores;
let server: ClickhouseServer;

beforeAll(async () => {
  // The shared one keeps no backups.
  server = await startClickhouse();
  const { url, username, password } = server;
  stores = openStores(
    operateConfig.parse({
      REDIS_URL: 'redis://127.0.0.1:1',
      QUEUE_PREFIX: randomPrefix(),
      ...{ CLICKHOUSE_URL: url, CLICKHOUSE_USERNAME: username, CLICKHOUSE_PASSWORD: password },
      CLICKHOUSE_DATABASE: randomDatabase(),
      MONGODB_URL: await sharedServers().mongodbUrl(),
      MONGODB_DATABASE: randomDatabase(),
    }),
  );
}, startDeadlineMs);
afterEach(() => endRestore(stores.clickhouse, undefined));
afterAll(async () => {
  await stores.close();
  await server.stop();
  folder.remove();
});

const modeOf = (...names: string[]): string => (statSync(path.join(...names)).mode & 0o777).toString(8);

it('writes backups that only their owner can read', async () => {
  await migrate(stores.clickhouse);
  await stores.metadata.organizations.create(randomUUID(), { name: 'Acme', currency: 'USD' });
  const monday = path.join(folder.path, 'monday');
  await backUp(stores, monday, () => new Date());
  const documents = path.join(monday, 'mongodb');
  expect([modeOf(monday), modeOf(documents)]).toEqual(['700', '700']);
  const files = [
    path.join(monday, 'manifest.json'),
    ...readdirSync(documents).map((name) => path.join(documents, name)),
  ];
  expect(files.length).toBeGreaterThan(2);
  expect(files.map((file) => modeOf(file))).toEqual(files.map(() => '600'));
});

describe('the mark of a restore of another backup', () => {
  const monday = path.join(folder.path, 'monday');

  it('keeps a restore from taking away what is there', async () => {
    await beginRestore(stores.clickhouse, { name: other });
    const documents = await stores.metadata.copy.count();
    expect(documents).toBeGreaterThan(0);
    await expect(restore(stores, monday)).rejects.toMatchObject({
      code: 'restore-unfinished',
      message: expect.stringContaining(other) as string,
    });
    expect(await stores.metadata.copy.count()).toBe(documents);
    expect(await restoringBackup(stores.clickhouse)).toBe(other);
  });

  it('is no hindrance to a restore of that backup, which takes the mark away', async () => {
    const manifest = path.join(monday, 'manifest.json');
    const { name } = JSON.parse(readFileSync(manifest, 'utf8')) as { name: string };
    await beginRestore(stores.clickhouse, { name });
    await restore(stores, monday);
    expect(await restoringBackup(stores.clickhouse)).toBeUndefined();
    expect(await stores.metadata.copy.count()).toBe(1);
  });

  it.each([true, false])(
    'keeps the worker from starting until it is gone (migrating itself: %s)',
    async (migrateOnStart) => {
      const { clickhouse } = stores;
      await migrate(clickhouse);
      const told: unknown[] = [];
      let warned = (): void => undefined;
      const warning = new Promise<void>((resolve) => (warned = resolve));
      const log = {
        info: () => undefined,
        warn: ({ code }: { readonly code?: unknown }) => {
          told.push(code);
          warned();
        },
      };
      await clickhouse
        .server()
        .command({ sql: `CREATE DATABASE ${clickhouse.database}_restoring`, tag, tenant: 'all' });
      await expect(migrate(clickhouse)).rejects.toMatchObject({ code: 'restore-unfinished' });
      const keeper = createSchemaKeeper(clickhouse, { migrateOnStart, log });
      const ready = keeper.untilReady(new AbortController().signal);
      await Promise.race([warning, ready]);
      expect([told, keeper.isReady()]).toEqual([['restore-unfinished'], false]);
      await endRestore(clickhouse, undefined);
      await ready;
      expect(keeper.isReady()).toBe(true);
    },
  );
});
