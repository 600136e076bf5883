/** Runs work while it has one of the slots; waits for one in the order of asking. */
export type HourSlots = <T>(signal: AbortSignal, work: () => Promise<T>) => Promise<T>;

/**
 * Hours that a process has in memory at once, whatever the queues that they come from: an hour of 10,000 pods takes some 50 MB until it is
 * stored, and each queue alone would not know of the others.
 */
export function createHourSlots(count: number): HourSlots {
  const waiting: (() => void)[] = [];
  let free = count;

  const release = (): void => {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  };
  /** Resolves when a slot is ours; a slot that comes after an abort goes to the next one. */
  const acquire = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      if (free > 0) {
        free -= 1;
        resolve();
        return;
      }
      const abort = (): void => {
        waiting.splice(waiting.indexOf(take), 1);
        reject(signal.reason as Error);
      };
      const take = (): void => {
        signal.removeEventListener('abort', abort);
        resolve();
      };
      waiting.push(take);
      signal.addEventListener('abort', abort, { once: true });
    });

  return async (signal, work) => {
    signal.throwIfAborted();
    await acquire(signal);
    try {
      return await work();
    } finally {
      release();
    }
  };
}
