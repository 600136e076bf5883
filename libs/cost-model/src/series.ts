/**
 * A label set (with `__name__`) and its samples. Two parallel arrays, not an array of objects: an hour of a large
 * cluster is millions of samples, and packed doubles take a quarter of the memory.
 */
export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch, in any order. */
  readonly timestampsMs: readonly number[];
  /** One value per timestamp. */
  readonly values: readonly number[];
}

/** The series of one cluster that {@link assetMetricNames} names, in any order; others are ignored. */
export type AssetSeries = readonly Series[];

/** Metrics that the price of a cluster's assets is made of. */
export const assetMetricNames = [
  'kube_node_status_capacity',
  'kube_node_status_capacity_cpu_cores',
  'kube_node_status_capacity_memory_bytes',
  'kube_persistentvolume_capacity_bytes',
  'kubecost_cluster_info',
  'kubecost_cluster_management_cost',
  'kubecost_load_balancer_cost',
  'kubecost_network_internet_egress_cost',
  'kubecost_network_region_egress_cost',
  'kubecost_network_zone_egress_cost',
  'kubecost_node_is_spot',
  'kubecost_pod_network_egress_bytes_total',
  'kubecost_pv_info',
  'node_cpu_hourly_cost',
  'node_gpu_count',
  'node_gpu_hourly_cost',
  'node_ram_hourly_cost',
  'pv_hourly_cost',
] as const;

export type AssetMetricName = (typeof assetMetricNames)[number];
