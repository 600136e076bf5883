import { randomUUID } from 'node:crypto';
import type { Collection } from 'mongodb';
import { invitationDocument, type InvitationDocument, type Role } from './documents';
import type { Guards } from './driver-errors';
import { normaliseEmail } from './normalise-email';
import { firstEntry, pushEntry, type OutboxEntry } from './outbox';
import { newPrefixedSecret, prefixOf, provesSecret } from './prefixed-secret';

/** An offer to somebody to become a member. */
export interface Invitation {
  readonly id: string;
  readonly organizationId: string;
  readonly email: string;
  readonly role: Role;
  readonly createdBy: string | null;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

export interface NewInvitation {
  readonly email: string;
  readonly role: Role;
  readonly ttlSeconds: number;
  readonly createdBy: string | null;
}

/** Invitations. Every method throws `metadata-unavailable` when the store is down or hangs. */
export interface InvitationsRepository {
  /** `text` is what accepts it, known at this moment only. */
  create(
    organizationId: string,
    invitation: NewInvitation,
    outbox?: OutboxEntry,
  ): Promise<{ invitation: Invitation; text: string }>;
  /** Those that can still be accepted, the newest first. */
  list(organizationId: string): Promise<Invitation[]>;
  /** False when the organization has no such open invitation. */
  revoke(organizationId: string, invitationId: string, outbox?: OutboxEntry): Promise<boolean>;
  /** The open invitation that this text accepts; without an organization, as who has it knows none. */
  findByText(text: string): Promise<Invitation | null>;
  /** Uses it up. False when somebody else was faster. */
  claim(organizationId: string, invitationId: string): Promise<boolean>;
  /** Makes it open again, after a claim whose next step has failed. */
  release(organizationId: string, invitationId: string): Promise<void>;
}

function toInvitation(found: unknown): Invitation {
  const document = invitationDocument.parse(found);
  return {
    id: document._id,
    organizationId: document.organization_id,
    email: document.email,
    role: document.role,
    createdBy: document.created_by,
    createdAt: document.created_at,
    expiresAt: document.expires_at,
  };
}

/** Invitations in MongoDB. */
export function createInvitationsRepository(
  collection: Collection<InvitationDocument>,
  { run, runUnique }: Guards,
  now: () => Date,
): InvitationsRepository {
  const open = { accepted_at: null, revoked_at: null };
  return {
    create: (organizationId, { email, role, ttlSeconds, createdBy }, outbox) =>
      runUnique(async () => {
        const { text, prefix, sha256 } = newPrefixedSecret('cti');
        const createdAt = now();
        const document: InvitationDocument = {
          _id: randomUUID(),
          organization_id: organizationId,
          email: normaliseEmail(email),
          role,
          prefix,
          sha256,
          created_by: createdBy,
          created_at: createdAt,
          expires_at: new Date(createdAt.getTime() + ttlSeconds * 1000),
          ...open,
          ...firstEntry(outbox),
        };
        await collection.insertOne(document);
        return { invitation: toInvitation(document), text };
      }),
    list: (organizationId) =>
      run(async () => {
        const found = await collection
          .find({ organization_id: organizationId, ...open, expires_at: { $gt: now() } })
          .toArray();
        return found
          .map(toInvitation)
          .sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime() || (a.id < b.id ? -1 : 1));
      }),
    revoke: (organizationId, invitationId, outbox) =>
      run(async () => {
        const { matchedCount } = await collection.updateOne(
          { _id: invitationId, organization_id: organizationId, ...open },
          { $set: { revoked_at: now() }, ...pushEntry(outbox) },
        );
        return matchedCount === 1;
      }),
    findByText: (text) =>
      run(async () => {
        const prefix = prefixOf('cti', text);
        const found = prefix === undefined ? null : await collection.findOne({ prefix, ...open });
        if (found === null || !provesSecret(text, invitationDocument.parse(found).sha256)) return null;
        const invitation = toInvitation(found);
        return invitation.expiresAt > now() ? invitation : null;
      }),
    claim: (organizationId, invitationId) =>
      run(async () => {
        const { matchedCount } = await collection.updateOne(
          { _id: invitationId, organization_id: organizationId, ...open },
          { $set: { accepted_at: now() } },
        );
        return matchedCount === 1;
      }),
    release: (organizationId, invitationId) =>
      run(async () => {
        await collection.updateOne(
          { _id: invitationId, organization_id: organizationId },
          { $set: { accepted_at: null } },
        );
      }),
  };
}
