import type { ClickhouseClient, QueryTag } from '@cloudtuner/clickhouse';
import { z } from 'zod';
import { allocationPoint, assetPoint } from '../../domain/export-points';
import type { ExportSource } from '../../export-ports';

const tag: QueryTag = { surface: 'kubecost-worker', route: 'export-influxdb' };

const cost = z.string();
const quantity = z.number().nullable();
const allocationRow = z.object({
  in_namespace: z.string(),
  of_pod: z.string(),
  resource_type: z.string(),
  owner: z.string(),
  team: z.string(),
  cpu: cost.nullable(),
  memory: cost.nullable(),
  network: cost.nullable(),
  storage: cost.nullable(),
  other: cost.nullable(),
  total: cost,
});
const assetRow = z.object({
  asset_type: z.string(),
  asset_key: z.string(),
  provider_id: z.string(),
  properties: z.record(z.string(), z.string()),
  covered_seconds: z.number(),
  cpu_core_hours: quantity,
  ram_byte_hours: quantity,
  storage_byte_hours: quantity,
  total_cost: cost,
});

const ofVersion =
  'cloud_account_id = {account:UUID} AND hour = toDateTime({hour:UInt32}) AND data_version = {version:String}';
/** The rows of containers by pod; what is no container has the names that answers of the API have for it. */
const nameOf = (column: string): string =>
  `multiIf(kind = 'idle', '__idle__', ${column} != '', toString(${column}),
           kind = 'unattributed' AND asset_type IN ('disk', 'load_balancer'), '__unmounted__', '__unallocated__')`;
const firstLabel = (keys: string): string =>
  `arrayFirst(text -> text != '', arrayPushBack(arrayMap(key -> labels[key], {${keys}:Array(String)}), ''))`;
const allocations = `
  SELECT ${nameOf('namespace')} AS in_namespace, ${nameOf('pod')} AS of_pod,
         multiIf(kind = 'idle', 'idle', kind = 'unattributed', toString(asset_type), controller_kind = '', 'pod', toString(controller_kind))
           AS resource_type,
         ${firstLabel('ownerLabels')} AS owner, ${firstLabel('teamLabels')} AS team,
         sum(cpu_cost) AS cpu, sum(ram_cost) AS memory, sum(network_cost) AS network, sum(pv_cost) AS storage,
         if(count(gpu_cost) + count(load_balancer_cost) + count(management_cost) = 0, NULL,
            ifNull(sum(gpu_cost), 0) + ifNull(sum(load_balancer_cost), 0) + ifNull(sum(management_cost), 0)) AS other,
         sum(total_cost) AS total
  FROM allocation_hours WHERE ${ofVersion}
  GROUP BY in_namespace, of_pod, resource_type, owner, team
  ORDER BY in_namespace, of_pod, resource_type, owner, team`;
const assets = `
  SELECT asset_type, asset_key, provider_id, properties, covered_seconds, cpu_core_hours, ram_byte_hours, storage_byte_hours, total_cost
  FROM asset_hours WHERE ${ofVersion} ORDER BY asset_type, asset_key`;

/** Raised when points of the same facts look different. */
const layoutNumber = 1;

/** What hours cost, from ClickHouse: by pod, and by asset. The owner and the team are the first of these labels that a pod has. */
export function createExportSource(
  client: ClickhouseClient,
  labels: { readonly owner: readonly string[]; readonly team: readonly string[] },
): ExportSource {
  return {
    layout: [layoutNumber, labels.owner.join('+'), labels.team.join('+')].join('/'),
    async points({ id, name }, { hour, dataVersion }) {
      const of = { cloudAccountId: id, cluster: name };
      const params = { account: id, hour, version: dataVersion };
      const sums = await client.query({
        sql: allocations,
        params: { ...params, ownerLabels: labels.owner, teamLabels: labels.team },
        schema: allocationRow,
        tag,
        tenant: id,
      });
      const found = await client.query({ sql: assets, params, schema: assetRow, tag, tenant: id });
      return [
        ...sums.map(({ in_namespace, of_pod, cpu, memory, network, storage, other, total, ...names }) =>
          allocationPoint(of, {
            ...names,
            ...{ namespace: in_namespace, pod: of_pod, total_cost: total },
            ...{ cpu_cost: cpu, memory_cost: memory, network_cost: network, storage_cost: storage, other_cost: other },
          }),
        ),
        ...found.map((row) => assetPoint(of, row)),
      ];
    },
  };
}
