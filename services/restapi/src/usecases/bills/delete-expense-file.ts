import { AppError } from '@cloudtuner/errors';
import type { ExpenseImportsRepository, OrganizationsRepository, OutboxEntry } from '@cloudtuner/metadata';
import type { ReadContext } from '../../ports';
import type { BillStore } from '../../bill-ports';

/** Stores of {@link deleteExpenseFile}. */
export interface DeletionDependencies {
  readonly bills: BillStore;
  readonly expenseImports: Pick<ExpenseImportsRepository, 'announce'>;
  readonly organizations: Pick<OrganizationsRepository, 'note'>;
  readonly now: () => number;
}

/**
 * Takes the expenses of a file out of the account. Imports of it that began before stay without effect.
 *
 * @throws AppError `not-found` when the account has no such file.
 */
export async function deleteExpenseFile(
  { bills, expenseImports, organizations, now }: DeletionDependencies,
  account: { readonly id: string; readonly organizationId: string },
  { fileName, record, ...context }: ReadContext & { readonly fileName: string; readonly record: () => OutboxEntry },
): Promise<void> {
  const cloudAccountId = account.id;
  const current = await bills.findFile(cloudAccountId, fileName, context);
  if (current === null) throw new AppError('not-found', 'There is nothing at this address.');
  // In the document of the import that brought the file, or, where that is gone, of the organization; before the change (ADR 15).
  const outbox = record();
  const announced = await expenseImports.announce(cloudAccountId, current.importId, { outbox, running: false });
  if (!announced) await organizations.note(account.organizationId, outbox);
  const sequence = Math.max(now(), current.sequence + 1);
  await bills.publish(cloudAccountId, { ...current, sequence, dataVersion: '', blockIds: [] }, context);
}
