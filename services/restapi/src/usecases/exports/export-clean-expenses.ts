import { sumNanos, type Nanos } from '@cloudtuner/cost-model';
import { AppError } from '@cloudtuner/errors';
import type { ExportPart, Placed } from '../../domain/exports/export-column';
import { upTo } from '../../domain/exports/export-column';
import type { ExpenseRow } from '../../expense-ports';
import { clusterResourceType, type ClusterExpense } from '../expenses/read-clusters';
import {
  readOrganizationExpenses,
  type ExpensesRequest,
  type ExpenseSources,
  type OrganizationExpenses,
} from '../expenses/read-organization-expenses';

/** A row of the export; empty texts are unknown. */
export interface ExportedExpense {
  readonly kind: 'cluster' | 'resource' | 'overlap';
  readonly cloudAccountId: string;
  readonly cloudAccountName: string;
  readonly resourceId: string;
  readonly resourceType: string;
  readonly name: string;
  readonly serviceName: string;
  readonly region: string;
  readonly owner: string;
  readonly poolId: string;
  readonly employeeId: string;
  readonly cost: Nanos;
  /** Null for what is on no bill. */
  readonly billedCost: Nanos | null;
}

/** What is exported; the rows of all parts add up to the total. */
export interface ExpensesExport {
  readonly expenses: OrganizationExpenses;
  readonly total: Nanos;
  batches(part: ExportPart): AsyncGenerator<readonly Placed<ExportedExpense>[]>;
}

const rowsOfBatch = 10_000;
const nowhere = { resourceId: '', serviceName: '', region: '', owner: '', poolId: '', employeeId: '' };

function clusterRow({ account, assignment, cost }: ClusterExpense): ExportedExpense {
  return {
    kind: 'cluster',
    cloudAccountId: account.id,
    cloudAccountName: account.name,
    resourceId: account.clusterResourceId ?? account.id,
    resourceType: clusterResourceType,
    name: account.name,
    serviceName: '',
    region: account.region ?? '',
    owner: account.owner ?? '',
    poolId: assignment.poolId,
    employeeId: assignment.employeeId,
    cost,
    billedCost: null,
  };
}

function resourceRow(row: ExpenseRow, { accounts, clusters }: OrganizationExpenses): ExportedExpense {
  if (!('resource' in row)) {
    const cluster = clusters[row.other];
    if (cluster === undefined) throw new AppError('internal-error', 'A row is of no cluster.');
    return clusterRow(cluster);
  }
  const account = accounts.find(({ id }) => id === row.resource.cloudAccountId);
  return {
    kind: 'resource',
    ...row.resource,
    cloudAccountName: account?.name ?? '',
    owner: account?.owner ?? '',
  };
}

/** What is counted on bills is taken off once, as a row of its own. */
const overlapRow = (cost: Nanos): ExportedExpense => ({
  ...nowhere,
  kind: 'overlap',
  cloudAccountId: '',
  cloudAccountName: '',
  resourceType: '',
  name: 'machines of clusters that are on bills, too',
  cost: -cost,
  billedCost: null,
});

const changed = (): AppError =>
  new AppError('export-changed', 'The expenses have changed while they were exported; start again.');

/** Rows of bills that were replaced meanwhile are removed some time after: what was read says so by being less. */
async function refuseChanged(
  billExpenses: ExpenseSources['billExpenses'],
  { question, totals }: OrganizationExpenses['bills'],
): Promise<void> {
  if (question.accountIds.length === 0) return;
  const { count, cost } = await billExpenses.readTotals(question);
  if (count !== totals.count || cost !== totals.cost) throw changed();
}

async function* rowsFrom(
  { billExpenses }: Pick<ExpenseSources, 'billExpenses'>,
  expenses: OrganizationExpenses,
  start: number,
): AsyncGenerator<readonly Placed<ExportedExpense>[]> {
  const others = expenses.clusters.map(({ account, cost }) => ({
    name: account.name,
    region: account.region ?? '',
    resourceType: clusterResourceType,
    cost,
  }));
  const count = expenses.clusters.length + expenses.bills.totals.count;
  for (let offset = start; offset < count; offset += rowsOfBatch) {
    const page = { sortBy: 'name' as const, descending: false, limit: rowsOfBatch, offset };
    const rows = await billExpenses.readRows(expenses.bills.question, others, page);
    if (rows.length !== Math.min(rowsOfBatch, count - offset)) throw changed();
    yield rows.map((row, index) => ({ ...resourceRow(row, expenses), cursor: String(offset + index + 1) }));
  }
  await refuseChanged(billExpenses, expenses.bills);
  if (expenses.overlap.total !== 0n && start <= count) {
    yield [{ ...overlapRow(expenses.overlap.total), cursor: String(count + 1) }];
  }
}

/**
 * The expenses of whole days that are over, in one order. Everything is there or nothing.
 *
 * @throws AppError `export-incomplete` when an account cannot be read, `export-changed` while batches are read
 */
export async function exportCleanExpenses(sources: ExpenseSources, request: ExpensesRequest): Promise<ExpensesExport> {
  const expenses = await readOrganizationExpenses(sources, request);
  const missing = expenses.warnings.find(({ code }) => code !== 'not-measured');
  if (missing !== undefined) throw new AppError('export-incomplete', missing.detail);
  const total =
    sumNanos(expenses.clusters.map(({ cost }) => cost)) + expenses.bills.totals.cost - expenses.overlap.total;
  return {
    expenses,
    total,
    batches: ({ after, limit }) => upTo(rowsFrom(sources, expenses, after === undefined ? 0 : Number(after)), limit),
  };
}
