import { observedIn } from '../domain/descriptions';
import type { HourReading } from '../domain/hour-state';
import type { Accounts, Clock, DescriptionReader, DescriptionStore } from '../ports';

/** What {@link storeDescriptions} works with. */
export interface StoreDescriptionsPorts {
  readonly reader: DescriptionReader;
  readonly store: DescriptionStore;
}

/** A closed hour, and what was read of it. */
export interface StoreDescriptionsRequest {
  readonly cloudAccountId: string;
  /** Unix seconds. */
  readonly hour: number;
  readonly reading: Pick<HourReading, 'assets' | 'allocations'>;
  readonly signal: AbortSignal;
}

/**
 * Notes what a cluster was in an hour: itself, its nodes, namespaces and workloads. Hours come in any order, and again.
 *
 * @throws the errors of the ports
 */
export async function storeDescriptions(
  { reader, store }: StoreDescriptionsPorts,
  { cloudAccountId, hour, reading, signal }: StoreDescriptionsRequest,
): Promise<void> {
  const descriptions = await reader.readDescriptions(cloudAccountId, hour, signal);
  signal.throwIfAborted();
  await store.observe(cloudAccountId, hour, observedIn({ ...reading, descriptions }));
}

/** What {@link cleanDescriptions} works with. */
export interface CleanDescriptionsPorts {
  readonly accounts: Pick<Accounts, 'list'>;
  readonly descriptions: DescriptionStore;
  readonly now: Clock;
  /** How long what is gone is remembered: as long as the facts of its hours. */
  readonly retentionDays: number;
}

/**
 * Forgets deleted accounts, and what nobody has seen for as long as facts are kept.
 *
 * @returns how many things
 */
export async function cleanDescriptions(
  { accounts, descriptions, now, retentionDays }: CleanDescriptionsPorts,
  signal: AbortSignal,
): Promise<number> {
  // In this order: an account that is made in between is not among the described ones.
  const described = await descriptions.accounts();
  const known = new Set((await accounts.list()).map(({ id }) => id));
  const before = Math.floor(now() / 1_000) - retentionDays * 86_400;
  let removed = 0;
  for (const id of described) {
    signal.throwIfAborted();
    removed += known.has(id) ? await descriptions.removeUnseen(id, before) : await descriptions.removeAccount(id);
  }
  return removed;
}
