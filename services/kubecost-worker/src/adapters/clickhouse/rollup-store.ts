import {
  insertAllocationDay,
  insertAllocationGroupDay,
  isBalanced,
  readRollupBalance,
  removeAllocationDays,
  rollupBalanceRow,
  rollupVersionOf,
  type ClickhouseClient,
  type QueryTag,
} from '@cloudtuner/clickhouse';
import type { RollupStore } from '../../ports';

const tag: QueryTag = { surface: 'kubecost-worker', route: 'store-rollup' };

/** Sums of days in `allocation_days` and `allocation_dimension_days`. */
export function createRollupStore(client: ClickhouseClient): RollupStore {
  return {
    versionOf: rollupVersionOf,
    async insert(tenant, rollup, token) {
      await client.command({ ...insertAllocationDay(tenant, rollup), token: `${token}|pods`, tag, tenant });
      await client.command({ ...insertAllocationGroupDay(tenant, rollup), token: `${token}|groups`, tag, tenant });
    },
    async isBalanced(tenant, rollup) {
      const rows = await client.query({
        ...readRollupBalance(tenant, rollup),
        schema: rollupBalanceRow,
        tag,
        tenant,
      });
      return isBalanced(rows, rollup.labelKeys);
    },
    async remove(tenant, rollup) {
      const version = { day: rollup.day, dataVersion: rollupVersionOf(rollup) };
      for (const statement of removeAllocationDays(tenant, [version])) {
        await client.command({ ...statement, tag, tenant });
      }
    },
  };
}
