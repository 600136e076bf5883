import fc from 'fast-check';
import { assetFactLine, costComponents, type AssetFact } from './asset-fact';
import { priceAssets } from './assets';
import { parseNanos, sumNanos } from './money';
import type { AssetSeries, Series } from './series';
import { msPerHour, type TimeWindow } from './window';

const startMs = Date.parse('2024-10-16T10:00:00Z');
const second = 1000;
const window = { startMs, endMs: startMs + msPerHour };

/** Samples on whole seconds around the hour; some gaps are longer than the 5 minutes that are bridged. */
const samples = (values: fc.Arbitrary<number>): fc.Arbitrary<Omit<Series, 'labels'>> =>
  fc
    .tuple(
      fc.integer({ min: -300, max: 2000 }),
      fc.array(fc.tuple(fc.oneof(fc.constant(60), fc.integer({ min: 1, max: 420 })), values), { maxLength: 40 }),
    )
    .map(([first, steps]) => {
      let at = first;
      const timestampsMs = steps.map(([gap]) => startMs + (at += gap) * second);
      return { timestampsMs, values: steps.map(([, value]) => value) };
    });

const series = (labels: Readonly<Record<string, string>>, values: fc.Arbitrary<number>): fc.Arbitrary<Series> =>
  samples(values).map((some) => ({ labels, ...some }));

const priceValue = fc.integer({ min: 0, max: 5000 }).map((thousandths) => thousandths / 1000);
const wrongValue = fc.constantFrom(Number.NaN, -1, Number.POSITIVE_INFINITY);
const mostly = (values: fc.Arbitrary<number>): fc.Arbitrary<number> =>
  fc.oneof({ weight: 20, arbitrary: values }, { weight: 1, arbitrary: wrongValue });

const nodeSeries = (node: string): fc.Arbitrary<Series[]> => {
  const capacity = { __name__: 'kube_node_status_capacity', node };
  return fc.tuple(
    series({ __name__: 'node_cpu_hourly_cost', node, job: 'a' }, mostly(priceValue)),
    series({ __name__: 'node_cpu_hourly_cost', node, job: 'b' }, mostly(priceValue)),
    series({ __name__: 'node_ram_hourly_cost', node }, mostly(priceValue)),
    series({ ...capacity, resource: 'cpu' }, mostly(fc.integer({ min: 0, max: 96 }))),
    series({ ...capacity, resource: 'memory' }, mostly(fc.integer({ min: 0, max: 2 ** 40 }))),
    series({ __name__: 'node_gpu_count', node }, fc.integer({ min: 0, max: 8 })),
    series({ __name__: 'node_gpu_hourly_cost', node }, priceValue),
  );
};

const egress = (pod: string, internet: string): fc.Arbitrary<Series> =>
  series(
    {
      __name__: 'kubecost_pod_network_egress_bytes_total',
      pod_name: pod,
      namespace: 'n',
      internet,
      same_zone: 'false',
      same_region: 'false',
    },
    fc.integer({ min: 0, max: 2 ** 34 }),
  );

const otherSeries: fc.Arbitrary<Series[]> = fc.tuple(
  series({ __name__: 'pv_hourly_cost', volumename: 'pv' }, mostly(priceValue)),
  series(
    { __name__: 'kube_persistentvolume_capacity_bytes', persistentvolume: 'pv' },
    fc.integer({ min: 1, max: 2 ** 41 }),
  ),
  series(
    { __name__: 'kubecost_load_balancer_cost', namespace: 'n', service_name: 's', ingress_ip: '1.2.3.4' },
    mostly(priceValue),
  ),
  series({ __name__: 'kubecost_cluster_management_cost', provisioner_name: 'p' }, priceValue),
  series({ __name__: 'kubecost_network_internet_egress_cost' }, priceValue),
  series({ __name__: 'kubecost_network_region_egress_cost' }, priceValue),
  egress('p1', 'true'),
  egress('p1', 'true').map((one) => ({ ...one, labels: { ...one.labels, replica: 'b' } })),
  egress('p2', 'false'),
);

const cluster: fc.Arbitrary<AssetSeries> = fc
  .tuple(nodeSeries('n1'), nodeSeries('n2'), otherSeries)
  .map((parts) => parts.flat());

const linesOf = (input: AssetSeries): string =>
  priceAssets({ window, series: input }).assets.map(assetFactLine).join('');

const byKey = (input: AssetSeries, within: TimeWindow): Map<string, AssetFact> =>
  new Map(
    priceAssets({ window: within, series: input }).assets.map((fact) => [`${fact.asset_type}/${fact.asset_key}`, fact]),
  );

const parts = ({ management_cost, ...fact }: AssetFact): string[] =>
  [management_cost, ...costComponents.slice(1).map((name) => fact[name as 'cpu_cost'])].flatMap((cost) => cost ?? []);

const runs = { numRuns: 60 };

describe('law: priceAssets', () => {
  it('makes every total the exact sum of its known parts', () => {
    fc.assert(
      fc.property(cluster, (input) => {
        for (const fact of priceAssets({ window, series: input }).assets) {
          expect(parseNanos(fact.total_cost)).toBe(sumNanos(parts(fact).map(parseNanos)));
        }
      }),
      runs,
    );
  });

  it('measures no less when more samples are known', () => {
    const measured = (input: AssetSeries): number => priceAssets({ window, series: input }).measuredSeconds;
    fc.assert(
      fc.property(cluster, fc.infiniteStream(fc.boolean()), fc.infiniteStream(fc.nat(40)), (input, some, first) => {
        const known = input
          .filter(() => some.next().value)
          .map(({ labels, timestampsMs, values }) => {
            const from = Number(first.next().value);
            return { labels, timestampsMs: timestampsMs.slice(from), values: values.slice(from) };
          });
        expect(measured(input)).toBeGreaterThanOrEqual(measured(known));
      }),
      { numRuns: 200 },
    );
  });

  it('gives the same bytes whatever the order of series, samples and labels', () => {
    fc.assert(
      fc.property(cluster, fc.infiniteStream(fc.nat()), (input, numbers) => {
        const next = (): number => Number(numbers.next().value);
        const shuffled = <T>(items: readonly T[]): T[] =>
          items
            .map((item) => ({ item, order: next() }))
            .sort((a, b) => a.order - b.order)
            .map(({ item }) => item);
        const reordered = shuffled(input).map(({ labels, timestampsMs, values }) => {
          const order = shuffled([...timestampsMs.keys()]);
          return {
            labels: Object.fromEntries(shuffled(Object.entries(labels))),
            timestampsMs: order.map((index) => timestampsMs[index] ?? 0),
            values: order.map((index) => values[index] ?? 0),
          };
        });
        expect(linesOf(reordered)).toBe(linesOf(input));
        expect(priceAssets({ window, series: reordered })).toEqual(priceAssets({ window, series: input }));
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
        expect(linesOf(twice)).toBe(linesOf(input));
        expect(linesOf([...input, ...input])).toBe(linesOf(input));
      }),
      runs,
    );
  });

  it('adds up over adjoining windows: bytes exactly, money to one nano of rounding per asset and part', () => {
    fc.assert(
      fc.property(cluster, fc.integer({ min: 1, max: 3599 }), (input, cutSecond) => {
        const cutMs = startMs + cutSecond * second;
        const whole = byKey(input, window);
        const halves = [byKey(input, { startMs, endMs: cutMs }), byKey(input, { startMs: cutMs, endMs: window.endMs })];
        expect([...whole.keys()].sort()).toEqual([...new Set(halves.flatMap((half) => [...half.keys()]))].sort());
        for (const [key, fact] of whole) {
          const pieces = halves.flatMap((half) => half.get(key) ?? []);
          for (const name of costComponents) {
            const sum = sumNanos(pieces.map((piece) => parseNanos(piece[name] ?? '0')));
            const difference = sum - parseNanos(fact[name] ?? '0');
            // Three roundings of at most half a nano each, and whole nanos: at most one.
            expect(difference >= -1n && difference <= 1n).toBe(true);
          }
          const bytes = pieces.reduce((total, piece) => total + (piece.network_bytes ?? 0), 0);
          expect(bytes).toBe(fact.network_bytes ?? 0);
        }
      }),
      runs,
    );
  });

  it('scales with the prices', () => {
    fc.assert(
      fc.property(cluster, fc.integer({ min: 2, max: 9 }), (input, factor) => {
        const isCost = ({ labels }: Series): boolean => /_cost$/.test(labels['__name__'] ?? '');
        const dearer = input.map((one) =>
          isCost(one) ? { ...one, values: one.values.map((value) => Math.round(value * 1000 * factor) / 1000) } : one,
        );
        const scaled = byKey(dearer, window);
        for (const [key, fact] of byKey(input, window)) {
          for (const name of costComponents) {
            const cost = fact[name];
            if (cost === null) continue;
            const difference = parseNanos(scaled.get(key)?.[name] ?? '0') - BigInt(factor) * parseNanos(cost);
            // One rounding magnified, and one: factor/2 + 1/2 nanos.
            expect(difference <= 5n && difference >= -5n).toBe(true);
          }
        }
      }),
      runs,
    );
  });

  it('agrees with counting second by second what each node costs', () => {
    /** What holds at a second: the last accepted sample at or before it, if the next one is at most 300 s after that. */
    const held = (some: readonly Series[], atMs: number): number | undefined => {
      const points = some
        .flatMap(({ timestampsMs, values }) => timestampsMs.map((ms, index) => [ms, values[index] ?? NaN] as const))
        .filter(([, value]) => value >= 0 && Number.isFinite(value));
      const before = Math.max(...points.map(([ms]) => (ms <= atMs ? ms : -Infinity)));
      const after = Math.min(...points.map(([ms]) => (ms > atMs ? ms : Infinity)));
      if (!(after - before <= 300 * second)) return undefined;
      return Math.max(...points.filter(([ms]) => ms === before).map(([, value]) => value));
    };
    fc.assert(
      fc.property(nodeSeries('n1'), (input) => {
        const [priceA, priceB, , cores] = input;
        if (priceA === undefined || priceB === undefined || cores === undefined) throw new Error('unreachable');
        let dollars = 0;
        for (let atMs = startMs; atMs < window.endMs; atMs += second) {
          dollars += ((held([priceA, priceB], atMs) ?? 0) * (held([cores], atMs) ?? 0)) / 3600;
        }
        const cost = byKey(input, window).get('node/n1')?.cpu_cost;
        expect(Number(cost ?? 0)).toBeCloseTo(dollars, 6);
      }),
      { numRuns: 6 },
    );
  });
});
