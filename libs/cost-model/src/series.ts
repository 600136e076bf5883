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
  'kube_node_labels',
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

/** Metrics that describe a cluster as a whole: {@link podMetricNames} are read with these at hand. */
export const clusterMetricNames = [
  ...assetMetricNames.filter((name) => name !== 'kubecost_pod_network_egress_bytes_total'),
  'deployment_match_labels',
  'kube_namespace_annotations',
  'kube_namespace_labels',
  'kube_persistentvolumeclaim_info',
  'kube_replicaset_owner',
  'service_selector_labels',
  'statefulSet_match_labels',
] as const;

/** Metrics with one or more series for each pod or container, of all exporters and versions that are understood. */
export const podMetricNames = [
  'DCGM_FI_PROF_GR_ENGINE_ACTIVE',
  'container_cpu_allocation',
  'container_cpu_usage_seconds_total',
  'container_gpu_allocation',
  'container_memory_allocation_bytes',
  'container_memory_working_set_bytes',
  'container_network_receive_bytes_total',
  'container_network_transmit_bytes_total',
  'kube_pod_annotations',
  'kube_pod_completion_time',
  'kube_pod_container_resource_requests',
  'kube_pod_container_resource_requests_cpu_cores',
  'kube_pod_container_resource_requests_memory_bytes',
  'kube_pod_container_status_running',
  'kube_pod_info',
  'kube_pod_labels',
  'kube_pod_owner',
  'kube_pod_spec_volumes_persistentvolumeclaims_info',
  'kube_pod_start_time',
  'kubecost_pod_network_egress_bytes_total',
  'pod_pvc_allocation',
] as const;

export type PodMetricName = (typeof podMetricNames)[number];

/** Metrics that the allocations of an hour are made of. */
export const allocationMetricNames = [...clusterMetricNames, ...podMetricNames] as const;

export type AllocationMetricName = (typeof allocationMetricNames)[number];

/** Metrics that `allocateCompat` reads beside {@link allocationMetricNames}. */
export const compatMetricNames = [
  ...allocationMetricNames,
  'kube_persistentvolumeclaim_resource_requests_storage_bytes',
] as const;
