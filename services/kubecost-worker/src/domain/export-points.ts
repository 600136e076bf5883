import { parseNanos } from '@cloudtuner/cost-model';

/** One point of an hour: texts by which it is found, and what it says. */
export interface ExportPoint {
  readonly measurement: 'cost_allocations' | 'asset_costs';
  /** Without empty ones. */
  readonly tags: Readonly<Record<string, string>>;
  readonly floats: Readonly<Record<string, number>>;
  readonly integers: Readonly<Record<string, bigint>>;
}

/** What a pod, or what is named in its place, cost in an hour. Costs are exact decimals; null is unknown. */
export interface AllocationSums {
  readonly namespace: string;
  readonly pod: string;
  readonly resource_type: string;
  readonly owner: string;
  readonly team: string;
  readonly cpu_cost: string | null;
  readonly memory_cost: string | null;
  readonly network_cost: string | null;
  readonly storage_cost: string | null;
  readonly other_cost: string | null;
  readonly total_cost: string;
}

/** An asset in an hour. */
export interface AssetSums {
  readonly asset_type: string;
  readonly asset_key: string;
  readonly provider_id: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly covered_seconds: number;
  readonly cpu_core_hours: number | null;
  readonly ram_byte_hours: number | null;
  readonly storage_byte_hours: number | null;
  readonly total_cost: string;
}

/** Of which account and cluster the points are. */
export interface PointOwner {
  readonly cloudAccountId: string;
  readonly cluster: string;
}

const bytesPerGb = 2 ** 30;
const secondsPerHour = 3_600;

const isText = (entry: [string, string]): boolean => entry[1] !== '';
const texts = (tags: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(tags).filter(isText));
const known = (fields: Record<string, number | null>): Record<string, number> =>
  Object.fromEntries(Object.entries(fields).filter((entry): entry is [string, number] => entry[1] !== null));
const dollars = (cost: string | null): number | null => (cost === null ? null : Number(cost));

/** The point of what a pod cost. Its parts add up to its total as far as all are known. */
export function allocationPoint({ cloudAccountId, cluster }: PointOwner, sums: AllocationSums): ExportPoint {
  const { namespace, pod, resource_type, owner, team } = sums;
  return {
    measurement: 'cost_allocations',
    tags: texts({ cloud_account_id: cloudAccountId, cluster, namespace, pod, resource_type, owner, team }),
    floats: known({
      cpu_cost: dollars(sums.cpu_cost),
      memory_cost: dollars(sums.memory_cost),
      network_cost: dollars(sums.network_cost),
      storage_cost: dollars(sums.storage_cost),
      other_cost: dollars(sums.other_cost),
      total_cost: dollars(sums.total_cost),
    }),
    integers: { total_cost_nanos: parseNanos(sums.total_cost) },
  };
}

/** Where a node is, as far as its provider id tells: `aws:///eu-west-1a/i-1`, `gce://project/us-central1-a/name`. */
function zoneOf(providerId: string): string {
  return /^(?:aws:\/\/\/|gce:\/\/[^/]+\/)([^/]+)\/[^/]+$/.exec(providerId)?.[1] ?? '';
}

const nodeTypes: Readonly<Record<string, string>> = { true: 'spot', false: 'on-demand' };

/** The point of what an asset cost, and how large it was on average while it was there. */
export function assetPoint({ cloudAccountId, cluster }: PointOwner, sums: AssetSums): ExportPoint {
  const { asset_type, asset_key, provider_id, properties, covered_seconds } = sums;
  const isNode = asset_type === 'node';
  const onAverage = (unitHours: number | null): number | null =>
    unitHours === null || covered_seconds === 0 ? null : unitHours / (covered_seconds / secondsPerHour);
  const gigabytes = (byteHours: number | null): number | null =>
    onAverage(byteHours === null ? null : byteHours / bytesPerGb);
  return {
    measurement: 'asset_costs',
    tags: texts({
      cloud_account_id: cloudAccountId,
      cluster,
      asset_type,
      asset_name: asset_key,
      node_type: isNode ? (nodeTypes[properties.spot ?? ''] ?? '') : '',
      zone: isNode ? zoneOf(provider_id) : '',
      instance_type: properties.instance_type ?? '',
    }),
    floats: known({
      cpu_cores: onAverage(sums.cpu_core_hours),
      memory_gb: gigabytes(sums.ram_byte_hours),
      storage_gb: gigabytes(sums.storage_byte_hours),
      total_cost: dollars(sums.total_cost),
    }),
    integers: { total_cost_nanos: parseNanos(sums.total_cost) },
  };
}
