import { AppError } from '@cloudtuner/errors';

/** Lets a bounded number of queries run; the others wait in the order they came. */
export interface QuerySlots {
  /** @throws AppError `overloaded` when too many wait, or one has waited too long; the signal's reason when it fires before a slot is free. */
  run<T>(signal: AbortSignal, query: () => Promise<T>): Promise<T>;
  readonly waiting: number;
}

const retryAfterMs = 5_000;
const overloaded = (detail: string): AppError => new AppError('overloaded', detail, { retryAfterMs });

/** @param options `maxWaitMs`: how long one may wait; without it for ever. */
export function createQuerySlots({
  concurrency,
  maxWaiting,
  maxWaitMs,
}: {
  readonly concurrency: number;
  readonly maxWaiting: number;
  readonly maxWaitMs?: number;
}): QuerySlots {
  const waiting = new Set<() => void>();
  let running = 0;

  const slot = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      const settle = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', leave);
        waiting.delete(admit);
      };
      const admit = (): void => {
        settle();
        resolve();
      };
      const leave = (): void => {
        settle();
        reject(signal.reason as Error);
      };
      if (maxWaitMs !== undefined) {
        timer = setTimeout(() => {
          settle();
          reject(overloaded('The metrics store is too busy to be asked in time.'));
        }, maxWaitMs);
      }
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
    next();
  };

  return {
    async run(signal, query) {
      signal.throwIfAborted();
      if (running < concurrency) running += 1;
      else if (waiting.size >= maxWaiting) throw overloaded('Too many queries wait for the metrics store.');
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
