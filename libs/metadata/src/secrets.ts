import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

const secretBytes = 32;

/** A secret of 256 random bits as base64url. It cannot be guessed, so its plain SHA-256 is safe to store. */
export function randomSecret(): string {
  return randomBytes(secretBytes).toString('base64url');
}

/** The SHA-256 of a text, in hex. */
export function sha256Hex(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

/** Compares two hashes of the same form in constant time. */
export function equalHashes(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left, 'utf8'), Buffer.from(right, 'utf8')];
  return a.length === b.length && timingSafeEqual(a, b);
}
