import { priceBookSchema } from '@cloudtuner/cost-model';
import { z } from 'zod';
import { kubecostDocument } from './kubecost-connection';

/** What a user may do in an organization, the most powerful first. */
export const roles = ['owner', 'manager', 'viewer'] as const;
/** One of {@link roles}. */
export type Role = (typeof roles)[number];

/** The kinds of cloud accounts: a Kubernetes cluster, or a source of bills. */
export const cloudAccountTypes = ['kubernetes_cnr', 'aws_cnr', 'azure_cnr', 'gcp_cnr', 'environment'] as const;
/** One of {@link cloudAccountTypes}. */
export type CloudAccountType = (typeof cloudAccountTypes)[number];

/**
 * What was changed in a document, as JSON texts, until somebody has written them to where they are kept. They are in the
 * changed document itself, so that a change and its record are stored together or not at all.
 */
const outbox = z.array(z.string()).optional();

/** A group of an identity provider, and the role that its people have in the organization. */
const groupRoleDocument = z.object({ provider: z.string(), group: z.string(), role: z.enum(roles) });

/** One document of `organizations`. */
export const organizationDocument = z.object({
  _id: z.uuid(),
  name: z.string(),
  currency: z.string(),
  created_at: z.date(),
  /** Who changes the members at this moment, and until when at the latest. */
  members_lock: z.object({ holder: z.string(), until: z.date() }).nullable().optional(),
  group_roles: z.array(groupRoleDocument).optional(),
  outbox,
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
  /** Null for somebody who only signs in at an identity provider. */
  password: passwordHashDocument.nullable(),
  memberships: z.array(
    z.object({
      organization_id: z.uuid(),
      role: z.enum(roles),
      /** The identity provider whose groups gave the role, and take it; absent for one that was given by hand. */
      provider: z.string().optional(),
    }),
  ),
  /** Who this person is elsewhere: an issuer and its name for the person. `key` is their hash, for the index. */
  identities: z
    .array(z.object({ key: z.string(), issuer: z.string(), subject: z.string(), linked_at: z.date() }))
    .optional(),
  /** When the newest token of an identity was issued, by the identity's key. */
  identity_issued_at: z.record(z.string(), z.date()).optional(),
  /** Counts changes of the password: tokens of an older count are void. */
  credential_version: z.int().nonnegative().default(0),
  created_at: z.date(),
  outbox,
});

/** Where a token comes from: a sign-in, a person who made it for a tool, or an organization that made it for a service. */
export const tokenKinds = ['session', 'personal', 'service'] as const;
/** One of {@link tokenKinds}. */
export type TokenKind = (typeof tokenKinds)[number];

/** One document of `tokens`; the text of the token is not stored. */
export const tokenDocument = z.object({
  _id: z.uuid(),
  kind: z.enum(tokenKinds).default('session'),
  /** What its maker calls it; null for a sign-in. */
  name: z.string().nullable().default(null),
  prefix: z.string(),
  sha256: z.string(),
  /** The person it acts for; null for a service. */
  user_id: z.uuid().nullable(),
  credential_version: z.int().nonnegative().default(0),
  /** Of a service: where it belongs. */
  organization_id: z.uuid().nullable().default(null),
  /** Of a service its role; of a person's the most that it may be used for, null = all that the person may do. */
  role: z.enum(roles).nullable().default(null),
  /** The only cloud accounts it may see; null = all. */
  account_ids: z.array(z.uuid()).nullable().default(null),
  /** Of a person: the only organizations it is good for, as its identity provider speaks for these; null = all. */
  only_organization_ids: z.array(z.uuid()).nullable().default(null),
  /** Of a sign-in at an identity provider, and of what was made with it: roles that its groups gave count here alone. */
  provider: z.string().nullable().default(null),
  created_by: z.uuid().nullable().default(null),
  created_at: z.date(),
  expires_at: z.date(),
  last_used_at: z.date().nullable(),
  revoked_at: z.date().nullable(),
  outbox,
});

/** One document of `invitations`; the text that accepts it is not stored. */
export const invitationDocument = z.object({
  _id: z.uuid(),
  organization_id: z.uuid(),
  email: z.string(),
  role: z.enum(roles),
  prefix: z.string(),
  sha256: z.string(),
  created_by: z.uuid().nullable(),
  created_at: z.date(),
  expires_at: z.date(),
  accepted_at: z.date().nullable(),
  revoked_at: z.date().nullable(),
  outbox,
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
  /** Pairs, as a key of a document may have neither dots nor dollars. */
  tags: z.array(z.object({ key: z.string(), value: z.string() })).default([]),
  /** Label keys whose costs are summed by day, as the facts have them; sorted. Documents from before there were any have none. */
  allocation_label_keys: z.array(z.string()).default([]),
  /** Where its Kubecost answers us; absent or null: it is not asked. */
  kubecost: kubecostDocument.nullable().optional(),
  created_at: z.date(),
  deleted_at: z.date().nullable(),
  last_read_at: z.date().nullable(),
  outbox,
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
export type InvitationDocument = z.infer<typeof invitationDocument>;
export type CloudAccountDocument = z.infer<typeof cloudAccountDocument>;
export type PriceBookDocument = z.infer<typeof priceBookDocument>;
