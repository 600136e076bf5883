import type { ClickhouseClient } from '@cloudtuner/clickhouse';
import { z } from 'zod';
import type { NodePricesReader } from '../ports';

const price = z.number().nullable();

const priceRow = z.object({
  hour: z.number(),
  node: z.string(),
  cpu_core_hour_price: price,
  ram_gib_hour_price: price,
  gpu_hour_price: price,
});

/** The range of hours is what the table is ordered by; the pairs say which version of each. */
const pricesSql = `
SELECT toUnixTimestamp(hour) AS hour, asset_key AS node, cpu_core_hour_price, ram_gib_hour_price, gpu_hour_price
FROM asset_hours AS a
WHERE cloud_account_id = {account:UUID} AND a.hour >= {from:DateTime('UTC')} AND a.hour <= {to:DateTime('UTC')}
  AND (toUnixTimestamp(a.hour), data_version) IN {hours:Array(Tuple(UInt32, String))}
  AND asset_type = 'node' AND asset_key IN {nodes:Array(String)}
ORDER BY hour, node`;

const secondsOf = (timestampMs: number): number => Math.floor(timestampMs / 1000);

/** Prices of nodes in ClickHouse. A query ends inside the server after `maxExecutionSeconds`, whatever becomes of the client. */
export function createClickhouseNodePrices(
  client: ClickhouseClient,
  { maxExecutionSeconds }: { maxExecutionSeconds: number },
): NodePricesReader {
  return {
    async readNodePrices(cloudAccountId, { hours, nodes }, { route, signal }) {
      const starts = hours.map(({ startMs }) => secondsOf(startMs));
      if (hours.length === 0 || nodes.length === 0) return [];
      const rows = await client.query({
        sql: pricesSql,
        params: {
          account: cloudAccountId,
          from: Math.min(...starts),
          to: Math.max(...starts),
          hours: hours.map(({ startMs, dataVersion }) => ({ tuple: [secondsOf(startMs), dataVersion] })),
          nodes,
        },
        schema: priceRow,
        tag: { surface: 'restapi', route },
        tenant: cloudAccountId,
        limits: { maxExecutionSeconds },
        signal,
      });
      return rows.map((row) => ({
        startMs: row.hour * 1000,
        node: row.node,
        cpuCoreHour: row.cpu_core_hour_price,
        ramGibHour: row.ram_gib_hour_price,
        gpuHour: row.gpu_hour_price,
      }));
    },
  };
}
