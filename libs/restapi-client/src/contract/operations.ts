import { allocationOperations } from './allocations';
import { cloudAccountOperations } from './cloud-accounts';
import { clusterAssetOperations } from './cluster-assets';
import { clusterUsageOperations } from './cluster-usage';
import { clusterWorkloadOperations } from './cluster-workloads';
import { costOperations } from './costs';
import { identityOperations } from './identity';
import { kubernetesCostOperations } from './kubernetes-costs';

/** Every operation of the API by its id. */
export const operations = {
  ...identityOperations,
  ...cloudAccountOperations,
  ...costOperations,
  ...allocationOperations,
  ...clusterAssetOperations,
  ...clusterUsageOperations,
  ...clusterWorkloadOperations,
  ...kubernetesCostOperations,
} as const;

/** The operations, as a type to index. */
export type Operations = typeof operations;

/** The id of an operation. */
export type OperationId = keyof Operations;
