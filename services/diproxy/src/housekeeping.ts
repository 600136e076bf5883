import type { AccountMetrics } from './account-metrics';
import type { AuthThrottle } from './auth-throttle';
import type { SampleRates } from './sample-rate';

const intervalMs = 60_000;

/** Forgets, once a minute, what is kept of accounts and addresses that are quiet. Returns how to stop it. */
export function startHousekeeping(
  parts: { readonly accountMetrics: AccountMetrics; readonly rates: SampleRates; readonly throttle: AuthThrottle },
  now: () => number,
): () => void {
  const timer = setInterval(() => {
    parts.accountMetrics.evictIdle();
    parts.rates.evictFull(now());
    parts.throttle.evictFull(now());
  }, intervalMs);
  timer.unref();
  return () => {
    clearInterval(timer);
  };
}
