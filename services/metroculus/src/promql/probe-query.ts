import { selector, type InstantVector } from '@cloudtuner/prometheus-client';

/**
 * A question that nothing answers and that the store has to look into its series for: Thanos Query evaluates numbers
 * also while it has no store left to read from, and would look ready.
 */
export function probeQuery(): InstantVector {
  return selector({ tenantId: 'readiness', metric: 'up' });
}
