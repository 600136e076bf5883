import type { Metadata } from '@cloudtuner/metadata';
import type { ExportAccount } from '../../export-ports';
import type { Account, Accounts, Clock } from '../../ports';

/** A job of a day asks for one account; the list is read once for many of them. */
const keepMs = 10_000;

type NamedAccount = Account & ExportAccount;

/** Accounts, and what they are called. */
export interface NamedAccounts extends Accounts {
  list(): Promise<readonly NamedAccount[]>;
  find(cloudAccountId: string): Promise<NamedAccount | null>;
}

/** Accounts from the metadata store. */
export function createAccounts(
  metadata: { readonly cloudAccounts: Pick<Metadata['cloudAccounts'], 'listKubernetes'> },
  now: Clock,
): NamedAccounts {
  let kept: { readonly readAtMs: number; readonly accounts: Promise<readonly NamedAccount[]> } | undefined;

  const list = (): Promise<readonly NamedAccount[]> => {
    const accounts = metadata.cloudAccounts.listKubernetes();
    kept = { readAtMs: now(), accounts };
    accounts.catch(() => {
      kept = undefined;
    });
    return accounts;
  };

  return {
    list,
    async find(cloudAccountId) {
      const isFresh = kept !== undefined && Math.abs(now() - kept.readAtMs) < keepMs;
      const known = isFresh ? await kept?.accounts : undefined;
      const byId = (accounts: readonly NamedAccount[]): NamedAccount | undefined =>
        accounts.find(({ id }) => id === cloudAccountId);
      // An account that was made a moment ago is not in the kept list.
      return (known && byId(known)) ?? byId(await list()) ?? null;
    },
  };
}
