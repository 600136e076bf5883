import { AppError } from '@cloudtuner/errors';

/** Lets a bounded number of queries run; the others wait in the order they came. */
export interface QuerySlots {
  /** @throws AppError `overloaded` when too many are waiting; the signal's reason when it fires before a slot is free. */
  run<T>(signal: AbortSignal, query: () => Promise<T>): Promise<T>;
  readonly waiting: number;
}

export function createQuerySlots({ concurrency, maxWaiting }: { concurrency: number; maxWaiting: number }): QuerySlots {
  const waiting = new Set<() => void>();
  let running = 0;

  const slot = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const admit = (): void => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = (): void => {
        waiting.delete(admit);
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', leave, { once: true });
      waiting.add(admit);
    });

  /** The slot passes straight to the one who waits longest, so nobody who comes now can take it first. */
  const release = (): void => {
    const [next] = waiting;
    if (next === undefined) {
      running -= 1;
      return;
    }
    waiting.delete(next);
    next();
  };

  return {
    async run(signal, query) {
      signal.throwIfAborted();
      if (running < concurrency) running += 1;
      else if (waiting.size >= maxWaiting)
        throw new AppError('overloaded', 'Too many queries wait for the metrics store.');
      else await slot(signal);
      try {
        return await query();
      } finally {
        release();
      }
    },
    get waiting() {
      return waiting.size;
    },
  };
}
