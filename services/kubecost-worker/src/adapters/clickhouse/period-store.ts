import {
  allocationPeriodRow,
  findSupersededPeriods,
  insertAllocationPeriod,
  isPeriodBalanced,
  periodBalanceRow,
  periodVersionOf,
  readAllocationPeriods,
  readPeriodBalance,
  readSummedDays,
  removeAllocationPeriods,
  summedDayRow,
  wholePeriods,
  type ClickhouseClient,
  type QueryTag,
} from '@cloudtuner/clickhouse';
import { piecesOf } from '@cloudtuner/cost-model';
import type { PeriodStore } from '../../period-ports';
import { dateOf } from './rows';

const tag: QueryTag = { surface: 'kubecost-worker', route: 'sum-periods' };

/** A version is named by a hash of 64 characters. */
const versionsPerStatement = 800;

/** Sums of periods in `allocation_periods` and `allocation_dimension_periods`, and which are named in `account_periods`. */
export function createPeriodStore(client: ClickhouseClient): PeriodStore {
  return {
    async findSummable(tenant, window) {
      const days = await client.query({ ...readSummedDays(tenant, window), schema: summedDayRow, tag, tenant });
      return wholePeriods(days).map((period) => ({ ...period, dataVersion: periodVersionOf(period) }));
    },
    findNamed: (tenant, window) =>
      client.query({ ...readAllocationPeriods(tenant, window), schema: allocationPeriodRow, tag, tenant }),
    findSuperseded: (tenant, between) =>
      client.query({ ...findSupersededPeriods(tenant, between), schema: allocationPeriodRow, tag, tenant }),
    async insert(tenant, period, token) {
      for (const [index, statement] of insertAllocationPeriod(tenant, period).entries())
        await client.command({ ...statement, token: `${token}|${String(index)}`, tag, tenant });
    },
    async isBalanced(tenant, period) {
      const statement = readPeriodBalance(tenant, period);
      const rows = await client.query({ ...statement, schema: periodBalanceRow, tag, tenant });
      return isPeriodBalanced(rows, period);
    },
    async remove(tenant, versions) {
      for (const piece of piecesOf(versions, versionsPerStatement)) {
        for (const statement of removeAllocationPeriods(tenant, piece))
          await client.command({ ...statement, tag, tenant });
      }
    },
    async name(tenant, { kind, start, dataVersion }, writtenAtMs) {
      const row = {
        ...{ cloud_account_id: tenant, period: kind, date: dateOf(start) },
        ...{ data_version: dataVersion, written_at_ms: String(writtenAtMs) },
      };
      const token = [tenant, kind, start, dataVersion, writtenAtMs].join('|');
      await client.insert({ table: 'account_periods', rows: [row], token, tag, tenant });
    },
  };
}
