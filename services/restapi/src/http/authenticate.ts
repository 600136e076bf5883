import { createHash, timingSafeEqual } from 'node:crypto';
import { AppError } from '@cloudtuner/errors';
import type { TokensRepository } from '@cloudtuner/metadata';
import type { AuthenticationRequest } from '@cloudtuner/service-kit';
import type { Principal } from './principal';

const bearerPattern = /^Bearer +([A-Za-z0-9_-]{1,200})$/i;

const digest = (text: string): Buffer => createHash('sha256').update(text, 'utf8').digest();

/**
 * Who sends a request, by what its route asks for. A store that does not answer is `metadata-unavailable`, never
 * `unauthenticated`: a client must not throw its token away because of an outage.
 */
export function createAuthenticate(dependencies: {
  tokens: Pick<TokensRepository, 'authenticate'>;
  clusterSecret: string;
}): (request: AuthenticationRequest) => Promise<Principal> {
  const { tokens, clusterSecret } = dependencies;
  // Hashes have one length, which is what a comparison in constant time needs.
  const expected = digest(clusterSecret);
  return async ({ access, headers }) => {
    if (access === 'public') return { kind: 'anonymous' };
    if (access === 'cluster-secret') {
      const presented = headers['secret'];
      if (typeof presented === 'string' && timingSafeEqual(digest(presented), expected)) return { kind: 'operator' };
      throw new AppError('unauthenticated', 'This needs the cluster secret in the header Secret.');
    }
    const [, token] = bearerPattern.exec(headers.authorization ?? '') ?? [];
    const identity = token === undefined ? null : await tokens.authenticate(token);
    if (identity === null) throw new AppError('unauthenticated', 'This needs a valid bearer token.');
    if (access === 'session' && identity.kind !== 'session') {
      throw new AppError('forbidden', 'This needs a sign-in; personal and service tokens may not do it.');
    }
    return { kind: 'user', identity };
  };
}
