import {
  allocationHourRow,
  countAllocationHour,
  removeAllocationHours,
  type BoundStatement,
  type ClickhouseClient,
  type QueryTag,
} from '@cloudtuner/clickhouse';
import type { AllocationFact, AssetFact } from '@cloudtuner/cost-model';
import type { FactsKey, FactTable, HourStore } from '../../ports';
import { countRow, currentHours, hourRow, inHoursOfAccount } from './rows';

const tag: QueryTag = { surface: 'kubecost-worker', route: 'store-hour' };

/** How one kind of facts is written and read. */
interface FactStatements<Fact> {
  readonly table: string;
  readonly row: (account: string, key: FactsKey, fact: Fact) => Readonly<Record<string, unknown>>;
  readonly count: (account: string, key: FactsKey) => BoundStatement;
  readonly remove: (account: string, key: FactsKey) => BoundStatement;
}

const assets: FactStatements<AssetFact> = {
  table: 'asset_hours',
  row: (account, { hour, dataVersion }, fact) => ({
    cloud_account_id: account,
    hour,
    data_version: dataVersion,
    ...fact,
  }),
  count: (account, { hour, dataVersion }) => ({
    sql: `SELECT count() AS count FROM asset_hours
          WHERE cloud_account_id = {account:UUID} AND hour = toDateTime({hour:UInt32}) AND data_version = {version:String}`,
    params: { account, hour, version: dataVersion },
  }),
  remove: (account, key) => removeAllocationHours(account, [key], 'asset_hours'),
};

const allocations: FactStatements<AllocationFact> = {
  table: 'allocation_hours',
  row: allocationHourRow,
  count: countAllocationHour,
  remove: (account, key) => removeAllocationHours(account, [key]),
};

function factTable<Fact>(client: ClickhouseClient, statements: FactStatements<Fact>): FactTable<Fact> {
  return {
    async count(tenant, key) {
      const [row] = await client.query({ ...statements.count(tenant, key), schema: countRow, tag, tenant });
      return row?.count ?? 0;
    },
    async insert(tenant, key, facts, token) {
      const rows = facts.map((fact) => statements.row(tenant, key, fact));
      await client.insert({ table: statements.table, rows, token, tag, tenant });
    },
    async remove(tenant, key) {
      await client.command({ ...statements.remove(tenant, key), tag, tenant });
    },
  };
}

/** Hours in `asset_hours`, `allocation_hours` and `account_hours`. */
export function createHourStore(client: ClickhouseClient): HourStore {
  return {
    assets: factTable(client, assets),
    allocations: factTable(client, allocations),
    async findHour(tenant, hour) {
      const [row] = await client.query({
        sql: currentHours('cloud_account_id = {account:UUID} AND hour = toDateTime({hour:UInt32})'),
        params: { account: tenant, hour },
        schema: hourRow,
        tag,
        tenant,
      });
      return row ?? null;
    },
    findHours: (tenant, { from, to }) =>
      client.query({
        sql: currentHours(inHoursOfAccount),
        params: { account: tenant, from, to },
        schema: hourRow,
        tag,
        tenant,
      }),
    async putHour(tenant, state) {
      const row = {
        cloud_account_id: tenant,
        hour: state.hour,
        data_version: state.dataVersion,
        read_at_ms: String(state.readAtMs),
        closed: state.closed,
        rows: state.assetRows,
        allocation_rows: state.allocationRows,
        measured_seconds: state.measuredSeconds,
        expected_seconds: state.expectedSeconds,
        last_sample_at: state.lastSampleSeconds,
        flags: state.flags,
      };
      const token = [tenant, state.hour, state.dataVersion, state.readAtMs, state.closed].join('|');
      await client.insert({ table: 'account_hours', rows: [row], token, tag, tenant });
    },
  };
}
