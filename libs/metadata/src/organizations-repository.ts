import type { Collection } from 'mongodb';
import type { Guard } from './driver-errors';
import { organizationDocument, type OrganizationDocument } from './documents';

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

/** Organizations. Every method throws `metadata-unavailable` when the store is down or hangs. */
export interface OrganizationsRepository {
  create(organizationId: string, organization: NewOrganization): Promise<Organization>;
  find(organizationId: string): Promise<Organization | null>;
  /** The organizations of these ids that exist, sorted by name, then id. */
  findMany(organizationIds: readonly string[]): Promise<Organization[]>;
  /** Takes back a creation whose next step failed. */
  remove(organizationId: string): Promise<void>;
}

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
    create: (organizationId, { name, currency }) =>
      guard(async () => {
        const document = { _id: organizationId, name, currency, created_at: now() };
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
  };
}
