import { randomUUID } from 'node:crypto';
import { AppError } from '@cloudtuner/errors';
import type { Collection } from 'mongodb';
import type { Guards } from './driver-errors';
import type { Role, UserDocument } from './documents';
import { createMemberships, insertUser, toMember, type Membering } from './memberships';
import { normaliseEmail } from './normalise-email';
import { firstEntry, pushEntry, type OutboxEntry } from './outbox';
import type { PasswordHasher } from './password-hasher';

/** A user's role in one organization. */
export interface Membership {
  readonly organizationId: string;
  readonly role: Role;
}

/** A person, as one organization sees it. */
export interface User {
  readonly id: string;
  readonly email: string;
  readonly displayName: string;
  readonly role: Role;
  readonly createdAt: Date;
}

export interface NewUser {
  readonly email: string;
  readonly displayName: string;
  /** In clear; only its scrypt hash is stored. */
  readonly password: string;
  readonly role: Role;
}

/** A user who has just proved the password; `credentialVersion` is the count of the password that was proved. */
export interface VerifiedUser {
  readonly id: string;
  readonly credentialVersion: number;
  /** Where the user is a member. */
  readonly organizationIds: readonly string[];
}

/** Users. Every method throws `metadata-unavailable` when the store is down or hangs. */
export interface UsersRepository {
  /** @throws AppError `user-exists` when the address is taken, in whatever organization. */
  create(organizationId: string, user: NewUser, outbox?: OutboxEntry): Promise<User>;
  /** The members of the organization, sorted by address. */
  list(organizationId: string): Promise<User[]>;
  /** Null for somebody who is no member. */
  findMember(organizationId: string, userId: string): Promise<User | null>;
  /** True when somebody has this address, in whatever organization. */
  isKnown(email: string): Promise<boolean>;
  /**
   * Makes a verified person a member. @throws AppError `already-member`
   */
  addMember(organizationId: string, userId: string, role: Role, outbox?: OutboxEntry): Promise<User>;
  /**
   * Gives a member another role, by hand from now on, whoever gave the one before; the caller holds the organization's lock of members. Null when there is no such member.
   *
   * @throws AppError `last-owner` when nobody would be left who may do everything.
   */
  changeRole(organizationId: string, userId: string, role: Role, outbox?: OutboxEntry): Promise<User | null>;
  /** Takes a member out, as `changeRole` does. False when there is no such member. @throws AppError `last-owner` */
  removeMember(organizationId: string, userId: string, outbox?: OutboxEntry): Promise<boolean>;
  /**
   * The user with this address and password, else null; takes as long for an unknown address as for a wrong password.
   * Without an organization: who signs in names none.
   *
   * @throws AppError `overloaded` when too many passwords are being checked.
   */
  verifyPassword(email: string, password: string): Promise<VerifiedUser | null>;
  /**
   * Replaces the password and voids every token of the person. False when the current one is another.
   *
   * @throws AppError `overloaded`
   */
  changePassword(
    userId: string,
    passwords: { readonly current: string; readonly next: string },
    outbox?: OutboxEntry,
  ): Promise<boolean>;
}

/** Users in MongoDB. */
export function createUsersRepository(
  collection: Collection<UserDocument>,
  { run, runUnique }: Guards,
  hasher: PasswordHasher,
  now: () => Date,
): UsersRepository {
  const { findDocument, members, replaceMemberships, requireOtherOwner } = createMemberships(collection);
  return {
    async create(organizationId, { email, displayName, password, role }, outbox) {
      const hash = await hasher.hash(password);
      const createdAt = now();
      const document: UserDocument = {
        _id: randomUUID(),
        email: normaliseEmail(email),
        display_name: displayName,
        password: hash,
        memberships: [{ organization_id: organizationId, role }],
        credential_version: 0,
        created_at: createdAt,
        ...firstEntry(outbox),
      };
      await runUnique(() => insertUser(collection, document));
      return { id: document._id, email: document.email, displayName, role, createdAt };
    },
    list: (organizationId) => run(() => members(organizationId)),
    findMember: (organizationId, userId) =>
      run(async () => {
        const document = await findDocument({ _id: userId });
        return document === null ? null : (toMember(organizationId, document) ?? null);
      }),
    isKnown: (email) => run(async () => (await findDocument({ email: normaliseEmail(email) })) !== null),
    addMember: (organizationId, userId, role, outbox) =>
      run(async () => {
        const added = await replaceMemberships(
          userId,
          (before) =>
            before.some(({ organization_id }) => organization_id === organizationId)
              ? null
              : [...before, { organization_id: organizationId, role }],
          outbox,
        );
        const member = added === null ? undefined : toMember(organizationId, added);
        if (member === undefined) throw new AppError('already-member', 'The user is a member of the organization.');
        return member;
      }),
    changeRole: (organizationId, userId, role, outbox) =>
      run(async () => {
        if (role !== 'owner') await requireOtherOwner(organizationId, userId);
        const isIt = (membership: Membering[number]): boolean => membership.organization_id === organizationId;
        // No provider: its groups would take back at the next sign-in what was decided here.
        const byHand = { organization_id: organizationId, role };
        const changed = await replaceMemberships(
          userId,
          (before) => (before.some(isIt) ? before.map((membership) => (isIt(membership) ? byHand : membership)) : null),
          outbox,
        );
        return changed === null ? null : (toMember(organizationId, changed) ?? null);
      }),
    removeMember: (organizationId, userId, outbox) =>
      run(async () => {
        await requireOtherOwner(organizationId, userId);
        const changed = await replaceMemberships(
          userId,
          (before) => {
            const left = before.filter(({ organization_id }) => organization_id !== organizationId);
            return left.length === before.length ? null : left;
          },
          outbox,
        );
        return changed !== null;
      }),
    async verifyPassword(email, password) {
      const user = await run(() => findDocument({ email: normaliseEmail(email) }));
      const matches = await hasher.verify(password, user?.password ?? null);
      if (!matches || user === null) return null;
      const organizationIds = user.memberships.map(({ organization_id }) => organization_id);
      return { id: user._id, credentialVersion: user.credential_version, organizationIds };
    },
    async changePassword(userId, { current, next }, outbox) {
      const user = await run(() => findDocument({ _id: userId }));
      const before = user?.password ?? null;
      if (!(await hasher.verify(current, before)) || user === null || before === null) return false;
      const password = await hasher.hash(next);
      const { matchedCount } = await run(() =>
        collection.updateOne(
          // Of two changes at the same moment the second finds another password than the one it has proved.
          { _id: userId, 'password.hash': before.hash },
          { $set: { password, credential_version: user.credential_version + 1 }, ...pushEntry(outbox) },
        ),
      );
      return matchedCount === 1;
    },
  };
}
