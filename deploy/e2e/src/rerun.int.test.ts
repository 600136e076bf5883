import { connectClickhouse, type ClickhouseClient } from '@cloudtuner/clickhouse';
import { waitFor } from '@cloudtuner/test-kit';
import { z } from 'zod';
import {
  backfill,
  dayMs,
  hourMs,
  lastClosedDay,
  minuteMs,
  pushPast,
  startPlatform,
  type Platform,
  type Tenant,
} from './platform';

const startDeadlineMs = 300_000;
const killsOfTheWorker = 4;

const storedRow = z.object({ row: z.string() });

/**
 * Every column of every row of the day, as text, in a fixed order: what must be the same byte for byte. Only when the
 * samples were read is left out: it says which of two readings is newer, and a rerun may confirm the later one.
 */
const ofTheDay = 'cloud_account_id = {account:UUID} AND hour >= {start:DateTime} AND hour < {end:DateTime}';
const tables = {
  asset_hours: `SELECT toString(tuple(*)) AS row FROM asset_hours WHERE ${ofTheDay} ORDER BY row`,
  account_hours: `SELECT toString(tuple(* EXCEPT (read_at_ms))) AS row FROM account_hours FINAL WHERE ${ofTheDay} ORDER BY row`,
  expenses: `SELECT toString(tuple(*)) AS row FROM expenses FINAL
    WHERE cloud_account_id = {account:UUID} AND date = toDate({start:DateTime}) ORDER BY row`,
};

describe('running the hours of a day again', () => {
  let platform: Platform;
  let tenant: Tenant;
  let clickhouse: ClickhouseClient;
  const { startMs: dayStartMs } = lastClosedDay();

  beforeAll(async () => {
    // What a killed worker leaves is taken over after three seconds, not thirty.
    platform = await startPlatform('prometheus', { LOCK_SECONDS: '3' });
    tenant = await platform.createTenant('rerun', 'research');
    await pushPast(platform, [tenant], dayStartMs - 10 * minuteMs, dayStartMs + dayMs + 10 * minuteMs);
    const { url, username, password } = platform.servers.clickhouse;
    clickhouse = connectClickhouse({ url, username, password, database: 'cloudtuner' });
    await backfill(tenant, dayStartMs, dayStartMs + dayMs);
  }, startDeadlineMs);

  afterAll(async () => {
    await clickhouse.close();
    await platform.stop();
  }, startDeadlineMs);

  const read = async (sql: string): Promise<string[]> => {
    const rows = await clickhouse.query({
      sql,
      params: { account: tenant.accountId, start: dayStartMs / 1000, end: (dayStartMs + dayMs) / 1000 },
      schema: storedRow,
      tag: { surface: 'test', route: 'rerun' },
      tenant: tenant.accountId,
    });
    return rows.map(({ row }) => row);
  };
  const stored = async () => ({
    facts: await read(tables.asset_hours),
    hours: await read(tables.account_hours),
    expenses: await read(tables.expenses),
  });

  it(
    'leaves byte-identical rows, also when the worker is killed again and again in the middle',
    async () => {
      const before = await stored();
      expect(before.hours).toHaveLength(24);
      expect(before.expenses).toHaveLength(1);
      expect(before.facts.length).toBeGreaterThan(24);

      for (let kill = 1; kill <= killsOfTheWorker; kill += 1) {
        // Windows of different lengths are different jobs, over hours that they share.
        const endMs = dayStartMs + dayMs - kill * hourMs;
        const { id } = await tenant.client.createBackfill({
          params: { cloud_account_id: tenant.accountId },
          body: { start_time: dayStartMs / 1000, end_time: endMs / 1000 },
        });
        await waitFor(
          async () => {
            const { progress, state } = await tenant.client.getBackfill({
              params: { cloud_account_id: tenant.accountId, backfill_id: id },
            });
            return state === 'completed' || (progress?.done_hours ?? 0) >= kill;
          },
          { what: 'the backfill to be under way', timeoutMs: 60_000, intervalMs: 5 },
        );
        await platform.services.worker.kill();
        await platform.services.worker.restart();
        await waitFor(
          async () =>
            (await tenant.client.getBackfill({ params: { cloud_account_id: tenant.accountId, backfill_id: id } }))
              .state === 'completed',
          { what: 'the backfill to complete after the kill', timeoutMs: 120_000, intervalMs: 100 },
        );
      }

      expect(await stored()).toEqual(before);
    },
    startDeadlineMs,
  );
});
