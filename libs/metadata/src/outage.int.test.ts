import { randomUUID } from 'node:crypto';
import { freePort, randomDatabase, startMongo, waitFor, type LocalServer } from '@cloudtuner/test-kit';
import { connectMetadata, type Metadata } from './metadata';

const boundMs = 6000;
let server: LocalServer | undefined;
let metadata: Metadata | undefined;

afterEach(async () => {
  await metadata?.close();
  await server?.stop();
});

const connect = (url: string): Metadata =>
  connectMetadata({
    url,
    database: randomDatabase(),
    appName: 'test',
    serverSelectionTimeoutMs: 500,
    socketTimeoutMs: 1000,
  });

async function expectUnavailable(store: Metadata): Promise<void> {
  const startedMs = performance.now();
  await expect(store.cloudAccounts.findWriteIdentity(randomUUID())).rejects.toMatchObject({
    code: 'metadata-unavailable',
    kind: 'upstream-unavailable',
  });
  expect(performance.now() - startedMs).toBeLessThan(boundMs);
}

const expectRecovery = (store: Metadata): Promise<unknown> =>
  waitFor(async () => {
    await store.ping();
    return true;
  });

describe('an outage of the store', () => {
  it('ends by itself when the server was away from the start', async () => {
    const port = await freePort();
    metadata = connect(`mongodb://127.0.0.1:${String(port)}`);
    await expectUnavailable(metadata);
    server = await startMongo({ port });
    await expectRecovery(metadata);
    expect(await metadata.cloudAccounts.findWriteIdentity(randomUUID())).toBeNull();
  });

  it('answers within seconds while the server hangs, and ends by itself', async () => {
    server = await startMongo();
    metadata = connect(server.url);
    await metadata.ping();
    await server.pause();
    await Promise.all([expectUnavailable(metadata), expectUnavailable(metadata)]);
    await expectUnavailable(metadata);
    await server.resume();
    await expectRecovery(metadata);
  });

  it('keeps what was written through a crash of the server', async () => {
    server = await startMongo();
    metadata = connect(server.url);
    const account = { type: 'kubernetes_cnr' as const, name: 'kept', region: null, owner: null };
    const created = await metadata.cloudAccounts.create(randomUUID(), account);
    await server.kill();
    await expectUnavailable(metadata);
    await server.restart();
    await expectRecovery(metadata);
    expect(await metadata.cloudAccounts.findWriteIdentity(created.account.id)).not.toBeNull();
  });
});
