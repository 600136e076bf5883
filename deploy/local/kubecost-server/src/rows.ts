import type { BookAsset, BookContainer, SampleCluster } from '@cloudtuner/sample-cluster';

/** What the cost model answers of a window, before it is written as JSON. */
export interface AnswerRows {
  /** What every cost is multiplied by: a restated hour has another one than 1. */
  readonly costFactor: number;
  readonly startMs: number;
  readonly endMs: number;
}

/** A row of `/allocation`: what is varied of it is named. */
export interface AllocationRow {
  readonly name: string;
  readonly properties: { readonly cluster: string; readonly pod?: string };
}

const nanosPerUnit = 1e9;
const msPerMinute = 60_000;
const msPerHour = 3_600_000;

/** RFC 3339 with whole seconds. */
export const timeText = (timestampMs: number): string => `${new Date(timestampMs).toISOString().slice(0, 19)}Z`;
/** Both products write five decimals. */
export const rounded = (value: number): number => Math.round(value * 1e5) / 1e5;

const controllerKinds: Readonly<Record<string, string>> = { CronJob: 'job' };

function allocationOf(cluster: SampleCluster, row: BookContainer, window: AnswerRows): [string, AllocationRow] {
  const { costFactor, startMs, endMs } = window;
  const name = [cluster.clusterId, row.node, row.namespace, row.pod, row.container].join('/');
  const hours = (row.endMs - row.startMs) / msPerHour;
  const cost = (nanos: bigint): number => rounded((Number(nanos) / nanosPerUnit) * costFactor);
  const [cpuCost, ramCost, gpuCost] = [cost(row.cpuCost), cost(row.ramCost), cost(row.gpuCost)];
  const allocation = {
    name,
    properties: {
      cluster: cluster.clusterId,
      node: row.node,
      container: row.container,
      controller: row.workload,
      controllerKind: controllerKinds[row.workloadKind] ?? row.workloadKind.toLowerCase(),
      namespace: row.namespace,
      pod: row.pod,
      providerID: row.node,
      labels: { app: row.workload, team: row.namespace },
    },
    window: { start: timeText(startMs), end: timeText(endMs) },
    start: timeText(row.startMs),
    end: timeText(row.endMs),
    minutes: (row.endMs - row.startMs) / msPerMinute,
    ...quantitiesOf(row, hours),
    cpuCost,
    cpuCostAdjustment: 0,
    ramCost,
    ramCostAdjustment: 0,
    gpuCost,
    gpuCostAdjustment: 0,
    ...withoutCost,
    totalCost: rounded(cpuCost + ramCost + gpuCost),
    totalEfficiency: 1,
  };
  return [name, allocation];
}

function quantitiesOf(row: BookContainer, hours: number): object {
  return {
    cpuCores: rounded(row.cpuCoreHours / hours),
    cpuCoreRequestAverage: rounded(row.cpuCoreHours / hours),
    cpuCoreUsageAverage: rounded(row.cpuCoreHours / hours),
    cpuCoreHours: rounded(row.cpuCoreHours),
    cpuEfficiency: 1,
    ramBytes: rounded(row.ramByteHours / hours),
    ramByteRequestAverage: rounded(row.ramByteHours / hours),
    ramByteUsageAverage: rounded(row.ramByteHours / hours),
    ramByteHours: rounded(row.ramByteHours),
    ramEfficiency: 1,
    gpuCount: rounded(row.gpuHours / hours),
    gpuHours: rounded(row.gpuHours),
  };
}

// The book of the sample cluster has these by cluster, not by pod.
const withoutCost = {
  networkTransferBytes: 0,
  networkReceiveBytes: 0,
  networkCost: 0,
  networkCostAdjustment: 0,
  loadBalancerCost: 0,
  loadBalancerCostAdjustment: 0,
  pvBytes: 0,
  pvByteHours: 0,
  pvCost: 0,
  pvCostAdjustment: 0,
  pvs: null,
  externalCost: 0,
  sharedCost: 0,
};

/** The containers of a window under their names, as `/allocation` has them. */
export function allocationsOf(cluster: SampleCluster, window: AnswerRows): [string, AllocationRow][] {
  return cluster.book
    .pods(window.startMs, window.endMs)
    .filter((row) => row.endMs > row.startMs)
    .map((row) => allocationOf(cluster, row, window));
}

const assetTypes: Readonly<Record<BookAsset['assetType'], [string, string]>> = {
  node: ['Node', 'Compute'],
  disk: ['Disk', 'Storage'],
  load_balancer: ['LoadBalancer', 'Network'],
  network: ['Network', 'Network'],
  management: ['ClusterManagement', 'Management'],
};

/** The assets of a window under their keys, as `/assets` has them. */
export function assetsOf(cluster: SampleCluster, { costFactor, startMs, endMs }: AnswerRows): Record<string, object> {
  const cost = (nanos: bigint): number => rounded((Number(nanos) / nanosPerUnit) * costFactor);
  const entries = cluster.book.assets(startMs, endMs).map((asset): [string, object] => {
    const [type, category] = assetTypes[asset.assetType];
    const { provider, clusterId } = cluster;
    const key = [provider, '__undefined__', '__undefined__', category, clusterId, type, 'Kubernetes'];
    const properties = {
      category,
      provider,
      service: 'Kubernetes',
      cluster: clusterId,
      name: asset.assetKey,
      providerID: asset.providerId,
    };
    const common = {
      type,
      properties,
      window: { start: timeText(startMs), end: timeText(endMs) },
      start: timeText(startMs),
      end: timeText(endMs),
      minutes: (endMs - startMs) / msPerMinute,
      adjustment: 0,
      totalCost: cost(asset.total),
    };
    const node = { cpuCost: cost(asset.cpu), ramCost: cost(asset.ram), gpuCost: cost(asset.gpu), preemptible: 0 };
    return [
      [...key, asset.providerId || '__undefined__', asset.assetKey].join('/'),
      type === 'Node' ? { ...common, ...node } : common,
    ];
  });
  return Object.fromEntries(entries);
}
