import { isAppError } from '@cloudtuner/errors';
import type { Nanos } from '@cloudtuner/cost-model';
import type { CloudAccount, CloudAccountsRepository } from '@cloudtuner/metadata';
import { bucketOf } from '../domain/ledger';
import { eachBounded } from './each-bounded';
import type { AccountWarning } from './account-warning';
import { readLedger, type LedgerRequest, type LedgerSources } from './read-ledger';

/** Whether samples arrive: within minutes, once but not now, never. */
export type ClusterStatus = 'receiving' | 'stale' | 'never';

/** A cluster and how it is doing. */
export interface ClusterOverview {
  readonly account: CloudAccount;
  readonly status: ClusterStatus;
  readonly lastSampleMs: number | null;
  /** Of the window that was asked; null = not measured. */
  readonly cost: Nanos | null;
}

interface Dependencies extends LedgerSources {
  readonly cloudAccounts: Pick<CloudAccountsRepository, 'list'>;
  readonly noteRead: (account: CloudAccount) => void;
}

const concurrency = 4;
/** Five missed scrapes of the usual minute. */
const receivingMs = 5 * 60_000;
/** Without live costs the newest sample we know of may be as old as the worker's slowest refresh, 15 minutes. */
const receivingStoredMs = 20 * 60_000;

function statusOf(lastSampleMs: number | null, ageLimitMs: number, nowMs: number): ClusterStatus {
  if (lastSampleMs === null) return 'never';
  return nowMs - lastSampleMs <= ageLimitMs ? 'receiving' : 'stale';
}

/** An account's part of the answer; no overview when it could not be read. */
interface Reading {
  readonly overview?: ClusterOverview;
  readonly warnings: readonly AccountWarning[];
}

async function readOverview(
  dependencies: Dependencies,
  account: CloudAccount,
  request: LedgerRequest,
): Promise<Reading> {
  const { entries, warnings } = await readLedger(dependencies, account, request);
  const { costs, lastSampleMs: recent } = bucketOf(request.window, entries, request.nowMs);
  const lastSampleMs = recent ?? (await dependencies.facts.lastSampleMs(account.id, request));
  const status = statusOf(lastSampleMs, warnings.length === 0 ? receivingMs : receivingStoredMs, request.nowMs);
  return {
    overview: { account, status, lastSampleMs, cost: costs.total },
    warnings: warnings.map((warning) => ({ ...warning, accountId: account.id })),
  };
}

/**
 * The living clusters of the organization, sorted by name, with the cost of the window.
 *
 * @throws AppError `clickhouse-unavailable`, `metadata-unavailable`
 */
export async function listClusters(
  dependencies: Dependencies,
  organizationId: string,
  request: LedgerRequest,
): Promise<{ clusters: ClusterOverview[]; warnings: AccountWarning[] }> {
  const accounts = await dependencies.cloudAccounts.list(organizationId);
  const results = await eachBounded(
    accounts.filter(({ type }) => type === 'kubernetes_cnr'),
    concurrency,
    async (account): Promise<Reading> => {
      dependencies.noteRead(account);
      try {
        return await readOverview(dependencies, account, request);
      } catch (error) {
        if (!isAppError(error) || error.code === 'clickhouse-unavailable' || request.signal.aborted) throw error;
        dependencies.observer.accountLeftOut(account.id, error);
        const detail = `The costs of ${account.name} could not be read; it is not in this answer.`;
        return { warnings: [{ code: 'account-left-out', detail, accountId: account.id }] };
      }
    },
  );
  return {
    clusters: results.flatMap(({ overview }) => overview ?? []),
    warnings: results.flatMap(({ warnings }) => warnings),
  };
}
