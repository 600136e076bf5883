import fc from 'fast-check';
import { allocationFactLine, allocationFactSchema, compareAllocationFacts } from '../allocation-fact';
import { priceAssets } from '../assets';
import { parseNanos, sumNanos } from '../money';
import { priceBookSchema } from '../price-book';
import { podMetricNames, type Series } from '../series';
import { gib, hour, startMs, totalsOf, type Labels } from '../testing/hour-series';
import { allocateHour, HourAllocator, type AllocatedHour } from './hour-allocator';

const second = 1000;

/** Samples on whole seconds around the hour; some gaps are longer than the 5 minutes that are bridged. */
const samples = (values: fc.Arbitrary<number>): fc.Arbitrary<Omit<Series, 'labels'>> =>
  fc
    .tuple(
      fc.integer({ min: -300, max: 1500 }),
      fc.array(fc.tuple(fc.oneof(fc.constant(60), fc.integer({ min: 1, max: 420 })), values), {
        minLength: 4,
        maxLength: 30,
      }),
    )
    .map(([first, steps]) => {
      let at = first;
      const timestampsMs = steps.map(([gap]) => startMs + (at += gap) * second);
      return { timestampsMs, values: steps.map(([, value]) => value) };
    });

const series = (labels: Labels, values: fc.Arbitrary<number>): fc.Arbitrary<Series> =>
  samples(values).map((some) => ({ labels, ...some }));

const priceValue = fc.oneof(
  fc.integer({ min: 0, max: 5000 }).map((thousandths) => thousandths / 1000),
  fc.double({ min: 0, max: 3, noNaN: true }),
);
const wrongValue = fc.constantFrom(Number.NaN, -1, Number.POSITIVE_INFINITY);
const mostly = (values: fc.Arbitrary<number>): fc.Arbitrary<number> =>
  fc.oneof({ weight: 20, arbitrary: values }, { weight: 1, arbitrary: wrongValue });

/** Each series is there or not. */
const some = (...all: fc.Arbitrary<Series>[]): fc.Arbitrary<Series[]> =>
  fc
    .tuple(...all.map((one) => fc.option(one, { nil: undefined, freq: 6 })))
    .map((found) => found.flatMap((one) => one ?? []));

const nodeOf = (node: string): fc.Arbitrary<Series[]> => {
  const capacity = { __name__: 'kube_node_status_capacity', node };
  return some(
    series({ __name__: 'node_cpu_hourly_cost', node }, mostly(priceValue)),
    series({ __name__: 'node_ram_hourly_cost', node }, mostly(priceValue)),
    series({ ...capacity, resource: 'cpu' }, mostly(fc.integer({ min: 0, max: 8 }))),
    series({ ...capacity, resource: 'memory' }, mostly(fc.integer({ min: 0, max: 32 * gib }))),
    series({ __name__: 'node_gpu_count', node }, fc.integer({ min: 0, max: 2 })),
    series({ __name__: 'node_gpu_hourly_cost', node }, priceValue),
  );
};

const clusterWide = some(
  series({ __name__: 'pv_hourly_cost', volumename: 'v' }, mostly(priceValue)),
  series(
    { __name__: 'kube_persistentvolume_capacity_bytes', persistentvolume: 'v' },
    fc.integer({ min: 1, max: 2 ** 38 }),
  ),
  series(
    { __name__: 'kubecost_load_balancer_cost', namespace: 'ns', service_name: 's', ingress_ip: 'ip' },
    mostly(priceValue),
  ),
  series({ __name__: 'service_selector_labels', namespace: 'ns', service: 's', label_app: 'web' }, fc.constant(1)),
  series({ __name__: 'kubecost_cluster_management_cost', provisioner_name: 'p' }, priceValue),
  series({ __name__: 'kubecost_network_internet_egress_cost' }, priceValue),
  series({ __name__: 'kube_namespace_labels', namespace: 'ns', label_team: 't' }, fc.constant(1)),
);

const cores = mostly(fc.oneof(fc.integer({ min: 0, max: 4 }), fc.double({ min: 0, max: 4, noNaN: true })));
const bytes = mostly(fc.integer({ min: 0, max: 8 * gib }));

const podOf = (pod: string, uid: string, node: string): fc.Arbitrary<Series[]> => {
  const object = { namespace: 'ns', pod, uid };
  const place = { namespace: 'ns', pod, container: 'c' };
  const request = { __name__: 'kube_pod_container_resource_requests', ...place, uid, node };
  const unixSeconds = fc.integer({ min: -4000, max: 4000 }).map((at) => startMs / second + at);
  const told = unixSeconds.chain((at) => series({ __name__: 'kube_pod_start_time', ...object }, fc.constant(at)));
  const completed = unixSeconds.chain((at) =>
    series({ __name__: 'kube_pod_completion_time', ...object }, fc.constant(at)),
  );
  const egress = {
    __name__: 'kubecost_pod_network_egress_bytes_total',
    namespace: 'ns',
    pod_name: pod,
    internet: 'true',
  };
  return some(
    series({ __name__: 'kube_pod_info', ...object, node }, fc.constant(1)),
    series({ __name__: 'kube_pod_labels', ...object, label_app: 'web' }, fc.constant(1)),
    told,
    fc.oneof({ weight: 1, arbitrary: completed }, { weight: 3, arbitrary: told }),
    series({ __name__: 'kube_pod_container_status_running', ...place, uid }, fc.integer({ min: 0, max: 1 })),
    series({ __name__: 'kube_pod_container_status_running', ...place, uid, container: 'side' }, fc.constant(1)),
    series({ __name__: 'container_cpu_allocation', ...place, node }, cores),
    series({ __name__: 'container_memory_allocation_bytes', ...place, node }, bytes),
    series({ ...request, resource: 'cpu' }, cores),
    series({ ...request, resource: 'memory', container: 'side' }, bytes),
    series({ ...request, resource: 'nvidia_com_gpu' }, fc.integer({ min: 0, max: 2 })),
    series({ __name__: 'container_cpu_usage_seconds_total', ...place, id: uid }, fc.integer({ min: 0, max: 5000 })),
    series({ __name__: 'container_memory_working_set_bytes', ...place, container: 'side', id: uid }, bytes),
    series({ __name__: 'pod_pvc_allocation', namespace: 'ns', pod, persistentvolume: 'v' }, fc.constant(1)),
    series(egress, fc.integer({ min: 0, max: 2 ** 34 })),
    series({ ...egress, replica: 'b' }, fc.integer({ min: 0, max: 2 ** 34 })),
    series(
      { __name__: 'container_network_transmit_bytes_total', namespace: 'ns', pod },
      fc.integer({ min: 0, max: 2 ** 34 }),
    ),
  );
};

const cluster: fc.Arbitrary<Series[]> = fc
  .tuple(
    nodeOf('n1'),
    nodeOf('n2'),
    clusterWide,
    podOf('p1', 'u1', 'n1'),
    podOf('p2', 'u2', 'n1'),
    podOf('p3', 'u3', 'n2'),
    // The same name lives twice.
    podOf('p3', 'u4', 'n1'),
    podOf('p5', 'u5', 'n3'),
  )
  .map((parts) => parts.flat());

const allocate = (input: readonly Series[]): AllocatedHour => allocateHour({ window: hour, series: input });
const linesOf = ({ allocations }: AllocatedHour): string => allocations.map(allocationFactLine).join('');

const shuffled = <T>(items: readonly T[], next: () => number): T[] =>
  items
    .map((item) => ({ item, order: next() }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item);

const runs = { numRuns: 25 };

describe('law: allocateHour', () => {
  it('divides exactly the assets of priceAssets: per resource and in total, rows add up to them', () => {
    fc.assert(
      fc.property(cluster, (input) => {
        const { allocations, assets } = allocate(input);
        expect(assets).toEqual(priceAssets({ window: hour, series: input }).assets);
        expect(totalsOf(allocations)).toEqual(totalsOf(assets));
      }),
      { numRuns: 60 },
    );
  });

  it('divides exactly what a price book makes of the assets', () => {
    const price = fc.option(priceValue, { nil: undefined, freq: 2 });
    const rule = fc.record({
      match: fc.record({ node: fc.constantFrom('n1', 'n2') }, { requiredKeys: [] }),
      applies: fc.constantFrom('always' as const, 'when_unpriced' as const),
      cpu_core_hour_price: price,
      ram_gib_hour_price: price,
      gpu_discount: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    const period = fc.record({
      nodes: fc.array(rule, { maxLength: 3 }),
      storage: fc.array(fc.record({ gib_hour_price: priceValue }), { maxLength: 1 }),
      network_internet_gib_price: price,
      load_balancer_hour_price: price,
      management_hour_price: price,
    });
    const books = fc.tuple(period, period, fc.integer({ min: -600, max: 4_000 })).map(([first, second, at]) =>
      priceBookSchema.parse({
        periods: [
          { ...first, effective_from: 0 },
          { ...second, effective_from: startMs / 1000 + at },
        ],
      }),
    );
    fc.assert(
      fc.property(cluster, books, (series, prices) => {
        const { allocations, assets } = allocateHour({ window: hour, series, prices });
        expect(assets).toEqual(priceAssets({ window: hour, series, prices }).assets);
        expect(totalsOf(allocations)).toEqual(totalsOf(assets));
      }),
      { numRuns: 60 },
    );
  });

  it('says that idle is below zero if and only if it is', () => {
    fc.assert(
      fc.property(cluster, (input) => {
        for (const row of allocate(input).allocations) {
          const parts = [row.cpu_cost, row.ram_cost, row.gpu_cost].flatMap((cost) => cost ?? []).map(parseNanos);
          const isNegative = row.kind === 'idle' && parts.some((part) => part < 0n);
          expect(row.flags.includes('negative-idle')).toBe(isNegative);
        }
      }),
      runs,
    );
  });

  it('writes rows of the schema, each once and in order, whose totals are the sums of their parts', () => {
    fc.assert(
      fc.property(cluster, (input) => {
        const { allocations } = allocate(input);
        allocations.forEach((row, index) => {
          expect(allocationFactSchema.parse(JSON.parse(allocationFactLine(row)))).toEqual(row);
          const next = allocations[index + 1];
          if (next !== undefined) expect(compareAllocationFacts(row, next)).toBe(-1);
          const parts = [row.cpu_cost, row.ram_cost, row.gpu_cost, row.pv_cost, row.network_cost];
          const costs = [...parts, row.load_balancer_cost, row.management_cost].flatMap((cost) => cost ?? []);
          expect(parseNanos(row.total_cost)).toBe(sumNanos(costs.map(parseNanos)));
        });
      }),
      runs,
    );
  });

  it('gives the same bytes whatever the order of series, samples and labels', () => {
    fc.assert(
      fc.property(cluster, fc.infiniteStream(fc.nat()), (input, numbers) => {
        const next = (): number => Number(numbers.next().value);
        const reordered = shuffled(input, next).map(({ labels, timestampsMs, values }) => {
          const order = shuffled([...timestampsMs.keys()], next);
          return {
            labels: Object.fromEntries(shuffled(Object.entries(labels), next)),
            timestampsMs: order.map((index) => timestampsMs[index] ?? 0),
            values: order.map((index) => values[index] ?? 0),
          };
        });
        expect(linesOf(allocate(reordered))).toBe(linesOf(allocate(input)));
        expect(allocate(reordered)).toEqual(allocate(input));
      }),
      runs,
    );
  });

  it('gives the same bytes when pods come in parts, in any order', () => {
    const podMetrics: ReadonlySet<string> = new Set(podMetricNames);
    fc.assert(
      fc.property(cluster, fc.boolean(), (input, backwards) => {
        const isOfPod = ({ labels }: Series): boolean => podMetrics.has(labels['__name__'] ?? '');
        const parts = ['p1', 'p2', 'p3', 'p5'].map((pod) =>
          input.filter((one) => isOfPod(one) && [one.labels['pod'], one.labels['pod_name']].includes(pod)),
        );
        const allocator = new HourAllocator({ window: hour, series: input.filter((one) => !isOfPod(one)) });
        for (const part of backwards ? parts.reverse() : parts) allocator.add(part);
        expect(allocator.finish()).toEqual(allocate(input));
      }),
      runs,
    );
  });

  it('counts once what is there twice: samples, or whole series', () => {
    fc.assert(
      fc.property(cluster, (input) => {
        const twice = input.map(({ labels, timestampsMs, values }) => ({
          labels,
          timestampsMs: [...timestampsMs, ...timestampsMs],
          values: [...values, ...values],
        }));
        expect(linesOf(allocate(twice))).toBe(linesOf(allocate(input)));
        expect(linesOf(allocate([...input, ...input]))).toBe(linesOf(allocate(input)));
      }),
      runs,
    );
  });
});
