import { AppError } from '@cloudtuner/errors';
import type { GroupRole, IssuedToken, OrganizationsRepository } from '@cloudtuner/metadata';
import { oidcRules, operations } from '@cloudtuner/restapi-client';
import type { Route } from '@cloudtuner/service-kit';
import { serves, type IdentityClaims, type IdentityProvider } from '../../domain/identity-provider';
import type { SignInThrottle } from '../../domain/sign-in-throttle';
import type { IdentityProviders } from '../../identity-ports';
import { linkIdentity } from '../../usecases/identities/link-identity';
import { signInExternally, type ExternalSignInDependencies } from '../../usecases/identities/sign-in-externally';
import { secondsOfDate } from '../present-costs';
import type { Principal } from '../principal';
import { notFound } from '../scope-checks';
import type { ScopedRoutes } from '../scoped-routes';

interface Dependencies extends ExternalSignInDependencies {
  readonly identityProviders: IdentityProviders;
  readonly organizations: ExternalSignInDependencies['organizations'] &
    Pick<OrganizationsRepository, 'groupRoles' | 'setGroupRoles'>;
  /** Not the one of passwords: what anybody can send here must not make that one forget. */
  readonly oidcThrottle: SignInThrottle;
  readonly countSignIn: (outcome: string) => void;
}

function invalid(field: string, message: string): AppError {
  return new AppError('invalid-request', `body ${field}: ${message}.`, { details: [{ in: 'body', field, message }] });
}

function providerNamed({ all }: IdentityProviders, name: string): IdentityProvider {
  const found = all.find((provider) => provider.name === name);
  if (found === undefined) throw invalid('provider', oidcRules.provider);
  return found;
}

const presentSignIn = (token: IssuedToken) => ({
  token: token.text,
  expires_at: secondsOfDate(token.expiresAt),
  user_id: token.userId,
});

const presentGroupRoles = (groupRoles: readonly GroupRole[]) => ({
  group_roles: groupRoles.map((each) => ({ ...each })),
});

/**
 * Does what may fail because of what was sent, and counts only that, by sender: nothing that was sent is believed before it is
 * checked, so who names somebody else holds nobody up.
 */
async function throttled<T>({ oidcThrottle }: Dependencies, sender: string, work: () => Promise<T>): Promise<T> {
  oidcThrottle.begin(sender);
  try {
    const result = await work();
    oidcThrottle.forgive(sender);
    return result;
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'identity-refused') oidcThrottle.forgive(sender);
    throw error;
  }
}

interface Presented {
  readonly provider: string;
  readonly id_token: string;
  readonly nonce?: string | undefined;
}

/** An ID token that somebody holds, checked. */
async function verified(
  dependencies: Dependencies,
  { provider: name, id_token: idToken, nonce }: Presented,
  remoteAddress: string,
): Promise<{ provider: IdentityProvider; claims: IdentityClaims }> {
  const provider = providerNamed(dependencies.identityProviders, name);
  const claims = await throttled(dependencies, remoteAddress, () =>
    dependencies.identityProviders.verifyIdToken(provider, idToken, nonce),
  );
  return { provider, claims };
}

async function counted<T>({ countSignIn }: Dependencies, work: () => Promise<T>): Promise<T> {
  try {
    const result = await work();
    countSignIn('ok');
    return result;
  } catch (error) {
    countSignIn(error instanceof AppError ? error.code : 'internal-error');
    throw error;
  }
}

/** Signing in at identity providers. */
export function oidcRoutes(routes: ScopedRoutes, dependencies: Dependencies): Route<Principal>[] {
  const { identityProviders, externalUsers } = dependencies;
  return [
    routes.open(operations.listOidcProviders, () => ({
      oidc_providers: identityProviders.all.map(({ name, displayName, issuer, clientId, scope }) => ({
        name,
        display_name: displayName,
        issuer,
        client_id: clientId,
        scope,
      })),
    })),
    routes.open(operations.createOidcAuthorization, async ({ body }) => {
      const provider = providerNamed(identityProviders, body.provider);
      if (!provider.redirectUris.includes(body.redirect_uri)) throw invalid('redirect_uri', oidcRules.redirectUri);
      const { url, transaction, expiresAt } = await identityProviders.begin(provider, body.redirect_uri);
      return { authorization_url: url, transaction, expires_at: secondsOfDate(expiresAt) };
    }),
    routes.open(operations.createTokenFromCode, ({ body, remoteAddress, recordIn }) =>
      counted(dependencies, async () => {
        const { transaction, code, state, iss } = body;
        const signIn = await throttled(dependencies, remoteAddress, () =>
          identityProviders.finish({ transaction, code, state, iss }),
        );
        return presentSignIn(await signInExternally(dependencies, signIn, recordIn));
      }),
    ),
    routes.open(operations.createTokenFromIdToken, ({ body, remoteAddress, recordIn }) =>
      counted(dependencies, async () => {
        const signIn = await verified(dependencies, body, remoteAddress);
        return presentSignIn(await signInExternally(dependencies, signIn, recordIn));
      }),
    ),
    routes.signedIn(operations.linkIdentity, async ({ identity, body, remoteAddress, record }) => {
      if (identity.userId === null) throw notFound();
      const { provider, claims } = await verified(dependencies, body, remoteAddress);
      const { issuer, subject } = claims;
      const person = { id: identity.userId, onlyOrganizationIds: identity.onlyOrganizationIds };
      const link = { person, identity: { issuer, subject }, providers: identityProviders.all };
      await linkIdentity(externalUsers, link, () =>
        record({ user_id: identity.userId, provider: provider.name, issuer, subject }),
      );
      return undefined;
    }),
  ];
}

/** What an organization gives to groups of identity providers. */
export function groupRoleRoutes(
  routes: ScopedRoutes,
  { identityProviders, organizations }: Pick<Dependencies, 'identityProviders' | 'organizations'>,
): Route<Principal>[] {
  return [
    routes.inOrganization(operations.getGroupRoles, async ({ organization }) =>
      presentGroupRoles(await organizations.groupRoles(organization.id)),
    ),
    routes.inOrganization(operations.setGroupRoles, async ({ organization, body, record }) => {
      for (const [index, { provider: name }] of body.group_roles.entries()) {
        const provider = identityProviders.all.find((candidate) => candidate.name === name);
        if (provider === undefined || !serves(provider, organization.id)) {
          throw invalid(`group_roles.${String(index)}.provider`, oidcRules.provider);
        }
      }
      const entry = record({ group_roles: body.group_roles });
      if (!(await organizations.setGroupRoles(organization.id, body.group_roles, entry))) throw notFound();
      return presentGroupRoles(body.group_roles);
    }),
  ];
}
