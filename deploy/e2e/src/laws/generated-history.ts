import type { Series } from '@cloudtuner/cost-model';
import fc from 'fast-check';

/** Two hours of a cluster and five minutes around them, as no real cluster would send them but some would. */
export const historyHours = 2;

/** A label set and its samples, at seconds after the first hour. */
export interface GeneratedSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly points: readonly { readonly second: number; readonly value: number }[];
}

export type GeneratedHistory = readonly GeneratedSeries[];

type Labels = GeneratedSeries['labels'];

const hourSeconds = 3600;
const edgeSeconds = 300;
const endSeconds = historyHours * hourSeconds + edgeSeconds;
const gib = 2 ** 30;

/**
 * No sample is on a whole second: whether one that lies on the very edge of what is read belongs to it is different between
 * versions of Prometheus, and of no consequence.
 */
const offMs = 137;

/** Some runs of evenly spaced samples with one value each; between two of them is now and then more than the 5 minutes that are bridged. */
const points = (values: fc.Arbitrary<number>): fc.Arbitrary<GeneratedSeries['points']> =>
  fc
    .tuple(
      fc.oneof({ weight: 3, arbitrary: fc.constant(-edgeSeconds) }, fc.integer({ min: -edgeSeconds, max: 6000 })),
      fc.array(
        fc.record({
          value: values,
          samples: fc.integer({ min: 1, max: 60 }),
          everySeconds: fc.oneof({ weight: 4, arbitrary: fc.constant(60) }, fc.integer({ min: 5, max: 420 })),
          pauseSeconds: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 1800 })),
        }),
        { minLength: 1, maxLength: 5 },
      ),
    )
    .map(([first, runs]) => {
      const all: { second: number; value: number }[] = [];
      let second = first;
      for (const { value, samples, everySeconds, pauseSeconds } of runs) {
        for (let count = 0; count < samples && second < endSeconds; count += 1, second += everySeconds) {
          all.push({ second, value });
        }
        second += pauseSeconds;
      }
      return all;
    });

const series = (labels: Labels, values: fc.Arbitrary<number>): fc.Arbitrary<GeneratedSeries> =>
  points(values).map((some) => ({ labels, points: some }));

/** Each series is there or not. */
const some = (...all: fc.Arbitrary<GeneratedSeries>[]): fc.Arbitrary<GeneratedSeries[]> =>
  fc
    .tuple(...all.map((one) => fc.option(one, { nil: undefined, freq: 8 })))
    .map((found) => found.flatMap((one) => one ?? []));

const price = fc.oneof(
  fc.integer({ min: 0, max: 5000 }).map((thousandths) => thousandths / 1000),
  fc.double({ min: 0, max: 3, noNaN: true }),
);
const wrong = fc.constantFrom(Number.NaN, -1, Number.POSITIVE_INFINITY);
const mostly = (values: fc.Arbitrary<number>): fc.Arbitrary<number> =>
  fc.oneof({ weight: 20, arbitrary: values }, { weight: 1, arbitrary: wrong });
const cores = mostly(fc.oneof(fc.integer({ min: 0, max: 4 }), fc.double({ min: 0, max: 4, noNaN: true })));
const bytes = mostly(fc.integer({ min: 0, max: 8 * gib }));
const sentBytes = fc.integer({ min: 0, max: 2 ** 34 });
const one = fc.constant(1);

const nodeOf = (node: string): fc.Arbitrary<GeneratedSeries[]> => {
  const capacity = { __name__: 'kube_node_status_capacity', node };
  const priced = { node, instance: node, provider_id: `aws:///${node}`, instance_type: 'm5.large' };
  return some(
    series({ ...priced, __name__: 'node_cpu_hourly_cost' }, mostly(price)),
    series({ ...priced, __name__: 'node_ram_hourly_cost' }, mostly(price)),
    // A second exporter, at other seconds.
    series({ ...priced, __name__: 'node_cpu_hourly_cost', job: 'other' }, mostly(price)),
    series({ ...capacity, resource: 'cpu', unit: 'core' }, mostly(fc.integer({ min: 0, max: 8 }))),
    series({ __name__: 'kube_node_status_capacity_memory_bytes', node }, mostly(fc.integer({ min: 0, max: 32 * gib }))),
    series({ __name__: 'node_gpu_count', node }, fc.integer({ min: 0, max: 2 })),
    series({ __name__: 'node_gpu_hourly_cost', node }, price),
  );
};

const clusterWide = some(
  series({ __name__: 'pv_hourly_cost', volumename: 'v' }, mostly(price)),
  series(
    { __name__: 'kube_persistentvolume_capacity_bytes', persistentvolume: 'v' },
    fc.integer({ min: 1, max: 2 ** 38 }),
  ),
  series(
    {
      __name__: 'kube_persistentvolumeclaim_info',
      namespace: 'shop',
      persistentvolumeclaim: 'claim',
      volumename: 'v',
      storageclass: 'fast',
    },
    one,
  ),
  series(
    { __name__: 'kubecost_load_balancer_cost', namespace: 'shop', service_name: 's', ingress_ip: 'ip' },
    mostly(price),
  ),
  series({ __name__: 'service_selector_labels', namespace: 'shop', service: 's', label_app: 'web' }, one),
  series({ __name__: 'kubecost_cluster_management_cost', provisioner_name: 'p' }, price),
  series({ __name__: 'kubecost_network_internet_egress_cost' }, price),
  series({ __name__: 'kube_namespace_labels', namespace: 'shop', label_team: 'front' }, one),
);

const podOf = (pod: string, uid: string, node: string): fc.Arbitrary<GeneratedSeries[]> => {
  const object = { namespace: 'shop', pod, uid };
  const place = { namespace: 'shop', pod, container: 'c' };
  const request = { __name__: 'kube_pod_container_resource_requests', ...place, uid, node };
  const running = { __name__: 'kube_pod_container_status_running', ...place, uid };
  const egress = {
    __name__: 'kubecost_pod_network_egress_bytes_total',
    namespace: 'shop',
    pod_name: pod,
    internet: 'true',
    same_zone: 'false',
    same_region: 'false',
  };
  // What has a uid lives twice under one name; what names only the pod is there once for both.
  const isFirst = uid.endsWith('1');
  return some(
    series({ __name__: 'kube_pod_info', ...object, node }, one),
    series({ __name__: 'kube_pod_labels', ...object, label_app: 'web' }, one),
    series({ __name__: 'kube_pod_owner', ...object, owner_kind: 'StatefulSet', owner_name: pod }, one),
    series(running, fc.integer({ min: 0, max: 1 })),
    series({ ...running, container: 'side' }, one),
    series({ ...request, resource: 'cpu', unit: 'core' }, cores),
    series({ ...request, resource: 'memory', unit: 'byte', container: 'side' }, bytes),
    series({ ...request, resource: 'nvidia_com_gpu', unit: 'integer' }, fc.integer({ min: 0, max: 2 })),
    series({ __name__: 'container_cpu_usage_seconds_total', ...place, id: uid }, fc.integer({ min: 0, max: 5000 })),
    series({ __name__: 'container_memory_working_set_bytes', ...place, container: 'side', id: uid }, bytes),
    ...(isFirst
      ? [
          series({ __name__: 'container_cpu_allocation', ...place, node }, cores),
          series({ __name__: 'container_memory_allocation_bytes', ...place, node }, bytes),
          series({ __name__: 'pod_pvc_allocation', namespace: 'shop', pod, persistentvolume: 'v' }, one),
          series(egress, sentBytes),
          series({ ...egress, replica: 'b' }, sentBytes),
          series({ __name__: 'container_network_transmit_bytes_total', namespace: 'shop', pod }, sentBytes),
        ]
      : []),
  );
};

/** The series of a cluster of two nodes and up to four pods, of which two have one name; every label set is there once. */
export const history: fc.Arbitrary<GeneratedHistory> = fc
  .tuple(
    nodeOf('n1'),
    nodeOf('n2'),
    clusterWide,
    podOf('p1', 'u-p1-1', 'n1'),
    podOf('p2', 'u-p2-1', 'n2'),
    podOf('p2', 'u-p2-2', 'n1'),
    podOf('p3', 'u-p3-1', 'n3'),
  )
  .map((parts) => parts.flat());

/** The samples at their times when the first hour begins at a moment. */
export function seriesAt(generated: GeneratedHistory, firstHourMs: number): Series[] {
  return generated.map(({ labels, points: own }) => ({
    labels,
    timestampsMs: own.map(({ second }) => firstHourMs + second * 1000 + offMs),
    values: own.map(({ value }) => value),
  }));
}

/** The part of some series that lies in a time. */
export function samplesBetween(all: readonly Series[], fromMs: number, untilMs: number): Series[] {
  return all.flatMap(({ labels, timestampsMs, values }) => {
    const inside = [...timestampsMs.keys()].filter((index) => {
      const timestampMs = timestampsMs[index] ?? 0;
      return timestampMs > fromMs && timestampMs <= untilMs;
    });
    if (inside.length === 0) return [];
    return {
      labels,
      timestampsMs: inside.map((index) => timestampsMs[index] ?? 0),
      values: inside.map((index) => values[index] ?? 0),
    };
  });
}

/** What is held back of a history: of some series, or of all, the samples of a time. */
export interface Delay {
  /** Modulo the number of series; null: of all. */
  readonly series: number | null;
  readonly fromSecond: number;
  readonly lengthSeconds: number;
}

export const delays: fc.Arbitrary<readonly Delay[]> = fc.array(
  fc.record({
    series: fc.option(fc.nat(), { nil: null, freq: 3 }),
    fromSecond: fc.integer({ min: -edgeSeconds, max: endSeconds - 1 }),
    lengthSeconds: fc.integer({ min: 60, max: endSeconds + edgeSeconds }),
  }),
  { minLength: 1, maxLength: 6 },
);

/** A history in two parts: what came in time, and what came late. */
export function divide(
  generated: GeneratedHistory,
  held: readonly Delay[],
): { readonly early: GeneratedHistory; readonly late: GeneratedHistory } {
  const isLate = (index: number, second: number): boolean =>
    held.some(
      ({ series: of, fromSecond, lengthSeconds }) =>
        (of === null || of % generated.length === index) && second >= fromSecond && second < fromSecond + lengthSeconds,
    );
  const part = (late: boolean): GeneratedHistory =>
    generated
      .map(({ labels, points: own }, index) => ({
        labels,
        points: own.filter(({ second }) => isLate(index, second) === late),
      }))
      .filter(({ points: own }) => own.length > 0);
  return { early: part(false), late: part(true) };
}
