import type { AssetType, TimeWindow } from '@cloudtuner/cost-model';
import type { KubecostAsset } from '@cloudtuner/kubecost-client';
import { quantitiesFrom, type AssetQuantity, type ClusterAsset } from './assets';
import { liveCosts, timeOf } from './live-rows';

const typeOf: Readonly<Record<string, AssetType>> = {
  Node: 'node',
  Disk: 'disk',
  LoadBalancer: 'load_balancer',
  Network: 'network',
  ClusterManagement: 'management',
};

const secondsPerMinute = 60;
const minutesPerHour = 60;

function propertiesOf({ properties, nodeType, preemptible, storageClass, ...asset }: KubecostAsset) {
  const said = {
    claim: asset.claimName,
    claim_namespace: asset.claimNamespace,
    instance_type: nodeType,
    provider: properties?.provider ?? null,
    spot: preemptible === null ? null : String(preemptible > 0),
    storage_class: storageClass,
  };
  const known = Object.entries(said).filter((entry): entry is [string, string] => (entry[1] ?? '') !== '');
  return Object.fromEntries(known);
}

function quantitiesOf(asset: KubecostAsset, assetType: AssetType) {
  const hours = asset.minutes === null ? null : asset.minutes / minutesPerHour;
  const known: Partial<Record<AssetQuantity, number | null>> = {
    cpu_core_hours: asset.cpuCoreHours,
    ram_byte_hours: asset.ramByteHours,
    gpu_hours: asset.GPUHours,
    storage_byte_hours: asset.byteHours,
    load_balancer_hours: assetType === 'load_balancer' ? hours : null,
    management_hours: assetType === 'management' ? hours : null,
  };
  return quantitiesFrom((quantity) => known[quantity] ?? null);
}

/** An asset of Kubecost in the form of ours; none for what is not the cluster's, the bill of its cloud. What Kubecost does not say is null. */
export function liveAsset(asset: KubecostAsset, window: TimeWindow): ClusterAsset[] {
  const assetType = typeOf[asset.type];
  if (assetType === undefined) return [];
  const { properties, minutes } = asset;
  const [startMs, endMs] = [timeOf(asset.start, window.startMs), timeOf(asset.end, window.endMs)];
  return [
    {
      assetType,
      name: properties?.name ?? properties?.providerID ?? '',
      providerId: properties?.providerID ?? '',
      properties: propertiesOf(asset),
      startMs,
      endMs,
      coveredSeconds: minutes === null ? (endMs - startMs) / 1000 : minutes * secondsPerMinute,
      quantities: quantitiesOf(asset, assetType),
      costs: liveCosts([asset]),
    },
  ];
}
