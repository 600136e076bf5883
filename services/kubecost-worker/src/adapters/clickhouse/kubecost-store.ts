import {
  countKubecostHour,
  kubecostHourRow,
  kubecostStatementFields,
  kubecostStatementRow,
  readKubecostStatements,
  readReconciliation,
  removeKubecostHours,
  type ClickhouseClient,
  type QueryTag,
} from '@cloudtuner/clickhouse';
import { hourSeconds } from '../../domain/calendar';
import type { KubecostStore } from '../../ports';
import { countRow } from './rows';

const tag: QueryTag = { surface: 'kubecost-worker', route: 'store-statements' };

/** Kubecost's own figures in `kubecost_hours` and `kubecost_statements`. */
export function createKubecostStore(client: ClickhouseClient): KubecostStore {
  return {
    findStatements: (tenant, window) =>
      client.query({ ...readKubecostStatements(tenant, window), schema: kubecostStatementRow, tag, tenant }),
    figures: {
      async count(tenant, key) {
        const [row] = await client.query({ ...countKubecostHour(tenant, key), schema: countRow, tag, tenant });
        return row?.count ?? 0;
      },
      async insert(tenant, key, figures, token) {
        const rows = figures.map((figure) => kubecostHourRow(tenant, key, figure));
        await client.insert({ table: 'kubecost_hours', rows, token, tag, tenant });
      },
      async remove(tenant, key) {
        await client.command({ ...removeKubecostHours(tenant, [key]), tag, tenant });
      },
    },
    async putStatement(tenant, statement, writtenAtMs) {
      const rows = [kubecostStatementFields(tenant, statement, writtenAtMs)];
      const token = [tenant, statement.hour, statement.saidAtMs, statement.dataVersion].join('|');
      await client.insert({ table: 'kubecost_statements', rows, token, tag, tenant });
    },
    async consistencyOf(tenant, hour) {
      const window = { from: hour, until: hour + hourSeconds };
      return (await readReconciliation(client, tenant, { window, tag })).consistency;
    },
  };
}
