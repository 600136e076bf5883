import { parseNanos, type AllocationFact } from '@cloudtuner/cost-model';
import type { CostSplit, ScrapedHour, ScrapedRow } from '@cloudtuner/sample-cluster';
import type { ComputedHour } from './pod-truth';

/**
 * What was computed from samples beside what the generator's book says that scrapes at these times can know. Nothing is
 * left to a tolerance: every row, every asset and every sum of them is the same to the nano.
 */

type Costs = Record<keyof CostSplit, bigint>;

const noCosts: CostSplit = {
  total: 0n,
  cpu: 0n,
  ram: 0n,
  gpu: 0n,
  pv: 0n,
  network: 0n,
  loadBalancer: 0n,
  management: 0n,
};

type Amount = number | string | null;

const nanosOf = (amount: Amount): bigint => parseNanos(String(amount ?? 0));

/** The costs of a row or of several; what does not apply to it is null there and nothing here. */
export const splitOfKnown = (
  row: Readonly<
    Record<'total_cost' | 'cpu_cost' | 'ram_cost' | 'gpu_cost' | 'pv_cost' | 'network_cost', Amount> &
      Record<'load_balancer_cost' | 'management_cost', Amount>
  >,
): CostSplit => ({
  total: nanosOf(row.total_cost),
  cpu: nanosOf(row.cpu_cost),
  ram: nanosOf(row.ram_cost),
  gpu: nanosOf(row.gpu_cost),
  pv: nanosOf(row.pv_cost),
  network: nanosOf(row.network_cost),
  loadBalancer: nanosOf(row.load_balancer_cost),
  management: nanosOf(row.management_cost),
});

function keyOf(fact: AllocationFact): string {
  if (fact.kind === 'container') return `${fact.namespace}/${fact.pod}/${fact.container}`;
  return fact.kind === 'idle' ? fact.node : `${fact.asset_type}/${fact.asset_key}`;
}

interface Line {
  readonly key: string;
  readonly costs: CostSplit;
}

const sorted = <L extends Line>(lines: readonly L[]): readonly L[] =>
  [...lines].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));

/** Every container, its node and when it ran, every node's idle, and what nobody caused; every asset. */
export function expectHourAsScraped(truth: ScrapedHour, startMs: number, { allocations, assets }: ComputedHour): void {
  const seconds = (ms: number): number => (ms - startMs) / 1000;
  const trueRows = truth.rows.map(({ kind, key, namespace, node, costs, ...span }) => {
    const times = { started: seconds(span.startMs), ended: seconds(span.endMs) };
    return { kind, key, namespace, node, costs: { ...costs }, ...times };
  });
  const rows = allocations.map((fact) => {
    const times = { started: fact.started_seconds, ended: fact.ended_seconds };
    const { kind, namespace, node } = fact;
    return { kind, key: keyOf(fact), namespace, node, costs: splitOfKnown(fact), ...times };
  });
  expect(sorted(rows)).toEqual(sorted(trueRows));
  const trueAssets = truth.assets.map(({ assetType, assetKey, providerId, ...costs }) => {
    return { key: `${assetType}/${assetKey}`, providerId, costs };
  });
  const computed = assets.map((fact) => {
    return { key: `${fact.asset_type}/${fact.asset_key}`, providerId: fact.provider_id, costs: splitOfKnown(fact) };
  });
  expect(sorted(computed)).toEqual(sorted(trueAssets));
}

const groupings = {
  namespace: ({ kind, key, namespace }: ScrapedRow): string => {
    if (kind === 'idle') return '__idle__';
    if (namespace !== '') return namespace;
    return key.startsWith('disk/') ? '__unmounted__' : '__unallocated__';
  },
  node: ({ kind, node }: ScrapedRow): string => {
    if (kind === 'idle') return '__idle__';
    return node === '' ? '__unallocated__' : node;
  },
  'namespace,pod,container': (row: ScrapedRow): string => {
    if (row.kind === 'container') return row.key;
    if (row.kind === 'idle') return '__idle__';
    const unused = row.key.startsWith('management/') ? '__unallocated__' : '__unmounted__';
    return [row.namespace === '' ? unused : row.namespace, unused, unused].join('/');
  },
} as const;

export const groupingNames = Object.keys(groupings) as (keyof typeof groupings)[];

function sumsBy<Thing>(
  things: readonly Thing[],
  nameOf: (thing: Thing) => string,
  of: (thing: Thing) => CostSplit,
): Map<string, Costs> {
  const sums = new Map<string, Costs>();
  for (const thing of things) {
    const found = sums.get(nameOf(thing)) ?? { ...noCosts };
    sums.set(nameOf(thing), found);
    const costs = of(thing);
    for (const part of Object.keys(noCosts) as (keyof CostSplit)[]) found[part] += costs[part];
  }
  return sums;
}

/** What hours cost in one of the API's groupings, by the name that it gives a group. */
export function groupsAsScraped(
  hours: readonly ScrapedHour[],
  grouping: keyof typeof groupings,
): ReadonlyMap<string, CostSplit> {
  const rows = hours.flatMap((hour) => hour.rows);
  return sumsBy(rows, groupings[grouping], ({ costs }) => costs);
}

/** What hours cost by asset, `type/key`. */
export function assetsAsScraped(hours: readonly ScrapedHour[]): ReadonlyMap<string, CostSplit> {
  const assets = hours.flatMap((hour) => hour.assets);
  return sumsBy(
    assets,
    ({ assetType, assetKey }) => `${assetType}/${assetKey}`,
    (asset) => asset,
  );
}

/** What hours cost. */
export function totalAsScraped(hours: readonly ScrapedHour[]): CostSplit | undefined {
  return sumsBy(
    hours.flatMap(({ assets }) => assets),
    () => '',
    (asset) => asset,
  ).get('');
}
