import fc from 'fast-check';
import { allocationKinds, emptyAllocation, type AllocationFact } from '../allocation-fact';
import { costComponents, type AssetType, type CostComponent } from '../asset-fact';
import { formatNanos, nanosOrNull, parseNanos, sumKnownNanos, type Nanos } from '../money';
import { msPerHour, type TimeWindow } from '../window';

const nothing: Omit<AllocationFact, 'total_cost'> = {
  ...emptyAllocation,
  kind: 'container',
  ended_seconds: 3600,
  covered_seconds: 3600,
};

/** A fact of which only what matters is given; costs as numbers of the currency, like `'0.9'`. The total is their sum. */
export function factOf(given: Partial<Omit<AllocationFact, 'total_cost'>>): AllocationFact {
  const fact = { ...nothing, ...given };
  for (const name of costComponents) {
    const cost = fact[name];
    if (cost !== null) fact[name] = formatNanos(parseNanos(cost));
  }
  const total = sumKnownNanos(costComponents.map((name) => nanosOrNull(fact[name])));
  return { ...fact, total_cost: formatNanos(total ?? 0n) };
}

/** One hour of one cluster. */
export interface FactHour {
  readonly cluster: string;
  readonly hour: TimeWindow;
  readonly facts: readonly AllocationFact[];
}

/** Midnight at the beginning of a Wednesday. */
export const firstHourMs = Date.parse('2024-10-16T00:00:00Z');

/** The n-th hour from there. */
export function hourAt(index: number): TimeWindow {
  const startMs = firstHourMs + index * msPerHour;
  return { startMs, endMs: startMs + msPerHour };
}

// Small amounts make remainders and exact ties common, large ones make them long.
const someCost = fc.oneof(fc.bigInt(0n, 9n), fc.bigInt(0n, 999_999_999_999n));
const unknownOr = <Value>(values: fc.Arbitrary<Value>): fc.Arbitrary<Value | null> =>
  fc.option(values, { nil: null, freq: 4 });
const money = (amounts: fc.Arbitrary<Nanos>): fc.Arbitrary<string | null> => unknownOr(amounts.map(formatNanos));
const quantity = unknownOr(fc.integer({ min: 0, max: 1000 }).map((thousandths) => thousandths / 1000));

const costsOf = (
  names: readonly CostComponent[],
  amounts: fc.Arbitrary<Nanos>,
): fc.Arbitrary<Partial<Record<CostComponent, string | null>>> =>
  fc
    .tuple(...names.map(() => money(amounts)))
    .map((costs) => Object.fromEntries(names.map((name, i) => [name, costs[i]])));

const node = fc.constantFrom('n1', 'n2');
const texts = { a: fc.constantFrom('a', 'b', 'c'), b: fc.constantFrom('', 'x', 'y') };

const container: fc.Arbitrary<AllocationFact> = fc
  .record({
    node,
    namespace: texts.a,
    pod: texts.a,
    container: fc.constantFrom('main', 'side'),
    controller_kind: fc.constantFrom('', 'deployment', 'job'),
    controller: texts.b,
    services: fc.subarray(['front', 'metrics']),
    labels: fc.dictionary(fc.constantFrom('team', 'app'), texts.a, { maxKeys: 2 }),
    annotations: fc.dictionary(fc.constantFrom('team', 'note'), texts.a, { maxKeys: 1 }),
    cpu_core_hours: quantity,
    cpu_core_request_hours: quantity,
    cpu_core_usage_hours: quantity,
    started_seconds: fc.integer({ min: 0, max: 1800 }),
    ended_seconds: fc.integer({ min: 1800, max: 3600 }),
    costs: costsOf(['cpu_cost', 'ram_cost', 'gpu_cost', 'pv_cost', 'network_cost', 'load_balancer_cost'], someCost),
  })
  .map(({ costs, ...given }) => factOf({ kind: 'container', ...given, ...costs }));

const idle: fc.Arbitrary<AllocationFact> = fc
  .record({
    node,
    cpu_core_hours: quantity,
    costs: costsOf(['cpu_cost', 'ram_cost', 'gpu_cost'], fc.oneof(someCost, fc.bigInt(-999n, -1n))),
  })
  .map(({ costs, ...given }) =>
    factOf({ kind: 'idle', asset_type: 'node', asset_key: given.node, ...given, ...costs }),
  );

const unattributed: fc.Arbitrary<AllocationFact> = fc
  .record({
    asset_type: fc.constantFrom<AssetType>('disk', 'load_balancer', 'management', 'network'),
    asset_key: texts.a,
    namespace: texts.b,
    costs: costsOf(['pv_cost', 'load_balancer_cost', 'management_cost'], someCost),
  })
  .map(({ costs, ...given }) => factOf({ kind: 'unattributed', ...given, ...costs }));

const identityOf = (fact: AllocationFact): string =>
  JSON.stringify([fact.kind, fact.namespace, fact.pod, fact.container, fact.asset_type, fact.asset_key]);

const facts = fc.uniqueArray(
  fc.oneof({ weight: 4, arbitrary: container }, { weight: 2, arbitrary: idle }, { weight: 1, arbitrary: unattributed }),
  { selector: identityOf, maxLength: 12 },
);

/** Up to four hours of two clusters; any cost may be unknown, idle may be below zero. */
export const factHours: fc.Arbitrary<FactHour[]> = fc.uniqueArray(
  fc.record({ cluster: fc.constantFrom('one', 'two'), hour: fc.integer({ min: 0, max: 3 }).map(hourAt), facts }),
  { selector: ({ cluster, hour }) => `${cluster} ${hour.startMs}`, maxLength: 6 },
);

/** All that the facts cost, of the given kinds. */
export function totalOf(hours: readonly FactHour[], kinds: readonly string[] = allocationKinds): Nanos {
  return hours
    .flatMap((hour) => hour.facts)
    .filter(({ kind }) => kinds.includes(kind))
    .reduce((sum, { total_cost }) => sum + parseNanos(total_cost), 0n);
}
