import { AppError, isAppError } from '@cloudtuner/errors';
import type {
  ExternalUser,
  ExternalUsersRepository,
  IssuedToken,
  OrganizationsRepository,
  OutboxEntry,
  Role,
  SourcedMembership,
  TokensRepository,
} from '@cloudtuner/metadata';
import { roleOfGroups, serves, type IdentityClaims, type IdentityProvider } from '../../domain/identity-provider';

/** Stores of {@link signInExternally}. */
export interface ExternalSignInDependencies {
  readonly organizations: Pick<OrganizationsRepository, 'groupRolesOf' | 'withMembersLocked'>;
  readonly externalUsers: ExternalUsersRepository;
  readonly tokens: Pick<TokensRepository, 'issue'>;
  readonly tokenTtlSeconds: number;
}

/** Whom a provider has vouched for. */
export interface ExternalSignIn {
  readonly provider: IdentityProvider;
  readonly claims: IdentityClaims;
}

type RecordIn = (organizationIds: readonly string[], details: Readonly<Record<string, unknown>>) => OutboxEntry;

const identityOf = ({ issuer, subject }: IdentityClaims) => ({ issuer, subject });

/** What the groups of the person say, by organization; where none has a role, null. */
async function rolesByOrganization(
  { organizations }: ExternalSignInDependencies,
  { provider, claims }: ExternalSignIn,
): Promise<ReadonlyMap<string, Role | null>> {
  const groupRoles = await organizations.groupRolesOf(provider.name);
  const served = [...groupRoles].filter(([organizationId]) => serves(provider, organizationId));
  return new Map(served.map(([organizationId, of]) => [organizationId, roleOfGroups(of, claims.groups)]));
}

const withoutAccess = (): AppError =>
  new AppError('identity-without-access', 'None of the groups of this person has a role here.');

/** The address that a first sign-in is known by. @throws AppError `identity-email-unverified` */
function verifiedEmail({ email, emailVerified }: IdentityClaims): string {
  if (email !== null && emailVerified) return email;
  throw new AppError('identity-email-unverified', 'A first sign-in needs an e-mail address that is verified.');
}

/**
 * A user of that address becomes the person. Only where the operator says that the provider's addresses are proof enough, and
 * never with roles in organizations that the provider does not speak for: its owner could have made up the address.
 */
async function linkByEmail(
  { externalUsers }: ExternalSignInDependencies,
  { provider, claims }: ExternalSignIn,
  { user, recordIn }: { user: ExternalUser; recordIn: RecordIn },
): Promise<ExternalUser> {
  const identity = identityOf(claims);
  const linked = user.identities.find(({ issuer }) => issuer === identity.issuer);
  // Another first sign-in of the same person was faster by a moment.
  if (linked?.subject === identity.subject) return user;
  if (linked !== undefined) {
    throw new AppError('identity-linked-already', 'The user with this address has another identity of the provider.');
  }
  if (!provider.linkByEmail || !user.organizationIds.every((id) => serves(provider, id))) {
    throw new AppError('identity-link-required', 'There is a user with this address, who has to link this identity.');
  }
  const details = { change: 'identity linked by e-mail', user_id: user.id, provider: provider.name, ...identity };
  const isDone = await externalUsers.linkIdentity(user.id, identity, recordIn(user.organizationIds, details));
  if (isDone) return { ...user, identities: [...user.identities, identity] };
  const holder = await externalUsers.findByIdentity(identity);
  if (holder?.id === user.id) return holder;
  throw new AppError('identity-linked-already', 'The user has been linked to another identity meanwhile.');
}

async function findOrCreate(
  dependencies: ExternalSignInDependencies,
  signIn: ExternalSignIn,
  { roles, recordIn }: { roles: ReadonlyMap<string, Role | null>; recordIn: RecordIn },
): Promise<ExternalUser> {
  const { externalUsers } = dependencies;
  const { provider, claims } = signIn;
  const known = await externalUsers.findByIdentity(identityOf(claims));
  if (known !== null) return known;
  const email = verifiedEmail(claims);
  const ofAddress = await externalUsers.findByEmail(email);
  if (ofAddress !== null) return linkByEmail(dependencies, signIn, { user: ofAddress, recordIn });
  const memberships = [...roles].flatMap(([organizationId, role]): SourcedMembership[] =>
    role === null ? [] : [{ organizationId, role, provider: provider.name }],
  );
  if (memberships.length === 0) throw withoutAccess();
  const identity = identityOf(claims);
  const details = { change: 'user created', email, provider: provider.name, ...identity, groups: claims.groups };
  const record = recordIn(
    memberships.map(({ organizationId }) => organizationId),
    details,
  );
  const user = { identity, email, displayName: claims.displayName ?? email, memberships };
  return externalUsers.createExternal(user, record).catch(async (error: unknown) => {
    // Two first sign-ins at the same moment: the other one was faster.
    const other =
      isAppError(error) && error.code === 'user-exists' ? await externalUsers.findByIdentity(identity) : null;
    if (other === null) throw error;
    return other;
  });
}

/** What has to change so that the memberships are what the groups say; those given by hand stay. */
function changesOf(
  user: ExternalUser,
  provider: string,
  roles: ReadonlyMap<string, Role | null>,
): Map<string, Role | null> {
  const changes = new Map<string, Role | null>();
  for (const [organizationId, role] of roles) {
    const isMember = user.memberships.some((membership) => membership.organizationId === organizationId);
    if (!isMember && role !== null) changes.set(organizationId, role);
  }
  for (const membership of user.memberships) {
    if (membership.provider !== provider) continue;
    const role = roles.get(membership.organizationId) ?? null;
    if (role !== membership.role) changes.set(membership.organizationId, role);
  }
  return changes;
}

async function applyGroups(
  { organizations, externalUsers }: ExternalSignInDependencies,
  { provider }: ExternalSignIn,
  { user, roles, recordIn }: { user: ExternalUser; roles: ReadonlyMap<string, Role | null>; recordIn: RecordIn },
): Promise<readonly SourcedMembership[]> {
  const after = new Map(user.memberships.map((membership) => [membership.organizationId, membership]));
  for (const [organizationId, role] of changesOf(user, provider.name, roles)) {
    const from = after.get(organizationId)?.role ?? null;
    const details = { change: 'role by groups', user_id: user.id, provider: provider.name, role: { from, to: role } };
    const wish = { provider: provider.name, role };
    try {
      await organizations.withMembersLocked(organizationId, () =>
        externalUsers.setGroupRole(organizationId, user.id, wish, recordIn([organizationId], details)),
      );
    } catch (error) {
      // An organization keeps at least one owner: this one stays what it was until there is another.
      if (isAppError(error) && error.code === 'last-owner') continue;
      throw error;
    }
    if (role === null) after.delete(organizationId);
    else after.set(organizationId, { organizationId, role, provider: provider.name });
  }
  return [...after.values()];
}

/**
 * A token for the person whom the provider vouches for. The person is known by issuer and subject; who comes for the first
 * time is created when a group has a role. Roles that came from groups are what the groups say now.
 *
 * @throws AppError `identity-email-unverified`, `identity-link-required`, `identity-linked-already`,
 * `identity-without-access`, `user-exists`, `members-busy`, `metadata-unavailable`
 */
export async function signInExternally(
  dependencies: ExternalSignInDependencies,
  signIn: ExternalSignIn,
  recordIn: RecordIn,
): Promise<IssuedToken> {
  const { provider } = signIn;
  const roles = await rolesByOrganization(dependencies, signIn);
  const user = await findOrCreate(dependencies, signIn, { roles, recordIn });
  const memberships = await applyGroups(dependencies, signIn, { user, roles, recordIn });
  const usable = memberships.filter(({ organizationId }) => serves(provider, organizationId));
  const outbox = recordIn(
    usable.length === 0 ? user.organizationIds : usable.map(({ organizationId }) => organizationId),
    { user_id: user.id, provider: provider.name },
  );
  if (usable.length === 0) throw withoutAccess();
  return dependencies.tokens.issue(user, {
    ttlSeconds: dependencies.tokenTtlSeconds,
    outbox,
    onlyOrganizationIds: provider.organizationIds,
  });
}
