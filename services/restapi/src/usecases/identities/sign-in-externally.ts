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
  readonly organizations: Pick<OrganizationsRepository, 'findMany' | 'groupRolesOf' | 'withMembersLocked'>;
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

/** What the groups of a person are worth in an organization: those that have a role there, and the most powerful one. */
interface Grant {
  readonly role: Role | null;
  readonly groups: readonly string[];
}

type Grants = ReadonlyMap<string, Grant>;

/** What the groups of the person say, by organization. */
async function grantsByOrganization(
  { organizations }: ExternalSignInDependencies,
  { provider, claims }: ExternalSignIn,
): Promise<Grants> {
  const groupRoles = await organizations.groupRolesOf(provider.name);
  const served = [...groupRoles].filter(([organizationId]) => serves(provider, organizationId));
  return new Map(
    served.map(([organizationId, given]) => {
      const groups = claims.groups.filter((group) => given.some((groupRole) => groupRole.group === group));
      return [organizationId, { role: roleOfGroups(given, groups), groups }];
    }),
  );
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
  const outbox = recordIn(user.organizationIds, details);
  // The password may be of whoever has made the user, before the person came.
  if (await externalUsers.linkIdentity(user.id, identity, outbox, { voidsPassword: true })) {
    const linkedNow = await externalUsers.findByIdentity(identity);
    if (linkedNow !== null) return linkedNow;
  }
  const holder = await externalUsers.findByIdentity(identity);
  if (holder?.id === user.id) return holder;
  throw new AppError('identity-linked-already', 'The user has been linked to another identity meanwhile.');
}

async function findOrCreate(
  dependencies: ExternalSignInDependencies,
  signIn: ExternalSignIn,
  { grants, recordIn }: { grants: Grants; recordIn: RecordIn },
): Promise<ExternalUser> {
  const { externalUsers } = dependencies;
  const { provider, claims } = signIn;
  const known = await externalUsers.findByIdentity(identityOf(claims));
  if (known !== null) return known;
  const email = verifiedEmail(claims);
  const ofAddress = await externalUsers.findByEmail(email);
  if (ofAddress !== null) return linkByEmail(dependencies, signIn, { user: ofAddress, recordIn });
  const memberships = [...grants].flatMap(([organizationId, { role }]): SourcedMembership[] =>
    role === null ? [] : [{ organizationId, role, provider: provider.name }],
  );
  if (memberships.length === 0) throw withoutAccess();
  const identity = identityOf(claims);
  const details = { change: 'user created', email, provider: provider.name, ...identity };
  // Each organization is told of the groups that matter there: the others are none of its business.
  const records = memberships.map(({ organizationId }) =>
    recordIn([organizationId], { ...details, groups: grants.get(organizationId)?.groups ?? [] }),
  );
  const user = { identity, email, displayName: claims.displayName ?? email, memberships };
  return externalUsers.createExternal(user, records).catch(async (error: unknown) => {
    // Two first sign-ins at the same moment: the other one was faster.
    const other =
      isAppError(error) && error.code === 'user-exists' ? await externalUsers.findByIdentity(identity) : null;
    if (other === null) throw error;
    return other;
  });
}

/** What has to change so that the memberships are what the groups say; those given by hand stay. */
function changesOf(user: ExternalUser, provider: string, grants: Grants): Map<string, Role | null> {
  const changes = new Map<string, Role | null>();
  for (const [organizationId, { role }] of grants) {
    const isMember = user.memberships.some((membership) => membership.organizationId === organizationId);
    if (!isMember && role !== null) changes.set(organizationId, role);
  }
  for (const membership of user.memberships) {
    if (membership.provider !== provider) continue;
    const role = grants.get(membership.organizationId)?.role ?? null;
    if (role !== membership.role) changes.set(membership.organizationId, role);
  }
  return changes;
}

async function applyGroups(
  { organizations, externalUsers }: ExternalSignInDependencies,
  { provider }: ExternalSignIn,
  { user, grants, recordIn }: { user: ExternalUser; grants: Grants; recordIn: RecordIn },
): Promise<readonly SourcedMembership[]> {
  const after = new Map(user.memberships.map((membership) => [membership.organizationId, membership]));
  for (const [organizationId, role] of changesOf(user, provider.name, grants)) {
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

/** The organizations that the provider speaks for, as far as they exist; null = all. */
async function servedNow(
  { organizations }: ExternalSignInDependencies,
  { organizationIds }: IdentityProvider,
): Promise<readonly string[] | null> {
  if (organizationIds === null) return null;
  return (await organizations.findMany(organizationIds)).map(({ id }) => id);
}

/**
 * A token for the person whom the provider vouches for. The person is known by issuer and subject; who comes for the first
 * time is created when a group has a role. Roles that came from groups are what the groups say in the newest token.
 *
 * @throws AppError `identity-email-unverified`, `identity-link-required`, `identity-linked-already`,
 * `identity-without-access`, `user-exists`, `members-busy`, `metadata-unavailable`
 */
export async function signInExternally(
  dependencies: ExternalSignInDependencies,
  signIn: ExternalSignIn,
  recordIn: RecordIn,
): Promise<IssuedToken> {
  const { provider, claims } = signIn;
  const grants = await grantsByOrganization(dependencies, signIn);
  const user = await findOrCreate(dependencies, signIn, { grants, recordIn });
  // What a token says of groups is as old as the token: an older one must not bring back what a newer one has taken.
  const isNewest = await dependencies.externalUsers.noteIssued(user.id, identityOf(claims), claims.issuedAt);
  const memberships = isNewest ? await applyGroups(dependencies, signIn, { user, grants, recordIn }) : user.memberships;
  const usable = memberships.filter(
    ({ organizationId, provider: source }) =>
      serves(provider, organizationId) && (source === null || source === provider.name),
  );
  const outbox = recordIn(
    usable.length === 0 ? user.organizationIds : usable.map(({ organizationId }) => organizationId),
    { user_id: user.id, provider: provider.name },
  );
  if (usable.length === 0) throw withoutAccess();
  return dependencies.tokens.issue(user, {
    ttlSeconds: dependencies.tokenTtlSeconds,
    outbox,
    onlyOrganizationIds: await servedNow(dependencies, provider),
    provider: provider.name,
  });
}
