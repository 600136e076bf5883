import {
  accumulateSets,
  aggregateAllocations,
  costRowsOf,
  msPerHour,
  type AllocationSet,
  type CostRow,
} from '@cloudtuner/cost-model';
import { AppError } from '@cloudtuner/errors';
import type { CloudAccount } from '@cloudtuner/metadata';
import { clusterNamesOf } from '../domain/cluster-names';
import type { CompatAllocationsReader } from '../ports';
import { eachBounded } from './each-bounded';
import type { AllocationsQuestion } from './read-allocations';

/** All samples of a window are in memory of who computes it. */
const concurrency = 2;

/**
 * What clusters cost by OpenCost's arithmetic, from the samples: each step by itself, as OpenCost computes it. Its rows do not add up to
 * what is stored, and nothing of it is.
 *
 * @throws AppError `range-too-long` above its longest window, `metrics-query-too-large`, `metroculus-timeout`, `metroculus-unavailable`, `step-invalid`
 */
export async function readCompatAllocations(
  { compat }: { readonly compat: CompatAllocationsReader },
  accounts: readonly CloudAccount[],
  { question, deadlineMs }: { readonly question: AllocationsQuestion; readonly deadlineMs: number },
): Promise<readonly AllocationSet[]> {
  const { window, steps, query, accumulate, signal } = question;
  const { maxHours } = compat;
  if (window.endMs - window.startMs > maxHours * msPerHour) {
    throw new AppError('range-too-long', `In mode compat a window may have at most ${String(maxHours)} hours.`, {
      details: { max_hours: maxHours },
    });
  }
  const names = clusterNamesOf(accounts);
  const readings = accounts.flatMap((account) => steps.map((step) => ({ account, step })));
  const rows = await eachBounded(readings, concurrency, async ({ account, step }): Promise<CostRow[]> => {
    const facts = await compat.readWindow(account.id, step, { deadlineMs, signal });
    return [...costRowsOf({ cluster: names.get(account.id) ?? account.id, hour: step, facts }, query)];
  });
  const sets = aggregateAllocations({ query, steps, rows: rows.flat() });
  return accumulate === null ? sets : accumulateSets(sets, accumulate);
}
