import { randomDatabase, randomTenant, sharedServers } from '@cloudtuner/test-kit';
import { z } from 'zod';
import { allocationSumRow, readAllocations } from './allocation/read-statement';
import { insertAllocationDay, insertAllocationGroupDay, rollupVersionOf } from './allocation/rollup-statements';
import type { BoundStatement } from './allocation/statement';
import { connectClickhouse } from './client';
import type { ClickhouseClient } from './client-port';
import { migrate, rollBack } from './migrate';
import { migrationsFolder, readMigrations } from './migration-files';
import { renderStatements } from './migration-sql';
import { defaultRetention } from './retention';
import { AllocationWorld, fact, tag } from './testing/allocation-world';

const today = Math.floor(Date.now() / 86_400_000) * 86_400;
const [before, after] = [today - 400 * 86_400, today - 30 * 86_400];
const byNamespace = { columns: ['namespace'], labelKeys: [] } as const;
const window = { from: before, until: today };

const clients: ClickhouseClient[] = [];
let world: AllocationWorld;

const connect = async (database: string): Promise<ClickhouseClient> => {
  const client = connectClickhouse({ ...(await sharedServers().clickhouse()), database });
  clients.push(client);
  return client;
};

/** As the version before 0008 said it. */
const asBefore = ({ sql, params }: BoundStatement): BoundStatement => ({
  sql: sql.replaceAll('allocation_dimension_days', 'allocation_group_days'),
  params,
});

const hourOf = (day: number) => ({
  hour: day,
  dataVersion: `v${String(day)}`,
  facts: [
    fact({ namespace: 'a', total_cost: '1.000000001' }),
    fact({ namespace: 'b', pod: 'web-2', total_cost: '2.000000000' }),
  ],
});

/** Of days that are old enough, sums by dimension are all that is kept. */
async function forgetHoursAndPods(): Promise<void> {
  for (const table of ['allocation_hours', 'account_hours', 'allocation_days'])
    await world.run({ sql: `TRUNCATE TABLE ${table}`, params: {} });
}

async function sumBefore(): Promise<void> {
  await world.storeHours([hourOf(before)]);
  const rollup = { day: before, hours: [{ hour: before, dataVersion: hourOf(before).dataVersion }], labelKeys: [] };
  const token = rollupVersionOf(rollup);
  await world.run(insertAllocationDay(world.account, rollup), token);
  await world.run(asBefore(insertAllocationGroupDay(world.account, rollup)), token);
  await world.putDay(rollup, 2, 1);
  await forgetHoursAndPods();
}

async function totals(say: (statement: BoundStatement) => BoundStatement = (same) => same): Promise<object> {
  const plan = await world.planOfDays(window, byNamespace);
  const reading = { plan, group: byNamespace, from: window.from, stepSeconds: null, top: null };
  const rows = await world.ask(say(readAllocations(world.account, reading)), allocationSumRow);
  const promised = rows.reduce((sum, { fact_rows }) => sum + fact_rows, 0) === plan.factRows;
  return { promised, ...Object.fromEntries(rows.map((row) => [row.namespace, row.total_cost])) };
}

async function rowsOf(table: string): Promise<number | undefined> {
  const schema = z.object({ count: z.coerce.number() });
  const [row] = await world.ask({ sql: `SELECT count() AS count FROM ${table}`, params: {} }, schema);
  return row?.count;
}

async function upStatements(): Promise<readonly string[]> {
  const migration = (await readMigrations(migrationsFolder)).find(({ version }) => version === 8);
  if (migration === undefined) throw new Error('no migration 8');
  return renderStatements(migration.up, { database: world.client.database, retention: defaultRetention });
}

const oneDay = { promised: true, a: '1.000000001', b: '2' };
const twoDays = { promised: true, a: '2.000000002', b: '4' };
/** Two namespaces, one controller in each, one node. */
const rowsOfDay = 5;

beforeEach(async () => {
  const client = await connect(randomDatabase());
  world = new AllocationWorld(client, randomTenant());
  await migrate(client);
  await rollBack(client, 7);
  await sumBefore();
});

afterEach(async () => {
  await world.client.server().command({ sql: `DROP DATABASE ${world.client.database}`, tag, tenant: world.account });
  for (const client of clients.splice(0)) await client.close();
});

describe('days of which only the sums by dimension are left', () => {
  it('are answered the same before 0008, after it, after going back and after coming again', async () => {
    expect(await totals(asBefore)).toEqual(oneDay);
    await migrate(world.client);
    expect(await totals()).toEqual(oneDay);

    await world.storeHours([hourOf(after)]);
    await world.storeDay(after, []);
    await forgetHoursAndPods();
    expect(await totals()).toEqual(twoDays);

    await rollBack(world.client, 7);
    expect(await totals(asBefore)).toEqual(twoDays);
    await migrate(world.client);
    expect(await totals()).toEqual(twoDays);
  });

  it('are there once when a migration was killed while it copied, and when it was killed at its end', async () => {
    const [create = '', ...rest] = await upStatements();
    await world.run({ sql: create, params: {} });
    await world.run({
      sql: "INSERT INTO allocation_dimension_days SELECT * FROM allocation_group_days WHERE namespace = 'a'",
      params: {},
    });
    await migrate(world.client);
    expect(await rowsOf('allocation_dimension_days')).toBe(rowsOfDay);
    for (const sql of [create, ...rest]) await world.run({ sql, params: {} });
    expect(await rowsOf('allocation_dimension_days')).toBe(rowsOfDay);
    expect(await totals()).toEqual(oneDay);
  });

  it('are there once when several processes migrate at once', async () => {
    const others = await Promise.all([1, 2, 3].map(() => connect(world.client.database)));
    await Promise.all([world.client, ...others].map((client) => migrate(client)));
    expect(await rowsOf('allocation_dimension_days')).toBe(rowsOfDay);
    expect(await totals()).toEqual(oneDay);
  });

  it('may be of every month of ten years', async () => {
    await world.run({
      sql: `INSERT INTO allocation_group_days SELECT * REPLACE (arrayJoin(arrayMap(x -> addMonths(date, -x), range(1, 106))) AS date)
            FROM allocation_group_days SETTINGS max_partitions_per_insert_block = 0`,
      params: {},
    });
    await migrate(world.client);
    expect(await rowsOf('allocation_dimension_days')).toBe(106 * rowsOfDay);
    await rollBack(world.client, 7);
    expect(await rowsOf('allocation_group_days')).toBe(106 * rowsOfDay);
  });
});
