import { randomUUID } from 'node:crypto';
import { AppError, isAppError } from '@cloudtuner/errors';
import type { Collection } from 'mongodb';
import type { Guard } from './driver-errors';
import { organizationDocument, type OrganizationDocument, type Role } from './documents';
import { firstEntry, pushEntry, type OutboxEntry } from './outbox';

/** A customer: everything else belongs to one. */
export interface Organization {
  readonly id: string;
  readonly name: string;
  /** ISO 4217; every amount of the organization is in it. */
  readonly currency: string;
  readonly createdAt: Date;
}

export interface NewOrganization {
  readonly name: string;
  readonly currency: string;
}

/** A group of an identity provider, and the role that its people have in the organization. */
export interface GroupRole {
  readonly provider: string;
  readonly group: string;
  readonly role: Role;
}

/** Organizations. Every method throws `metadata-unavailable` when the store is down or hangs. */
export interface OrganizationsRepository {
  create(organizationId: string, organization: NewOrganization, outbox?: OutboxEntry): Promise<Organization>;
  find(organizationId: string): Promise<Organization | null>;
  /** The organizations of these ids that exist, sorted by name, then id. */
  findMany(organizationIds: readonly string[]): Promise<Organization[]>;
  /** Takes back a creation whose next step failed. */
  remove(organizationId: string): Promise<void>;
  /** Records something that was done in the organization and has changed no document of its own. False when it is not there. */
  note(organizationId: string, outbox: OutboxEntry): Promise<boolean>;
  /** What the organization gives to groups of identity providers. */
  groupRoles(organizationId: string): Promise<GroupRole[]>;
  /** Replaces it. False when the organization is not there. */
  setGroupRoles(organizationId: string, groupRoles: readonly GroupRole[], outbox?: OutboxEntry): Promise<boolean>;
  /** What each organization gives to groups of this provider. Of no organization: who signs in names none. */
  groupRolesOf(provider: string): Promise<ReadonlyMap<string, readonly GroupRole[]>>;
  /**
   * Runs the work while nobody else changes the members of the organization, so that a rule about all of them holds.
   *
   * @throws AppError `members-busy`
   */
  withMembersLocked<T>(organizationId: string, work: () => Promise<T>): Promise<T>;
}

/** Longer than any operation of the store may take, so that a lock outlives its work, and not a crash. */
const lockMs = 30_000;

function toOrganization(document: unknown): Organization {
  const { _id, name, currency, created_at } = organizationDocument.parse(document);
  return { id: _id, name, currency, createdAt: created_at };
}

/** Organizations in MongoDB. */
export function createOrganizationsRepository(
  collection: Collection<OrganizationDocument>,
  guard: Guard,
  now: () => Date,
): OrganizationsRepository {
  return {
    create: (organizationId, { name, currency }, outbox) =>
      guard(async () => {
        const document = { _id: organizationId, name, currency, created_at: now(), ...firstEntry(outbox) };
        await collection.insertOne(document);
        return toOrganization(document);
      }),
    find: (organizationId) =>
      guard(async () => {
        const document = await collection.findOne({ _id: organizationId });
        return document === null ? null : toOrganization(document);
      }),
    findMany: (organizationIds) =>
      guard(async () => {
        const documents = await collection.find({ _id: { $in: [...organizationIds] } }).toArray();
        return documents
          .map(toOrganization)
          .sort((a, b) => (a.name === b.name ? (a.id < b.id ? -1 : 1) : a.name < b.name ? -1 : 1));
      }),
    remove: (organizationId) =>
      guard(async () => {
        await collection.deleteOne({ _id: organizationId });
      }),
    note: (organizationId, outbox) =>
      guard(async () => {
        const { matchedCount } = await collection.updateOne({ _id: organizationId }, pushEntry(outbox));
        return matchedCount === 1;
      }),
    groupRoles: (organizationId) =>
      guard(async () => {
        const document = await collection.findOne({ _id: organizationId });
        return document === null ? [] : (organizationDocument.parse(document).group_roles ?? []);
      }),
    setGroupRoles: (organizationId, groupRoles, outbox) =>
      guard(async () => {
        const update = { $set: { group_roles: [...groupRoles] }, ...pushEntry(outbox) };
        const { matchedCount } = await collection.updateOne({ _id: organizationId }, update);
        return matchedCount === 1;
      }),
    groupRolesOf: (provider) =>
      guard(async () => {
        const found = await collection.find({ 'group_roles.provider': provider }).toArray();
        return new Map(
          found.map((document) => {
            const { _id, group_roles = [] } = organizationDocument.parse(document);
            return [_id, group_roles.filter((groupRole) => groupRole.provider === provider)];
          }),
        );
      }),
    async withMembersLocked(organizationId, work) {
      const holder = randomUUID();
      const until = new Date(now().getTime() + lockMs);
      const { matchedCount } = await guard(() =>
        collection.updateOne(
          {
            _id: organizationId,
            $or: [
              { members_lock: { $exists: false } },
              { members_lock: null },
              { 'members_lock.until': { $lt: now() } },
            ],
          },
          { $set: { members_lock: { holder, until } } },
        ),
      );
      if (matchedCount === 0) throw new AppError('members-busy', 'Others are changing the members at this moment.');
      const unlock = (): Promise<unknown> =>
        guard(
          () =>
            collection.updateOne(
              { _id: organizationId, 'members_lock.holder': holder },
              { $set: { members_lock: null } },
            ),
          // What cannot be unlocked now is free when its time is over.
        ).catch(() => undefined);
      try {
        const result = await work();
        await unlock();
        return result;
      } catch (error) {
        // A write that was given up may still take place, so the lock stays until it cannot any more.
        if (isAppError(error) && error.code !== 'metadata-unavailable') await unlock();
        throw error;
      }
    },
  };
}
