import { labelOf } from '../asset-index';
import type { PodMetricName, Series } from '../series';

const emptyContainer = () => ({
  running: [] as Series[],
  cpuAllocation: [] as Series[],
  ramAllocation: [] as Series[],
  gpuAllocation: [] as Series[],
  cpuRequest: [] as Series[],
  ramRequest: [] as Series[],
  gpuRequest: [] as Series[],
  cpuUsage: [] as Series[],
  ramUsage: [] as Series[],
  gpuUsage: [] as Series[],
});

const emptyPod = () => ({
  info: [] as Series[],
  owner: [] as Series[],
  labels: [] as Series[],
  annotations: [] as Series[],
  startTime: [] as Series[],
  completionTime: [] as Series[],
  volumes: [] as Series[],
  transmitted: [] as Series[],
  received: [] as Series[],
});

type ContainerPart = keyof ReturnType<typeof emptyContainer>;
type PodPart = keyof ReturnType<typeof emptyPod>;

/** All series of one container name of a pod name, by what they say. */
export type ContainerSeries = Readonly<Record<ContainerPart, Series[]>>;

/** All series of one pod name, by what they say. */
export interface PodSeries extends Readonly<Record<PodPart, Series[]>> {
  readonly namespace: string;
  readonly pod: string;
  readonly containers: Map<string, ContainerSeries>;
}

const podPartByMetric: Partial<Record<string, PodPart>> = {
  kube_pod_info: 'info',
  kube_pod_owner: 'owner',
  kube_pod_labels: 'labels',
  kube_pod_annotations: 'annotations',
  kube_pod_start_time: 'startTime',
  kube_pod_completion_time: 'completionTime',
  kube_pod_spec_volumes_persistentvolumeclaims_info: 'volumes',
  pod_pvc_allocation: 'volumes',
  container_network_transmit_bytes_total: 'transmitted',
  container_network_receive_bytes_total: 'received',
} satisfies Partial<Record<PodMetricName, PodPart>>;

const containerPartByMetric: Partial<Record<string, ContainerPart>> = {
  kube_pod_container_status_running: 'running',
  container_cpu_allocation: 'cpuAllocation',
  container_memory_allocation_bytes: 'ramAllocation',
  container_gpu_allocation: 'gpuAllocation',
  kube_pod_container_resource_requests_cpu_cores: 'cpuRequest',
  kube_pod_container_resource_requests_memory_bytes: 'ramRequest',
  container_cpu_usage_seconds_total: 'cpuUsage',
  container_memory_working_set_bytes: 'ramUsage',
  DCGM_FI_PROF_GR_ENGINE_ACTIVE: 'gpuUsage',
} satisfies Partial<Record<PodMetricName, ContainerPart>>;

/** What kube-state-metrics 2 requests are of. */
const requestPartByResource: Partial<Record<string, ContainerPart>> = {
  cpu: 'cpuRequest',
  memory: 'ramRequest',
  nvidia_com_gpu: 'gpuRequest',
  amd_com_gpu: 'gpuRequest',
};

// The container that holds a pod's network namespace is the pod's overhead, not one of its containers.
const pauseContainer = 'POD';

function containerPartOf(series: Series, metric: string): ContainerPart | undefined {
  if (metric !== 'kube_pod_container_resource_requests') return containerPartByMetric[metric];
  return requestPartByResource[labelOf(series, 'resource')];
}

/** Series by pod name. A pod that only has traffic is there too, without containers. */
export class PodSeriesIndex {
  private readonly byKey = new Map<string, PodSeries>();

  constructor(series: readonly Series[]) {
    for (const one of series) this.add(one);
  }

  get pods(): Iterable<PodSeries> {
    return this.byKey.values();
  }

  /** Finds a pod, or makes a place for it. */
  pod(namespace: string, pod: string): PodSeries {
    const key = `${namespace}/${pod}`;
    let found = this.byKey.get(key);
    if (found === undefined) {
      found = { namespace, pod, containers: new Map(), ...emptyPod() };
      this.byKey.set(key, found);
    }
    return found;
  }

  private add(series: Series): void {
    const metric = series.labels['__name__'] ?? '';
    const podPart = podPartByMetric[metric];
    const containerPart = podPart === undefined ? containerPartOf(series, metric) : undefined;
    if (podPart === undefined && containerPart === undefined) return;
    const podName = labelOf(series, 'pod', 'pod_name');
    if (podName === '') return;
    const pod = this.pod(labelOf(series, 'namespace'), podName);
    if (podPart !== undefined) pod[podPart].push(series);
    if (containerPart === undefined) return;
    const name = labelOf(series, 'container', 'container_name');
    if (name === '' || name === pauseContainer) return;
    let container = pod.containers.get(name);
    if (container === undefined) {
      container = emptyContainer();
      pod.containers.set(name, container);
    }
    container[containerPart].push(series);
  }
}
