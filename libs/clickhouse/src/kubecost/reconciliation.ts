import { z } from 'zod';
import type { HourWindow } from '../allocation/allocation-days';
import { hourParams, inHours, type BoundStatement, type HourVersion } from '../allocation/statement';

/** An hour that both we and Kubecost have closed: which versions of it are current. */
export interface ComparedHour {
  readonly hour: number;
  readonly ours: HourVersion & { readonly rows: number };
  readonly theirs: HourVersion & { readonly rows: number };
  /** Of their rows. */
  readonly sha256: string;
}

/** Row of {@link readComparedHours}. */
export const comparedHourRow = z
  .object({
    hour: z.number(),
    our_version: z.string(),
    our_rows: z.number(),
    their_version: z.string(),
    their_rows: z.number(),
    sha256: z.string(),
  })
  .transform(({ hour, sha256, ...row }): ComparedHour => ({
    hour,
    ours: { hour, dataVersion: row.our_version, rows: row.our_rows },
    theirs: { hour, dataVersion: row.their_version, rows: row.their_rows },
    sha256,
  }));

/** The hours of a window that are closed with their pods, and of which Kubecost has said what they cost; in order. */
export function readComparedHours(account: string, { from, until }: HourWindow): BoundStatement {
  const inWindow =
    'cloud_account_id = {account:UUID} AND hour >= toDateTime({from:UInt32}) AND hour < toDateTime({until:UInt32})';
  return {
    sql: `
      SELECT toUnixTimestamp(ours.hour) AS hour, ours.latest.1 AS our_version, assumeNotNull(ours.latest.2) AS our_rows,
             theirs.latest.1 AS their_version, theirs.latest.2 AS their_rows, theirs.latest.3 AS sha256
      FROM (
        SELECT hour, argMax((data_version, allocation_rows, closed), read_at_ms) AS latest FROM account_hours WHERE ${inWindow}
        GROUP BY hour HAVING latest.3 AND isNotNull(latest.2)
      ) AS ours
      INNER JOIN (
        SELECT hour, argMax((data_version, rows, sha256), said_at_ms) AS latest FROM kubecost_statements WHERE ${inWindow} GROUP BY hour
      ) AS theirs ON theirs.hour = ours.hour
      ORDER BY hour`,
    params: { account, from, until },
  };
}

/** Resources that both price, and those that only Kubecost knows. */
const bothCosts = ['cpu_cost', 'ram_cost', 'gpu_cost', 'pv_cost', 'network_cost', 'load_balancer_cost'] as const;
const theirCosts = [...bothCosts, 'shared_cost', 'external_cost', 'other_cost'] as const;

const sums = (columns: readonly string[]): string =>
  columns.map((column) => `sum(${column}) AS ${column}_sum`).join(', ');
const decimal = z.string();

/** Row of {@link readOurCosts}: a cost is null where there are rows and it is known of none of them. */
export const ourCostRow = z.object({
  namespace: z.string(),
  rows: z.coerce.number(),
  cpu_cost_sum: decimal.nullable(),
  ram_cost_sum: decimal.nullable(),
  gpu_cost_sum: decimal.nullable(),
  pv_cost_sum: decimal.nullable(),
  network_cost_sum: decimal.nullable(),
  load_balancer_cost_sum: decimal.nullable(),
  /** Rows of nodes that nobody used: idle is left out of the sums. */
  idle_rows: z.coerce.number(),
});

/** Row of {@link readTheirCosts}. */
export const theirCostRow = z.object({
  namespace: z.string(),
  rows: z.coerce.number(),
  cpu_cost_sum: decimal,
  ram_cost_sum: decimal,
  gpu_cost_sum: decimal,
  pv_cost_sum: decimal,
  network_cost_sum: decimal,
  load_balancer_cost_sum: decimal,
  shared_cost_sum: decimal,
  external_cost_sum: decimal,
  other_cost_sum: decimal,
});

/** What these versions of our hours cost by namespace, without what is idle. `rows` of all namespaces, and their `idle_rows`, are all there are. */
export function readOurCosts(account: string, hours: readonly ComparedHour[]): BoundStatement {
  const sumsOfUsed = bothCosts.map((column) => `sumIf(${column}, kind != 'idle') AS ${column}_sum`).join(', ');
  return {
    sql: `SELECT namespace, countIf(kind != 'idle') AS rows, countIf(kind = 'idle') AS idle_rows, ${sumsOfUsed}
          FROM allocation_hours WHERE ${inHours} GROUP BY namespace ORDER BY namespace`,
    params: { account, ...hourParams(hours.map(({ ours }) => ours)) },
  };
}

/** What these versions of Kubecost's hours cost by namespace. */
export function readTheirCosts(account: string, hours: readonly ComparedHour[]): BoundStatement {
  return {
    sql: `SELECT namespace, count() AS rows, ${sums(theirCosts)}
          FROM kubecost_hours WHERE ${inHours} GROUP BY namespace ORDER BY namespace`,
    params: { account, ...hourParams(hours.map(({ theirs }) => theirs)) },
  };
}
