export type { NewPriceBook, PriceBooksRepository, StoredPriceBook } from './price-books-repository';
export { connectMetadata, type Metadata, type MetadataOptions } from './metadata';
export type {
  CloudAccount,
  CloudAccountsRepository,
  CreatedCloudAccount,
  KubernetesAccount,
  NewCloudAccount,
  WriteCredential,
  WriteIdentity,
} from './cloud-accounts-repository';
export { cloudAccountTypes, type CloudAccountType } from './documents';
export { roles, type Role } from './documents';
export type { NewOrganization, Organization, OrganizationsRepository } from './organizations-repository';
export type { IssuedToken, TokenIdentity, TokensRepository } from './tokens-repository';
export type { Membership, NewUser, User, UsersRepository } from './users-repository';
export type { WriteLimitOverrides } from './write-limits';
export { normaliseEmail } from './normalise-email';
