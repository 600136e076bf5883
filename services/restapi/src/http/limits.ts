import { AppError } from '@cloudtuner/errors';
import type { CostClass, Operation } from '@cloudtuner/restapi-client';
import type { Budget, RateLimiter } from '../ports';

/** What an answer is charged, in units. */
const unitsByClass: Readonly<Record<CostClass, number>> = { light: 1, query: 5, export: 50 };

interface Charge {
  readonly of: 'token' | 'organization';
  readonly id: string;
}

/** Shows what is left, unless a tighter budget is shown already. */
function showBudget(budget: Budget, shown: Budget | undefined, setHeader: (name: string, text: string) => void): void {
  if (shown !== undefined && shown.remaining <= budget.remaining) return;
  setHeader('RateLimit-Limit', String(budget.limit));
  setHeader('RateLimit-Remaining', String(budget.remaining));
  setHeader('RateLimit-Reset', String(Math.ceil(budget.resetMs / 1000)));
}

/**
 * Charges an operation to a token or an organization and shows in the answer's headers what is left to the one that has less.
 *
 * @throws AppError `rate-limited`
 */
export async function charge(
  limiter: RateLimiter,
  operation: Operation,
  { of, id }: Charge,
  answer: { setHeader: (name: string, text: string) => void; facts: Map<string, unknown> },
): Promise<void> {
  const budget = await limiter.consume(of, id, unitsByClass[operation.costClass ?? 'light']);
  const shown = answer.facts.get('budget') as Budget | undefined;
  showBudget(budget, shown, answer.setHeader);
  if (shown === undefined || budget.remaining < shown.remaining) answer.facts.set('budget', budget);
  if (budget.allowed) return;
  throw new AppError('rate-limited', `The ${of} has asked more than it may in a minute.`, {
    retryAfterMs: budget.resetMs,
  });
}
