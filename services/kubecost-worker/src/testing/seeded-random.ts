/**
 * Numbers of `[0, 1)` that are the same for the same seed.
 *
 * **Source**: xorshift32 (G. Marsaglia, Xorshift RNGs, 2003; shifts 13, 17, 5).
 */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
}
