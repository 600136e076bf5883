import { randomBytes, randomUUID } from 'node:crypto';
import type { Collection } from 'mongodb';
import type { Guards } from './driver-errors';
import { tokenDocument, userDocument, type TokenDocument, type UserDocument } from './documents';
import { equalHashes, randomSecret, sha256Hex } from './secrets';
import type { Membership } from './users-repository';

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
  readonly userId: string;
  readonly email: string;
  readonly memberships: readonly Membership[];
}

/** Bearer tokens of users. Every method throws `metadata-unavailable` when the store is down or hangs. */
export interface TokensRepository {
  issue(userId: string, options: { ttlSeconds: number }): Promise<IssuedToken>;
  /** The bearer of a token that is known, neither expired nor revoked, and whose user exists; else null. Read afresh each time. */
  authenticate(tokenText: string): Promise<TokenIdentity | null>;
  /** Effective from the next request on. Revoking twice is no error. */
  revoke(tokenId: string): Promise<void>;
}

const tokenPattern = /^ct_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/;
const prefixBytes = 8;
/** `last_used_at` is for people; one write a minute is enough. */
const lastUsedResolutionMs = 60_000;

interface Stores {
  readonly tokens: Collection<TokenDocument>;
  readonly users: Collection<UserDocument>;
}

async function findLiveToken(
  tokens: Collection<TokenDocument>,
  text: string,
  now: Date,
): Promise<TokenDocument | null> {
  const [, prefix] = tokenPattern.exec(text) ?? [];
  if (prefix === undefined) return null;
  const found = await tokens.findOne({ prefix });
  if (found === null) return null;
  const token = tokenDocument.parse(found);
  if (!equalHashes(token.sha256, sha256Hex(text))) return null;
  return token.revoked_at === null && token.expires_at > now ? token : null;
}

async function markUsed(tokens: Collection<TokenDocument>, token: TokenDocument, now: Date): Promise<void> {
  if (token.last_used_at !== null && now.getTime() - token.last_used_at.getTime() < lastUsedResolutionMs) return;
  await tokens.updateOne({ _id: token._id }, { $set: { last_used_at: now } });
}

/** Tokens in MongoDB. */
export function createTokensRepository(
  { tokens, users }: Stores,
  { run, runUnique }: Guards,
  now: () => Date,
): TokensRepository {
  return {
    issue: (userId, { ttlSeconds }) =>
      runUnique(async () => {
        const prefix = randomBytes(prefixBytes).toString('hex');
        const text = `ct_${prefix}_${randomSecret()}`;
        const createdAt = now();
        const expiresAt = new Date(createdAt.getTime() + ttlSeconds * 1000);
        const id = randomUUID();
        await tokens.insertOne({
          _id: id,
          prefix,
          sha256: sha256Hex(text),
          user_id: userId,
          created_at: createdAt,
          expires_at: expiresAt,
          last_used_at: null,
          revoked_at: null,
        });
        return { id, text, userId, expiresAt };
      }),
    authenticate: (tokenText) =>
      run(async () => {
        const token = await findLiveToken(tokens, tokenText, now());
        if (token === null) return null;
        const found = await users.findOne({ _id: token.user_id });
        if (found === null) return null;
        await markUsed(tokens, token, now());
        const user = userDocument.parse(found);
        return {
          tokenId: token._id,
          userId: user._id,
          email: user.email,
          memberships: user.memberships.map(({ organization_id, role }) => ({ organizationId: organization_id, role })),
        };
      }),
    revoke: (tokenId) =>
      run(async () => {
        await tokens.updateOne({ _id: tokenId, revoked_at: null }, { $set: { revoked_at: now() } });
      }),
  };
}
