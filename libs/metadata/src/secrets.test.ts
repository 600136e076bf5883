import { equalHashes, randomSecret, sha256Hex } from './secrets';

describe('secrets', () => {
  // FIPS 180-2, appendix B.1.
  it('hashes with SHA-256 in hex', () => {
    expect(sha256Hex('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });

  it('makes secrets of 256 bits that differ', () => {
    const secrets = new Set(Array.from({ length: 100 }, randomSecret));
    expect(secrets.size).toBe(100);
    for (const secret of secrets) expect(Buffer.from(secret, 'base64url')).toHaveLength(32);
  });

  it('compares hashes of any length without throwing', () => {
    expect(equalHashes('aa', 'aa')).toBe(true);
    expect(equalHashes('aa', 'ab')).toBe(false);
    expect(equalHashes('aa', 'aaa')).toBe(false);
  });
});
