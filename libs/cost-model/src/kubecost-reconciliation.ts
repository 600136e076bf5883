import type { AllocationFact } from './allocation-fact';
import { groupBy } from './group-by';
import type { KubecostHour } from './kubecost-hours';
import { nanosOrNull, sumKnownNanos, sumNanos, type Nanos } from './money';

/** Resources that both price by container. Sharing and external costs are Kubecost's own, fees are ours. */
export const reconciledResources = ['cpu', 'ram', 'gpu', 'pv', 'network', 'load_balancer'] as const;

export type ReconciledResource = (typeof reconciledResources)[number];

/** What one resource of one namespace cost, by both. */
export interface ReconciledCost {
  readonly namespace: string;
  readonly resource: ReconciledResource;
  /** Null: we do not know. */
  readonly ours: Nanos | null;
  readonly theirs: Nanos;
  /** Ours − theirs; null where ours is not known. */
  readonly difference: Nanos | null;
}

/** Two views of one hour, held against each other. */
export interface ReconciledHour {
  /** Only where one of the two has a cost; sorted by namespace, then in the order of the resources. */
  readonly costs: readonly ReconciledCost[];
  /** As {@link consistencyOf}. */
  readonly consistency: number | null;
}

const costFields = {
  cpu: 'cpu_cost',
  ram: 'ram_cost',
  gpu: 'gpu_cost',
  pv: 'pv_cost',
  network: 'network_cost',
  load_balancer: 'load_balancer_cost',
} as const;

/** Both products put what no pod mounts, and no namespace claims, under this name. */
export const reconciledNoNamespace = '__unmounted__';

const magnitudeOf = (nanos: Nanos): Nanos => (nanos < 0n ? -nanos : nanos);

/** The sum of the known costs; null when there are rows and none of them is known. 0 when there is no row. */
function ourCost(rows: readonly AllocationFact[], resource: ReconciledResource): Nanos | null {
  if (rows.length === 0) return 0n;
  return sumKnownNanos(rows.map((row) => nanosOrNull(row[costFields[resource]])));
}

/**
 * 1 − Σ |difference| ÷ Σ the greater of the two, over all costs that we know: 1 is the same, 0 has nothing in common. Null
 * when there is nothing to compare.
 */
export function consistencyOf(costs: readonly Omit<ReconciledCost, 'namespace' | 'resource'>[]): number | null {
  let [apart, together] = [0n, 0n];
  for (const { ours, theirs, difference } of costs) {
    if (ours === null || difference === null) continue;
    const [left, right] = [magnitudeOf(ours), magnitudeOf(theirs)];
    apart += magnitudeOf(difference);
    together += left > right ? left : right;
  }
  // Only a ratio: what it is made of are exact sums.
  return together === 0n ? null : Math.max(0, 1 - Number(apart) / Number(together));
}

/**
 * Holds what Kubecost says of an hour against our facts of it, per namespace and resource. Idle is left out on both
 * sides. A cost that we do not know is listed and has no part in the ratio.
 */
export function reconcileKubecostHour(hour: KubecostHour, facts: readonly AllocationFact[]): ReconciledHour {
  const theirs = groupBy(hour.rows, ({ namespace }) => namespace || reconciledNoNamespace);
  const ours = groupBy(
    facts.filter(({ kind }) => kind !== 'idle'),
    ({ namespace }) => namespace || reconciledNoNamespace,
  );
  const namespaces = [...new Set([...theirs.keys(), ...ours.keys()])].sort();
  const costs = namespaces.flatMap((namespace) =>
    reconciledResources.map((resource): ReconciledCost => {
      const theirCost = sumNanos((theirs.get(namespace) ?? []).map((row) => row.costs[resource] ?? 0n));
      const ownCost = ourCost(ours.get(namespace) ?? [], resource);
      const difference = ownCost === null ? null : ownCost - theirCost;
      return { namespace, resource, ours: ownCost, theirs: theirCost, difference };
    }),
  );
  const withCost = costs.filter(({ ours: own, theirs: their }) => (own ?? 0n) !== 0n || their !== 0n);
  return { costs: withCost, consistency: consistencyOf(withCost) };
}
