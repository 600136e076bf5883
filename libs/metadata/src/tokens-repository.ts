import { randomUUID } from 'node:crypto';
import { AppError } from '@cloudtuner/errors';
import type { Collection, Filter } from 'mongodb';
import type { Guards } from './driver-errors';
import {
  tokenDocument,
  userDocument,
  type Role,
  type TokenDocument,
  type TokenKind,
  type UserDocument,
} from './documents';
import { firstEntry, pushEntry, type OutboxEntry } from './outbox';
import { newPrefixedSecret, prefixOf, provesSecret } from './prefixed-secret';
import { atMost } from './roles';
import type { Membership, VerifiedUser } from './users-repository';

/** A token at the only moment when its text is known. */
export interface IssuedToken {
  readonly id: string;
  /** `ct_<prefix>_<secret>`; the secret has 256 random bits. */
  readonly text: string;
  readonly userId: string;
  readonly expiresAt: Date;
}

/** Who presents a token. */
export interface TokenIdentity {
  readonly tokenId: string;
  readonly kind: TokenKind;
  /** The person it acts for; null for a service. */
  readonly userId: string | null;
  /** E-mail address of the person, or name of the service's token: for people who read logs. */
  readonly name: string;
  /** With the roles that this token may use. */
  readonly memberships: readonly Membership[];
  /** The only cloud accounts it may see; null = all of its organizations. */
  readonly accountIds: readonly string[] | null;
  /** The only organizations it is good for; null = all of the person. Its memberships are in these already. */
  readonly onlyOrganizationIds: readonly string[] | null;
  /** The identity provider that it comes from; null = none. Its memberships are by hand, or by groups of this one. */
  readonly provider: string | null;
}

/** A person, as far as the token at hand speaks for them. */
export interface TokenHolder {
  readonly id: string;
  /** The only organizations that the token at hand is good for; null = all of the person. */
  readonly onlyOrganizationIds: readonly string[] | null;
  /** The identity provider that it comes from; null = none. */
  readonly provider: string | null;
}

/** What a new personal or service token may do. */
export interface NewToken {
  readonly name: string;
  readonly ttlSeconds: number;
  readonly accountIds: readonly string[] | null;
}

/** A token as people see it in a list. */
export interface TokenSummary {
  readonly id: string;
  readonly kind: TokenKind;
  readonly name: string | null;
  readonly prefix: string;
  readonly role: Role | null;
  readonly accountIds: readonly string[] | null;
  readonly createdBy: string | null;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly lastUsedAt: Date | null;
}

/** A token and the only showing of its text. */
export interface CreatedToken {
  readonly token: TokenSummary;
  readonly text: string;
}

/** Bearer tokens. Every method throws `metadata-unavailable` when the store is down or hangs. */
export interface TokensRepository {
  /**
   * For a user whose password was verified: void as soon as that password is changed, even in this moment. With
   * `onlyOrganizationIds` it is worth nothing in other organizations, and without `provider` nothing by what groups have given.
   */
  issue(
    user: Pick<VerifiedUser, 'id' | 'credentialVersion'>,
    options: { ttlSeconds: number; outbox?: OutboxEntry } & Partial<Omit<TokenHolder, 'id'>>,
  ): Promise<IssuedToken>;
  /** A token that acts for the person, with at most this role, in at most these organizations. @throws AppError `too-many-tokens` */
  createPersonal(
    user: TokenHolder,
    token: NewToken & { readonly role: Role | null },
    outbox?: OutboxEntry,
  ): Promise<CreatedToken>;
  /** A token of the organization itself. @throws AppError `too-many-tokens` */
  createService(
    organizationId: string,
    token: NewToken & { readonly role: Role; readonly createdBy: string | null },
    outbox?: OutboxEntry,
  ): Promise<CreatedToken>;
  /** Living tokens of a person, sign-ins included, the newest first: those that are worth nothing outside the organizations of the holder. */
  listOfUser(user: TokenHolder): Promise<TokenSummary[]>;
  /** Living service tokens of the organization, the newest first. */
  listOfOrganization(organizationId: string): Promise<TokenSummary[]>;
  /** The bearer of a token that is known, neither expired nor revoked, and whose user exists; else null. Read afresh each time. */
  authenticate(tokenText: string): Promise<TokenIdentity | null>;
  /** Effective from the next request on. Revoking twice is no error. */
  revoke(tokenId: string, outbox?: OutboxEntry): Promise<void>;
  /** False when the list of `listOfUser` has no such living token. */
  revokeOfUser(user: TokenHolder, tokenId: string, outbox?: OutboxEntry): Promise<boolean>;
  /** False when the organization has no such living service token. */
  revokeOfOrganization(organizationId: string, tokenId: string, outbox?: OutboxEntry): Promise<boolean>;
}

/** `last_used_at` is for people; one write a minute is enough. */
const lastUsedResolutionMs = 60_000;
/** Of a person or an organization, sign-ins apart. */
const maxLivingTokens = 100;

interface Stores {
  readonly tokens: Collection<TokenDocument>;
  readonly users: Collection<UserDocument>;
}

async function findLiveToken(
  tokens: Collection<TokenDocument>,
  text: string,
  now: Date,
): Promise<TokenDocument | null> {
  const prefix = prefixOf('ct', text);
  if (prefix === undefined) return null;
  const found = await tokens.findOne({ prefix });
  if (found === null) return null;
  const token = tokenDocument.parse(found);
  if (!provesSecret(text, token.sha256)) return null;
  return token.revoked_at === null && token.expires_at > now ? token : null;
}

/** True when the token is worth nothing that the holder's is not worth too. */
function isWithin({ only_organization_ids: only }: TokenDocument, { onlyOrganizationIds }: TokenHolder): boolean {
  return onlyOrganizationIds === null || (only?.every((id) => onlyOrganizationIds.includes(id)) ?? false);
}

async function markUsed(tokens: Collection<TokenDocument>, token: TokenDocument, now: Date): Promise<void> {
  if (token.last_used_at !== null && now.getTime() - token.last_used_at.getTime() < lastUsedResolutionMs) return;
  await tokens.updateOne({ _id: token._id }, { $set: { last_used_at: now } });
}

function summaryOf(token: TokenDocument): TokenSummary {
  return {
    id: token._id,
    kind: token.kind,
    name: token.name,
    prefix: token.prefix,
    role: token.role,
    accountIds: token.account_ids,
    createdBy: token.created_by,
    createdAt: token.created_at,
    expiresAt: token.expires_at,
    lastUsedAt: token.last_used_at,
  };
}

async function identityOf(users: Collection<UserDocument>, token: TokenDocument): Promise<TokenIdentity | null> {
  const only = token.only_organization_ids;
  const scope = { accountIds: token.account_ids, onlyOrganizationIds: only, provider: token.provider };
  const base = { tokenId: token._id, kind: token.kind, ...scope };
  if (token.user_id === null) {
    if (token.organization_id === null || token.role === null) return null;
    const memberships = [{ organizationId: token.organization_id, role: token.role }];
    return { ...base, userId: null, name: token.name ?? token.prefix, memberships };
  }
  const found = await users.findOne({ _id: token.user_id });
  if (found === null) return null;
  const user = userDocument.parse(found);
  if (user.credential_version !== token.credential_version) return null;
  const memberships = user.memberships
    .filter(({ organization_id }) => only === null || only.includes(organization_id))
    // What a provider's groups gave is worth as much as a sign-in there: who cannot sign in there any more has lost it.
    .filter(({ provider }) => provider === undefined || provider === token.provider)
    .map(({ organization_id, role }) => ({
      organizationId: organization_id,
      role: token.role === null ? role : atMost(role, token.role),
    }));
  return { ...base, userId: user._id, name: user.email, memberships };
}

/** Tokens in MongoDB. */
export function createTokensRepository(
  { tokens, users }: Stores,
  { run, runUnique }: Guards,
  now: () => Date,
): TokensRepository {
  type Owner = Pick<
    TokenDocument,
    | 'kind'
    | 'name'
    | 'user_id'
    | 'organization_id'
    | 'role'
    | 'account_ids'
    | 'created_by'
    | 'only_organization_ids'
    | 'provider'
  >;

  const insert = async (
    owner: Owner,
    options: { ttlSeconds: number; credentialVersion: number; outbox: OutboxEntry | undefined },
  ): Promise<{ document: TokenDocument; text: string }> => {
    const { text, prefix, sha256 } = newPrefixedSecret('ct');
    const createdAt = now();
    const document: TokenDocument = {
      _id: randomUUID(),
      ...owner,
      prefix,
      sha256,
      credential_version: options.credentialVersion,
      created_at: createdAt,
      expires_at: new Date(createdAt.getTime() + options.ttlSeconds * 1000),
      last_used_at: null,
      revoked_at: null,
      ...firstEntry(options.outbox),
    };
    await tokens.insertOne(document);
    return { document, text };
  };
  const living = (filter: Filter<TokenDocument>): Filter<TokenDocument> => ({
    ...filter,
    revoked_at: null,
    expires_at: { $gt: now() },
  });
  const requireRoom = async (filter: Filter<TokenDocument>): Promise<void> => {
    if ((await tokens.countDocuments(living(filter))) < maxLivingTokens) return;
    throw new AppError('too-many-tokens', `There are ${String(maxLivingTokens)} living tokens already.`);
  };
  const list = async (
    filter: Filter<TokenDocument>,
    isShown: (token: TokenDocument) => boolean = () => true,
  ): Promise<TokenSummary[]> => {
    const found = (await tokens.find(living(filter)).toArray()).map((document) => tokenDocument.parse(document));
    const shown = found.filter(isShown).map(summaryOf);
    return shown.sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime() || (a.id < b.id ? -1 : 1));
  };
  const revokeOne = async (filter: Filter<TokenDocument>, outbox: OutboxEntry | undefined): Promise<boolean> => {
    const update = { $set: { revoked_at: now() }, ...pushEntry(outbox) };
    const { matchedCount } = await tokens.updateOne({ ...filter, revoked_at: null }, update);
    return matchedCount === 1;
  };

  return {
    issue: ({ id: userId, credentialVersion }, { ttlSeconds, outbox, onlyOrganizationIds = null, provider = null }) =>
      runUnique(async () => {
        const nobody = { name: null, organization_id: null, role: null, account_ids: null, created_by: userId };
        const only = {
          only_organization_ids: onlyOrganizationIds === null ? null : [...onlyOrganizationIds],
          provider,
        };
        const owner = { kind: 'session' as const, user_id: userId, ...nobody, ...only };
        const { document, text } = await insert(owner, { ttlSeconds, credentialVersion, outbox });
        return { id: document._id, text, userId, expiresAt: document.expires_at };
      }),
    createPersonal: ({ id: userId, onlyOrganizationIds, provider }, { name, ttlSeconds, accountIds, role }, outbox) =>
      runUnique(async () => {
        await requireRoom({ user_id: userId, kind: 'personal' });
        const found = await users.findOne({ _id: userId });
        const { credential_version: credentialVersion } = userDocument.parse(found);
        const scope = {
          role,
          account_ids: accountIds === null ? null : [...accountIds],
          only_organization_ids: onlyOrganizationIds === null ? null : [...onlyOrganizationIds],
          provider,
        };
        const owner = { kind: 'personal' as const, name, user_id: userId, organization_id: null, created_by: userId };
        const made = await insert({ ...owner, ...scope }, { ttlSeconds, credentialVersion, outbox });
        return { token: summaryOf(made.document), text: made.text };
      }),
    createService: (organizationId, { name, ttlSeconds, accountIds, role, createdBy }, outbox) =>
      runUnique(async () => {
        await requireRoom({ organization_id: organizationId, kind: 'service' });
        const accounts = accountIds === null ? null : [...accountIds];
        const scope = { role, account_ids: accounts, only_organization_ids: null, provider: null };
        const owner = { kind: 'service' as const, name, user_id: null, organization_id: organizationId };
        const insertion = { ...owner, created_by: createdBy, ...scope };
        const made = await insert(insertion, { ttlSeconds, credentialVersion: 0, outbox });
        return { token: summaryOf(made.document), text: made.text };
      }),
    listOfUser: (user) => run(() => list({ user_id: user.id }, (token) => isWithin(token, user))),
    listOfOrganization: (organizationId) => run(() => list({ organization_id: organizationId, kind: 'service' })),
    authenticate: (tokenText) =>
      run(async () => {
        const token = await findLiveToken(tokens, tokenText, now());
        if (token === null) return null;
        const identity = await identityOf(users, token);
        if (identity !== null) await markUsed(tokens, token, now());
        return identity;
      }),
    revoke: (tokenId, outbox) =>
      run(async () => {
        await revokeOne({ _id: tokenId }, outbox);
      }),
    revokeOfUser: (user, tokenId, outbox) =>
      run(async () => {
        const own = { _id: tokenId, user_id: user.id };
        const found = await tokens.findOne(own);
        // What a token is good for never changes.
        return found !== null && isWithin(tokenDocument.parse(found), user) && revokeOne(own, outbox);
      }),
    revokeOfOrganization: (organizationId, tokenId, outbox) =>
      run(() => revokeOne({ _id: tokenId, organization_id: organizationId, kind: 'service' }, outbox)),
  };
}
