import { priceBookSchema } from '@cloudtuner/cost-model';
import { z } from 'zod';

/** What a user may do in an organization, the most powerful first. */
export const roles = ['owner', 'manager', 'viewer'] as const;
/** One of {@link roles}. */
export type Role = (typeof roles)[number];

/** The kinds of cloud accounts: a Kubernetes cluster, or a source of bills. */
export const cloudAccountTypes = ['kubernetes_cnr', 'aws_cnr', 'azure_cnr', 'gcp_cnr', 'environment'] as const;
/** One of {@link cloudAccountTypes}. */
export type CloudAccountType = (typeof cloudAccountTypes)[number];

/** One document of `organizations`. */
export const organizationDocument = z.object({
  _id: z.uuid(),
  name: z.string(),
  currency: z.string(),
  created_at: z.date(),
});

/** How a password was hashed; kept beside the hash so that the cost can be raised without a reset. */
export const passwordHashDocument = z.object({
  algorithm: z.literal('scrypt'),
  cost: z.int().positive(),
  block_size: z.int().positive(),
  parallelization: z.int().positive(),
  salt: z.string(),
  hash: z.string(),
});
export type PasswordHash = z.infer<typeof passwordHashDocument>;

/** One document of `users`. */
export const userDocument = z.object({
  _id: z.uuid(),
  email: z.string(),
  display_name: z.string(),
  password: passwordHashDocument,
  memberships: z.array(z.object({ organization_id: z.uuid(), role: z.enum(roles) })),
  created_at: z.date(),
});

/** One document of `tokens`; the text of the token is not stored. */
export const tokenDocument = z.object({
  _id: z.uuid(),
  prefix: z.string(),
  sha256: z.string(),
  user_id: z.uuid(),
  created_at: z.date(),
  expires_at: z.date(),
  last_used_at: z.date().nullable(),
  revoked_at: z.date().nullable(),
});

/** One document of `cloud_accounts`. */
export const cloudAccountDocument = z.object({
  _id: z.uuid(),
  organization_id: z.uuid(),
  type: z.enum(cloudAccountTypes),
  name: z.string(),
  /** The name while the account lives, its id once deleted: carries the unique index, as partial indexes are not everywhere. */
  name_key: z.string(),
  region: z.string().nullable(),
  owner: z.string().nullable(),
  cluster_resource: z.object({ id: z.uuid() }).nullable(),
  write_credentials: z.array(
    z.object({ password_sha256: z.string(), created_at: z.date(), expires_at: z.date().nullable() }),
  ),
  /** Counts rotations, so that two at the same moment cannot overwrite each other. */
  credentials_version: z.int().nonnegative(),
  /** Overrides of the write path's limits. Read by `readWriteLimits`: one bad number must not make the account unreadable. */
  limits: z.unknown(),
  /** Label keys whose costs are summed by day, as the facts have them; sorted. Documents from before there were any have none. */
  allocation_label_keys: z.array(z.string()).default([]),
  created_at: z.date(),
  deleted_at: z.date().nullable(),
  last_read_at: z.date().nullable(),
});

/** One document of `price_books`: a version of an account's prices. */
export const priceBookDocument = z.object({
  _id: z.uuid(),
  cloud_account_id: z.uuid(),
  version: z.int().positive(),
  book: priceBookSchema,
  created_at: z.date(),
  created_by: z.string(),
});

export type OrganizationDocument = z.infer<typeof organizationDocument>;
export type UserDocument = z.infer<typeof userDocument>;
export type TokenDocument = z.infer<typeof tokenDocument>;
export type CloudAccountDocument = z.infer<typeof cloudAccountDocument>;
export type PriceBookDocument = z.infer<typeof priceBookDocument>;
