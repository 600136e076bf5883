import { createHash, timingSafeEqual } from 'node:crypto';
import { AppError } from '@cloudtuner/errors';
import { secretHeader } from '@cloudtuner/metroculus-client';
import type { AuthenticationRequest } from '@cloudtuner/service-kit';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Checks the cluster secret. Digests are compared, in constant time, so that not even its length can be measured. */
export function createAuthenticator(clusterSecret: string): (request: AuthenticationRequest) => Promise<undefined> {
  const expected = digest(clusterSecret);
  const header = secretHeader.toLowerCase();
  return ({ headers }) => {
    const given = headers[header];
    if (typeof given === 'string' && timingSafeEqual(digest(given), expected)) return Promise.resolve(undefined);
    return Promise.reject(new AppError('unauthenticated', 'The Secret header is missing or wrong.'));
  };
}
