import { randomUUID } from 'node:crypto';
import { AppError } from '@cloudtuner/errors';
import type { HourState } from '../domain/hour-state';
import type { DayRollup, HeldLock, RollupStore, WrittenRollup } from '../ports';

const writeAttempts = 3;

interface RollupToWrite extends DayRollup {
  readonly factRows: number;
}

/** What there is to sum of a day; null when an hour was stored without allocations, or when there are none. */
export function rollupOf(day: number, hours: readonly HourState[], labelKeys: readonly string[]): RollupToWrite | null {
  const rows = hours.flatMap(({ allocationRows }) => (allocationRows === null ? [] : [allocationRows]));
  const factRows = rows.reduce((sum, count) => sum + count, 0);
  return rows.length < hours.length || factRows === 0 ? null : { day, hours, labelKeys, factRows };
}

/**
 * Sees to it that the sums of a day are there and balanced. The first attempt has tokens that every run of this version shares; what is then
 * not balanced (a token was forgotten and rows are there twice, or the server lost some) is removed and written anew.
 */
export async function ensureRollup(
  store: RollupStore,
  cloudAccountId: string,
  rollup: RollupToWrite,
  lock: HeldLock,
): Promise<WrittenRollup> {
  const version = store.versionOf(rollup);
  const token = [cloudAccountId, rollup.day, version].join('|');
  for (let attempt = 1; attempt <= writeAttempts; attempt += 1) {
    await lock.assertHeld();
    if (attempt > 1) await store.remove(cloudAccountId, rollup);
    await store.insert(cloudAccountId, rollup, attempt === 1 ? token : `${token}|${randomUUID()}`);
    if (await store.isBalanced(cloudAccountId, rollup))
      return { version, factRows: rollup.factRows, labelKeys: rollup.labelKeys };
  }
  throw new AppError('facts-incomplete', 'The sums of a day are not those of its hours.');
}
