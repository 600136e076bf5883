import type { ClickhouseClient } from '@cloudtuner/clickhouse';
import { assetTypes, costComponents, msPerHour, parseNanos } from '@cloudtuner/cost-model';
import { z } from 'zod';
import { assetQuantities, quantitiesFrom, type ClusterAsset } from '../domain/assets';
import { componentsFrom, costsOf } from '../domain/costs';
import type { AssetsReader, HourVersion } from '../ports';

const quantity = z.number().nullable();
const decimal = z.string().nullable();

const assetRow = z.object({
  asset_type: z.enum(assetTypes),
  asset_key: z.string(),
  provider: z.string(),
  latest_properties: z.record(z.string(), z.string()),
  first_hour: z.number(),
  last_hour: z.number(),
  covered: z.number(),
  cpu_core_hours_sum: quantity,
  ram_byte_hours_sum: quantity,
  gpu_hours_sum: quantity,
  storage_byte_hours_sum: quantity,
  network_bytes_sum: quantity,
  load_balancer_hours_sum: quantity,
  management_hours_sum: quantity,
  management_cost_sum: decimal,
  cpu_cost_sum: decimal,
  ram_cost_sum: decimal,
  gpu_cost_sum: decimal,
  pv_cost_sum: decimal,
  network_cost_sum: decimal,
  load_balancer_cost_sum: decimal,
});

/** The range of hours is what the table is ordered by; the pairs say which version of each. */
const assetsSql = `
SELECT
  asset_type, asset_key,
  argMax(provider_id, hour) AS provider, argMax(properties, hour) AS latest_properties,
  toUnixTimestamp(min(hour)) AS first_hour, toUnixTimestamp(max(hour)) AS last_hour, sum(covered_seconds) AS covered,
  ${[...assetQuantities, ...costComponents].map((column) => `sum(${column}) AS ${column}_sum`).join(', ')}
FROM asset_hours
WHERE cloud_account_id = {account:UUID} AND hour >= {from:DateTime('UTC')} AND hour <= {to:DateTime('UTC')}
  AND (toUnixTimestamp(hour), data_version) IN {hours:Array(Tuple(UInt32, String))}
GROUP BY asset_type, asset_key`;

function toAsset(row: z.infer<typeof assetRow>): ClusterAsset {
  return {
    assetType: row.asset_type,
    name: row.asset_key,
    providerId: row.provider,
    properties: row.latest_properties,
    startMs: row.first_hour * 1000,
    endMs: row.last_hour * 1000 + msPerHour,
    coveredSeconds: row.covered,
    quantities: quantitiesFrom((name) => row[`${name}_sum`]),
    costs: costsOf(
      componentsFrom((component) => {
        const sum = row[`${component}_sum`];
        return sum === null ? null : parseNanos(sum);
      }),
    ),
  };
}

// A server takes parameters of up to 128 KiB; a month of pairs is 65 kB.
const maxHours = 744;

function* piecesOf(hours: readonly HourVersion[]): Generator<readonly HourVersion[]> {
  for (let from = 0; from < hours.length; from += maxHours) yield hours.slice(from, from + maxHours);
}

/** Assets in ClickHouse. A query ends inside the server after `maxExecutionSeconds`, whatever becomes of the client. */
export function createClickhouseAssets(
  client: ClickhouseClient,
  { maxExecutionSeconds }: { maxExecutionSeconds: number },
): AssetsReader {
  return {
    async readAssets(cloudAccountId, hours, { route, signal }) {
      const assets: ClusterAsset[] = [];
      for (const piece of piecesOf(hours)) {
        const starts = piece.map(({ startMs }) => startMs / 1000);
        const rows = await client.query({
          sql: assetsSql,
          params: {
            account: cloudAccountId,
            from: Math.min(...starts),
            to: Math.max(...starts),
            hours: piece.map(({ startMs, dataVersion }) => ({ tuple: [startMs / 1000, dataVersion] })),
          },
          schema: assetRow,
          tag: { surface: 'restapi', route },
          tenant: cloudAccountId,
          limits: { maxExecutionSeconds },
          signal,
        });
        assets.push(...rows.map(toAsset));
      }
      return assets;
    },
  };
}
