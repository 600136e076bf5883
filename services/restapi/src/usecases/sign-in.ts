import { AppError } from '@cloudtuner/errors';
import type { IssuedToken, TokensRepository, UsersRepository } from '@cloudtuner/metadata';
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
): Promise<IssuedToken> {
  const key = `${attempt.remoteAddress} ${normaliseEmail(attempt.email)}`;
  throttle.begin(key);
  let userId: string | null;
  try {
    userId = await users.verifyPassword(attempt.email, attempt.password);
  } catch (error) {
    throttle.forgive(key);
    throw error;
  }
  if (userId === null) {
    throw new AppError('invalid-credentials', 'The e-mail address and the password do not belong together.');
  }
  throttle.clear(key);
  return tokens.issue(userId, { ttlSeconds: tokenTtlSeconds });
}
