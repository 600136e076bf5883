import {
  costComponents,
  costRowsOf,
  emptyAllocation,
  formatCost,
  formatNanos,
  msPerHour,
  type AllocationFact,
  type AllocationQuery,
  type CostRow,
} from '@cloudtuner/cost-model';
import type { CloudAccount } from '@cloudtuner/metadata';
import type { LedgerEntry } from '../domain/ledger';
import type { FactsReader, ReadContext } from '../ports';

/** An hour's cost as one row that belongs to nothing. */
function factOf({ costs }: LedgerEntry): AllocationFact {
  const amounts = costComponents.map((component) => [component, formatCost(costs.components[component])] as const);
  return {
    ...emptyAllocation,
    kind: 'unattributed',
    ended_seconds: msPerHour / 1000,
    covered_seconds: msPerHour / 1000,
    ...Object.fromEntries(amounts),
    total_cost: formatNanos(costs.total ?? 0n),
  };
}

/** Hours that were stored before there were pods: what they cost by asset, so that no grouping loses them. */
export async function readHoursWithoutPods(
  facts: Pick<FactsReader, 'readHours'>,
  hours: { readonly account: CloudAccount; readonly clusterName: string; readonly starts: readonly number[] },
  request: ReadContext & { readonly query: AllocationQuery },
): Promise<CostRow[]> {
  const { account, clusterName: cluster, starts } = hours;
  const [first, last] = [Math.min(...starts), Math.max(...starts)];
  if (starts.length === 0) return [];
  const wanted = new Set(starts);
  const entries = await facts.readHours(account.id, { startMs: first, endMs: last + msPerHour }, request);
  return entries
    .filter(({ startMs }) => wanted.has(startMs))
    .flatMap((entry) => costRowsOf({ cluster, hour: entry, facts: [factOf(entry)] }, request.query));
}
