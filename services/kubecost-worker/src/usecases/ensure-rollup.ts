import type { HourState } from '../domain/hour-state';
import type { DayRollup, HeldLock, RollupStore, WrittenRollup } from '../ports';
import { ensureBalanced } from './ensure-balanced';

interface RollupToWrite extends DayRollup {
  readonly factRows: number;
}

/** What there is to sum of a day; null when an hour was stored without allocations, or when there are none. */
export function rollupOf(day: number, hours: readonly HourState[], labelKeys: readonly string[]): RollupToWrite | null {
  const rows = hours.flatMap(({ allocationRows }) => (allocationRows === null ? [] : [allocationRows]));
  const factRows = rows.reduce((sum, count) => sum + count, 0);
  return rows.length < hours.length || factRows === 0 ? null : { day, hours, labelKeys, factRows };
}

/** Sees to it that the sums of a day are there and balanced. */
export async function ensureRollup(
  store: RollupStore,
  cloudAccountId: string,
  rollup: RollupToWrite,
  lock: HeldLock,
): Promise<WrittenRollup> {
  const version = store.versionOf(rollup);
  await ensureBalanced(
    {
      token: [cloudAccountId, rollup.day, version].join('|'),
      what: 'The sums of a day',
      insert: (token) => store.insert(cloudAccountId, rollup, token),
      isBalanced: () => store.isBalanced(cloudAccountId, rollup),
      remove: () => store.remove(cloudAccountId, rollup),
    },
    lock,
  );
  return { version, factRows: rollup.factRows, labelKeys: rollup.labelKeys };
}
