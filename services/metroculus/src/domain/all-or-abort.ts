/**
 * Runs a task per item and gives their results in the order of the items. The first failure cancels the others and is
 * thrown when all have ended, so that nothing goes on behind the answer.
 * All run at once unless `parallel` says how many.
 */
export async function allOrAbort<T, R>(
  signal: AbortSignal,
  items: readonly T[],
  task: (item: T, signal: AbortSignal) => Promise<R>,
  parallel = items.length,
): Promise<R[]> {
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const results = new Map<number, R>();
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < items.length && !either.aborted) {
      const index = next;
      next += 1;
      results.set(index, await task(items[index] as T, either));
    }
  };
  const workers = Array.from({ length: Math.min(parallel, items.length) }, () =>
    work().catch((error: unknown) => {
      // The first failure is the reason; those that follow are its echo.
      if (!either.aborted) failed.abort(error);
    }),
  );
  await Promise.all(workers);
  either.throwIfAborted();
  return items.map((_, index) => results.get(index) as R);
}
