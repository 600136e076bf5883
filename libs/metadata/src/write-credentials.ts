import type { CloudAccountDocument } from './documents';

type StoredCredential = CloudAccountDocument['write_credentials'][number];

/**
 * The credentials after a rotation: the new one, and the newest of those before, which ends `overlapSeconds` from now
 * or when it would have ended anyway, whichever is first. All older ones are gone, so at most two are ever alive.
 */
export function rotated(
  before: readonly StoredCredential[],
  rotation: { passwordSha256: string; now: Date; overlapSeconds: number },
): { credentials: StoredCredential[]; previousExpiresAt: Date } {
  const { passwordSha256, now, overlapSeconds } = rotation;
  const previousExpiresAt = new Date(now.getTime() + overlapSeconds * 1000);
  const newest = before.at(-1);
  const kept =
    newest === undefined || overlapSeconds === 0
      ? []
      : [{ ...newest, expires_at: earlier(newest.expires_at, previousExpiresAt) }];
  return {
    credentials: [...kept, { password_sha256: passwordSha256, created_at: now, expires_at: null }],
    previousExpiresAt,
  };
}

function earlier(expiresAt: Date | null, limit: Date): Date {
  return expiresAt !== null && expiresAt < limit ? expiresAt : limit;
}
