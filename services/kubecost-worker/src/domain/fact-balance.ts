import { costComponents, parseNanos, type CostComponent } from '@cloudtuner/cost-model';

type Costs = { readonly [Name in CostComponent | 'total_cost']: string | null };

/** A resource of which the allocations of an hour are not what its assets cost. */
export interface Imbalance {
  readonly resource: CostComponent | 'total_cost';
  readonly assetNanos: bigint;
  readonly allocationNanos: bigint;
}

const resources = [...costComponents, 'total_cost'] as const;

function knownSum(rows: readonly Costs[], resource: keyof Costs): bigint {
  let sum = 0n;
  for (const row of rows) {
    const cost = row[resource];
    if (cost !== null) sum += parseNanos(cost);
  }
  return sum;
}

/** Where Σ allocations (idle and unattributed are rows of them) is not Σ assets, exactly. Empty: every dollar is there once. */
export function imbalancesOf(assets: readonly Costs[], allocations: readonly Costs[]): readonly Imbalance[] {
  return resources
    .map((resource) => ({
      resource,
      assetNanos: knownSum(assets, resource),
      allocationNanos: knownSum(allocations, resource),
    }))
    .filter(({ assetNanos, allocationNanos }) => assetNanos !== allocationNanos);
}
