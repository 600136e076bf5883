import { selector, type InstantVector } from '@cloudtuner/prometheus-client';

const costMetrics = 'kubecost_.+|node_.+_hourly_cost|pv_hourly_cost|container_.+_allocation.*';

/** The metrics named, or all that tell of costs. */
export function metricsQuery(tenantId: string, metrics: readonly string[] | undefined): InstantVector {
  return metrics === undefined ? selector({ tenantId, metricPattern: costMetrics }) : selector({ tenantId, metrics });
}
