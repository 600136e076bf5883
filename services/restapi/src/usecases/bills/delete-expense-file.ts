import { AppError } from '@cloudtuner/errors';
import type { ReadContext } from '../../ports';
import type { BillStore } from '../../bill-ports';

/**
 * Takes the expenses of a file out of the account. Imports of it that began before stay without effect.
 *
 * @throws AppError `not-found` when the account has no such file.
 */
export async function deleteExpenseFile(
  { bills, now }: { readonly bills: BillStore; readonly now: () => number },
  cloudAccountId: string,
  fileName: string,
  context: ReadContext,
): Promise<void> {
  const current = await bills.findFile(cloudAccountId, fileName, context);
  if (current === null) throw new AppError('not-found', 'There is nothing at this address.');
  const sequence = Math.max(now(), current.sequence + 1);
  await bills.publish(cloudAccountId, { ...current, sequence, dataVersion: '', blockIds: [] }, context);
}
