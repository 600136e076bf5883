import type { BreakerState, KubecostEndpoint } from '@cloudtuner/kubecost-client';
import { Counter, Gauge, Histogram, type Registry } from '@cloudtuner/service-kit';

/** What the exporter tells of itself. */
export interface ServiceMetrics {
  readonly readDuration: Histogram<'hour' | 'outcome'>;
  readonly retries: Counter<'endpoint' | 'reason'>;
  readonly breakerState: Gauge<'endpoint'>;
  readonly closedHours: Counter<'outcome'>;
  readonly rows: Gauge<'hour'>;
  readonly stale: Counter;
  readonly scrapes: Counter;
}

const breakerValues: Readonly<Record<BreakerState, number>> = { closed: 0, 'half-open': 1, open: 2 };

/** Puts the state of a breaker into its gauge. */
export function setBreakerState(metrics: ServiceMetrics, endpoint: KubecostEndpoint, state: BreakerState): void {
  metrics.breakerState.set({ endpoint }, breakerValues[state]);
}

export function createMetrics(registry: Registry): ServiceMetrics {
  const registers = [registry];
  return {
    readDuration: new Histogram({
      name: 'allocation_exporter_read_duration_seconds',
      help: 'Time to read one hour from Kubecost; `outcome` is ok or an error code.',
      labelNames: ['hour', 'outcome'],
      buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
      registers,
    }),
    retries: new Counter({
      name: 'allocation_exporter_kubecost_retries_total',
      help: 'Requests to Kubecost that were made again, by endpoint and reason.',
      labelNames: ['endpoint', 'reason'],
      registers,
    }),
    breakerState: new Gauge({
      name: 'allocation_exporter_kubecost_breaker_state',
      help: 'Circuit breaker of an endpoint of Kubecost: 0 closed, 1 half-open, 2 open.',
      labelNames: ['endpoint'],
      registers,
    }),
    closedHours: new Counter({
      name: 'allocation_exporter_closed_hours_total',
      help: 'Closed hours that were read: shown, the same as before, or empty.',
      labelNames: ['outcome'],
      registers,
    }),
    rows: new Gauge({
      name: 'allocation_exporter_hour_rows',
      help: 'Containers in the hour that was read last.',
      labelNames: ['hour'],
      registers,
    }),
    stale: new Counter({
      name: 'allocation_exporter_stale_total',
      help: 'Times that the running hour was taken away because Kubecost had been silent for too long.',
      registers,
    }),
    scrapes: new Counter({
      name: 'allocation_exporter_scrapes_total',
      help: 'Complete scrapes of the cost metrics.',
      registers,
    }),
  };
}
