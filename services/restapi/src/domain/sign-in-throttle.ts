import { AppError } from '@cloudtuner/errors';

interface Attempts {
  count: number;
  readonly endsAtMs: number;
}

/** Bounds of {@link createSignInThrottle}. */
export interface SignInThrottleOptions {
  /** Attempts in a period before the next one is refused. */
  readonly maxAttempts: number;
  readonly periodMs: number;
  /** Keys that are remembered; the oldest give way. */
  readonly maxKeys: number;
  readonly now: () => number;
}

/** Counts sign-ins that have not succeeded, per client address and e-mail address, in the memory of this process. */
export interface SignInThrottle {
  /** Counts an attempt before it is made, so that many at the same moment count too. @throws AppError `sign-in-throttled` */
  begin(key: string): void;
  /** Nothing was learnt from the attempt: it does not count. */
  forgive(key: string): void;
  /** The attempt has succeeded: the ones before it do not count any more. */
  clear(key: string): void;
}

/** A throttle over fixed periods that begin with the first attempt. */
export function createSignInThrottle({ maxAttempts, periodMs, maxKeys, now }: SignInThrottleOptions): SignInThrottle {
  const attemptsByKey = new Map<string, Attempts>();
  return {
    begin(key) {
      const known = attemptsByKey.get(key);
      const current = known !== undefined && known.endsAtMs > now() ? known : { count: 0, endsAtMs: now() + periodMs };
      if (current.count >= maxAttempts) {
        throw new AppError('sign-in-throttled', 'Too many failed sign-ins; try again later.', {
          retryAfterMs: current.endsAtMs - now(),
        });
      }
      current.count += 1;
      attemptsByKey.delete(key);
      attemptsByKey.set(key, current);
      if (attemptsByKey.size <= maxKeys) return;
      const oldest = attemptsByKey.keys().next();
      if (oldest.done !== true) attemptsByKey.delete(oldest.value);
    },
    forgive(key) {
      const known = attemptsByKey.get(key);
      if (known === undefined) return;
      known.count -= 1;
      if (known.count <= 0) attemptsByKey.delete(key);
    },
    clear(key) {
      attemptsByKey.delete(key);
    },
  };
}
