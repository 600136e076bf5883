import { AppError } from '@cloudtuner/errors';

/** Lets work through. @throws AppError `overloaded` */
export type Gate = <T>(work: () => Promise<T>) => Promise<T>;

const retryAfterMs = 2000;

/** A gate with at most `maxConcurrent` at work and `maxWaiting` behind them, first come first served; who comes then is refused. */
export function createGate({ maxConcurrent, maxWaiting }: { maxConcurrent: number; maxWaiting: number }): Gate {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running < maxConcurrent) {
      running += 1;
    } else if (waiting.length < maxWaiting) {
      // The one that ends hands its place over, so `running` stays as it is.
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else {
      throw new AppError('overloaded', 'Too much of this is being done at the moment.', { retryAfterMs });
    }
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
