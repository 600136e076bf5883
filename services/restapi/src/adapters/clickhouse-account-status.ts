import type { ClickhouseClient } from '@cloudtuner/clickhouse';
import { z } from 'zod';
import type { AccountStatusReader } from '../ports';

const dayMs = 86_400_000;

const statusRow = z.object({
  since: z.number().nullable(),
  last_sample_at: z.number().nullable(),
  measured: z.number().nullable(),
  expected: z.number().nullable(),
  flags: z.array(z.string()),
});

// Of each hour the version that is current; an hour without samples has no last one.
const sql = `
WITH current AS
(
  SELECT hour, argMax(tuple(last_sample_at, measured_seconds, expected_seconds, flags), read_at_ms) AS facts
  FROM account_hours
  WHERE cloud_account_id = {account:UUID}
  GROUP BY hour
)
SELECT
  toUnixTimestamp(minOrNullIf(hour, tupleElement(facts, 1) IS NOT NULL)) AS since,
  toUnixTimestamp(max(tupleElement(facts, 1))) AS last_sample_at,
  toFloat64(sumOrNullIf(tupleElement(facts, 2), hour >= {recent:DateTime('UTC')})) AS measured,
  toFloat64(sumOrNullIf(tupleElement(facts, 3), hour >= {recent:DateTime('UTC')})) AS expected,
  arraySort(arrayDistinct(arrayFlatten(groupArrayIf(tupleElement(facts, 4), hour >= {recent:DateTime('UTC')})))) AS flags
FROM current`;

/** Reception of accounts, from the hours that the worker has stored. */
export function createClickhouseAccountStatus(
  clickhouse: Pick<ClickhouseClient, 'query'>,
  { maxExecutionSeconds }: { maxExecutionSeconds: number },
): AccountStatusReader {
  return {
    async reception(cloudAccountId, { nowMs, signal }) {
      const [row] = await clickhouse.query({
        sql,
        params: { account: cloudAccountId, recent: Math.floor((nowMs - dayMs) / 1000) },
        schema: statusRow,
        tag: { surface: 'restapi', route: 'getCloudAccountStatus' },
        tenant: cloudAccountId,
        limits: { maxExecutionSeconds },
        signal,
      });
      if (row === undefined) return { sinceMs: null, lastSampleMs: null, coverage: null, flags: [] };
      const { since, last_sample_at: lastSample, measured, expected, flags } = row;
      return {
        sinceMs: since === null ? null : since * 1000,
        lastSampleMs: lastSample === null ? null : lastSample * 1000,
        coverage: measured === null || expected === null || expected === 0 ? null : Math.min(1, measured / expected),
        flags,
      };
    },
  };
}
