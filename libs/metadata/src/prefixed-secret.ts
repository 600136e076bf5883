import { randomBytes } from 'node:crypto';
import { equalHashes, randomSecret, sha256Hex } from './secrets';

const prefixBytes = 8;

/** A secret that is found by its prefix and proved by its hash: `<kind>_<prefix>_<256 random bits>`. */
export interface PrefixedSecret {
  readonly text: string;
  readonly prefix: string;
  readonly sha256: string;
}

/** A new one. The kind lets scanners of leaked secrets know what they have found. */
export function newPrefixedSecret(kind: 'ct' | 'cti'): PrefixedSecret {
  const prefix = randomBytes(prefixBytes).toString('hex');
  const text = `${kind}_${prefix}_${randomSecret()}`;
  return { text, prefix, sha256: sha256Hex(text) };
}

/** The prefix under which the text is stored, if it has the form of such a secret. */
export function prefixOf(kind: 'ct' | 'cti', text: string): string | undefined {
  const [, found, prefix] = /^(cti?)_([0-9a-f]{16})_[A-Za-z0-9_-]{43}$/.exec(text) ?? [];
  return found === kind ? prefix : undefined;
}

/** True when the text is the one that was stored as this hash; in constant time. */
export function provesSecret(text: string, sha256: string): boolean {
  return equalHashes(sha256, sha256Hex(text));
}
