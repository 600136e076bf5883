import { createHash } from 'node:crypto';
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
  readonly throttle: SignInThrottle;
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

/** Whom an ID token claims to be about, before anything of it is believed: wrong ones are counted by this. */
function claimedSubject(idToken: string): string {
  try {
    const claims: unknown = JSON.parse(Buffer.from(idToken.split('.')[1] ?? '', 'base64url').toString('utf8'));
    return String(Reflect.get(Object(claims), 'sub')).slice(0, 255);
  } catch {
    return '';
  }
}

/**
 * Does what may fail because of what was sent, and counts only that. By sender and person as with passwords, since behind a
 * proxy all senders have one address and must not lock each other out.
 */
async function throttled<T>({ throttle }: Dependencies, key: string, work: () => Promise<T>): Promise<T> {
  throttle.begin(key);
  try {
    const result = await work();
    throttle.clear(key);
    return result;
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'identity-refused') throttle.forgive(key);
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
  const key = `${remoteAddress} ${name} ${claimedSubject(idToken)}`;
  const claims = await throttled(dependencies, key, () =>
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
        const key = `${remoteAddress} ${createHash('sha256').update(transaction).digest('hex')}`;
        const signIn = await throttled(dependencies, key, () =>
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
      await linkIdentity(externalUsers, identity.userId, { issuer, subject }, () =>
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
