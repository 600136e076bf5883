import { randomUUID } from 'node:crypto';
import { AppError } from '@cloudtuner/errors';
import type { Collection } from 'mongodb';
import { isDuplicateKey, type Guards } from './driver-errors';
import { userDocument, type Role, type UserDocument } from './documents';
import { normaliseEmail } from './normalise-email';
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

/** Users. Every method throws `metadata-unavailable` when the store is down or hangs. */
export interface UsersRepository {
  /** @throws AppError `user-exists` when the address is taken, in whatever organization. */
  create(organizationId: string, user: NewUser): Promise<User>;
  /** The members of the organization, sorted by address. */
  list(organizationId: string): Promise<User[]>;
  /**
   * The id of the user with this address and password, else null; takes as long for an unknown address as for a wrong password.
   * Without an organization: who signs in names none.
   *
   * @throws AppError `overloaded` when too many passwords are being checked.
   */
  verifyPassword(email: string, password: string): Promise<string | null>;
}

function toMember(organizationId: string, document: unknown): User | undefined {
  const { _id, email, display_name, memberships, created_at } = userDocument.parse(document);
  const membership = memberships.find((candidate) => candidate.organization_id === organizationId);
  if (membership === undefined) return undefined;
  return { id: _id, email, displayName: display_name, role: membership.role, createdAt: created_at };
}

async function insertUser(collection: Collection<UserDocument>, document: UserDocument): Promise<void> {
  try {
    await collection.insertOne(document);
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    throw new AppError('user-exists', 'A user with this e-mail address exists already.', { cause: error });
  }
}

/** Users in MongoDB. */
export function createUsersRepository(
  collection: Collection<UserDocument>,
  { run, runUnique }: Guards,
  hasher: PasswordHasher,
  now: () => Date,
): UsersRepository {
  return {
    async create(organizationId, { email, displayName, password, role }) {
      const hash = await hasher.hash(password);
      const createdAt = now();
      const document: UserDocument = {
        _id: randomUUID(),
        email: normaliseEmail(email),
        display_name: displayName,
        password: hash,
        memberships: [{ organization_id: organizationId, role }],
        created_at: createdAt,
      };
      await runUnique(() => insertUser(collection, document));
      return { id: document._id, email: document.email, displayName, role, createdAt };
    },
    list: (organizationId) =>
      run(async () => {
        const documents = await collection
          .find({ 'memberships.organization_id': organizationId })
          .sort({ email: 1 })
          .toArray();
        return documents.flatMap((document) => toMember(organizationId, document) ?? []);
      }),
    async verifyPassword(email, password) {
      const found = await run(() => collection.findOne({ email: normaliseEmail(email) }));
      const user = found === null ? null : userDocument.parse(found);
      const matches = await hasher.verify(password, user?.password ?? null);
      return matches && user !== null ? user._id : null;
    },
  };
}
