import { auditOperations } from './audit';
import { cloudAccountOperations } from './cloud-accounts';
import { costOperations } from './costs';
import { expenseImportOperations } from './expense-imports';
import { expenseOperations } from './expenses';
import { identityOperations } from './identity';
import { poolOperations } from './pools';
import { tokenOperations } from './tokens';

/** Every operation of the API by its id. */
export const operations = {
  ...identityOperations,
  ...tokenOperations,
  ...auditOperations,
  ...cloudAccountOperations,
  ...costOperations,
  ...expenseOperations,
  ...expenseImportOperations,
  ...poolOperations,
} as const;

/** The operations, as a type to index. */
export type Operations = typeof operations;

/** The id of an operation. */
export type OperationId = keyof Operations;
