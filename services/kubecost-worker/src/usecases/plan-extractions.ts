import { extractKinds, type ExtractKind } from '../domain/extraction';
import type { ExtractSchedulers } from '../extract-ports';
import type { Accounts } from '../ports';

/** What {@link planExtractions} works with. */
export interface PlanExtractionsPorts {
  readonly accounts: Pick<Accounts, 'list'>;
  readonly schedulers: ExtractSchedulers;
  /** Of accounts that have none of their own. */
  readonly defaultSchedules: Readonly<Record<ExtractKind, string>>;
}

/**
 * Sees to it that every account with an endpoint has its Kubecost read when its schedule says so, and that no other account has. Doing it
 * again changes nothing, so it also heals a Redis that has lost its data.
 *
 * @throws `metadata-unavailable`, `queue-unavailable`
 */
export async function planExtractions({ accounts, schedulers, defaultSchedules }: PlanExtractionsPorts): Promise<void> {
  const wanted = new Map(
    (await accounts.list()).flatMap(({ id, kubecost }) => (kubecost === undefined ? [] : [[id, kubecost] as const])),
  );
  for (const kind of extractKinds) {
    for (const id of await schedulers.list(kind)) {
      if (!wanted.has(id)) await schedulers.remove(kind, id);
    }
    for (const [id, { schedules }] of wanted) {
      await schedulers.ensure(kind, id, schedules[kind] ?? defaultSchedules[kind]);
    }
  }
}
