import type { AllocationFact } from '@cloudtuner/cost-model';
import {
  hourParams,
  inHours,
  supersededParams,
  type BoundStatement,
  type HourVersion,
  type SupersededWindow,
} from './statement';

/** A row of `allocation_hours`, as an insert takes it. */
export function allocationHourRow(
  account: string,
  { hour, dataVersion }: HourVersion,
  fact: AllocationFact,
): Readonly<Record<string, unknown>> {
  return { cloud_account_id: account, hour, data_version: dataVersion, ...fact, asset_type: fact.asset_type ?? '' };
}

/** How many rows of a version are there, as `count`: all of them have to be before `account_hours` may name it. */
export function countAllocationHour(account: string, version: HourVersion): BoundStatement {
  return {
    sql: `SELECT count() AS count FROM allocation_hours WHERE ${inHours}`,
    params: { account, ...hourParams([version]) },
  };
}

/** Tables that keep the facts of versions of hours. */
export type HourFactTable = 'allocation_hours' | 'asset_hours';

/** Removes versions: half-written ones before they are written again, or superseded ones. Not while they are current. */
export function removeAllocationHours(
  account: string,
  versions: readonly HourVersion[],
  table: HourFactTable = 'allocation_hours',
): BoundStatement {
  return {
    sql: `DELETE FROM ${table} WHERE ${inHours}`,
    params: { account, ...hourParams(versions) },
  };
}

/**
 * Versions with facts that are not current, as `hour`, `data_version` and `rows`. A version that is being written is not current
 * yet: remove one only under the lock of its hour. Versions that were current less than `graceSeconds` ago are left: a reader may be at them.
 */
export function findSupersededHours(
  account: string,
  window: SupersededWindow,
  table: HourFactTable = 'allocation_hours',
): BoundStatement {
  const inWindow = 'cloud_account_id = {account:UUID} AND toDate(hour) >= {from:Date} AND toDate(hour) < {until:Date}';
  return {
    sql: `
      SELECT toUnixTimestamp(found.hour) AS hour, found.data_version AS data_version, found.rows AS rows
      FROM (SELECT hour, data_version, count() AS rows FROM ${table} WHERE ${inWindow} GROUP BY hour, data_version) AS found
      LEFT JOIN (
        SELECT hour, argMax(data_version, read_at_ms) AS data_version, max(read_at_ms) AS since_ms
        FROM account_hours WHERE ${inWindow} GROUP BY hour
      ) AS now ON now.hour = found.hour
      WHERE found.data_version != now.data_version AND now.since_ms < {before:UInt64}
      ORDER BY hour, data_version`,
    params: { account, ...supersededParams(window) },
  };
}
