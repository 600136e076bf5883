import type { CloudAccount } from '@cloudtuner/metadata';

type Named = Pick<CloudAccount, 'id' | 'name' | 'deletedAt'>;

/**
 * The cluster of each account as rows name it: the account's name, or its id where the name would be read wrongly: it holds the `/` that joins
 * names, or another account has it (of several a living one keeps it, then the smallest id).
 */
export function clusterNamesOf(accounts: readonly Named[]): ReadonlyMap<string, string> {
  const inOrder = accounts.toSorted((a, b) => {
    if ((a.deletedAt === null) !== (b.deletedAt === null)) return a.deletedAt === null ? -1 : 1;
    return a.id < b.id ? -1 : 1;
  });
  const taken = new Set<string>();
  return new Map(
    inOrder.map(({ id, name }) => {
      if (name.includes('/') || taken.has(name)) return [id, id];
      taken.add(name);
      return [id, name];
    }),
  );
}
