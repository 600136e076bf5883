import { AppError } from '@cloudtuner/errors';
import type { Collection, Filter } from 'mongodb';
import { isDuplicateKey } from './driver-errors';
import { userDocument, type UserDocument } from './documents';
import { pushEntry, type OutboxEntry } from './outbox';
import type { User } from './users-repository';

/** The memberships of a person, as they are stored. */
export type Membering = UserDocument['memberships'];

/** The person as the organization sees it; undefined for somebody who is no member. */
export function toMember(organizationId: string, document: unknown): User | undefined {
  const { _id, email, display_name, memberships, created_at } = userDocument.parse(document);
  const membership = memberships.find((candidate) => candidate.organization_id === organizationId);
  if (membership === undefined) return undefined;
  return { id: _id, email, displayName: display_name, role: membership.role, createdAt: created_at };
}

/** Stores a new person. @throws AppError `user-exists` */
export async function insertUser(collection: Collection<UserDocument>, document: UserDocument): Promise<void> {
  try {
    await collection.insertOne(document);
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    throw new AppError('user-exists', 'A user with this e-mail address exists already.', { cause: error });
  }
}

/** What changes of members are made of; the caller guards them. */
export interface Memberships {
  readonly findDocument: (filter: Filter<UserDocument>) => Promise<UserDocument | null>;
  /** The members of the organization, sorted by address. */
  readonly members: (organizationId: string) => Promise<User[]>;
  /**
   * Replaces the memberships as they were read. Null when there is no such person, or nothing to change.
   *
   * @throws AppError `members-busy` when somebody else was faster.
   */
  readonly replaceMemberships: (
    userId: string,
    next: (before: Membering) => Membering | null,
    outbox: OutboxEntry | undefined,
  ) => Promise<UserDocument | null>;
  /** @throws AppError `last-owner` when the person is the only one who may do everything. */
  readonly requireOtherOwner: (organizationId: string, userId: string) => Promise<void>;
}

/** Memberships in MongoDB. */
export function createMemberships(collection: Collection<UserDocument>): Memberships {
  const findDocument = async (filter: Filter<UserDocument>): Promise<UserDocument | null> => {
    const found = await collection.findOne(filter);
    return found === null ? null : userDocument.parse(found);
  };
  const members = async (organizationId: string): Promise<User[]> => {
    const found = await collection.find({ 'memberships.organization_id': organizationId }).sort({ email: 1 }).toArray();
    return found.flatMap((document) => toMember(organizationId, document) ?? []);
  };
  const replaceMemberships = async (
    userId: string,
    next: (before: Membering) => Membering | null,
    outbox: OutboxEntry | undefined,
  ): Promise<UserDocument | null> => {
    const before = await findDocument({ _id: userId });
    const memberships = before === null ? null : next(before.memberships);
    if (before === null || memberships === null) return null;
    const { matchedCount } = await collection.updateOne(
      { _id: userId, memberships: before.memberships },
      { $set: { memberships }, ...pushEntry(outbox) },
    );
    if (matchedCount === 0) throw new AppError('members-busy', 'The user was changed by others at this moment.');
    return { ...before, memberships };
  };
  const requireOtherOwner = async (organizationId: string, userId: string): Promise<void> => {
    const owners = (await members(organizationId)).filter(({ role }) => role === 'owner');
    if (owners.some(({ id }) => id !== userId) || !owners.some(({ id }) => id === userId)) return;
    throw new AppError('last-owner', 'This is the last owner of the organization.');
  };
  return { findDocument, members, replaceMemberships, requireOtherOwner };
}
