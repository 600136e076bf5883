import { randomUUID } from 'node:crypto';
import { AppError } from '@cloudtuner/errors';
import type { HeldLock } from '../ports';

const writeAttempts = 3;

/** Sums that are made by the store itself, under a version that nobody reads yet. */
export interface SumsToBalance {
  /** Names the version; all runs that write it share it. */
  readonly token: string;
  /** What they are, should they not come to be balanced. */
  readonly what: string;
  /** Makes them; each step with this token is done once. */
  insert(token: string): Promise<void>;
  /** Whether they are whole and made of the rows and costs of what is summed. */
  isBalanced(): Promise<boolean>;
  remove(): Promise<void>;
}

/**
 * Sees to it that sums are there and balanced. The first attempt has tokens that every run of this version shares; what is then not balanced (a
 * token was forgotten and rows are there twice, or the server lost some) is removed and written anew.
 *
 * @throws `facts-incomplete`, `hour-lock-lost`
 */
export async function ensureBalanced(sums: SumsToBalance, lock: HeldLock): Promise<void> {
  for (let attempt = 1; attempt <= writeAttempts; attempt += 1) {
    await lock.assertHeld();
    if (attempt > 1) await sums.remove();
    await sums.insert(attempt === 1 ? sums.token : `${sums.token}|${randomUUID()}`);
    if (await sums.isBalanced()) return;
  }
  throw new AppError('facts-incomplete', `${sums.what} are not those of what they are made from.`);
}
