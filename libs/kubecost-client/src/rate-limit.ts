import { AppError } from '@cloudtuner/errors';

/** Lets so many through a minute, evenly; the others wait their turn. */
export interface RateLimit {
  /**
   * Waits for a turn; who leaves before it comes gives it back. @throws AppError `kubecost-busy` at once, when it would come after
   * `deadlineMs` (unix milliseconds)
   */
  take(call?: { readonly signal?: AbortSignal | undefined; readonly deadlineMs?: number | undefined }): Promise<void>;
}

const msPerMinute = 60_000;

/**
 * **Source**: the virtual scheduling form of the generic cell rate algorithm (ITU-T I.371): one moment is kept, from
 * which on the next call conforms. `burst` calls may come at once after a rest.
 */
export function createRateLimit(options: {
  readonly perMinute: number;
  readonly burst: number;
  readonly nowMs: () => number;
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
}): RateLimit {
  const spacingMs = msPerMinute / options.perMinute;
  const toleranceMs = spacingMs * (options.burst - 1);
  let dueMs = -Infinity;
  return {
    async take({ signal, deadlineMs = Infinity } = {}) {
      const nowMs = options.nowMs();
      const conformsMs = Math.max(dueMs, nowMs);
      const waitMs = conformsMs - toleranceMs - nowMs;
      if (waitMs > 0 && nowMs + waitMs > deadlineMs)
        throw new AppError('kubecost-busy', 'Kubecost is asked so often that this turn would come too late.');
      dueMs = conformsMs + spacingMs;
      if (waitMs <= 0) return;
      try {
        await options.sleep(waitMs, signal);
      } catch (error) {
        // Else those that left would make those that come wait, without bound.
        dueMs -= spacingMs;
        throw error;
      }
    },
  };
}
