import { allocationOperations } from './allocations';
import { auditOperations } from './audit';
import { cloudAccountOperations } from './cloud-accounts';
import { clusterAssetOperations } from './cluster-assets';
import { clusterUsageOperations } from './cluster-usage';
import { clusterWorkloadOperations } from './cluster-workloads';
import { costSummaryOperations } from './cost-summaries';
import { costOperations } from './costs';
import { descriptionOperations } from './descriptions';
import { expenseImportOperations } from './expense-imports';
import { expenseOperations } from './expenses';
import { exportOperations } from './exports';
import { identityOperations } from './identity';
import { jobOperations } from './jobs';
import { kubernetesCostOperations } from './kubernetes-costs';
import { modelOperations } from './model';
import { oidcOperations } from './oidc';
import { poolOperations } from './pools';
import { priceBookOperations } from './price-books';
import { reconciliationOperations } from './reconciliation';
import { tokenOperations } from './tokens';

/** Every operation of the API by its id. */
export const operations = {
  ...identityOperations,
  ...oidcOperations,
  ...tokenOperations,
  ...auditOperations,
  ...cloudAccountOperations,
  ...jobOperations,
  ...costOperations,
  ...allocationOperations,
  ...clusterAssetOperations,
  ...clusterUsageOperations,
  ...reconciliationOperations,
  ...descriptionOperations,
  ...clusterWorkloadOperations,
  ...kubernetesCostOperations,
  ...modelOperations,
  ...expenseOperations,
  ...expenseImportOperations,
  ...exportOperations,
  ...poolOperations,
  ...priceBookOperations,
  ...costSummaryOperations,
} as const;

/** The operations, as a type to index. */
export type Operations = typeof operations;

/** The id of an operation. */
export type OperationId = keyof Operations;
