import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { Budget, RateLimiter } from '../ports';

const periodSeconds = 60;

function budgetOf(limit: number, result: RateLimiterRes, allowed: boolean): Budget {
  return { allowed, limit, remaining: Math.max(0, result.remainingPoints), resetMs: Math.max(0, result.msBeforeNext) };
}

/** Budgets per minute in the memory of this process: several instances together allow that much each. */
export function createMemoryRateLimiter(limits: { token: number; organization: number }): RateLimiter {
  const limiters = {
    token: new RateLimiterMemory({ points: limits.token, duration: periodSeconds }),
    organization: new RateLimiterMemory({ points: limits.organization, duration: periodSeconds }),
  };
  return {
    async consume(of, id, units) {
      try {
        return budgetOf(limits[of], await limiters[of].consume(id, units), true);
      } catch (error) {
        // The library rejects with its result when nothing is left.
        if (error instanceof RateLimiterRes) return budgetOf(limits[of], error, false);
        throw error;
      }
    },
  };
}
