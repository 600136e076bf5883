import { AppError } from '@cloudtuner/errors';
import type {
  CloudAccountsRepository,
  CreatedToken,
  OutboxEntry,
  TokenHolder,
  TokenIdentity,
  TokensRepository,
  TokenSummary,
  UsersRepository,
} from '@cloudtuner/metadata';
import { operations } from '@cloudtuner/restapi-client';
import type { Route } from '@cloudtuner/service-kit';
import type { SignInThrottle } from '../../domain/sign-in-throttle';
import { secondsOfDate } from '../present-costs';
import type { Principal } from '../principal';
import { notFound } from '../scope-checks';
import type { ScopedRoutes } from '../scoped-routes';

interface Dependencies {
  readonly users: Pick<UsersRepository, 'changePassword'>;
  readonly tokens: TokensRepository;
  readonly cloudAccounts: Pick<CloudAccountsRepository, 'findAmong'>;
  readonly throttle: SignInThrottle;
}

const presentToken = (token: TokenSummary) => ({
  id: token.id,
  kind: token.kind,
  name: token.name,
  prefix: token.prefix,
  role: token.role,
  cloud_account_ids: token.accountIds === null ? null : [...token.accountIds],
  created_by: token.createdBy,
  created_at: secondsOfDate(token.createdAt),
  expires_at: secondsOfDate(token.expiresAt),
  last_used_at: token.lastUsedAt === null ? null : secondsOfDate(token.lastUsedAt),
});

const presentCreated = ({ token, text }: CreatedToken) => ({ ...presentToken(token), token: text });

/** A sign-in belongs to a person. */
function personOf({ userId }: TokenIdentity): string {
  if (userId === null) throw new AppError('forbidden', 'This is about a person, and the token is of a service.');
  return userId;
}

/** @throws AppError `not-found` when one of the accounts is not of these organizations. */
async function requireAccounts(
  cloudAccounts: Dependencies['cloudAccounts'],
  organizationIds: readonly string[],
  accountIds: readonly string[] | null,
): Promise<void> {
  for (const accountId of new Set(accountIds ?? [])) {
    if ((await cloudAccounts.findAmong(organizationIds, accountId)) === null) {
      throw new AppError('not-found', 'One of the cloud accounts does not exist.');
    }
  }
}

/** The person, as far as this token speaks for them. */
const holderOf = (identity: TokenIdentity): TokenHolder => ({
  id: personOf(identity),
  onlyOrganizationIds: identity.onlyOrganizationIds,
  provider: identity.provider,
});

/** Changes the own password; wrong ones are counted as wrong sign-ins are. */
async function changePassword(
  { users, throttle }: Dependencies,
  identity: TokenIdentity,
  attempt: { readonly current: string; readonly next: string; readonly remoteAddress: string },
  outbox: OutboxEntry,
): Promise<void> {
  const key = `${attempt.remoteAddress} ${identity.name}`;
  throttle.begin(key);
  let changed: boolean;
  try {
    changed = await users.changePassword(personOf(identity), attempt, outbox);
  } catch (error) {
    throttle.forgive(key);
    throw error;
  }
  if (!changed) throw new AppError('invalid-credentials', 'The current password is another.');
  throttle.clear(key);
}

/** The signed-in person and the own tokens. */
export function personalTokenRoutes(routes: ScopedRoutes, dependencies: Dependencies): Route<Principal>[] {
  const { tokens, cloudAccounts } = dependencies;
  return [
    routes.signedIn(operations.getCurrentUser, ({ identity }) => ({
      user_id: identity.userId,
      name: identity.name,
      token_id: identity.tokenId,
      kind: identity.kind,
      organizations: identity.memberships.map(({ organizationId, role }) => ({ id: organizationId, role })),
      cloud_account_ids: identity.accountIds === null ? null : [...identity.accountIds],
    })),
    routes.signedIn(operations.changePassword, async ({ identity, body, remoteAddress, record }) => {
      const attempt = { current: body.current_password, next: body.new_password, remoteAddress };
      await changePassword(dependencies, identity, attempt, record({ user_id: identity.userId }));
      return undefined;
    }),
    routes.signedIn(operations.listPersonalTokens, async ({ identity }) => ({
      tokens: (await tokens.listOfUser(holderOf(identity))).map(presentToken),
    })),
    routes.signedIn(operations.createPersonalToken, async ({ identity, body, record }) => {
      const { name, role, expires_in_seconds: ttlSeconds, cloud_account_ids: accountIds } = body;
      const organizationIds = identity.memberships.map(({ organizationId }) => organizationId);
      await requireAccounts(cloudAccounts, organizationIds, accountIds);
      const entry = record({ name, role, ttl_seconds: ttlSeconds, cloud_account_ids: accountIds });
      const wish = { name, role, ttlSeconds, accountIds };
      return presentCreated(await tokens.createPersonal(holderOf(identity), wish, entry));
    }),
    routes.signedIn(operations.revokePersonalToken, async ({ identity, params, record }) => {
      const entry = record({});
      if (!(await tokens.revokeOfUser(holderOf(identity), params.token_id, entry))) throw notFound();
      return undefined;
    }),
    routes.signedIn(operations.revokeCurrentToken, async ({ identity, record }) => {
      await tokens.revoke(identity.tokenId, record({}));
      return undefined;
    }),
  ];
}

/** The tokens of an organization's services. */
export function serviceTokenRoutes(
  routes: ScopedRoutes,
  { tokens, cloudAccounts }: Pick<Dependencies, 'tokens' | 'cloudAccounts'>,
): Route<Principal>[] {
  return [
    routes.inOrganization(operations.listServiceTokens, async ({ organization }) => ({
      tokens: (await tokens.listOfOrganization(organization.id)).map(presentToken),
    })),
    routes.inOrganization(operations.createServiceToken, async ({ organization, identity, body, record }) => {
      const { name, role, expires_in_seconds: ttlSeconds, cloud_account_ids: accountIds } = body;
      await requireAccounts(cloudAccounts, [organization.id], accountIds);
      const entry = record({ name, role, ttl_seconds: ttlSeconds, cloud_account_ids: accountIds });
      const wish = { name, role, ttlSeconds, accountIds, createdBy: identity.userId };
      return presentCreated(await tokens.createService(organization.id, wish, entry));
    }),
    routes.inOrganization(operations.revokeServiceToken, async ({ organization, params, record }) => {
      const entry = record({});
      if (!(await tokens.revokeOfOrganization(organization.id, params.token_id, entry))) throw notFound();
      return undefined;
    }),
  ];
}
