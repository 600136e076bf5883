import type { ClickhouseClient } from '@cloudtuner/clickhouse';
import { assetTypes, costComponents, msPerHour, nanosOrNull, piecesOf } from '@cloudtuner/cost-model';
import { z } from 'zod';
import { assetQuantities, quantitiesFrom, type ClusterAsset } from '../domain/assets';
import { componentsFrom, costsOf } from '../domain/costs';
import type { AssetsReader, HourVersion, ReadContext } from '../ports';

const quantity = z.number().nullable();
const decimal = z.string().nullable();

const identityRow = z.object({
  asset_type: z.enum(assetTypes),
  asset_key: z.string(),
  provider_id: z.string(),
  properties: z.record(z.string(), z.string()),
});

const sumRow = z.object({
  asset_type: z.enum(assetTypes),
  asset_key: z.string(),
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
const inVersions = `cloud_account_id = {account:UUID} AND hour >= {from:DateTime('UTC')} AND hour <= {to:DateTime('UTC')}
  AND (toUnixTimestamp(hour), data_version) IN {hours:Array(Tuple(UInt32, String))}`;

const sumsSql = `
SELECT
  asset_type, asset_key,
  toUnixTimestamp(min(hour)) AS first_hour, toUnixTimestamp(max(hour)) AS last_hour, sum(covered_seconds) AS covered,
  ${[...assetQuantities, ...costComponents].map((column) => `sum(${column}) AS ${column}_sum`).join(', ')}
FROM asset_hours
WHERE ${inVersions}
GROUP BY asset_type, asset_key`;

/**
 * What assets were called in the last of these hours that has them. A map is by far the most expensive column, and most assets were there to
 * the end: asked of their last hours alone, and of the rows that are wanted, it is read for little more than one hour.
 */
const identitiesSql = `
SELECT asset_type, asset_key, provider_id, properties
FROM asset_hours
WHERE ${inVersions} AND (hour, asset_type, asset_key) IN (
  SELECT max(hour), asset_type, asset_key FROM asset_hours WHERE ${inVersions} GROUP BY asset_type, asset_key
)`;

type SumRow = z.infer<typeof sumRow>;
type IdentityRow = z.infer<typeof identityRow>;

const keyOf = ({ asset_type, asset_key }: Pick<SumRow, 'asset_type' | 'asset_key'>): string =>
  `${asset_type} ${asset_key}`;

function toAsset(row: SumRow, identity: IdentityRow): ClusterAsset {
  return {
    assetType: row.asset_type,
    name: row.asset_key,
    providerId: identity.provider_id,
    properties: identity.properties,
    startMs: row.first_hour * 1000,
    endMs: row.last_hour * 1000 + msPerHour,
    coveredSeconds: row.covered,
    quantities: quantitiesFrom((name) => row[`${name}_sum`]),
    costs: costsOf(componentsFrom((component) => nanosOrNull(row[`${component}_sum`]))),
  };
}

// A month: 65 kB of pairs.
const hoursPerStatement = 744;

function paramsOf(account: string, hours: readonly HourVersion[]) {
  const starts = hours.map(({ startMs }) => startMs / 1000);
  return {
    account,
    from: Math.min(...starts),
    to: Math.max(...starts),
    hours: hours.map(({ startMs, dataVersion }) => ({ tuple: [startMs / 1000, dataVersion] })),
  };
}

/** Assets in ClickHouse. A query ends inside the server after `maxExecutionSeconds`, whatever becomes of the client. */
export function createClickhouseAssets(
  client: ClickhouseClient,
  { maxExecutionSeconds }: { maxExecutionSeconds: number },
): AssetsReader {
  const readPiece = async (
    account: string,
    piece: readonly HourVersion[],
    { route, signal }: ReadContext,
  ): Promise<ClusterAsset[]> => {
    const asked = { tag: { surface: 'restapi', route }, tenant: account, limits: { maxExecutionSeconds }, signal };
    const sums = await client.query({ sql: sumsSql, params: paramsOf(account, piece), schema: sumRow, ...asked });
    const lastHours = new Set(sums.map(({ last_hour }) => last_hour * 1000));
    if (lastHours.size === 0) return [];
    const last = paramsOf(
      account,
      piece.filter(({ startMs }) => lastHours.has(startMs)),
    );
    const found = await client.query({ sql: identitiesSql, params: last, schema: identityRow, ...asked });
    const identities = new Map(found.map((row) => [keyOf(row), row]));
    // One that has gone in between is left out: the sum of all then tells that a version was removed.
    return sums.flatMap((row) => {
      const identity = identities.get(keyOf(row));
      return identity === undefined ? [] : [toAsset(row, identity)];
    });
  };
  return {
    async readAssets(cloudAccountId, hours, context) {
      const assets: ClusterAsset[] = [];
      for (const piece of piecesOf(hours, hoursPerStatement))
        assets.push(...(await readPiece(cloudAccountId, piece, context)));
      return assets;
    },
  };
}
