import { AppError } from '@cloudtuner/errors';
import type { IssuedToken, OutboxEntry, TokensRepository, UsersRepository, VerifiedUser } from '@cloudtuner/metadata';
import { normaliseEmail } from '@cloudtuner/metadata';
import type { SignInThrottle } from '../domain/sign-in-throttle';

interface Dependencies {
  readonly users: Pick<UsersRepository, 'verifyPassword'>;
  readonly tokens: Pick<TokensRepository, 'issue'>;
  readonly throttle: SignInThrottle;
  readonly tokenTtlSeconds: number;
}

/**
 * A token for the user with this e-mail address and password.
 *
 * @throws AppError `invalid-credentials`, `sign-in-throttled`, `overloaded`, `metadata-unavailable`
 */
export async function signIn(
  { users, tokens, throttle, tokenTtlSeconds }: Dependencies,
  attempt: { email: string; password: string; remoteAddress: string },
  recordIn: (organizationIds: readonly string[], details: { user_id: string }) => OutboxEntry,
): Promise<IssuedToken> {
  const key = `${attempt.remoteAddress} ${normaliseEmail(attempt.email)}`;
  throttle.begin(key);
  let user: VerifiedUser | null;
  try {
    user = await users.verifyPassword(attempt.email, attempt.password);
  } catch (error) {
    throttle.forgive(key);
    throw error;
  }
  if (user === null) {
    throw new AppError('invalid-credentials', 'The e-mail address and the password do not belong together.');
  }
  throttle.clear(key);
  const outbox = recordIn(user.organizationIds, { user_id: user.id });
  return tokens.issue(user, { ttlSeconds: tokenTtlSeconds, outbox });
}
