import { createHash, timingSafeEqual } from 'node:crypto';
import { AppError } from '@cloudtuner/errors';
import type { AccountCache } from './account-cache';
import type { AuthThrottle } from './auth-throttle';
import type { Claim } from './identify';
import type { WriteIdentity } from './ports';

const kubernetesType = 'kubernetes_cnr';
// At most two passwords are alive; comparing as many for every account keeps the work the same for unknown ones.
const comparisons = 2;
const unmatchable = Buffer.alloc(32);

function passwordMatches(identity: WriteIdentity | null, password: string, nowMs: number): boolean {
  const digest = createHash('sha256').update(password, 'utf8').digest();
  const candidates = (identity?.credentials ?? [])
    .filter(({ expiresAt }) => expiresAt === null || expiresAt.getTime() > nowMs)
    .map(({ passwordSha256 }) => Buffer.from(passwordSha256, 'hex'))
    .filter((candidate) => candidate.length === digest.length);
  let matches = 0;
  for (const candidate of candidates) matches |= Number(timingSafeEqual(candidate, digest));
  for (let spare = candidates.length; spare < comparisons; spare += 1) timingSafeEqual(unmatchable, digest);
  return matches === 1;
}

/** The same for a wrong password and an account that never existed, so that account ids cannot be probed. */
function unauthenticated(): AppError {
  return new AppError('unauthenticated', 'The credentials are missing or not valid for this account.');
}

/** What authentication works with. */
export interface Authentication {
  readonly accounts: AccountCache;
  readonly throttle: AuthThrottle;
  /** Where the request comes from, as the throttle counts it. */
  readonly source: string;
  readonly nowMs: number;
}

/**
 * An address above its rate of failures causes no look-up any more. Credentials that are known to be right still pass:
 * behind one address (NAT, a balancer) there are others than the one who fails.
 */
function refuseThrottled({ accountId, password }: Claim, authentication: Authentication): void {
  const { accounts, throttle, source, nowMs } = authentication;
  const retryAfterMs = throttle.waitMs(source, nowMs);
  if (retryAfterMs === 0) return;
  const known = accounts.peek(accountId);
  if (known !== undefined && password !== undefined && passwordMatches(known, password, nowMs)) return;
  const text = 'Too many writes with wrong credentials came from this address.';
  throw new AppError('auth-failures-throttled', text, { retryAfterMs });
}

/**
 * The account whose credentials the request carries.
 *
 * @throws unauthenticated, auth-failures-throttled, account-deleted, account-not-kubernetes (the last two only to its
 * own credentials), account-lookup-unavailable
 */
export async function authenticate(claim: Claim, authentication: Authentication): Promise<WriteIdentity> {
  const { accounts, throttle, source, nowMs } = authentication;
  refuseThrottled(claim, authentication);
  const identity = claim.password === undefined ? null : await accounts.find(claim.accountId);
  if (claim.password === undefined || !passwordMatches(identity, claim.password, nowMs) || identity === null) {
    throttle.failed(source, nowMs);
    throw unauthenticated();
  }
  if (identity.deletedAt !== null) throw new AppError('account-deleted', 'The cloud account was deleted.');
  if (identity.type !== kubernetesType) {
    throw new AppError('account-not-kubernetes', 'The cloud account is not a Kubernetes cluster.');
  }
  return identity;
}
