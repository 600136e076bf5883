import { connectClickhouse, migrate, type ClickhouseClient } from '@cloudtuner/clickhouse';
import { randomDatabase, randomTenant, sharedServers } from '@cloudtuner/test-kit';
import { readCostSpikes, readDiskSpace } from './watched-stores';

const database = randomDatabase();
const tag = { surface: 'test', route: 'watched-stores' };
const dayMs = 86_400_000;
const day = (back: number): string => new Date(Date.now() - back * dayMs).toISOString().slice(0, 10);
let clickhouse: ClickhouseClient;

beforeAll(async () => {
  clickhouse = connectClickhouse({ ...(await sharedServers().clickhouse()), database });
  await migrate(clickhouse);
});
afterAll(async () => {
  await clickhouse.server().command({ sql: `DROP DATABASE IF EXISTS ${database}`, tag, tenant: 'none' });
  await clickhouse.close();
});

/** An account's days, yesterday first: what they cost, and how much of them was observed. */
async function account(...days: readonly { readonly cost: string; readonly coverage?: number }[]): Promise<string> {
  const id = randomTenant();
  const rows = days.map(({ cost, coverage = 1 }, index) => ({
    ...{ cloud_account_id: id, date: day(index + 1), data_version: 'v', written_at_ms: 2, total_cost: cost },
    ...{ measured_seconds: 86_400 * coverage, expected_seconds: 86_400 },
  }));
  await clickhouse.insert({ table: 'account_days', rows, tag, tenant: id });
  return id;
}

it('finds accounts whose last day cost more than half as much again as the day before', async () => {
  const doubled = await account({ cost: '20' }, { cost: '10' });
  const corrected = await account({ cost: '10' }, { cost: '10' });
  // Written later, so it is the one that counts: 16 ÷ 10.
  const again = { cloud_account_id: corrected, date: day(1), data_version: 'w', written_at_ms: 3, total_cost: '16' };
  const whole = { measured_seconds: 86_400, expected_seconds: 86_400 };
  await clickhouse.insert({ table: 'account_days', rows: [{ ...again, ...whole }], tag, tenant: corrected });
  const yesterdayOpen = await account();
  const rows = [2, 3].map((back) => ({
    ...{ cloud_account_id: yesterdayOpen, date: day(back), data_version: 'v', written_at_ms: 1, ...whole },
    total_cost: back === 2 ? '31' : '20',
  }));
  await clickhouse.insert({ table: 'account_days', rows, tag, tenant: yesterdayOpen });

  await account({ cost: '15' }, { cost: '10' });
  await account({ cost: '20' }, { cost: '10', coverage: 0.5 });
  await account({ cost: '20' }, { cost: '0' });
  await account({ cost: '20' });

  const found = await readCostSpikes(clickhouse, 1.5);
  const expected = [
    { cloudAccountId: doubled, date: day(1), ratio: 2 },
    { cloudAccountId: corrected, date: day(1), ratio: 1.6 },
    { cloudAccountId: yesterdayOpen, date: day(2), ratio: 1.55 },
  ];
  expect(found).toEqual(expected.sort((a, b) => (a.cloudAccountId < b.cloudAccountId ? -1 : 1)));
});

it('tells how full the disks are', async () => {
  const disks = await readDiskSpace(clickhouse);
  expect(disks.length).toBeGreaterThan(0);
  for (const { totalBytes, usedBytes } of disks) {
    expect(usedBytes).toBeGreaterThan(0);
    expect(usedBytes).toBeLessThanOrEqual(totalBytes);
  }
});
