import { isAppError } from '@cloudtuner/errors';
import type { CloudAccount, CloudAccountsRepository } from '@cloudtuner/metadata';
import { bucketOf, type Bucket } from '../domain/ledger';
import { eachBounded } from './each-bounded';
import { readLedger, type LedgerRequest, type LedgerSources } from './read-ledger';

/** What one cluster cost in the window; of an account that is there no more, too: its dollars were spent. */
export interface ClusterExpense {
  readonly account: CloudAccount;
  readonly bucket: Bucket;
}

/** A warning about one account. */
export interface AccountWarning {
  readonly code: string;
  readonly detail: string;
  readonly accountId: string;
}

/** The expenses of all clusters of an organization, sorted by name; unpaged, as totals go over all pages. */
export interface CleanExpenses {
  readonly expenses: readonly ClusterExpense[];
  readonly warnings: readonly AccountWarning[];
}

/** Accounts that are read at once. */
const concurrency = 4;

interface Dependencies extends LedgerSources {
  readonly cloudAccounts: Pick<CloudAccountsRepository, 'list'>;
  readonly noteRead: (account: CloudAccount) => void;
}

/** With the store itself away there is no rest to serve. */
export const isStoreAway = (error: unknown): boolean =>
  isAppError(error) && (error.code === 'clickhouse-unavailable' || error.code === 'clickhouse-schema-missing');

async function readExpense(
  dependencies: Dependencies,
  account: CloudAccount,
  request: LedgerRequest,
): Promise<{ expense?: ClusterExpense; warnings: AccountWarning[] }> {
  try {
    const { entries, warnings } = await readLedger(dependencies, account, request);
    const bucket = bucketOf(request.window, entries, request.nowMs);
    const named = warnings.map((warning) => ({ ...warning, accountId: account.id }));
    if (bucket.costs.total !== null) return { expense: { account, bucket }, warnings: named };
    const detail = `Nothing was measured of ${account.name} in this window.`;
    const notMeasured = { code: 'not-measured', detail, accountId: account.id };
    return { warnings: account.deletedAt === null ? [...named, notMeasured] : named };
  } catch (error) {
    if (isStoreAway(error) || request.signal.aborted) throw error;
    dependencies.observer.accountLeftOut(account.id, error);
    const detail = `The costs of ${account.name} could not be read; they are not in this answer.`;
    return { warnings: [{ code: 'account-left-out', detail, accountId: account.id }] };
  }
}

/**
 * What each cluster of the organization cost in the window. An account that cannot be read is left out with a warning.
 *
 * @throws AppError `clickhouse-unavailable`, `metadata-unavailable`
 */
export async function getCleanExpenses(
  dependencies: Dependencies,
  organizationId: string,
  request: LedgerRequest,
): Promise<CleanExpenses> {
  const accounts = await dependencies.cloudAccounts.list(organizationId, { includeDeleted: true });
  const clusters = accounts.filter(({ type }) => type === 'kubernetes_cnr');
  const results = await eachBounded(clusters, concurrency, async (account) => {
    if (account.deletedAt === null) dependencies.noteRead(account);
    return readExpense(dependencies, account, request);
  });
  return {
    expenses: results.flatMap(({ expense }) => expense ?? []),
    warnings: results.flatMap(({ warnings }) => warnings),
  };
}
