import type { ClickhouseClient } from '@cloudtuner/clickhouse';
import {
  costComponents,
  formatNanos,
  sumNanos,
  type AssetType,
  type CostComponent,
  type Nanos,
} from '@cloudtuner/cost-model';

const tag = { surface: 'test', route: 'restapi' };

/** One asset of an hour with its costs. */
export type AssetCosts = Partial<Readonly<Record<CostComponent, Nanos>>>;

/** What else may be said of an asset; a node of some name when nothing is. */
export interface StoredAsset extends AssetCosts {
  readonly type?: AssetType;
  readonly key?: string;
  readonly providerId?: string;
  readonly properties?: Readonly<Record<string, string>>;
  readonly quantities?: Readonly<Record<string, number>>;
}

/** An hour as the worker leaves it. */
export interface StoredHour {
  /** Start, unix seconds. */
  readonly hour: number;
  readonly version: string;
  readonly assets: readonly StoredAsset[];
  /** Of `allocation_hours`; absent: stored without pods. */
  readonly allocationRows?: number;
  readonly readAtMs?: number;
  readonly closed?: boolean;
  readonly measuredSeconds?: number;
  readonly lastSampleAt?: number | null;
  readonly flags?: readonly string[];
}

const noQuantities = Object.fromEntries(
  [
    'cpu_core_hours',
    'ram_byte_hours',
    'gpu_hours',
    'storage_byte_hours',
    'network_bytes',
    'load_balancer_hours',
    'management_hours',
    'cpu_core_hour_price',
    'ram_gib_hour_price',
    'gpu_hour_price',
    'storage_gib_hour_price',
    'network_gib_price',
    'load_balancer_hour_price',
    'management_hour_price',
  ].map((column) => [column, null]),
);

function factRow(account: string, { hour, version }: StoredHour, costs: StoredAsset, index: number) {
  return {
    cloud_account_id: account,
    hour,
    data_version: version,
    asset_type: costs.type ?? 'node',
    asset_key: costs.key ?? `node-${String(index)}`,
    provider_id: costs.providerId ?? '',
    properties: costs.properties ?? {},
    covered_seconds: 3600,
    ...noQuantities,
    ...costs.quantities,
    ...Object.fromEntries(
      costComponents.map((component) => {
        const nanos = costs[component];
        return [component, nanos === undefined ? null : formatNanos(nanos)];
      }),
    ),
    total_cost: formatNanos(sumNanos(costComponents.map((component) => costs[component] ?? 0n))),
  };
}

/** Writes hours in the order of the worker: the facts, then which of them are current. */
export async function storeHours(
  client: ClickhouseClient,
  account: string,
  hours: readonly StoredHour[],
): Promise<void> {
  const facts = hours.flatMap((hour) => hour.assets.map((costs, index) => factRow(account, hour, costs, index)));
  await client.insert({ table: 'asset_hours', rows: facts, tag, tenant: account });
  await client.insert({
    table: 'account_hours',
    rows: hours.map((hour) => ({
      cloud_account_id: account,
      hour: hour.hour,
      data_version: hour.version,
      read_at_ms: String(hour.readAtMs ?? 1),
      closed: hour.closed ?? true,
      rows: hour.assets.length,
      allocation_rows: hour.allocationRows ?? null,
      measured_seconds: hour.measuredSeconds ?? 3600,
      expected_seconds: 3600,
      last_sample_at: hour.lastSampleAt === undefined ? hour.hour + 3590 : hour.lastSampleAt,
      flags: hour.flags ?? [],
    })),
    tag,
    tenant: account,
  });
}

/** Writes the expense of a day (`YYYY-MM-DD`), or its correction with sign -1. */
export async function storeExpense(
  client: ClickhouseClient,
  account: string,
  expense: { resourceId: string; date: string; cost: Nanos; sign?: 1 | -1 },
): Promise<void> {
  const { resourceId, date, cost, sign = 1 } = expense;
  await client.insert({
    table: 'expenses',
    rows: [{ cloud_account_id: account, resource_id: resourceId, date, cost: formatNanos(cost), sign }],
    tag,
    tenant: account,
  });
}
