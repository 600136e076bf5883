import { parseNanos, sumNanos, type AllocationFact, type AssetFact } from '@cloudtuner/cost-model';
import type { BookContainer, SampleCluster } from '@cloudtuner/sample-cluster';

/** What the generator's own books say of an hour, which never look at a metric, beside what was computed from samples. */
export interface PodTruth {
  readonly cluster: SampleCluster;
  readonly window: { readonly startMs: number; readonly endMs: number };
}

export interface ComputedHour {
  readonly assets: readonly AssetFact[];
  readonly allocations: readonly AllocationFact[];
}

const minuteMs = 60_000;
const controllerKind: Readonly<Record<string, string>> = { CronJob: 'job' };
const resources = ['cpu', 'ram', 'gpu'] as const;

type Resource = (typeof resources)[number];

/** Key of a container: `namespace/pod/container`. */
const keyOf = (row: Pick<AllocationFact, 'namespace' | 'pod' | 'container'>): string =>
  `${row.namespace}/${row.pod}/${row.container}`;

const costsOf = (row: AllocationFact | undefined): Record<Resource, bigint> => ({
  cpu: parseNanos(row?.cpu_cost ?? '0'),
  ram: parseNanos(row?.ram_cost ?? '0'),
  gpu: parseNanos(row?.gpu_cost ?? '0'),
});

const trueCostsOf = ({ cpuCost: cpu, ramCost: ram, gpuCost: gpu }: BookContainer): Record<Resource, bigint> => ({
  cpu,
  ram,
  gpu,
});

const containersOf = ({ allocations }: ComputedHour): Map<string, AllocationFact> =>
  new Map(allocations.filter(({ kind }) => kind === 'container').map((row) => [keyOf(row), row]));

const bookOf = ({ cluster, window }: PodTruth): BookContainer[] => cluster.book.pods(window.startMs, window.endMs);

const isAllOf = ({ window }: PodTruth, row: BookContainer): boolean =>
  row.startMs === window.startMs && row.endMs === window.endMs;

/** Only Jobs tell when they were done; of others the last scrape is all that is known. */
const isEndUnknown = ({ window }: PodTruth, row: BookContainer): boolean =>
  row.workloadKind !== 'CronJob' && row.endMs < window.endMs;

function isNear(amount: bigint, truth: bigint, tolerance: number): boolean {
  return Math.abs(Number(amount - truth)) <= tolerance;
}

/**
 * Of a container that came or went within the hour, one minute's worth of cost is not known for each: what it used
 * before its first scrape, and until when it ran after its last one.
 */
function toleranceOf({ window }: PodTruth, row: BookContainer, cost: bigint): number {
  const edges = Number(row.startMs > window.startMs) + Number(row.endMs < window.endMs);
  return edges === 0 ? 0 : (edges * Number(cost)) / ((row.endMs - row.startMs) / minuteMs) + 1;
}

/**
 * There is a row for every container of the books, and no other, with its node, its owner and when it ran: to the second,
 * but for the end of what is not a Job, which is known to the last scrape.
 */
export function expectContainersOfTheBooks(truth: PodTruth, hour: ComputedHour): void {
  const rows = containersOf(hour);
  // What ends before the first scrape of the hour was last seen in the hour before.
  const mayBeUnseen = (row: BookContainer): boolean =>
    isEndUnknown(truth, row) && row.endMs - truth.window.startMs < minuteMs && !rows.has(keyOf(row));
  const book = bookOf(truth).filter((row) => !mayBeUnseen(row));
  expect([...rows.keys()].sort()).toEqual(book.map(keyOf).sort());
  const seconds = (ms: number): number => (ms - truth.window.startMs) / 1000;
  for (const container of book) {
    const row = rows.get(keyOf(container));
    expect(row).toMatchObject({
      node: container.node,
      controller_kind: controllerKind[container.workloadKind] ?? container.workloadKind.toLowerCase(),
      controller: container.workload,
      started_seconds: seconds(container.startMs),
    });
    const unseenSeconds = seconds(container.endMs) - (row?.ended_seconds ?? 0);
    const mostUnseen = isEndUnknown(truth, container) ? 60 : 0;
    expect([keyOf(container), unseenSeconds >= 0 && unseenSeconds <= mostUnseen]).toEqual([keyOf(container), true]);
  }
}

/** Every container that ran all hour costs what the books say, to the nano; others within what one minute of them costs. */
export function expectCostsOfTheBooks(truth: PodTruth, hour: ComputedHour): void {
  const rows = containersOf(hour);
  for (const container of bookOf(truth)) {
    const [costs, trueCosts] = [costsOf(rows.get(keyOf(container))), trueCostsOf(container)];
    if (isAllOf(truth, container)) {
      expect([keyOf(container), costs]).toEqual([keyOf(container), trueCosts]);
      continue;
    }
    for (const resource of resources) {
      const tolerance = toleranceOf(truth, container, trueCosts[resource]);
      const isTrue = isNear(costs[resource], trueCosts[resource], tolerance);
      expect([keyOf(container), resource, isTrue]).toEqual([keyOf(container), resource, true]);
    }
  }
}

/** What some containers cost, as the books have it, and how far from it they may be. */
export interface GroupTruth {
  readonly costs: Record<Resource, bigint>;
  /** Zero where all of them ran all the time of every hour in which they ran. */
  readonly toleranceNanos: Record<Resource, number>;
}

/** What the books say of some hours, by namespace or by `namespace/pod/container`. */
export function groupsOf(hours: readonly PodTruth[], by: 'namespace' | 'container'): Map<string, GroupTruth> {
  const groups = new Map<string, GroupTruth>();
  for (const truth of hours) {
    for (const container of bookOf(truth)) {
      const name = by === 'namespace' ? container.namespace : keyOf(container);
      const found = groups.get(name) ?? {
        costs: { cpu: 0n, ram: 0n, gpu: 0n },
        toleranceNanos: { cpu: 0, ram: 0, gpu: 0 },
      };
      groups.set(name, found);
      const costs = trueCostsOf(container);
      for (const resource of resources) {
        found.costs[resource] += costs[resource];
        found.toleranceNanos[resource] += toleranceOf(truth, container, costs[resource]);
      }
    }
  }
  return groups;
}

/** A group costs what the books say: to the nano where its tolerance is zero. */
export function expectGroup(name: string, costs: Record<Resource, bigint>, truth: GroupTruth): void {
  for (const resource of resources) {
    const isTrue = isNear(costs[resource], truth.costs[resource], truth.toleranceNanos[resource]);
    expect([name, resource, isTrue]).toEqual([name, resource, true]);
  }
}

/** Namespaces are the sums of their containers in the books; nodes and the cluster are the books' assets. */
export function expectSumsOfTheBooks(truth: PodTruth, hour: ComputedHour): void {
  const { allocations, assets } = hour;
  const sum = (rows: readonly AllocationFact[]): Record<Resource, bigint> => {
    const costs = rows.map(costsOf);
    return {
      cpu: sumNanos(costs.map(({ cpu }) => cpu)),
      ram: sumNanos(costs.map(({ ram }) => ram)),
      gpu: sumNanos(costs.map(({ gpu }) => gpu)),
    };
  };
  for (const [namespace, group] of groupsOf([truth], 'namespace')) {
    const rows = allocations.filter((row) => row.kind === 'container' && row.namespace === namespace);
    expectGroup(namespace, sum(rows), group);
  }
  const { startMs, endMs } = truth.window;
  for (const asset of truth.cluster.book.assets(startMs, endMs)) {
    if (asset.assetType !== 'node') continue;
    const rows = sum(allocations.filter((row) => row.node === asset.assetKey));
    // The books' cost of a span is a difference of two running totals, each rounded once.
    for (const resource of resources) {
      const isTrue = isNear(rows[resource], asset[resource], 1);
      expect([asset.assetKey, resource, isTrue]).toEqual([asset.assetKey, resource, true]);
    }
  }
  const total = sumNanos(allocations.map((row) => parseNanos(row.total_cost)));
  expect(total).toBe(sumNanos(assets.map((fact) => parseNanos(fact.total_cost))));
  expect(isNear(total, truth.cluster.book.costBetween(startMs, endMs).total, 3 * assets.length)).toBe(true);
}
