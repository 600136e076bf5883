export type {
  AllocationRulesRepository,
  NewAllocationRules,
  StoredAllocationRules,
} from './allocation-rules-repository';
export type { NewPriceBook, PriceBooksRepository, StoredPriceBook } from './price-books-repository';
export {
  describedKinds,
  type Described,
  type DescribedKind,
  type DescriptionsRepository,
  type Observed,
} from './descriptions/descriptions-repository';
export { connectMetadata, type Metadata, type MetadataOptions } from './metadata';
export type {
  CloudAccount,
  CloudAccountChanges,
  CloudAccountsRepository,
  CreatedCloudAccount,
  KubernetesAccount,
  NewCloudAccount,
  WriteCredential,
  WriteIdentity,
  WriteSettings,
} from './cloud-accounts-repository';
export { cloudAccountTypes, type CloudAccountType } from './documents';
export { roles, tokenKinds, type Role, type TokenKind } from './documents';
export type { Invitation, InvitationsRepository, NewInvitation } from './invitations-repository';
export { collectionCopy, type CollectionCopy, type StoreCopy } from './operations/store-copy';
export type { DoomedTenant, TenantErasure } from './operations/tenant-erasure';
export type { KubecostConnection, KubecostSchedules } from './kubecost-connection';
export type { Outbox, OutboxEntry, PendingEntries } from './outbox';
export { atMost } from './roles';
export type { GroupRole, NewOrganization, Organization, OrganizationsRepository } from './organizations-repository';
export type {
  CreatedToken,
  IssuedToken,
  TokenHolder,
  TokenIdentity,
  TokensRepository,
  TokenSummary,
} from './tokens-repository';
export type {
  ExternalIdentity,
  ExternalUser,
  ExternalUsersRepository,
  NewExternalUser,
  SourcedMembership,
} from './external-users-repository';
export type { Membership, NewUser, User, UsersRepository, VerifiedUser } from './users-repository';
export type { WriteLimitOverrides } from './write-limits';
export { normaliseEmail } from './normalise-email';
export {
  importStates,
  type ExpenseImport,
  type ExpenseImportsRepository,
  type ImportFault,
  type ImportOutcome,
  type ImportProgress,
} from './bills/expense-imports-repository';
export {
  ruleConditionTypes,
  type AssignmentRule,
  type NewAssignmentRule,
  type Pool,
  type PoolsRepository,
  type RuleCondition,
} from './bills/pools-repository';
