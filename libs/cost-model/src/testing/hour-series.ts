import type { AllocationFact } from '../allocation-fact';
import { costComponents, type CostComponent } from '../asset-fact';
import type { AllocatedHour } from '../facts/hour-allocator';
import { parseNanos, sumNanos, type Nanos } from '../money';
import type { Series } from '../series';

/** Series of a small cluster, sampled each minute, for tests of what an hour costs. */

export const startMs = Date.parse('2024-10-16T10:00:00Z');
export const minute = 60_000;
export const hour = { startMs, endMs: startMs + 60 * minute };
export const gib = 2 ** 30;

export type Labels = Readonly<Record<string, string>>;
export interface Minutes {
  readonly from?: number;
  readonly to?: number;
}

/** A series sampled at each minute from one minute of the hour to another, both included. */
export function steady(
  labels: Labels,
  value: number | ((minuteOfHour: number) => number),
  { from = -5, to = 65 }: Minutes = {},
): Series {
  const minutes = Array.from({ length: to - from + 1 }, (_, index) => from + index);
  return {
    labels,
    timestampsMs: minutes.map((at) => startMs + at * minute),
    values: minutes.map((at) => (typeof value === 'number' ? value : value(at))),
  };
}

/** The same series without the samples strictly between two minutes. */
export function withGap({ labels, timestampsMs, values }: Series, fromMinute: number, toMinute: number): Series {
  const keep = timestampsMs.map((ms) => ms <= startMs + fromMinute * minute || ms >= startMs + toMinute * minute);
  return {
    labels,
    timestampsMs: timestampsMs.filter((_, index) => keep[index]),
    values: values.filter((_, index) => keep[index]),
  };
}

/** A node of 4 cores at .03 and 16 GiB at .004: .12 + .064 = .184 an hour. */
export function nodeSeries(node: string, minutes?: Minutes): Series[] {
  const priced = { node, instance: node, provider_id: `aws:///${node}` };
  const capacity = { __name__: 'kube_node_status_capacity', node };
  return [
    steady({ ...priced, __name__: 'node_cpu_hourly_cost' }, 0.03, minutes),
    steady({ ...priced, __name__: 'node_ram_hourly_cost' }, 0.004, minutes),
    steady({ ...capacity, resource: 'cpu', unit: 'core' }, 4, minutes),
    steady({ ...capacity, resource: 'memory', unit: 'byte' }, 16 * gib, minutes),
  ];
}

export interface PodShape extends Minutes {
  readonly namespace?: string;
  readonly uid?: string;
  readonly node?: string;
  readonly container?: string;
  /** Allocated cores and bytes. */
  readonly cores?: number | ((minuteOfHour: number) => number);
  readonly bytes?: number | ((minuteOfHour: number) => number);
  readonly labels?: Labels;
}

/** A pod of one container that OpenCost allocates 1 core and 2 GiB: .03 + .008 = .038 an hour. */
export function podSeries(pod: string, shape: PodShape = {}): Series[] {
  const { namespace = 'a', uid = `uid-${pod}`, node = 'n1', container = 'main', cores = 1, bytes = 2 * gib } = shape;
  const object = { namespace, pod, uid };
  const place = { namespace, pod, container };
  const podLabels = Object.fromEntries(
    Object.entries(shape.labels ?? {}).map(([name, text]) => [`label_${name}`, text]),
  );
  return [
    steady({ __name__: 'kube_pod_info', ...object, node }, 1, shape),
    steady({ __name__: 'kube_pod_labels', ...object, ...podLabels }, 1, shape),
    steady({ __name__: 'kube_pod_container_status_running', ...place, uid }, 1, shape),
    steady({ __name__: 'container_cpu_allocation', ...place, node }, cores, shape),
    steady({ __name__: 'container_memory_allocation_bytes', ...place, node }, bytes, shape),
  ];
}

/** What each part of the rows adds up to, and of the assets: a law says that they are the same. */
export function totalsOf(rows: readonly Partial<Record<CostComponent | 'total_cost', string | null>>[]) {
  const names = [...costComponents, 'total_cost'] as const;
  return Object.fromEntries(
    names.map((name): [string, Nanos] => [name, sumNanos(rows.map((row) => parseNanos(row[name] ?? '0')))]),
  );
}

/** Finds the only row of a pod, or of what is idle or unattributed. */
export function rowOf(
  { allocations }: AllocatedHour,
  where: Partial<Pick<AllocationFact, 'kind' | 'namespace' | 'pod' | 'pod_uid' | 'container' | 'node' | 'asset_type'>>,
): AllocationFact {
  const found = allocations.filter((fact) =>
    Object.entries(where).every(([name, text]) => fact[name as keyof AllocationFact] === text),
  );
  const [first] = found;
  if (first === undefined || found.length > 1) {
    throw new Error(`expected one row of ${JSON.stringify(where)}, found ${String(found.length)}`);
  }
  return first;
}
