import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { connectClickhouse, migrate, type ClickhouseClient } from '@cloudtuner/clickhouse';
import { createRestapiClient, type RestapiClient } from '@cloudtuner/restapi-client';
import { randomDatabase, sharedServers, startService, waitFor, type LocalService } from '@cloudtuner/test-kit';
import { z } from 'zod';
import { recordsPerBlock } from './usecases/bills/block-writer';
import { focusFile, focusHeader, focusLine } from './testing/focus-files';

const secret = 'a cluster secret of tests only';
/** Three blocks and a part of one. */
const records = 65_000;
const start = Date.parse('2026-03-01T00:00:00Z') / 1000;

let restapi: LocalService;
let clickhouse: ClickhouseClient;
let api: RestapiClient;
let organizationId: string;

const connect = (token?: string): RestapiClient =>
  createRestapiClient({ baseUrl: restapi.url, secret, token: () => token, timeoutMs: 120_000 });

beforeAll(async () => {
  const servers = sharedServers();
  const database = randomDatabase();
  const address = { ...(await servers.clickhouse()), database };
  clickhouse = connectClickhouse(address);
  await migrate(clickhouse);
  restapi = await startService('restapi', {
    CLUSTER_SECRET: secret,
    MONGODB_URL: await servers.mongodbUrl(),
    MONGODB_DATABASE: database,
    CLICKHOUSE_URL: address.url,
    CLICKHOUSE_USERNAME: address.username,
    ...(address.password === '' ? {} : { CLICKHOUSE_PASSWORD: address.password }),
    CLICKHOUSE_DATABASE: database,
    CLICKHOUSE_TIMEOUT_MS: '60000',
    REDIS_URL: await servers.redisUrl(),
    QUEUE_PREFIX: database,
    METROCULUS_URL: 'http://127.0.0.1:1',
  });
  const owner = { email: `${randomUUID()}@example.org`, password: randomUUID() };
  const { id } = await connect().createOrganization({ body: { name: 'Acme', owner: { ...owner, display_name: 'O' } } });
  organizationId = id;
  const { token } = await connect().createToken({ body: owner });
  api = connect(token);
}, 120_000);
afterAll(async () => {
  await restapi.stop();
  await clickhouse.close();
});

/** Record n costs n billionths; its day and service follow from n. */
function* lines(): Generator<string> {
  yield focusHeader;
  for (let n = 1; n <= records; n += 1) {
    const day = 1 + (n % 28);
    yield focusLine({
      EffectiveCost: `0.${String(n).padStart(9, '0')}`,
      ChargePeriodStart: `2026-03-${String(day).padStart(2, '0')}T00:00:00Z`,
      ChargePeriodEnd: `2026-04-01T00:00:00Z`,
      ServiceName: `service ${String(n % 7)}`,
      ResourceId: `resource-${String(n % 1000)}`,
    });
  }
}

/** In pieces of about 64 KiB, as a network has them. */
function* pieces(): Generator<Buffer> {
  let piece = '';
  for (const line of lines()) {
    piece += line;
    if (piece.length < 65_536) continue;
    yield Buffer.from(piece);
    piece = '';
  }
  yield Buffer.from(piece);
}

const storedAtLeast = (account: string, count: number) =>
  waitFor(
    async () => {
      const { expense_imports: imports } = await api.listExpenseImports({ params: { cloud_account_id: account } });
      return (imports[0]?.stored_records ?? 0) >= count;
    },
    { what: `${String(count)} stored records`, timeoutMs: 60_000 },
  );

/** Sends the file; kills restapi when this part of it has gone out. */
async function send(account: string, killAt?: number) {
  const total = [...pieces()].length;
  async function* body(): AsyncGenerator<Buffer> {
    let sent = 0;
    for (const piece of pieces()) {
      if (killAt !== undefined && sent >= killAt * total) {
        // What has gone out so far makes so many whole blocks.
        await storedAtLeast(account, Math.floor((killAt * records) / recordsPerBlock) * recordsPerBlock);
        await restapi.kill('SIGKILL');
        return;
      }
      yield piece;
      sent += 1;
    }
  }
  const upload = Readable.from(body(), { objectMode: false, highWaterMark: 65_536 });
  return api.createExpenseImport({
    params: { cloud_account_id: account },
    query: { file_name: 'march.csv' },
    upload,
  });
}

async function read(account: string) {
  const [row] = await clickhouse.query({
    sql: 'SELECT count() AS rows, uniqExact(block_id) AS blocks FROM bill_rows WHERE cloud_account_id = {account:UUID}',
    params: { account },
    schema: z.object({ rows: z.coerce.number(), blocks: z.coerce.number() }),
    tag: { surface: 'test', route: 'kill' },
    tenant: account,
  });
  const { total_cost: cost } = await api.getCleanExpenses({
    query: {
      organization_id: organizationId,
      cloud_account_id: account,
      start_date: start,
      end_date: start + 31 * 86_400,
      money: 'string',
      limit: 1,
    },
  });
  return { stored: row, cost };
}

describe('an import whose process is killed', () => {
  it('shows the old file until the new one is there as a whole, and goes on with what is stored', async () => {
    const { id: account } = await api.createCloudAccount({
      params: { organization_id: organizationId },
      body: { name: randomUUID(), type: 'aws_cnr' },
    });
    const old = focusFile([{ EffectiveCost: '12.5' }]);
    await api.createExpenseImport({
      params: { cloud_account_id: account },
      query: { file_name: 'march.csv' },
      upload: old,
    });
    for (const killAt of [0.35 + Math.random() * 0.2, 0.65 + Math.random() * 0.25]) {
      await expect(send(account, killAt)).rejects.toMatchObject({ code: 'network' });
      await restapi.restart();
      expect((await read(account)).cost).toBe('12.500000000');
    }
    // Two whole blocks are there, and not twice.
    expect((await read(account)).stored?.rows).toBeGreaterThanOrEqual(2 * recordsPerBlock);
    expect((await read(account)).stored?.rows).toBeLessThanOrEqual(records + 1);
    const imported = await send(account);
    expect(imported).toMatchObject({ state: 'completed', records, stored_records: records, changed: true });
    const whole = { cost: '2.112532500', stored: { rows: records + 1, blocks: 4 + 1 } };
    expect(await read(account)).toEqual(whole);
    // Σ 1…65,000 billionths = 65,000 × 65,001 / 2.
    expect((65_000n * 65_001n) / 2n).toBe(2_112_532_500n);
    expect(await send(account)).toMatchObject({ changed: false, data_version: imported.data_version });
    expect(await read(account)).toEqual(whole);
  }, 240_000);
});
