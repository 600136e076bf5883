import { integralSince, levelAt } from './cycle';
import type { ClusterModel } from './cluster-model';
import type { ClusterNode } from './nodes';
import { paidEgress } from './profile';
import { replicaSetName } from './workloads';
import { kubeStateMetrics, kubelet, labelled, networkCosts, openCost, type AddSeries } from './series';

const NANOS_PER_DOLLAR = 1e9;
const BYTES_PER_GIB = 1024 ** 3;
const CPU_SYSTEM_CORES = 0.08;
const RAM_SYSTEM_BYTES = 0.9 * BYTES_PER_GIB;
const PODS_PER_NODE = 58;
const NODE_DISK_BYTES = 100 * BYTES_PER_GIB;

/** Dollars of a whole number of nano-dollars: the double nearest to that decimal. */
const dollars = (nanos: number): number => nanos / NANOS_PER_DOLLAR;

function addNodePrices(add: AddSeries, model: ClusterModel, node: ClusterNode): void {
  const { pool } = node;
  const labels = {
    node: node.name,
    instance_type: pool.instanceType,
    region: model.profile.platform.region,
    provider_id: node.providerId,
    arch: pool.arch,
  };
  const source = openCost(node.name);
  const cpu = (tMs: number): number => dollars(levelAt(node.cpuCoreHourNanos, tMs));
  const ram = (tMs: number): number => dollars(levelAt(node.ramGibHourNanos, tMs));
  const gpu = dollars(pool.gpuHourNanos);
  const total = (tMs: number): number =>
    cpu(tMs) * pool.cpuCores + ram(tMs) * (pool.ramBytes / BYTES_PER_GIB) + gpu * pool.gpuCount;
  // An on-demand price never changes: as a plain number it costs nothing to sample.
  const priced = (price: (tMs: number) => number): number | ((tMs: number) => number) =>
    pool.spotSwing === undefined ? price(model.epochMs) : price;
  add(source, 'node_cpu_hourly_cost', labels, priced(cpu));
  add(source, 'node_ram_hourly_cost', labels, priced(ram));
  add(source, 'node_gpu_hourly_cost', labels, gpu);
  add(source, 'node_total_hourly_cost', labels, priced(total));
  add(source, 'node_gpu_count', labels, pool.gpuCount);
  add(source, 'kubecost_node_is_spot', labels, pool.spotSwing === undefined ? 0 : 1);
}

/** Capacity, allocatable, labels and info of a node, as kube-state-metrics 2 has them. */
function addNodeStatus(add: AddSeries, model: ClusterModel, node: ClusterNode): void {
  const { platform } = model.profile;
  const { pool } = node;
  const resources = [
    { resource: 'cpu', unit: 'core', capacity: pool.cpuCores, reserved: CPU_SYSTEM_CORES },
    { resource: 'memory', unit: 'byte', capacity: pool.ramBytes, reserved: RAM_SYSTEM_BYTES },
    { resource: 'pods', unit: 'integer', capacity: PODS_PER_NODE, reserved: 0 },
    { resource: 'ephemeral_storage', unit: 'byte', capacity: NODE_DISK_BYTES, reserved: NODE_DISK_BYTES / 10 },
    ...(pool.gpuCount > 0
      ? [{ resource: 'nvidia_com_gpu', unit: 'integer', capacity: pool.gpuCount, reserved: 0 }]
      : []),
  ];
  for (const { resource, unit, capacity, reserved } of resources) {
    const labels = { node: node.name, resource, unit };
    add(kubeStateMetrics, 'kube_node_status_capacity', labels, capacity);
    add(kubeStateMetrics, 'kube_node_status_allocatable', labels, Math.floor((capacity - reserved) * 1000) / 1000);
  }
  const poolLabel = platform.provider === 'AWS' ? 'eks.amazonaws.com/nodegroup' : 'cloud.google.com/gke-nodepool';
  const nodeLabels = labelled({
    'kubernetes.io/arch': pool.arch,
    'kubernetes.io/os': 'linux',
    'kubernetes.io/hostname': node.name,
    'node.kubernetes.io/instance-type': pool.instanceType,
    'topology.kubernetes.io/region': platform.region,
    'topology.kubernetes.io/zone': node.zone,
    [poolLabel]: pool.name,
  });
  add(kubeStateMetrics, 'kube_node_labels', { node: node.name, ...nodeLabels }, 1);
  const info = {
    node: node.name,
    kernel_version: platform.kernelVersion,
    os_image: platform.osImage,
    container_runtime_version: 'containerd://1.7.23',
    kubelet_version: platform.kubernetesVersion,
    kubeproxy_version: platform.kubernetesVersion,
    provider_id: node.providerUri,
    internal_ip: node.internalIp,
    system_uuid: node.systemUuid,
  };
  add(kubeStateMetrics, 'kube_node_info', info, 1);
}

function addVolumes(add: AddSeries, model: ClusterModel): void {
  for (const volume of model.volumes) {
    const { name, providerId, bytes, storageClass, claim } = volume;
    const storageclass = storageClass.name;
    const priceLabels = { volumename: name, persistentvolume: name, provider_id: providerId };
    add(openCost(), 'pv_hourly_cost', priceLabels, dollars(storageClass.gibHourNanos));
    add(openCost(), 'kubecost_pv_info', { persistentvolume: name, storageclass, provider_id: providerId }, 1);
    add(kubeStateMetrics, 'kube_persistentvolume_capacity_bytes', { persistentvolume: name }, bytes);
    if (claim === undefined) continue;
    const claimLabels = { namespace: claim.namespace, persistentvolumeclaim: claim.name };
    add(
      kubeStateMetrics,
      'kube_persistentvolumeclaim_info',
      { ...claimLabels, storageclass, volumename: name, volumemode: 'Filesystem' },
      1,
    );
    add(kubeStateMetrics, 'kube_persistentvolumeclaim_resource_requests_storage_bytes', claimLabels, bytes);
  }
  for (const pod of model.standingPods) {
    const { volume } = pod;
    if (volume?.claim === undefined) continue;
    const claimLabels = { namespace: pod.namespace, persistentvolumeclaim: volume.claim.name };
    const podLabels = { ...claimLabels, pod: pod.name, persistentvolume: volume.name };
    add(openCost(), 'pod_pvc_allocation', podLabels, volume.bytes);
    add(kubelet(pod.node.name), 'kubelet_volume_stats_used_bytes', claimLabels, (tMs) => levelAt(volume.used, tMs));
  }
}

/** Per-destination counters, as the network-costs daemonset has them. Traffic inside a zone is counted too: it is free. */
function addEgress(add: AddSeries, model: ClusterModel): void {
  const flags = {
    'same-zone': { internet: 'false', same_region: 'true', same_zone: 'true' },
    zone: { internet: 'false', same_region: 'true', same_zone: 'false' },
    region: { internet: 'false', same_region: 'false', same_zone: 'false' },
    internet: { internet: 'true', same_region: 'false', same_zone: 'false' },
  };
  for (const pod of model.standingPods) {
    for (const [egressClass, bytesPerMs] of pod.egress ?? []) {
      const labels = { pod_name: pod.name, namespace: pod.namespace, ...flags[egressClass] };
      const bytes = integralSince(bytesPerMs, model.epochMs);
      add(networkCosts(pod.node.internalIp), 'kubecost_pod_network_egress_bytes_total', labels, bytes);
    }
  }
}

function addWorkloadObjects(add: AddSeries, model: ClusterModel): void {
  for (const { kind, namespace, name, ...spec } of model.profile.workloads) {
    const selector = labelled({ app: name });
    if (kind === 'Deployment') {
      add(openCost(), 'deployment_match_labels', { namespace, deployment: name, ...selector }, 1);
      const owner = { owner_kind: 'Deployment', owner_name: name, owner_is_controller: 'true' };
      const replicaset = replicaSetName(model.seed, { namespace, name });
      add(kubeStateMetrics, 'kube_replicaset_owner', { namespace, replicaset, ...owner }, 1);
    }
    if (kind === 'StatefulSet') {
      add(openCost(), 'statefulSet_match_labels', { namespace, statefulSet: name, ...selector }, 1);
    }
    if ('traffic' in spec) add(openCost(), 'service_selector_labels', { namespace, service: name, ...selector }, 1);
  }
}

function addNamespaces(add: AddSeries, model: ClusterModel): void {
  for (const { name, labels, quota } of model.profile.namespaces) {
    const all = labelled({ 'kubernetes.io/metadata.name': name, ...labels });
    add(kubeStateMetrics, 'kube_namespace_labels', { namespace: name, ...all }, 1);
    if (quota === undefined) continue;
    const containers = model.standingPods
      .filter((pod) => pod.namespace === name)
      .flatMap((pod) => pod.containers.map((container) => container.spec));
    const cores = containers.reduce((sum, spec) => sum + (spec.cpuRequestMillicores ?? 0), 0) / 1000;
    const bytes = containers.reduce((sum, spec) => sum + (spec.ramRequestMib ?? 0) * 1024 ** 2, 0);
    const quotas = [
      { resource: 'requests.cpu', hard: quota.cpuCores, used: cores },
      { resource: 'requests.memory', hard: quota.ramGib * BYTES_PER_GIB, used: bytes },
    ];
    for (const { resource, hard, used } of quotas) {
      const quotaLabels = { namespace: name, resourcequota: 'compute', resource };
      add(kubeStateMetrics, 'kube_resourcequota', { ...quotaLabels, type: 'hard' }, hard);
      add(kubeStateMetrics, 'kube_resourcequota', { ...quotaLabels, type: 'used' }, used);
    }
  }
}

function addClusterPrices(add: AddSeries, model: ClusterModel): void {
  const { platform, egressNanosPerGib, loadBalancers } = model.profile;
  for (const destination of paidEgress) {
    add(openCost(), `kubecost_network_${destination}_egress_cost`, {}, dollars(egressNanosPerGib[destination]));
  }
  const provisioner = { provisioner_name: platform.provisioner };
  add(openCost(), 'kubecost_cluster_management_cost', provisioner, dollars(platform.managementNanosPerHour));
  for (const { namespace, service, ingressAddress, hourNanos } of loadBalancers) {
    const labels = { namespace, service_name: service, ingress_ip: ingressAddress };
    add(openCost(), 'kubecost_load_balancer_cost', labels, dollars(hourNanos));
  }
  const info = {
    id: model.clusterId,
    name: model.name,
    provider: platform.provider,
    [platform.provider === 'AWS' ? 'account' : 'project']: platform.account,
    region: platform.region,
    provisioner: platform.provisioner,
    version: platform.kubernetesVersion,
    clusterProfile: 'production',
  };
  add(openCost(), 'kubecost_cluster_info', info, 1);
}

/** Everything that is there for as long as the cluster, but the pods themselves. */
export function addClusterSeries(add: AddSeries, model: ClusterModel): void {
  for (const node of model.nodes) {
    addNodePrices(add, model, node);
    addNodeStatus(add, model, node);
  }
  addVolumes(add, model);
  addEgress(add, model);
  addWorkloadObjects(add, model);
  addNamespaces(add, model);
  addClusterPrices(add, model);
}
