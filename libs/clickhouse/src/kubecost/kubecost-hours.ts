import { z } from 'zod';
import {
  hourParams,
  inHours,
  supersededParams,
  type BoundStatement,
  type HourVersion,
  type SupersededWindow,
} from '../allocation/statement';
import type { HourWindow } from '../allocation/allocation-days';

/** A row of Kubecost's hour as an insert takes it: costs are decimals with nine digits. */
export type KubecostHourFields = Readonly<Record<string, string | number>>;

/** The last thing that Kubecost said of an hour. */
export interface KubecostStatement extends HourVersion {
  /** When it was said last, unix milliseconds; the largest one is current. */
  readonly saidAtMs: number;
  /** Of its rows. */
  readonly sha256: string;
  readonly rows: number;
}

/** Row of {@link readKubecostStatements}. */
export const kubecostStatementRow = z
  .object({
    hour: z.number(),
    data_version: z.string(),
    said_at_ms: z.coerce.number(),
    sha256: z.string(),
    rows: z.number(),
  })
  .transform((row): KubecostStatement => ({
    hour: row.hour,
    dataVersion: row.data_version,
    saidAtMs: row.said_at_ms,
    sha256: row.sha256,
    rows: row.rows,
  }));

/** A row of `kubecost_hours`, as an insert takes it. */
export const kubecostHourRow = (
  account: string,
  { hour, dataVersion }: HourVersion,
  fields: KubecostHourFields,
): Readonly<Record<string, unknown>> => ({
  cloud_account_id: account,
  hour,
  data_version: dataVersion,
  ...fields,
});

/** A row of `kubecost_statements`, as an insert takes it. */
export const kubecostStatementFields = (
  account: string,
  statement: KubecostStatement,
  writtenAtMs: number,
): Readonly<Record<string, unknown>> => ({
  cloud_account_id: account,
  hour: statement.hour,
  said_at_ms: String(statement.saidAtMs),
  data_version: statement.dataVersion,
  sha256: statement.sha256,
  rows: statement.rows,
  written_at_ms: String(writtenAtMs),
});

/** What is current of each hour of a window that Kubecost said something of, in order. */
export function readKubecostStatements(account: string, { from, until }: HourWindow): BoundStatement {
  return {
    sql: `
      SELECT toUnixTimestamp(hour) AS hour, latest.1 AS data_version, latest.2 AS said_at_ms, latest.3 AS sha256, latest.4 AS rows
      FROM (
        SELECT hour, argMax((data_version, said_at_ms, sha256, rows), said_at_ms) AS latest FROM kubecost_statements
        WHERE cloud_account_id = {account:UUID} AND hour >= toDateTime({from:UInt32}) AND hour < toDateTime({until:UInt32})
        GROUP BY hour
      ) ORDER BY hour`,
    params: { account, from, until },
  };
}

/** How many rows of a version are there, as `count`. */
export function countKubecostHour(account: string, version: HourVersion): BoundStatement {
  return {
    sql: `SELECT count() AS count FROM kubecost_hours WHERE ${inHours}`,
    params: { account, ...hourParams([version]) },
  };
}

/** Removes versions: half-written ones before they are written again, or superseded ones. */
export function removeKubecostHours(account: string, versions: readonly HourVersion[]): BoundStatement {
  return {
    sql: `DELETE FROM kubecost_hours WHERE ${inHours}`,
    params: { account, ...hourParams(versions) },
  };
}

/**
 * Versions that are older than the current one, as `hour`, `data_version` and `rows`. Versions only ever get newer, so these are never
 * current again; one that is being written is newer, and is not among them. Those that were replaced less than `graceSeconds` ago are left.
 */
export function findSupersededKubecostHours(account: string, window: SupersededWindow): BoundStatement {
  const inWindow = 'cloud_account_id = {account:UUID} AND toDate(hour) >= {from:Date} AND toDate(hour) < {until:Date}';
  return {
    sql: `
      SELECT toUnixTimestamp(found.hour) AS hour, found.data_version AS data_version, found.rows AS rows
      FROM (SELECT hour, data_version, count() AS rows FROM kubecost_hours WHERE ${inWindow} GROUP BY hour, data_version) AS found
      INNER JOIN (
        SELECT hour, argMax(data_version, said_at_ms) AS data_version, max(written_at_ms) AS since_ms
        FROM kubecost_statements WHERE ${inWindow} GROUP BY hour
      ) AS now ON now.hour = found.hour
      WHERE toUInt64OrZero(found.data_version) < toUInt64OrZero(now.data_version) AND now.since_ms < {before:UInt64}
      ORDER BY hour, data_version`,
    params: { account, ...supersededParams(window) },
  };
}

/** Days of which Kubecost said something since then, as `day` in unix seconds. */
export function findRestatedDays(account: string, sinceMs: number): BoundStatement {
  return {
    sql: `SELECT DISTINCT toUnixTimestamp(toDateTime(toDate(hour, 'UTC'), 'UTC')) AS day FROM kubecost_statements
          WHERE cloud_account_id = {account:UUID} AND written_at_ms >= {since:UInt64} ORDER BY day`,
    params: { account, since: String(sinceMs) },
  };
}
