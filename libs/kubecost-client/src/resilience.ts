import { setTimeout as delay } from 'node:timers/promises';
import { AppError, isAppError, toAppError } from '@cloudtuner/errors';
import {
  BrokenCircuitError,
  circuitBreaker,
  CircuitState,
  ConsecutiveBreaker,
  DelegateBackoff,
  ExponentialBackoff,
  handleWhen,
  retry,
  wrap,
} from 'cockatiel';
import { kubecostEndpoints, type KubecostEndpoint } from './api';
import { createRateLimit, type RateLimit } from './rate-limit';

/** `open`: nothing is asked; `half-open`: one request is let through to see. */
export type BreakerState = 'closed' | 'open' | 'half-open';

/** How patient to be. */
export interface ResilienceOptions {
  /** Attempts per call; further ones only after a failure that may pass. Default 3. */
  readonly maxAttempts?: number;
  /** Failed attempts in a row after which an endpoint is left alone. Default 5. */
  readonly breakerFailures?: number;
  /** How long it is left alone at first, in milliseconds; doubled up to a minute while it still fails. Default 5,000. */
  readonly breakerRestMs?: number;
  /** Requests a minute for each endpoint, and how many may come at once after a rest. */
  readonly rateLimit?: { readonly perMinute: number; readonly burst: number };
  /** Told at each change, for a metric. */
  readonly onBreakerState?: (endpoint: KubecostEndpoint, state: BreakerState) => void;
  /** Told of each attempt, for a metric: `answered`, `cancelled` or the code of the error, and how long it took. */
  readonly onAttempt?: (endpoint: KubecostEndpoint, outcome: string, seconds: number) => void;
  /** Told before an attempt is made again, for a metric. */
  readonly onRetry?: (endpoint: KubecostEndpoint, error: AppError) => void;
}

/** Runs attempts of one endpoint. */
export type Attempts = <T>(attempt: () => Promise<T>, call?: Parameters<RateLimit['take']>[0]) => Promise<T>;

const firstBackoffMs = 200;
const maxBackoffMs = 10_000;
const maxRestMs = 60_000;
const defaultRateLimit = { perMinute: 120, burst: 10 };

// A refusal or an answer of another form will be the same again.
const mayPass = (error: Error): boolean =>
  isAppError(error) && (error.code === 'kubecost-unavailable' || error.code === 'kubecost-timeout');

const sleep = async (ms: number, signal?: AbortSignal): Promise<void> => {
  await delay(ms, undefined, signal === undefined ? {} : { signal });
};

/** Half of the time at random, so that callers that failed together do not come back together; never sooner than the server asked for. */
function backoffMs(attempt: number, retryAfterMs: number): number {
  const fullMs = Math.min(firstBackoffMs * 2 ** attempt, maxBackoffMs);
  return Math.max(fullMs / 2, retryAfterMs) + (Math.random() * fullMs) / 2;
}

const stateNames: Readonly<Record<CircuitState, BreakerState>> = {
  [CircuitState.Closed]: 'closed',
  [CircuitState.Open]: 'open',
  [CircuitState.Isolated]: 'open',
  [CircuitState.HalfOpen]: 'half-open',
};

function attemptsOf(endpoint: KubecostEndpoint, limit: RateLimit, options: ResilienceOptions): Attempts {
  const { maxAttempts = 3, breakerFailures = 5, breakerRestMs = 5_000 } = options;
  const breaker = circuitBreaker(handleWhen(mayPass), {
    breaker: new ConsecutiveBreaker(breakerFailures),
    halfOpenAfter: new ExponentialBackoff({ initialDelay: breakerRestMs, maxDelay: maxRestMs }),
  });
  breaker.onStateChange((state) => options.onBreakerState?.(endpoint, stateNames[state]));
  const retries = retry(handleWhen(mayPass), {
    maxAttempts: maxAttempts - 1,
    backoff: new DelegateBackoff(({ attempt, result }) => {
      const error = 'error' in result ? result.error : undefined;
      return backoffMs(attempt, isAppError(error) ? (error.retryAfterMs ?? 0) : 0);
    }),
  });
  retries.onRetry((event) => {
    if ('error' in event && isAppError(event.error)) options.onRetry?.(endpoint, event.error);
  });
  const policy = wrap(retries, breaker);

  const timed = async <T>(attempt: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> => {
    const startedMs = performance.now();
    const end = (outcome: string): void =>
      options.onAttempt?.(endpoint, outcome, (performance.now() - startedMs) / 1000);
    try {
      const answer = await attempt();
      end('answered');
      return answer;
    } catch (error) {
      end(signal?.aborted === true ? 'cancelled' : toAppError(error).code);
      throw error;
    }
  };

  return async (attempt, call = {}) => {
    const { signal } = call;
    try {
      return await policy.execute(async () => {
        await limit.take(call);
        return timed(attempt, signal);
      }, signal);
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof BrokenCircuitError)) throw error;
      throw new AppError('kubecost-circuit-open', `Kubecost failed too often at ${endpoint} and is left alone.`, {
        cause: error,
      });
    }
  };
}

/** Attempts of every endpoint, each with a rate limit and a breaker of its own: failing savings do not stop allocations. */
export function createResilience(options: ResilienceOptions): Readonly<Record<KubecostEndpoint, Attempts>> {
  const entries = kubecostEndpoints.map((endpoint) => {
    const limit = createRateLimit({ ...(options.rateLimit ?? defaultRateLimit), nowMs: Date.now, sleep });
    return [endpoint, attemptsOf(endpoint, limit, options)] as const;
  });
  return Object.fromEntries(entries) as Record<KubecostEndpoint, Attempts>;
}
