/** How long and how often a condition is asked for. */
export interface WaitOptions {
  /** What is waited for, as it should read in the error: "the series is visible". */
  readonly what?: string;
  /** Default 10 s. */
  readonly timeoutMs?: number;
  /** Default 25 ms. */
  readonly intervalMs?: number;
  /** Ends the wait early with its reason. */
  readonly signal?: AbortSignal;
}

/**
 * Asks a condition again and again until it is truthy, and answers that value. A condition that throws counts as "not yet".
 *
 * @throws Error after the time limit, telling the last value or the last error.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  { what = 'the condition', timeoutMs = 10_000, intervalMs = 25, signal }: WaitOptions = {},
): Promise<Exclude<Awaited<T>, false | null | undefined | 0 | ''>> {
  const deadlineMs = performance.now() + timeoutMs;
  for (;;) {
    let last: { value: unknown } | { error: unknown };
    try {
      const value = await condition();
      if (value) return value as Exclude<Awaited<T>, false | null | undefined | 0 | ''>;
      last = { value };
    } catch (error) {
      last = { error };
    }
    signal?.throwIfAborted();
    if (performance.now() >= deadlineMs) {
      const cause = 'error' in last ? { cause: last.error } : {};
      throw new Error(`Waited ${timeoutMs} ms for ${what}; ${tell(last)}`, cause);
    }
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
}

function tell(last: { value: unknown } | { error: unknown }): string {
  if ('error' in last)
    return `the last try failed: ${last.error instanceof Error ? last.error.message : String(last.error)}`;
  return `the last value was ${last.value === undefined ? 'undefined' : JSON.stringify(last.value)}`;
}
