import { AppError } from '@cloudtuner/errors';
import type { Invitation, Metadata, Organization, User } from '@cloudtuner/metadata';
import { operations } from '@cloudtuner/restapi-client';
import type { Route } from '@cloudtuner/service-kit';
import type { SignInThrottle } from '../../domain/sign-in-throttle';
import { acceptInvitation } from '../../usecases/accept-invitation';
import { createOrganization } from '../../usecases/create-organization';
import { signIn } from '../../usecases/sign-in';
import { secondsOfDate } from '../present-costs';
import type { Principal } from '../principal';
import { notFound } from '../scope-checks';
import type { ScopedRoutes } from '../scoped-routes';

interface Dependencies extends Pick<Metadata, 'organizations' | 'users' | 'tokens' | 'invitations'> {
  readonly throttle: SignInThrottle;
  readonly tokenTtlSeconds: number;
  readonly countSignIn: (outcome: string) => void;
}

const presentOrganization = ({ id, name, currency, createdAt }: Organization) => ({
  id,
  name,
  currency,
  created_at: secondsOfDate(createdAt),
});

const presentInvitation = ({ id, email, role, createdBy, createdAt, expiresAt }: Invitation) => ({
  id,
  email,
  role,
  created_by: createdBy,
  created_at: secondsOfDate(createdAt),
  expires_at: secondsOfDate(expiresAt),
});

const presentUser = ({ id, email, displayName, role, createdAt }: User) => ({
  id,
  email,
  display_name: displayName,
  role,
  created_at: secondsOfDate(createdAt),
});

/** Organizations. */
export function organizationRoutes(routes: ScopedRoutes, dependencies: Dependencies): Route<Principal>[] {
  return [
    routes.open(operations.createOrganization, async ({ body, recordIn }) => {
      const { email, display_name: displayName, password } = body.owner;
      const { name, currency } = body;
      const owner = { email, displayName, password };
      const created = await createOrganization(dependencies, { name, currency }, owner, (id) =>
        recordIn([id], { name, currency, owner: email }),
      );
      return { ...presentOrganization(created.organization), owner: presentUser(created.owner) };
    }),
    routes.signedIn(operations.listOrganizations, async ({ identity }) => {
      const roleOf = new Map(identity.memberships.map(({ organizationId, role }) => [organizationId, role]));
      const organizations = await dependencies.organizations.findMany([...roleOf.keys()]);
      return {
        organizations: organizations.flatMap((organization) => {
          const role = roleOf.get(organization.id);
          return role === undefined ? [] : [{ ...presentOrganization(organization), role }];
        }),
      };
    }),
    routes.inOrganization(operations.getOrganization, ({ organization }) => presentOrganization(organization)),
  ];
}

/** Users of an organization. */
export function userRoutes(
  routes: ScopedRoutes,
  { users, organizations }: Pick<Dependencies, 'users' | 'organizations'>,
): Route<Principal>[] {
  return [
    routes.inOrganization(operations.createUser, async ({ organization, body, record }) => {
      const { email, display_name: displayName, password, role } = body;
      const entry = record({ email, role });
      return presentUser(await users.create(organization.id, { email, displayName, password, role }, entry));
    }),
    routes.inOrganization(operations.listUsers, async ({ organization }) => ({
      users: (await users.list(organization.id)).map(presentUser),
    })),
    routes.inOrganization(operations.updateUser, async ({ organization, params, body: { role }, record }) => {
      // Without the lock, which is for changes: somebody who is no member is not worth waiting for.
      const before = await users.findMember(organization.id, params.user_id);
      if (before === null) throw notFound();
      const entry = record({ email: before.email, role: { from: before.role, to: role } });
      const changed = await organizations.withMembersLocked(organization.id, () =>
        users.changeRole(organization.id, before.id, role, entry),
      );
      if (changed === null) throw notFound();
      return presentUser(changed);
    }),
    routes.inOrganization(operations.removeUser, async ({ organization, params, record }) => {
      const before = await users.findMember(organization.id, params.user_id);
      if (before === null) throw notFound();
      const entry = record({ email: before.email, role: before.role });
      const removed = await organizations.withMembersLocked(organization.id, () =>
        users.removeMember(organization.id, before.id, entry),
      );
      if (!removed) throw notFound();
      return undefined;
    }),
  ];
}

/** Invitations to an organization. */
export function invitationRoutes(routes: ScopedRoutes, dependencies: Dependencies): Route<Principal>[] {
  const { invitations } = dependencies;
  return [
    routes.inOrganization(operations.createInvitation, async ({ organization, identity, body, record }) => {
      const { email, role, expires_in_seconds: ttlSeconds } = body;
      const entry = record({ email, role });
      const wish = { email, role, ttlSeconds, createdBy: identity.userId };
      const { invitation, text } = await invitations.create(organization.id, wish, entry);
      return { ...presentInvitation(invitation), invitation_token: text };
    }),
    routes.inOrganization(operations.listInvitations, async ({ organization }) => ({
      invitations: (await invitations.list(organization.id)).map(presentInvitation),
    })),
    routes.inOrganization(operations.revokeInvitation, async ({ organization, params, record }) => {
      if (!(await invitations.revoke(organization.id, params.invitation_id, record({})))) throw notFound();
      return undefined;
    }),
    routes.open(operations.acceptInvitation, async ({ body, remoteAddress, recordIn }) => {
      const { invitation_token: invitationToken, display_name: displayName, password } = body;
      const { user, organizationId } = await acceptInvitation(
        dependencies,
        { invitationToken, displayName, password, remoteAddress },
        (id, details) => recordIn([id], details),
      );
      return { ...presentUser(user), organization_id: organizationId };
    }),
  ];
}

/** Signing in. */
export function signInRoutes(routes: ScopedRoutes, dependencies: Dependencies): Route<Principal>[] {
  const { countSignIn } = dependencies;
  return [
    routes.open(operations.createToken, async ({ body, remoteAddress, recordIn }) => {
      try {
        const token = await signIn(dependencies, { ...body, remoteAddress }, recordIn);
        countSignIn('ok');
        return { token: token.text, expires_at: secondsOfDate(token.expiresAt), user_id: token.userId };
      } catch (error) {
        countSignIn(error instanceof AppError ? error.code : 'internal-error');
        throw error;
      }
    }),
  ];
}
