import { AppError } from '@cloudtuner/errors';
import type { Metadata, Organization, User } from '@cloudtuner/metadata';
import { operations } from '@cloudtuner/restapi-client';
import type { Route } from '@cloudtuner/service-kit';
import type { SignInThrottle } from '../../domain/sign-in-throttle';
import { createOrganization } from '../../usecases/create-organization';
import { signIn } from '../../usecases/sign-in';
import { secondsOfDate } from '../present-costs';
import type { Principal } from '../principal';
import type { ScopedRoutes } from '../scoped-routes';

interface Dependencies extends Pick<Metadata, 'organizations' | 'users' | 'tokens'> {
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
    routes.open(operations.createOrganization, async ({ body }) => {
      const { email, display_name: displayName, password } = body.owner;
      const { name, currency } = body;
      const created = await createOrganization(dependencies, { name, currency }, { email, displayName, password });
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

/** Users and their tokens. */
export function userRoutes(routes: ScopedRoutes, dependencies: Dependencies): Route<Principal>[] {
  const { users, tokens, countSignIn } = dependencies;
  return [
    routes.inOrganization(operations.createUser, async ({ organization, body }) => {
      const { email, display_name: displayName, password, role } = body;
      return presentUser(await users.create(organization.id, { email, displayName, password, role }));
    }),
    routes.inOrganization(operations.listUsers, async ({ organization }) => ({
      users: (await users.list(organization.id)).map(presentUser),
    })),
    routes.open(operations.createToken, async ({ body, remoteAddress }) => {
      try {
        const token = await signIn(dependencies, { ...body, remoteAddress });
        countSignIn('ok');
        return { token: token.text, expires_at: secondsOfDate(token.expiresAt), user_id: token.userId };
      } catch (error) {
        countSignIn(error instanceof AppError ? error.code : 'internal-error');
        throw error;
      }
    }),
    routes.signedIn(operations.revokeCurrentToken, async ({ identity }) => {
      await tokens.revoke(identity.tokenId);
      return undefined;
    }),
  ];
}
