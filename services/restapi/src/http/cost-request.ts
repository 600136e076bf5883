import type { TimeWindow } from '@cloudtuner/cost-model';
import type { CloudAccountsRepository, OrganizationsRepository } from '@cloudtuner/metadata';
import type { Warning } from '@cloudtuner/restapi-client';
import type { NoteRead } from '../ports';
import type { AccountWarning } from '../usecases/account-warning';
import type { LedgerRequest, LedgerSources } from '../usecases/read-ledger';

/** What the routes of costs are made of. */
export interface CostDependencies extends LedgerSources {
  readonly cloudAccounts: Pick<CloudAccountsRepository, 'list'>;
  readonly organizations: Pick<OrganizationsRepository, 'find'>;
  readonly noteRead: NoteRead;
  readonly now: () => number;
  /** How long one answer waits for live costs, however many accounts it is about. */
  readonly liveBudgetMs: number;
}

/** A reading of the ledger for one request. */
export function ledgerRequest(
  window: TimeWindow,
  context: { nowMs: number; liveBudgetMs: number; route: string; signal: AbortSignal },
): LedgerRequest {
  const { nowMs, liveBudgetMs, route, signal } = context;
  return { window, nowMs, liveDeadlineMs: nowMs + liveBudgetMs, route, signal };
}

/** A warning about an account. */
export function presentWarning({ code, detail, accountId }: AccountWarning): Warning {
  return { code, detail, cloud_account_id: accountId };
}
