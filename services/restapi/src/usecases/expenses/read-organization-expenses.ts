import { sumNanos, type Nanos } from '@cloudtuner/cost-model';
import type { AssignmentRule, CloudAccount, CloudAccountsRepository, PoolsRepository } from '@cloudtuner/metadata';
import { asksForWorkloads, type ExpenseFilter } from '../../domain/expenses/expense-filter';
import type { AccountWarning } from '../account-warning';
import type { LedgerRequest } from '../read-ledger';
import { readBills, readOverlap, type Bills, type BillSources } from './read-bills';
import { readClusters, type ClusterExpense, type ClusterSources } from './read-clusters';

/** What the expenses of an organization are read from. */
export interface ExpenseSources extends ClusterSources, BillSources {
  readonly cloudAccounts: Pick<CloudAccountsRepository, 'list'>;
  readonly pools: Pick<PoolsRepository, 'listRules'>;
}

/** Which expenses. */
export interface ExpensesRequest extends LedgerRequest {
  readonly organizationId: string;
  readonly filter: ExpenseFilter;
}

/** All expenses of an organization that a filter lets through: `total` = clusters + bills − overlap, every dollar once. */
export interface OrganizationExpenses {
  readonly accounts: readonly CloudAccount[];
  readonly rules: readonly AssignmentRule[];
  readonly clusters: readonly ClusterExpense[];
  readonly bills: Bills;
  readonly overlap: { readonly total: Nanos; readonly byDay: ReadonlyMap<number, Nanos> };
  readonly total: Nanos;
  readonly warnings: readonly AccountWarning[];
}

function overlapByDay(parts: readonly { readonly dayMs: number; readonly cost: Nanos }[]): ReadonlyMap<number, Nanos> {
  const byDay = new Map<number, Nanos>();
  for (const { dayMs, cost } of parts) byDay.set(dayMs, (byDay.get(dayMs) ?? 0n) + cost);
  return byDay;
}

/** With a filter by workloads the overlap is not known: a bill has machines, not what ran on them. */
function overlapWarning(filter: ExpenseFilter, accounts: readonly CloudAccount[]): AccountWarning[] {
  if (!asksForWorkloads(filter)) return [];
  const detail = 'Bills of the machines are not compared with the costs of single workloads; nothing was taken off.';
  return accounts
    .filter(({ type, deletedAt }) => type !== 'kubernetes_cnr' && deletedAt === null)
    .map(({ id }) => ({ code: 'overlap-not-known', detail, accountId: id }));
}

/**
 * Reads the expenses of clusters and bills.
 *
 * @throws AppError `clickhouse-unavailable`, `metadata-unavailable`
 */
export async function readOrganizationExpenses(
  sources: ExpenseSources,
  request: ExpensesRequest,
): Promise<OrganizationExpenses> {
  const { organizationId, filter } = request;
  const [accounts, rules] = await Promise.all([
    sources.cloudAccounts.list(organizationId, { includeDeleted: true }),
    sources.pools.listRules(organizationId),
  ]);
  const question = { ...request, rules };
  const [clusters, bills] = await Promise.all([
    readClusters(sources, accounts, question),
    readBills(sources, accounts, question),
  ]);
  const overlaps = await readOverlap(
    sources,
    bills,
    clusters.expenses.map(({ account }) => account.id),
  );
  const overlap = { total: sumNanos(overlaps.map(({ cost }) => cost)), byDay: overlapByDay(overlaps) };
  return {
    accounts,
    rules,
    clusters: clusters.expenses,
    bills,
    overlap,
    total: sumNanos(clusters.expenses.map(({ cost }) => cost)) + bills.totals.cost - overlap.total,
    warnings: [...clusters.warnings, ...bills.warnings, ...overlapWarning(filter, accounts)],
  };
}
