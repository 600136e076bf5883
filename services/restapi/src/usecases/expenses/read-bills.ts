import type { Nanos } from '@cloudtuner/cost-model';
import type { AssignmentRule, CloudAccount } from '@cloudtuner/metadata';
import { asksForWorkloads, type ExpenseFilter } from '../../domain/expenses/expense-filter';
import type { AccountWarning } from '../account-warning';
import type { LedgerRequest, LedgerSources } from '../read-ledger';
import type { BillExpensesReader, BillQuestion } from '../../expense-ports';
import { isStoreAway, orLeftOut } from './read-clusters';

/** What bills are read from. */
export interface BillSources extends Pick<LedgerSources, 'observer'> {
  readonly billExpenses: BillExpensesReader;
}

/** The bills that an answer is made of. */
export interface Bills {
  /** Of the accounts that can be read. */
  readonly question: BillQuestion;
  readonly totals: { readonly count: number; readonly cost: Nanos };
  /** Of their files, sorted. */
  readonly dataVersions: readonly string[];
  readonly warnings: readonly AccountWarning[];
}

/** Which bills, and what of them. */
export interface BillsRequest extends LedgerRequest {
  readonly organizationId: string;
  readonly filter: ExpenseFilter;
  readonly rules: readonly AssignmentRule[];
}

const nothing = { count: 0, cost: 0n };

async function questionOf(
  { billExpenses }: BillSources,
  accounts: readonly CloudAccount[],
  request: BillsRequest,
): Promise<{ question: BillQuestion; dataVersions: string[] }> {
  const { organizationId, window, filter, rules, route, signal } = request;
  const ids = accounts.map(({ id }) => id);
  const versions = await billExpenses.readVersions(organizationId, ids, request);
  const withFiles = new Set(versions.map(({ cloudAccountId }) => cloudAccountId));
  const question = {
    organizationId,
    accountIds: ids.filter((id) => withFiles.has(id)),
    importIds: versions.map(({ importId }) => importId),
    window,
    filter,
    rules,
    route,
    signal,
  };
  return { question, dataVersions: versions.map(({ dataVersion }) => dataVersion).sort() };
}

/**
 * The totals of the organization's bills, all accounts in one statement. When that fails they are read one by one, and those that
 * fail are left out with a warning.
 *
 * @throws AppError `clickhouse-unavailable`
 */
export async function readBills(
  sources: BillSources,
  accounts: readonly CloudAccount[],
  request: BillsRequest,
): Promise<Bills> {
  const bills = accounts.filter(({ type }) => type !== 'kubernetes_cnr');
  const { question, dataVersions } = await questionOf(sources, bills, request);
  if (question.accountIds.length === 0 || asksForWorkloads(request.filter)) {
    return { question: { ...question, accountIds: [] }, totals: nothing, dataVersions, warnings: [] };
  }
  try {
    return { question, totals: await sources.billExpenses.readTotals(question), dataVersions, warnings: [] };
  } catch (error) {
    if (isStoreAway(error) || request.signal.aborted) throw error;
  }
  const readable: string[] = [];
  const warnings: AccountWarning[] = [];
  for (const account of bills.filter(({ id }) => question.accountIds.includes(id))) {
    const reading = await orLeftOut(sources, account, request.signal, async () => {
      await sources.billExpenses.readTotals({ ...question, accountIds: [account.id] });
      readable.push(account.id);
      return { warnings: [] };
    });
    warnings.push(...reading.warnings);
  }
  const rest = { ...question, accountIds: readable };
  const totals = readable.length === 0 ? nothing : await sources.billExpenses.readTotals(rest);
  return { question: rest, totals, dataVersions, warnings };
}

/**
 * What clusters cost that bills have, too, by cluster and day: the bill wins, so this is taken off once. All rows of the bills count,
 * also those that a filter leaves out: a filter and its complement then add up to the whole.
 */
export async function readOverlap(
  { billExpenses }: Pick<BillSources, 'billExpenses'>,
  { question }: Bills,
  clusterIds: readonly string[],
): Promise<{ readonly cloudAccountId: string; readonly dayMs: number; readonly cost: Nanos }[]> {
  if (clusterIds.length === 0 || question.accountIds.length === 0) return [];
  return billExpenses.readOverlap(question, clusterIds);
}
