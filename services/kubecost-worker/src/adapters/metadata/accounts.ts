import type { Metadata } from '@cloudtuner/metadata';
import type { Account, Accounts, Clock } from '../../ports';

/** A job of a day asks for one account; the list is read once for many of them. */
const keepMs = 10_000;

/** Accounts from the metadata store. */
export function createAccounts(
  metadata: { readonly cloudAccounts: Pick<Metadata['cloudAccounts'], 'listKubernetes'> },
  now: Clock,
): Accounts {
  let kept: { readonly readAtMs: number; readonly accounts: Promise<readonly Account[]> } | undefined;

  const list = (): Promise<readonly Account[]> => {
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
      const byId = (accounts: readonly Account[]): Account | undefined =>
        accounts.find(({ id }) => id === cloudAccountId);
      // An account that was made a moment ago is not in the kept list.
      return (known && byId(known)) ?? byId(await list()) ?? null;
    },
  };
}
