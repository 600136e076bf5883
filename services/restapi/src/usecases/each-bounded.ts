/** The results in the order of the inputs, with at most `limit` at work; the first failure ends it. */
export async function eachBounded<T, R>(
  inputs: readonly T[],
  limit: number,
  work: (input: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const pending = inputs.entries();
  let failed = false;
  const runner = async (): Promise<void> => {
    for (const [index, input] of pending) {
      if (failed) return;
      try {
        results[index] = await work(input);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, inputs.length) }, runner));
  return results;
}
