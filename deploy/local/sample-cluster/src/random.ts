import { createHash } from 'node:crypto';

/** Kubernetes' alphabet for generated names: no vowels, so no words. */
const NAME_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';
const UINT32_RANGE = 2 ** 32;
const BLOCK_BYTES = 512;
const BYTES_PER_WORD = 4;

/** Numbers and names that depend on nothing but a key. */
export interface Random {
  /** In [0, 1). */
  fraction(): number;
  /** In [low, high). */
  between(low: number, high: number): number;
  /** A whole number in [low, high]. */
  integer(low: number, high: number): number;
  /** Lower-case hexadecimal digits. */
  hex(digits: number): string;
  /** The random end of a generated Kubernetes name. */
  nameSuffix(length: number): string;
  /** In the form of a version 4 UUID. */
  uuid(): string;
}

/**
 * The random stream of a key: SHAKE256 in counter mode. The same key gives the same stream on every machine, and keys
 * that differ give unrelated streams, so adding a workload to a profile changes no number of the others.
 */
export function createRandom(...key: readonly (string | number)[]): Random {
  const prefix = JSON.stringify(key);
  let blockIndex = 0;
  let block = Buffer.alloc(0);
  let offset = 0;

  const nextWord = (): number => {
    if (offset === block.length) {
      const hash = createHash('shake256', { outputLength: BLOCK_BYTES });
      block = hash.update(`${prefix}#${String(blockIndex++)}`).digest();
      offset = 0;
    }
    offset += BYTES_PER_WORD;
    return block.readUInt32BE(offset - BYTES_PER_WORD);
  };
  const fraction = (): number => nextWord() / UINT32_RANGE;
  const integer = (low: number, high: number): number => low + Math.floor(fraction() * (high - low + 1));
  const letters = (alphabet: string, length: number): string =>
    Array.from({ length }, () => alphabet.charAt(integer(0, alphabet.length - 1))).join('');
  const hex = (digits: number): string => letters('0123456789abcdef', digits);

  return {
    fraction,
    integer,
    hex,
    between: (low, high) => low + fraction() * (high - low),
    nameSuffix: (length) => letters(NAME_ALPHABET, length),
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-${letters('89ab', 1)}${hex(3)}-${hex(12)}`,
  };
}
