import { z } from 'zod';
import type { HourState } from '../../domain/hour-state';

/** A moment as unix seconds; the queries ask for `toUnixTimestamp`, so that no text has to be read back. */
const unixSeconds = z.number().int();

/** One row of `account_hours`, or of what is current in it. */
export const hourRow = z
  .object({
    hour: unixSeconds,
    data_version: z.string(),
    read_at_ms: z.coerce.number(),
    closed: z.boolean(),
    rows: z.number(),
    allocation_rows: z.number().nullable(),
    measured_seconds: z.number(),
    expected_seconds: z.number(),
    last_sample_at: unixSeconds.nullable(),
    flags: z.array(z.string()),
  })
  .transform((row): HourState => ({
    hour: row.hour,
    dataVersion: row.data_version,
    readAtMs: row.read_at_ms,
    closed: row.closed,
    assetRows: row.rows,
    allocationRows: row.allocation_rows,
    measuredSeconds: row.measured_seconds,
    expectedSeconds: row.expected_seconds,
    lastSampleSeconds: row.last_sample_at,
    flags: row.flags,
  }));

/** Condition of {@link currentHours} for the hours of `[from, to)` of an account. */
export const inHoursOfAccount =
  'cloud_account_id = {account:UUID} AND hour >= toDateTime({from:UInt32}) AND hour < toDateTime({to:UInt32})';

/** What is current of each hour of `account_hours` that the condition selects. */
export const currentHours = (condition: string): string => `
  SELECT toUnixTimestamp(hour) AS hour, latest.1 AS data_version, latest.2 AS read_at_ms, latest.3 AS closed, latest.4 AS rows,
         latest.5 AS measured_seconds, latest.6 AS expected_seconds, latest.7 AS last_sample_at, latest.8 AS flags, latest.9 AS allocation_rows
  FROM (
    SELECT hour, argMax((data_version, read_at_ms, closed, rows, measured_seconds, expected_seconds, toUnixTimestamp(last_sample_at), flags,
                        allocation_rows),
                        read_at_ms) AS latest
    FROM account_hours WHERE ${condition} GROUP BY hour
  ) ORDER BY hour`;

export const countRow = z.object({ count: z.coerce.number() });

/** `2026-03-01`, as a Date parameter takes it. */
export const dateOf = (seconds: number): string => new Date(seconds * 1_000).toISOString().slice(0, 10);
