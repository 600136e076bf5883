import { AppError } from '@cloudtuner/errors';
import type {
  Invitation,
  InvitationsRepository,
  OrganizationsRepository,
  OutboxEntry,
  User,
  UsersRepository,
} from '@cloudtuner/metadata';
import type { SignInThrottle } from '../domain/sign-in-throttle';

interface Dependencies {
  readonly invitations: Pick<InvitationsRepository, 'findByText' | 'claim' | 'release'>;
  readonly organizations: Pick<OrganizationsRepository, 'withMembersLocked'>;
  readonly users: Pick<UsersRepository, 'create' | 'addMember' | 'verifyPassword' | 'isKnown'>;
  readonly throttle: SignInThrottle;
}

/** Who accepts. */
export interface Acceptance {
  readonly invitationToken: string;
  readonly displayName: string;
  readonly password: string;
  readonly remoteAddress: string;
}

type Join = (outbox: OutboxEntry) => Promise<User>;

/** How the person becomes a member: somebody new is made; who is known already proves it by the password. */
async function joining(
  { users, throttle }: Dependencies,
  { organizationId, email, role }: Invitation,
  { displayName, password, remoteAddress }: Acceptance,
): Promise<Join> {
  if (!(await users.isKnown(email))) {
    return (outbox) => users.create(organizationId, { email, displayName, password, role }, outbox);
  }
  const key = `${remoteAddress} ${email}`;
  throttle.begin(key);
  const verified = await users.verifyPassword(email, password).catch((error: unknown) => {
    throttle.forgive(key);
    throw error;
  });
  if (verified === null) {
    throw new AppError(
      'invalid-credentials',
      'There is a user with this address already, and the password is another.',
    );
  }
  throttle.clear(key);
  return (outbox) => users.addMember(organizationId, verified.id, role, outbox);
}

/**
 * Makes the invited person a member. The invitation is used up first and opened again when that fails, so that it makes
 * one member at most.
 *
 * @throws AppError `invitation-invalid`, `invalid-credentials`, `already-member`, `members-busy`, `user-exists`,
 * `sign-in-throttled`, `overloaded`, `metadata-unavailable`
 */
export async function acceptInvitation(
  dependencies: Dependencies,
  acceptance: Acceptance,
  recordIn: (organizationId: string, details: { email: string; role: string }) => OutboxEntry,
): Promise<{ user: User; organizationId: string }> {
  const { invitations, organizations } = dependencies;
  const invitation = await invitations.findByText(acceptance.invitationToken);
  const invalid = (): AppError => new AppError('invitation-invalid', 'This invitation cannot be accepted.');
  if (invitation === null) throw invalid();
  const { organizationId, email, role } = invitation;
  const join = await joining(dependencies, invitation, acceptance);
  const user = await organizations.withMembersLocked(organizationId, async () => {
    if (!(await invitations.claim(organizationId, invitation.id))) throw invalid();
    try {
      return await join(recordIn(organizationId, { email, role }));
    } catch (error) {
      // What failed first is what the caller must hear.
      await invitations.release(organizationId, invitation.id).catch(() => undefined);
      throw error;
    }
  });
  return { user, organizationId };
}
