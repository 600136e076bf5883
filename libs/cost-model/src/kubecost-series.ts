/**
 * What Kubecost itself says an hour cost, as the allocation-exporter in the customer's cluster serves it.
 *
 * Every value is that of one hour as a whole, so far or at its end, and replaces what was said of that hour before: none
 * of them is a counter, nothing is ever added up over time. Two windows are served side by side: `running` is the hour
 * that runs; `closed` shows one closed hour at a time, for some minutes, whenever there is something new to say of it.
 * Which hour a window stands for is `windowStart`, in the same scrape; `windowRows` and `windowCost` are its checksum.
 */
export const kubecostSeriesNames = {
  /** Currency. Labels: those of a container, `resource`, `window`. A cost of 0 has no series. */
  cost: 'kubecost_allocation_cost',
  /** Minutes that the container ran. Labels: those of a container, `window`. Every row has it. */
  minutes: 'kubecost_allocation_minutes',
  /** Quantities. Labels: those of a container, `window`. A quantity of 0 has no series. */
  cpuCoreHours: 'kubecost_allocation_cpu_core_hours',
  ramByteHours: 'kubecost_allocation_ram_byte_hours',
  gpuHours: 'kubecost_allocation_gpu_hours',
  pvByteHours: 'kubecost_allocation_pv_byte_hours',
  networkTransferBytes: 'kubecost_allocation_network_transfer_bytes',
  networkReceiveBytes: 'kubecost_allocation_network_receive_bytes',
  /** Unix seconds at which the hour begins. Label: `window`. */
  windowStart: 'kubecost_allocation_window_start_seconds',
  /** How many rows of containers the window has in this scrape. Label: `window`. */
  windowRows: 'kubecost_allocation_window_rows',
  /** The sum of all costs of the window in this scrape. Label: `window`. */
  windowCost: 'kubecost_allocation_window_cost',
} as const;

/** What a cost is for. `shared` and `external` are Kubecost's; `other` is what its total has beyond the known parts. */
export const kubecostResources = [
  'cpu',
  'ram',
  'gpu',
  'pv',
  'network',
  'load_balancer',
  'shared',
  'external',
  'other',
] as const;

export type KubecostResource = (typeof kubecostResources)[number];

/** Quantities of a row, by the key of {@link kubecostSeriesNames}. */
export const kubecostQuantities = [
  'cpuCoreHours',
  'ramByteHours',
  'gpuHours',
  'pvByteHours',
  'networkTransferBytes',
  'networkReceiveBytes',
] as const;

export type KubecostQuantity = (typeof kubecostQuantities)[number];

/** Labels that tell containers apart, in the order in which they are written. */
export const kubecostContainerLabels = ['cluster_id', 'namespace', 'pod', 'container', 'node'] as const;

/** Which hour a row is of: the running one, or a closed one. */
export type KubecostWindow = 'running' | 'closed';

/** Name of a pod and a container that stand for all of a namespace that are not worth a series of their own. */
export const kubecostOther = '__other__';
