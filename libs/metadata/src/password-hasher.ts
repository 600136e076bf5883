import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { createGate } from './admission-gate';
import type { PasswordHash } from './documents';

/** 128 × cost × block size = 64 MiB a hash. Source: RFC 7914, section 2, with the parameters OWASP names for N = 2^16. */
const parameters = { cost: 2 ** 16, block_size: 8, parallelization: 2 } as const;
const saltBytes = 16;
const hashBytes = 32;
/** Memory is bounded by hashes at work at once; who would wait behind more than this hears at once that we are busy. */
const maxConcurrent = 2;
const maxWaiting = 32;
/** A stored hash beyond this is refused rather than computed. */
const maxMemoryBytes = 160 * 1024 * 1024;

/** Hashes and checks passwords off the main thread, a bounded number at a time. */
export interface PasswordHasher {
  /** @throws AppError `overloaded` */
  hash(password: string): Promise<PasswordHash>;
  /** False for a null hash after the same work, so that an unknown user costs as much as a known one. @throws AppError `overloaded` */
  verify(password: string, stored: PasswordHash | null): Promise<boolean>;
}

function derive(password: string, salt: Buffer, hash: Pick<PasswordHash, 'cost' | 'block_size' | 'parallelization'>) {
  const options = { N: hash.cost, r: hash.block_size, p: hash.parallelization, maxmem: maxMemoryBytes };
  return new Promise<Buffer>((resolve, reject) => {
    scrypt(password.normalize('NFKC'), salt, hashBytes, options, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}

/** scrypt with our parameters; a stored hash is checked with its own. */
export function createPasswordHasher(): PasswordHasher {
  const gate = createGate({ maxConcurrent, maxWaiting });
  const decoySalt = randomBytes(saltBytes);
  return {
    hash: (password) =>
      gate(async () => {
        const salt = randomBytes(saltBytes);
        const key = await derive(password, salt, parameters);
        return {
          algorithm: 'scrypt',
          ...parameters,
          salt: salt.toString('base64url'),
          hash: key.toString('base64url'),
        };
      }),
    verify: (password, stored) =>
      gate(async () => {
        if (stored === null) {
          await derive(password, decoySalt, parameters);
          return false;
        }
        const key = await derive(password, Buffer.from(stored.salt, 'base64url'), stored);
        const expected = Buffer.from(stored.hash, 'base64url');
        return key.length === expected.length && timingSafeEqual(key, expected);
      }),
  };
}
