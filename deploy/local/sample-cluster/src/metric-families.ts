/** A metric family as the exposition format describes it. */
export interface MetricFamily {
  readonly type: 'counter' | 'gauge';
  readonly help: string;
}

const gauge = (help: string): MetricFamily => ({ type: 'gauge', help });
const counter = (help: string): MetricFamily => ({ type: 'counter', help });

/** Every family that a sample cluster exposes, under the name that its real exporter uses. */
export const metricFamilies = {
  // OpenCost
  node_cpu_hourly_cost: gauge('Hourly cost per vCPU on this node'),
  node_ram_hourly_cost: gauge('Hourly cost per GiB of memory on this node'),
  node_gpu_hourly_cost: gauge('Hourly cost per GPU on this node'),
  node_total_hourly_cost: gauge('Total node cost per hour'),
  node_gpu_count: gauge('Count of GPUs on this node'),
  kubecost_node_is_spot: gauge('1 when the node is spot or preemptible, else 0'),
  container_cpu_allocation: gauge('Cores allocated: the larger of request and usage'),
  container_memory_allocation_bytes: gauge('Bytes of memory allocated: the larger of request and usage'),
  container_gpu_allocation: gauge('GPUs allocated'),
  pod_pvc_allocation: gauge('Bytes of a persistent volume claim allocated to a pod'),
  pv_hourly_cost: gauge('Hourly cost per GiB of a persistent volume'),
  kubecost_pv_info: gauge('Persistent volume information'),
  kubecost_load_balancer_cost: gauge('Hourly cost of a load balancer'),
  kubecost_network_zone_egress_cost: gauge('Cost per GiB of egress across zones'),
  kubecost_network_region_egress_cost: gauge('Cost per GiB of egress across regions'),
  kubecost_network_internet_egress_cost: gauge('Cost per GiB of egress to the internet'),
  kubecost_cluster_management_cost: gauge('Hourly cost of the managed control plane'),
  kubecost_cluster_info: gauge('Cluster information'),
  service_selector_labels: gauge('Selector of a Service'),
  deployment_match_labels: gauge('Selector of a Deployment'),
  statefulSet_match_labels: gauge('Selector of a StatefulSet'),
  // network-costs daemonset
  kubecost_pod_network_egress_bytes_total: counter('Bytes sent by a pod, by kind of destination'),
  // kube-state-metrics
  kube_node_status_capacity: gauge('The capacity of a node by resource'),
  kube_node_status_allocatable: gauge('What pods can use of a node, by resource'),
  kube_node_labels: gauge('Kubernetes labels of a node'),
  kube_node_info: gauge('Information about a node'),
  kube_pod_info: gauge('Information about a pod'),
  kube_pod_labels: gauge('Kubernetes labels of a pod'),
  kube_pod_owner: gauge('The owner of a pod'),
  kube_replicaset_owner: gauge('The owner of a ReplicaSet'),
  kube_pod_container_status_running: gauge('1 while the container runs'),
  kube_pod_container_resource_requests: gauge('What a container requests, by resource'),
  kube_pod_container_resource_limits: gauge('The limit of a container, by resource'),
  kube_pod_start_time: gauge('Start of a pod in unix seconds'),
  kube_pod_completion_time: gauge('Completion of a pod in unix seconds'),
  kube_persistentvolume_capacity_bytes: gauge('Capacity of a persistent volume in bytes'),
  kube_persistentvolumeclaim_info: gauge('Information about a persistent volume claim'),
  kube_persistentvolumeclaim_resource_requests_storage_bytes: gauge('Storage that a claim requests, in bytes'),
  kube_namespace_labels: gauge('Kubernetes labels of a namespace'),
  kube_resourcequota: gauge('Hard limit and use of a resource quota'),
  // cAdvisor and kubelet
  container_cpu_usage_seconds_total: counter('CPU time used, in seconds'),
  container_memory_working_set_bytes: gauge('Working set of a container in bytes'),
  container_network_receive_bytes_total: counter('Bytes received by a pod'),
  container_network_transmit_bytes_total: counter('Bytes sent by a pod'),
  kubelet_volume_stats_used_bytes: gauge('Bytes in use on a volume'),
} as const satisfies Readonly<Record<string, MetricFamily>>;

/** A name of {@link metricFamilies}. */
export type MetricName = keyof typeof metricFamilies;
