/** Lets so many through a minute, evenly; the others wait their turn. */
export interface RateLimit {
  take(signal?: AbortSignal): Promise<void>;
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
    async take(signal) {
      const nowMs = options.nowMs();
      dueMs = Math.max(dueMs, nowMs);
      const waitMs = dueMs - toleranceMs - nowMs;
      dueMs += spacingMs;
      if (waitMs > 0) await options.sleep(waitMs, signal);
    },
  };
}
