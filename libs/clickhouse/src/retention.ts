import { z } from 'zod';
import type { ClickhouseClient } from './client-port';

/** How long facts are kept. */
export interface Retention {
  /** Hourly facts and the table that says which of them are current. */
  readonly hourlyDays: number;
  /** Facts of the running hour: replaced each minute, of no use once the hour is closed. */
  readonly liveDays: number;
  /** Daily expenses. */
  readonly expensesDays: number;
  /** The audit log; default 400. */
  readonly auditDays?: number;
  /** Hourly facts by pod, by far the most rows; default: as `hourlyDays`. */
  readonly podHourlyDays?: number;
  /** Daily sums by pod; default: as `hourlyDays`. */
  readonly podDailyDays?: number;
  /** What Kubecost answered, as it came; default 35. */
  readonly kubecostDocumentDays?: number;
}

interface RetentionTarget {
  readonly cluster?: string;
  readonly retention: Retention;
}

/** Five years of hours, ten of days. */
export const defaultRetention: Retention = { hourlyDays: 1_830, liveDays: 3, expensesDays: 3_660 };

/** A year, and time to read of its end. */
const defaultAuditDays = 400;

/** A month can be computed again after it has ended. */
const defaultKubecostDocumentDays = 35;

const days = (count: number): string => {
  if (!Number.isInteger(count) || count < 1) throw new RangeError('a retention is a whole number of days, at least 1');
  return String(count);
};

/** The TTL expression of each table, in the form in which ClickHouse writes it back. */
export function ttlByTable(retention: Retention): Readonly<Record<string, string>> {
  const hourly = `hour + toIntervalDay(${days(retention.hourlyDays)})`;
  const daily = `date + toIntervalDay(${days(retention.expensesDays)})`;
  const live = days(retention.liveDays);
  const summaries = [
    `timestamp + toIntervalDay(${days(retention.hourlyDays)}) WHERE window_duration = 'hour'`,
    `timestamp + toIntervalDay(${days(retention.expensesDays)}) WHERE window_duration != 'hour'`,
  ].join(', ');
  const books = `timestamp + toIntervalDay(${days(retention.expensesDays)})`;
  const podHourlyDays = days(retention.podHourlyDays ?? retention.hourlyDays);
  const podDaily = `date + toIntervalDay(${days(retention.podDailyDays ?? retention.hourlyDays)})`;
  return {
    asset_hours: `${hourly}, hour + toIntervalDay(${live}) WHERE startsWith(data_version, 'live-')`,
    account_hours: hourly,
    expenses: daily,
    account_days: daily,
    // By day: a day that is half gone could be answered neither from its hours nor from its rollup.
    allocation_hours: `toDate(hour) + toIntervalDay(${podHourlyDays}), toDate(hour) + toIntervalDay(${live}) WHERE startsWith(data_version, 'live-')`,
    allocation_days: podDaily,
    allocation_dimension_days: daily,
    allocation_periods: podDaily,
    allocation_dimension_periods: daily,
    account_periods: daily,
    // Of the table that it took the place of: migrations before 0008 make it.
    allocation_group_days: daily,
    kubecost_hours: `toDate(hour) + toIntervalDay(${podHourlyDays})`,
    kubecost_statements: hourly,
    bill_rows: daily,
    kubecost_documents: `window_start + toIntervalDay(${days(retention.kubecostDocumentDays ?? defaultKubecostDocumentDays)})`,
    kubecost_extracts: `window_start + toIntervalDay(${days(retention.kubecostDocumentDays ?? defaultKubecostDocumentDays)})`,
    cost_summaries: summaries,
    cost_summary_windows: summaries,
    cost_adjustments: books,
    cost_postings: books,
    audit_events: `toDateTime(at) + toIntervalDay(${days(retention.auditDays ?? defaultAuditDays)})`,
  };
}

const tableRow = z.object({ name: z.string(), definition: z.string() });
const tag = { surface: 'clickhouse', route: 'align-retention' };
const tenant = 'none';

/** The tables keep the TTL of the day they were made; this gives them the wished one. A table that has it is not touched. */
export async function alignRetention(client: ClickhouseClient, target: RetentionTarget): Promise<void> {
  const tables = await client.query({
    sql: 'SELECT name, create_table_query AS definition FROM system.tables WHERE database = {database:String}',
    params: { database: client.database },
    schema: tableRow,
    tag,
    tenant,
  });
  for (const [table, ttl] of Object.entries(ttlByTable(target.retention))) {
    const found = tables.find(({ name }) => name === table);
    if (found === undefined || found.definition.includes(`TTL ${ttl} SETTINGS`)) continue;
    const cluster = target.cluster === undefined ? '' : `ON CLUSTER \`${target.cluster}\``;
    // Names and expression come from this file and a checked configuration; DDL takes no parameters.
    await client.command({ sql: `ALTER TABLE \`${table}\` ${cluster} MODIFY TTL ${ttl}`, tag, tenant });
  }
}
