import { MS_PER_SECOND } from './calendar';
import { integralSince, levelAt } from './cycle';
import { cpuAllocatedMillicores, ramAllocatedBytes, type Container, type Pod } from './pods';
import type { ContainerSpec } from './profile';
import { cAdvisor, kubeStateMetrics, labelled, openCost, type AddSeries, type SeriesCollector } from './series';

const BYTES_PER_MIB = 1024 ** 2;
const MILLICORES_PER_CORE = 1000;
const US_PER_SECOND = 1e6;

interface Bound {
  readonly resource: string;
  readonly unit: string;
  readonly amount: number;
}

function bounds(spec: ContainerSpec, kind: 'requests' | 'limits'): Bound[] {
  const millicores = kind === 'requests' ? spec.cpuRequestMillicores : spec.cpuLimitMillicores;
  const mib = kind === 'requests' ? spec.ramRequestMib : spec.ramLimitMib;
  return [
    ...(millicores === undefined ? [] : [{ resource: 'cpu', unit: 'core', amount: millicores / MILLICORES_PER_CORE }]),
    ...(mib === undefined ? [] : [{ resource: 'memory', unit: 'byte', amount: mib * BYTES_PER_MIB }]),
    // A GPU is requested and limited alike: Kubernetes allows nothing else.
    ...(spec.gpuRequest === undefined
      ? []
      : [{ resource: 'nvidia_com_gpu', unit: 'integer', amount: spec.gpuRequest }]),
  ];
}

function addContainerState(add: AddSeries, pod: Pod, container: Container): void {
  const { spec } = container;
  const labels = { namespace: pod.namespace, pod: pod.name, uid: pod.uid, container: spec.name };
  add(kubeStateMetrics, 'kube_pod_container_status_running', labels, (tMs) => (tMs < pod.endMs ? 1 : 0));
  for (const { resource, unit, amount } of bounds(spec, 'requests')) {
    const requestLabels = { ...labels, node: pod.node.name, resource, unit };
    add(kubeStateMetrics, 'kube_pod_container_resource_requests', requestLabels, amount);
  }
  for (const { resource, unit, amount } of bounds(spec, 'limits')) {
    const limitLabels = { ...labels, node: pod.node.name, resource, unit };
    add(kubeStateMetrics, 'kube_pod_container_resource_limits', limitLabels, amount);
  }
}

function addContainerUse(add: AddSeries, pod: Pod, container: Container): void {
  const { spec } = container;
  const place = { namespace: pod.namespace, pod: pod.name, container: spec.name };
  const allocated = { ...place, node: pod.node.name };
  const source = openCost(pod.node.name);
  add(
    source,
    'container_cpu_allocation',
    allocated,
    (tMs) => cpuAllocatedMillicores(container, tMs) / MILLICORES_PER_CORE,
  );
  add(source, 'container_memory_allocation_bytes', allocated, (tMs) => ramAllocatedBytes(container, tMs));
  if (spec.gpuRequest !== undefined) add(source, 'container_gpu_allocation', allocated, spec.gpuRequest);

  const runtime = {
    ...place,
    id: `/kubepods.slice/pod${pod.uid}/cri-containerd-${container.runtimeId}.scope`,
    image: spec.image,
    name: container.runtimeId,
  };
  const cadvisor = cAdvisor(pod.node.name);
  // One millicore for one millisecond is one microsecond of CPU time.
  const cpuMicroseconds = integralSince(container.cpuUsed, pod.startMs);
  add(
    cadvisor,
    'container_cpu_usage_seconds_total',
    { ...runtime, cpu: 'total' },
    (tMs) => cpuMicroseconds(tMs) / US_PER_SECOND,
  );
  add(cadvisor, 'container_memory_working_set_bytes', runtime, (tMs) => levelAt(container.ramUsed, tMs));
}

function addPodObject(add: AddSeries, pod: Pod): void {
  const object = { namespace: pod.namespace, pod: pod.name, uid: pod.uid };
  const { kind, name } = pod.owner;
  add(
    kubeStateMetrics,
    'kube_pod_info',
    {
      ...object,
      node: pod.node.name,
      host_ip: pod.node.internalIp,
      pod_ip: pod.ip,
      created_by_kind: kind,
      created_by_name: name,
      host_network: 'false',
    },
    1,
  );
  const podLabels = labelled({ app: pod.workload.name, 'app.kubernetes.io/name': pod.workload.name });
  add(kubeStateMetrics, 'kube_pod_labels', { ...object, ...podLabels }, 1);
  const owner = { owner_kind: kind, owner_name: name, owner_is_controller: 'true' };
  add(kubeStateMetrics, 'kube_pod_owner', { ...object, ...owner }, 1);
  add(kubeStateMetrics, 'kube_pod_start_time', object, pod.startMs / MS_PER_SECOND);
}

function addPodTraffic(add: AddSeries, pod: Pod): void {
  const labels = {
    namespace: pod.namespace,
    pod: pod.name,
    id: `/kubepods.slice/pod${pod.uid}`,
    interface: 'eth0',
  };
  const cadvisor = cAdvisor(pod.node.name);
  add(cadvisor, 'container_network_receive_bytes_total', labels, integralSince(pod.received, pod.startMs));
  add(cadvisor, 'container_network_transmit_bytes_total', labels, integralSince(pod.transmitted, pod.startMs));
}

/**
 * The series of one pod. What measures its containers is there while they run; what describes the object stays until
 * the API server forgets it, as with a completed Job.
 */
export function addPodSeries(collector: SeriesCollector, pod: Pod): void {
  const whileRunning = collector.during({ fromMs: pod.startMs, toMs: pod.endMs });
  const whileKnown = collector.during({ fromMs: pod.startMs, toMs: pod.removedMs });
  addPodObject(whileKnown, pod);
  for (const container of pod.containers) {
    addContainerState(whileKnown, pod, container);
    addContainerUse(whileRunning, pod, container);
  }
  addPodTraffic(whileRunning, pod);
  if (pod.removedMs > pod.endMs) {
    const whenCompleted = collector.during({ fromMs: pod.endMs, toMs: pod.removedMs });
    const labels = { namespace: pod.namespace, pod: pod.name, uid: pod.uid };
    whenCompleted(kubeStateMetrics, 'kube_pod_completion_time', labels, pod.endMs / MS_PER_SECOND);
  }
}
