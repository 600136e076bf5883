import { labelOf } from '../asset-index';
import type { Series } from '../series';
import type { TimeWindow } from '../window';
import { hoursOf, keyOf, namesOf, type CompatWindow } from './compat-window';

/** D6: pods are told apart by namespace and name; two of one name, one after the other, are one. */
const podLabels = ['namespace', 'pod'] as const;
const containerLabels = ['namespace', 'pod', 'container'] as const;

// More is taken for a fault of the exporter.
const maxCores = 512;

/** A container as OpenCost charges it. */
export interface CompatContainer {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly node: string;
  /** Of its pod. */
  readonly lifetime: TimeWindow;
  readonly cpuCoreHours: number;
  readonly cpuCoreRequestHours: number;
  readonly ramByteHours: number;
  readonly ramByteRequestHours: number;
  readonly gpuHours: number;
}

const isOfContainer = (series: Series): boolean => !['', 'POD'].includes(labelOf(series, 'container'));
const isResource =
  (resource: string) =>
  (series: Series): boolean =>
    isOfContainer(series) && labelOf(series, 'resource') === resource;

function nodesOf(groups: ReadonlyMap<string, readonly Series[]>, known: Map<string, string>): void {
  for (const [key, series] of groups) {
    const node = series.map((one) => labelOf(one, 'node')).find((name) => name !== '');
    if (node !== undefined && !known.has(key)) known.set(key, node);
  }
}

/** The containers of all pods that were seen running. */
export function compatContainers(at: CompatWindow): CompatContainer[] {
  const running = at.by('kube_pod_container_status_running', podLabels);
  const isAllocation = (series: Series): boolean => isOfContainer(series) && labelOf(series, 'node') !== '';
  const allocations = {
    cpu: at.by('container_cpu_allocation', containerLabels, isAllocation),
    ram: at.by('container_memory_allocation_bytes', containerLabels, isAllocation),
    gpu: at.by('container_gpu_allocation', containerLabels, isOfContainer),
  };
  const requests = {
    cpu: at.by('kube_pod_container_resource_requests', containerLabels, isResource('cpu')),
    ram: at.by('kube_pod_container_resource_requests', containerLabels, isResource('memory')),
    gpu: at.by('kube_pod_container_resource_requests', containerLabels, isResource('nvidia_com_gpu')),
  };
  // Allocated GPUs win for all containers as soon as there is one such series.
  const gpus = allocations.gpu.size > 0 ? allocations.gpu : requests.gpu;
  const all = [...Object.values(allocations), ...Object.values(requests)];
  const nodes = new Map<string, string>();
  for (const groups of all) nodesOf(groups, nodes);
  const cores = { allocated: at.averages(allocations.cpu), requested: at.averages(requests.cpu) };
  const bytes = { allocated: at.averages(allocations.ram), requested: at.averages(requests.ram) };
  const gpuCount = at.averages(gpus);

  return [...new Set(all.flatMap((groups) => [...groups.keys()]))].sort().flatMap((key) => {
    const [namespace = '', pod = '', container = ''] = namesOf(key);
    const lifetime = at.lifetime(running.get(keyOf(namespace, pod)) ?? [], (value) => value !== 0);
    if (lifetime === undefined) return [];
    const hours = hoursOf(lifetime);
    const requestedCores = cores.requested.get(key) ?? 0;
    const requestedBytes = bytes.requested.get(key) ?? 0;
    const chargedCores = Math.max(cores.allocated.get(key) ?? 0, requestedCores);
    return {
      namespace,
      pod,
      container,
      node: nodes.get(key) ?? '',
      lifetime,
      cpuCoreHours: (chargedCores > maxCores ? 0 : chargedCores) * hours,
      cpuCoreRequestHours: requestedCores * hours,
      ramByteHours: Math.max(bytes.allocated.get(key) ?? 0, requestedBytes) * hours,
      ramByteRequestHours: requestedBytes * hours,
      gpuHours: (gpuCount.get(key) ?? 0) * hours,
    };
  });
}
