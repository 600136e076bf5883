import {
  assetFilterFields,
  defaultLabelAliases,
  filterPredicate,
  nanosToNumber,
  sanitizeLabelKey,
  sumKnownNanos,
  sumNanos,
  type AssetType,
  type Filter,
  type FilterReader,
  type Nanos,
  type TimeWindow,
} from '@cloudtuner/cost-model';
import { AppError } from '@cloudtuner/errors';
import type { ClusterAsset } from '../../domain/assets';
import { sumCosts } from '../../domain/costs';

/** An asset and the cluster that it is of. */
export interface NamedAsset {
  readonly cluster: string;
  readonly asset: ClusterAsset;
}

const typeNames: Readonly<Record<AssetType, string>> = {
  node: 'Node',
  disk: 'Disk',
  load_balancer: 'LoadBalancer',
  management: 'ClusterManagement',
  network: 'Network',
};

const categories: Readonly<Record<AssetType, string>> = {
  node: 'Compute',
  disk: 'Storage',
  load_balancer: 'Network',
  management: 'Management',
  network: 'Network',
};

/** Properties of an asset by the names that OpenCost has; empty where there is none. */
function propertiesOf({ cluster, asset }: NamedAsset) {
  return {
    category: categories[asset.assetType],
    provider: asset.properties['provider'] ?? '',
    account: asset.properties['account'] ?? '',
    project: asset.properties['project'] ?? '',
    service: 'Kubernetes',
    cluster,
    name: asset.name,
    providerID: asset.providerId,
  };
}

type AssetProperty = keyof ReturnType<typeof propertiesOf> | 'type';

const keyParts: readonly AssetProperty[] = [
  'provider',
  'account',
  'project',
  'category',
  'cluster',
  'type',
  'service',
  'providerID',
  'name',
];

const isProperty = (name: string): name is AssetProperty => keyParts.some((part) => part === name);

/** What assets are grouped by; null: each by itself. @throws AppError `aggregate-invalid` */
export function assetAggregate(text: string | undefined): readonly AssetProperty[] | null {
  if (text === undefined || text === '') return null;
  return text.split(',').map((part) => {
    const name = part.trim();
    if (isProperty(name)) return name;
    throw new AppError('aggregate-invalid', `Cannot group assets by this. Known are ${keyParts.join(', ')}.`);
  });
}

const assetReader: FilterReader<NamedAsset> = {
  text: (named, field) => {
    if (field === 'assetType') return typeNames[named.asset.assetType].toLowerCase();
    return isProperty(field) && field !== 'type' ? propertiesOf(named)[field] : '';
  },
  list: () => [],
  map: ({ asset }, field) =>
    field === 'label'
      ? Object.fromEntries(Object.entries(asset.properties).map(([key, value]) => [sanitizeLabelKey(key), value]))
      : {},
};

/** Fields of a filter over assets. */
export const modelAssetFields = assetFilterFields;

/** The assets that pass a filter and are of these types (in any case; empty: all). */
export function chosenAssets(assets: readonly NamedAsset[], filter: Filter, types: readonly string[]): NamedAsset[] {
  const passes = filterPredicate(filter, { reader: assetReader, aliases: defaultLabelAliases });
  const wanted = new Set(types.map((type) => type.toLowerCase()));
  const isOfType = ({ asset }: NamedAsset): boolean =>
    wanted.size === 0 || wanted.has(typeNames[asset.assetType].toLowerCase());
  return assets.filter((named) => isOfType(named) && passes(named));
}

const number = (nanos: Nanos | null): number | null => (nanos === null ? null : nanosToNumber(nanos));
const rfc3339 = (timestampMs: number): string => `${new Date(timestampMs).toISOString().slice(0, 19)}Z`;
const hoursOf = ({ startMs, endMs }: ClusterAsset): number => (endMs - startMs) / 3_600_000;
const average = (sum: number | null, hours: number): number | null => (sum === null || hours <= 0 ? null : sum / hours);

/** What only nodes and disks have. */
function detailsOf(asset: ClusterAsset) {
  const { quantities, costs, properties } = asset;
  const hours = hoursOf(asset);
  if (asset.assetType === 'node') {
    return {
      nodeType: properties['instance_type'] ?? '',
      cpuCores: average(quantities.cpu_core_hours, hours),
      ramBytes: average(quantities.ram_byte_hours, hours),
      gpuCount: average(quantities.gpu_hours, hours),
      cpuCoreHours: quantities.cpu_core_hours,
      ramByteHours: quantities.ram_byte_hours,
      GPUHours: quantities.gpu_hours,
      preemptible: properties['spot'] === 'true' ? 1 : 0,
      discount: 0,
      cpuCost: number(costs.components.cpu_cost),
      ramCost: number(costs.components.ram_cost),
      gpuCost: number(costs.components.gpu_cost),
    };
  }
  if (asset.assetType !== 'disk') return {};
  return {
    byteHours: quantities.storage_byte_hours,
    bytes: average(quantities.storage_byte_hours, hours),
    byteHoursUsed: null,
    byteUsageMax: null,
    storageClass: properties['storage_class'] ?? '',
    volumeName: asset.name,
    claimName: properties['claim'] ?? '',
    claimNamespace: properties['namespace'] ?? '',
  };
}

function presentAsset(named: NamedAsset, window: TimeWindow) {
  const { asset } = named;
  const { name, ...properties } = propertiesOf(named);
  const known = Object.entries({ ...properties, name }).filter(([, value]) => value !== '');
  return {
    type: typeNames[asset.assetType],
    properties: Object.fromEntries(known),
    labels: { ...asset.properties },
    window: { start: rfc3339(window.startMs), end: rfc3339(window.endMs) },
    start: rfc3339(asset.startMs),
    end: rfc3339(asset.endMs),
    minutes: hoursOf(asset) * 60,
    ...detailsOf(asset),
    adjustment: 0,
    totalCost: number(asset.costs.total),
  };
}

/** Several assets as one, with the properties that they share. */
function presentGroup(group: readonly NamedAsset[], window: TimeWindow) {
  const each = group.map((named) => presentAsset(named, window));
  const [first, ...others] = each;
  const shared = Object.entries(first?.properties ?? {}).filter(([key, value]) =>
    others.every(({ properties }) => properties[key] === value),
  );
  const startMs = Math.min(...group.map(({ asset }) => asset.startMs));
  const endMs = Math.max(...group.map(({ asset }) => asset.endMs));
  const { components } = sumCosts(group.map(({ asset }) => asset.costs));
  return {
    type: new Set(each.map(({ type }) => type)).size === 1 ? (first?.type ?? '') : '',
    properties: Object.fromEntries(shared),
    labels: {},
    window: { start: rfc3339(window.startMs), end: rfc3339(window.endMs) },
    start: rfc3339(startMs),
    end: rfc3339(endMs),
    minutes: (endMs - startMs) / 60_000,
    cpuCost: number(components.cpu_cost),
    ramCost: number(components.ram_cost),
    gpuCost: number(components.gpu_cost),
    adjustment: 0,
    totalCost: number(sumKnownNanos(group.map(({ asset }) => asset.costs.total)) ?? sumNanos([])),
  };
}

function keyOf(named: NamedAsset, parts: readonly AssetProperty[]): string {
  const properties = { ...propertiesOf(named), type: typeNames[named.asset.assetType] };
  return parts.map((part) => properties[part] || '__undefined__').join('/');
}

/** Assets by their keys, each by itself or grouped. */
export function presentAssets(
  assets: readonly NamedAsset[],
  window: TimeWindow,
  aggregate: readonly AssetProperty[] | null,
): Record<string, unknown> {
  const groups = new Map<string, NamedAsset[]>();
  for (const named of assets) {
    const key = keyOf(named, aggregate ?? keyParts);
    groups.set(key, [...(groups.get(key) ?? []), named]);
  }
  const entries = [...groups].map(([key, group]) => {
    const [only] = group;
    const isAlone = aggregate === null && group.length === 1 && only !== undefined;
    return [key, isAlone ? presentAsset(only, window) : presentGroup(group, window)] as const;
  });
  return Object.fromEntries(entries);
}
