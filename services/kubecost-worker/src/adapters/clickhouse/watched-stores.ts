import type { ClickhouseClient } from '@cloudtuner/clickhouse';
import { z } from 'zod';
import type { CostSpike, DiskSpace } from '../../watched-metrics';

const diskRow = z.object({ disk: z.string(), total: z.coerce.number(), free: z.coerce.number() });
const spikeRow = z.object({ account: z.uuid(), date: z.string(), ratio: z.number() });

/** Short: they are asked for while metrics are read. */
const timeoutMs = 2_000;
const dayMs = 86_400_000;
/** Yesterday and the day before are looked at; yesterday may not be closed yet. */
const daysBack = 3;

/** The disks of the server that answers; those without an end, such as object stores, are left out. */
export const readDiskSpace = async (client: ClickhouseClient): Promise<readonly DiskSpace[]> => {
  const rows = await client.query({
    sql: `SELECT name AS disk, total_space AS total, free_space AS free FROM system.disks
          WHERE total_space > 0 AND total_space < pow(2, 60) ORDER BY name`,
    schema: diskRow,
    tag: { surface: 'kubecost-worker', route: 'disk-space' },
    tenant: 'none',
    signal: AbortSignal.timeout(timeoutMs),
  });
  return rows.map(({ disk, total, free }) => ({ disk, totalBytes: total, usedBytes: total - free }));
};

/** Each account's day as it is now, when nearly all of it was observed: a day that was half seen would look like a fall and then a rise. */
const wholeDays = `
  SELECT toString(cloud_account_id) AS account, date, addDays(date, 1) AS next, argMax(total_cost, written_at_ms) AS cost
  FROM account_days WHERE date >= {since:Date} GROUP BY cloud_account_id, date
  HAVING argMax(measured_seconds, written_at_ms) > 0.9 * argMax(expected_seconds, written_at_ms)`;

/** Accounts whose last closed day cost more than the day before it by this factor. */
export const readCostSpikes = async (client: ClickhouseClient, factor: number): Promise<readonly CostSpike[]> => {
  const rows = await client.query({
    sql: `SELECT last.account AS account, toString(last.date) AS date, toFloat64(last.cost) / toFloat64(before.cost) AS ratio
          FROM (SELECT * FROM (${wholeDays}) ORDER BY date DESC LIMIT 1 BY account) AS last
          INNER JOIN (${wholeDays}) AS before ON before.account = last.account AND before.next = last.date
          WHERE before.cost > 0 AND toFloat64(last.cost) > {factor:Float64} * toFloat64(before.cost)
          ORDER BY account`,
    params: { since: new Date(Date.now() - daysBack * dayMs).toISOString().slice(0, 10), factor },
    schema: spikeRow,
    tag: { surface: 'kubecost-worker', route: 'cost-spikes' },
    tenant: 'all',
    signal: AbortSignal.timeout(timeoutMs),
  });
  return rows.map(({ account, date, ratio }) => ({ cloudAccountId: account, date, ratio }));
};
