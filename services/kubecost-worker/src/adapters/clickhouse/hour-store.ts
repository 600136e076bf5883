import type { ClickhouseClient, QueryTag } from '@cloudtuner/clickhouse';
import type { FactsKey, HourStore } from '../../ports';
import { countRow, currentHours, hourRow } from './rows';

const tag: QueryTag = { surface: 'kubecost-worker', route: 'store-hour' };

const ofVersion =
  'cloud_account_id = {account:UUID} AND hour = toDateTime({hour:UInt32}) AND data_version = {version:String}';

const paramsOf = (
  account: string,
  { hour, dataVersion }: FactsKey,
): { account: string; hour: number; version: string } => ({
  account,
  hour,
  version: dataVersion,
});

/** Hours in `asset_hours` and `account_hours`. */
export function createHourStore(client: ClickhouseClient): HourStore {
  return {
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
    async countFacts(tenant, key) {
      const [row] = await client.query({
        sql: `SELECT count() AS count FROM asset_hours WHERE ${ofVersion}`,
        params: paramsOf(tenant, key),
        schema: countRow,
        tag,
        tenant,
      });
      return row?.count ?? 0;
    },
    async insertFacts(tenant, { hour, dataVersion }, facts, token) {
      const rows = facts.map((fact) => ({ cloud_account_id: tenant, hour, data_version: dataVersion, ...fact }));
      await client.insert({ table: 'asset_hours', rows, token, tag, tenant });
    },
    async removeFacts(tenant, key) {
      await client.command({
        sql: `DELETE FROM asset_hours WHERE ${ofVersion}`,
        params: paramsOf(tenant, key),
        tag,
        tenant,
      });
    },
    async putHour(tenant, state) {
      const row = {
        cloud_account_id: tenant,
        hour: state.hour,
        data_version: state.dataVersion,
        read_at_ms: String(state.readAtMs),
        closed: state.closed,
        rows: state.rows,
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
