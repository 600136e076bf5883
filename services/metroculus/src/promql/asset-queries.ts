import { assetMetricNames, bridgedGapMs, type TimeWindow } from '@cloudtuner/cost-model';
import { range, selector, type RangeVector } from '@cloudtuner/prometheus-client';

/** A query and the moment at which it is asked. */
export interface TimedQuery {
  readonly query: RangeVector;
  readonly atMs: number;
}

// One query for all gauges, one for the counters per pod, which are most of the samples: one round trip costs more than
// a further name in a matcher, and two answers are decoded while the store works on the other.
export const egressMetric = 'kubecost_pod_network_egress_bytes_total';
const gaugeMetrics = assetMetricNames.filter((name) => name !== egressMetric);

// Of what kube-state-metrics says about a node's capacity only these are priced; other metrics have no such label.
const pricedResources = { label: 'resource', operator: '=~', value: '|cpu|memory' } as const;

/** The time of which samples are read: a window with 5 minutes on both sides, or to now when that is earlier. */
export function sampledTime(window: TimeWindow, nowMs: number): TimeWindow {
  const startMs = window.startMs - bridgedGapMs;
  return { startMs, endMs: Math.min(window.endMs + bridgedGapMs, Math.max(nowMs, window.startMs)) };
}

/** What tells of prices and capacities. */
export function gaugesQuery(tenantId: string, { startMs, endMs }: TimeWindow): TimedQuery {
  const gauges = selector({ tenantId, metrics: gaugeMetrics, matchers: [pricedResources] });
  return { query: range(gauges, endMs - startMs), atMs: endMs };
}

/**
 * Every sample of a window with its true time, from 5 minutes before it to 5 minutes after it, or to now when that is
 * earlier.
 */
export function assetQueries(tenantId: string, window: TimeWindow, nowMs: number): readonly TimedQuery[] {
  const time = sampledTime(window, nowMs);
  const counters = range(selector({ tenantId, metric: egressMetric }), time.endMs - time.startMs);
  return [gaugesQuery(tenantId, time), { query: counters, atMs: time.endMs }];
}
