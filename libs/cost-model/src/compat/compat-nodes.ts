import { labelOf } from '../asset-index';
import { groupBy } from '../group-by';
import type { NodeResource } from '../facts/container-record';
import type { Series } from '../series';
import { averageOver } from './promql';
import { hoursOf, type CompatWindow } from './compat-window';

/** What OpenCost's configuration has where a node has no price of its own: per core-hour, GiB-hour, GPU-hour. */
const configuredPrices: Readonly<Record<NodeResource, number>> = { cpu: 0.031611, ram: 0.004237, gpu: 0.95 };

const priceMetrics: Readonly<Record<NodeResource, string>> = {
  cpu: 'node_cpu_hourly_cost',
  ram: 'node_ram_hourly_cost',
  gpu: 'node_gpu_hourly_cost',
};

/** D4: shared cores, of which assets count a part and allocations the whole. */
const sharedCores: Readonly<Record<string, number>> = { 'e2-micro': 0.25, 'e2-small': 0.5, 'e2-medium': 1 };

const gibibyte = 2 ** 30;

/** A node as OpenCost's assets and allocations see it. */
export interface CompatNode {
  /** What its pods pay. */
  readonly prices: Readonly<Record<NodeResource, number>>;
  /** Its cost by resource; absent where it was not seen, or its capacity is not known by the names of kube-state-metrics v1. */
  readonly costs: Readonly<Record<NodeResource, number>>;
}

const nodeOf = (series: Series): string => labelOf(series, 'node', 'instance');

const seriesByNode = (at: CompatWindow, metric: string): ReadonlyMap<string, readonly Series[]> =>
  groupBy([...at.by(metric, ['__name__']).values()].flat(), nodeOf);

function averageBy(at: CompatWindow, metric: string): ReadonlyMap<string, number> {
  return new Map([...seriesByNode(at, metric)].map(([node, series]) => [node, averageOver(series, at.window)]));
}

function priceOf(resource: NodeResource, found: number | undefined): number {
  const unknown = found === undefined || Number.isNaN(found);
  // A GPU that is free is free; a core is not.
  return unknown || (found === 0 && resource !== 'gpu') ? configuredPrices[resource] : found;
}

/** The nodes that have a price, and what an unknown node's pods pay. D5: one mean price for the whole window. */
export function compatNodes(at: CompatWindow): (node: string) => CompatNode {
  const found = {
    cpu: averageBy(at, priceMetrics.cpu),
    ram: averageBy(at, priceMetrics.ram),
    gpu: averageBy(at, priceMetrics.gpu),
  };
  const cores = averageBy(at, 'kube_node_status_capacity_cpu_cores');
  const bytes = averageBy(at, 'kube_node_status_capacity_memory_bytes');
  const gpus = averageBy(at, 'node_gpu_count');
  const priced = seriesByNode(at, priceMetrics.cpu);
  const read = (node: string): CompatNode => {
    const ofNode = priced.get(node) ?? [];
    const lifetime = at.lifetime(ofNode);
    const hours = lifetime === undefined ? 0 : hoursOf(lifetime);
    const type = ofNode.map((series) => labelOf(series, 'instance_type')).find((text) => text !== '') ?? '';
    const charge = (resource: NodeResource, capacity: number | undefined): number =>
      hours * (found[resource].get(node) ?? 0) * (capacity ?? 0);
    return {
      prices: {
        cpu: priceOf('cpu', found.cpu.get(node)),
        ram: priceOf('ram', found.ram.get(node)),
        gpu: priceOf('gpu', found.gpu.get(node)),
      },
      costs: {
        cpu: charge('cpu', cores.has(node) ? (sharedCores[type] ?? cores.get(node)) : 0),
        ram: charge('ram', (bytes.get(node) ?? 0) / gibibyte),
        gpu: charge('gpu', gpus.get(node)),
      },
    };
  };
  // Every container asks for its node.
  const nodes = new Map<string, CompatNode>();
  return (name) => {
    const node = nodes.get(name) ?? read(name);
    nodes.set(name, node);
    return node;
  };
}

/** Names of the nodes that have a price. */
export function compatNodeNames(at: CompatWindow): readonly string[] {
  const names = Object.values(priceMetrics).flatMap((metric) => [...seriesByNode(at, metric).keys()]);
  return [...new Set(names)].filter((name) => name !== '').sort();
}
