/** Runs the work for each item, at most so many at once. After an error no other begins; it is thrown when the running ones have ended. */
export async function forEachBounded<T>(
  items: readonly T[],
  limit: number,
  work: (item: T, index: number) => Promise<void>,
): Promise<void> {
  const failures: unknown[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let index = next++; failures.length === 0 && index < items.length; index = next++) {
      await work(items[index] as T, index);
    }
  };
  await Promise.all(
    Array.from({ length: limit }, () =>
      lane().catch((error: unknown) => {
        failures.push(error);
      }),
    ),
  );
  if (failures.length > 0) throw failures[0];
}
