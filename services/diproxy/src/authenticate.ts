import { createHash, timingSafeEqual } from 'node:crypto';
import { AppError } from '@cloudtuner/errors';
import type { AccountCache } from './account-cache';
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

/**
 * The account whose credentials the request carries.
 *
 * @throws unauthenticated, account-deleted, account-not-kubernetes (the last two only to its own credentials),
 * account-lookup-unavailable
 */
export async function authenticate(claim: Claim, accounts: AccountCache, nowMs: number): Promise<WriteIdentity> {
  if (claim.password === undefined) throw unauthenticated();
  const identity = await accounts.find(claim.accountId);
  if (!passwordMatches(identity, claim.password, nowMs) || identity === null) throw unauthenticated();
  if (identity.deletedAt !== null) throw new AppError('account-deleted', 'The cloud account was deleted.');
  if (identity.type !== kubernetesType) {
    throw new AppError('account-not-kubernetes', 'The cloud account is not a Kubernetes cluster.');
  }
  return identity;
}
