import { createHash } from 'node:crypto';
import type { Collection } from 'mongodb';
import type { Guards } from './driver-errors';
import type { Role, UserDocument } from './documents';
import { createMemberships, insertUser, type Membering } from './memberships';
import { normaliseEmail } from './normalise-email';
import { pushEntry, type OutboxEntry } from './outbox';
import type { Membership, VerifiedUser } from './users-repository';

/** Somebody whom an issuer vouches for, by its own name for the person, which it gives to nobody else. */
export interface ExternalIdentity {
  readonly issuer: string;
  readonly subject: string;
}

/** A membership that says whose groups gave it; null: given by hand. */
export interface SourcedMembership extends Membership {
  readonly provider: string | null;
}

/** A person as far as signing in elsewhere goes. */
export interface ExternalUser extends VerifiedUser {
  readonly email: string;
  readonly memberships: readonly SourcedMembership[];
  readonly identities: readonly ExternalIdentity[];
}

/** Somebody who comes from an identity provider for the first time. */
export interface NewExternalUser {
  readonly identity: ExternalIdentity;
  readonly email: string;
  readonly displayName: string;
  readonly memberships: readonly SourcedMembership[];
}

/** People who sign in at identity providers. Every method throws `metadata-unavailable` when the store is down or hangs. */
export interface ExternalUsersRepository {
  /**
   * Sets what the groups of a provider say: adds the membership, gives it another role, or takes it away (role null). One that was given
   * by hand, or by another provider, stays as it is. The caller holds the organization's lock of members. False when nothing was to do.
   *
   * @throws AppError `last-owner`, `members-busy`
   */
  setGroupRole(
    organizationId: string,
    userId: string,
    wish: { readonly provider: string; readonly role: Role | null },
    outbox?: OutboxEntry,
  ): Promise<boolean>;
  /** The person with this identity. Without an organization, as for a sign-in. */
  findByIdentity(identity: ExternalIdentity): Promise<ExternalUser | null>;
  /** The person with this address. */
  findByEmail(email: string): Promise<ExternalUser | null>;
  /** A person without a password. @throws AppError `user-exists` when the address is taken, or the identity has just been. */
  createExternal(user: NewExternalUser, outbox?: readonly OutboxEntry[]): Promise<ExternalUser>;
  /**
   * Adds the identity to a person who has none of this issuer. False when the person has one, or is gone. With `voidsPassword`
   * the password and every token of the person are void: nobody knows whose they were.
   */
  linkIdentity(
    userId: string,
    identity: ExternalIdentity,
    outbox?: OutboxEntry,
    options?: { readonly voidsPassword: boolean },
  ): Promise<boolean>;
  /** Notes when the provider has issued what it says of the person. False when something newer is known already. */
  noteIssued(userId: string, identity: ExternalIdentity, issuedAt: Date): Promise<boolean>;
}

function identityDocument({ issuer, subject }: ExternalIdentity, linkedAt: Date) {
  return { key: identityKey({ issuer, subject }), issuer, subject, linked_at: linkedAt };
}

/** One text for both parts, in which neither can take the place of the other. */
const identityKey = ({ issuer, subject }: ExternalIdentity): string =>
  createHash('sha256')
    .update(JSON.stringify([issuer, subject]))
    .digest('hex');

/**
 * The id of the user who is made for an identity: the same for all of its first sign-ins, so that one of them makes the user, whatever each
 * says of the person. A unique index of the identities themselves would not hold on FerretDB, which has none of lists.
 *
 * Source: RFC 9562, section 5.8 (UUID version 8) and appendix B.2 (of a name, by SHA-256).
 */
function userIdOf(identity: ExternalIdentity): string {
  const bytes = Buffer.from(identityKey(identity), 'hex').subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

function toExternal(document: UserDocument): ExternalUser {
  return {
    id: document._id,
    email: document.email,
    credentialVersion: document.credential_version,
    organizationIds: document.memberships.map(({ organization_id }) => organization_id),
    memberships: document.memberships.map(({ organization_id, role, provider = null }) => ({
      organizationId: organization_id,
      role,
      provider,
    })),
    identities: (document.identities ?? []).map(({ issuer, subject }) => ({ issuer, subject })),
  };
}

const toMembering = ({ organizationId, role, provider }: SourcedMembership): Membering[number] => ({
  organization_id: organizationId,
  role,
  ...(provider === null ? {} : { provider }),
});

/** People of identity providers in MongoDB. */
export function createExternalUsersRepository(
  collection: Collection<UserDocument>,
  { run, runUnique }: Guards,
  now: () => Date,
): ExternalUsersRepository {
  const { findDocument, replaceMemberships, requireOtherOwner } = createMemberships(collection);
  return {
    setGroupRole: (organizationId, userId, { provider, role }, outbox) =>
      run(async () => {
        if (role !== 'owner') await requireOtherOwner(organizationId, userId);
        const changed = await replaceMemberships(
          userId,
          (before) => {
            const mine = before.find(({ organization_id }) => organization_id === organizationId);
            if (mine === undefined ? role === null : mine.provider !== provider || mine.role === role) return null;
            const others = before.filter((membership) => membership !== mine);
            return role === null ? others : [...others, { organization_id: organizationId, role, provider }];
          },
          outbox,
        );
        return changed !== null;
      }),
    findByIdentity: (identity) =>
      run(async () => {
        const found = await findDocument({ 'identities.key': identityKey(identity) });
        return found === null ? null : toExternal(found);
      }),
    findByEmail: (email) =>
      run(async () => {
        const found = await findDocument({ email: normaliseEmail(email) });
        return found === null ? null : toExternal(found);
      }),
    createExternal: ({ identity, email, displayName, memberships }, outbox) =>
      runUnique(async () => {
        const createdAt = now();
        const document: UserDocument = {
          _id: userIdOf(identity),
          email: normaliseEmail(email),
          display_name: displayName,
          password: null,
          memberships: memberships.map(toMembering),
          identities: [identityDocument(identity, createdAt)],
          credential_version: 0,
          created_at: createdAt,
          ...(outbox === undefined ? {} : { outbox: [...outbox] }),
        };
        await insertUser(collection, document);
        return toExternal(document);
      }),
    linkIdentity: (userId, identity, outbox, options = { voidsPassword: false }) =>
      run(async () => {
        const { matchedCount } = await collection.updateOne(
          { _id: userId, 'identities.issuer': { $ne: identity.issuer } },
          {
            $push: { identities: identityDocument(identity, now()), ...pushEntry(outbox).$push },
            ...(options.voidsPassword ? { $set: { password: null }, $inc: { credential_version: 1 } } : {}),
          },
        );
        return matchedCount === 1;
      }),
    noteIssued: (userId, identity, issuedAt) =>
      run(async () => {
        const field = `identity_issued_at.${identityKey(identity)}`;
        const { matchedCount } = await collection.updateOne(
          { _id: userId, $or: [{ [field]: { $exists: false } }, { [field]: { $lte: issuedAt } }] },
          { $set: { [field]: issuedAt } },
        );
        return matchedCount === 1;
      }),
  };
}
