import { cloudAccountOperations } from './cloud-accounts';
import { costOperations } from './costs';
import { identityOperations } from './identity';

/** Every operation of the API by its id. */
export const operations = { ...identityOperations, ...cloudAccountOperations, ...costOperations } as const;

/** The operations, as a type to index. */
export type Operations = typeof operations;

/** The id of an operation. */
export type OperationId = keyof Operations;
