import { randomUUID } from 'node:crypto';
import { connectClickhouse, migrate, type ClickhouseClient } from '@cloudtuner/clickhouse';
import { sharedServers } from '@cloudtuner/test-kit';
import { DataStamps } from './data-stamps';

const tag = { surface: 'test', route: 'data-stamps' };
const hour = Date.parse('2026-03-01T00:00:00Z') / 1000;
const limits = { maxExecutionSeconds: 20 };

describe('stamps of data', () => {
  let client: ClickhouseClient;
  beforeAll(async () => {
    const server = await sharedServers().clickhouse();
    const database = `stamps_${randomUUID().replaceAll('-', '')}`;
    client = connectClickhouse({ ...server, database });
    await migrate(client);
  });
  afterAll(async () => {
    await client.server().command({ sql: `DROP DATABASE ${client.database} SYNC`, tag, tenant: 'test' });
    await client.close();
  });

  const put = (table: string, row: Readonly<Record<string, unknown>>): Promise<void> =>
    client.insert({ table, rows: [row], tag, tenant: 'test' });
  const putHour = (account: string, version: string, readAtMs: number): Promise<void> =>
    put('account_hours', {
      cloud_account_id: account,
      hour,
      data_version: version,
      read_at_ms: String(readAtMs),
      closed: true,
      rows: 1,
      allocation_rows: null,
      measured_seconds: 3_600,
      expected_seconds: 3_600,
    });

  it('change with every pointer of the account, and with none of another', async () => {
    const account = randomUUID();
    const stamps = new DataStamps(client, limits);
    const seen: string[] = [await stamps.of(account)];
    const look = async (change: () => Promise<void>): Promise<void> => {
      await change();
      seen.push(await stamps.of(account));
    };
    await look(() => putHour(account, 'v1', 1));
    await look(() => putHour(account, 'v2', 2));
    // An older reading that arrives late is no newer version, but the store may show it for a while.
    await look(() => putHour(account, 'v0', 0));
    await look(() =>
      put('expenses', { cloud_account_id: account, resource_id: 'r', date: '2026-03-01', cost: '1', sign: 1 }),
    );
    await look(() =>
      put('account_days', {
        cloud_account_id: account,
        date: '2026-03-01',
        data_version: 'd',
        written_at_ms: '1',
        rollup_version: 'r',
        rollup_fact_rows: 1,
        rollup_label_keys: [],
      }),
    );
    expect(new Set(seen).size).toBe(6);
    const last = seen.at(-1);
    await putHour(randomUUID(), 'v1', 1);
    await expect(stamps.of(account)).resolves.toBe(last);
  });

  it('are read after they were asked for, however many ask at once', async () => {
    const account = randomUUID();
    let reads = 0;
    const counting = new DataStamps(
      {
        ...client,
        query: (request) => {
          reads += 1;
          return client.query(request);
        },
      },
      limits,
    );
    const before = counting.of(account);
    await putHour(account, 'v1', 1);
    const after = await Promise.all(Array.from({ length: 20 }, () => counting.of(account)));
    // The first may have been read before or after the hour; the others share one that was read after it.
    await before;
    expect(new Set(after)).toEqual(new Set([await counting.of(account)]));
    expect(reads).toBeLessThanOrEqual(4);
  });
});
