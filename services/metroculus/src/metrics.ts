import { Counter, Gauge, Histogram, type Registry } from '@cloudtuner/service-kit';

/** What metroculus tells of itself. */
export interface ServiceMetrics {
  readonly queryDuration: Histogram<'query' | 'outcome'>;
  readonly querySeries: Counter<'query'>;
  readonly pricedHours: Counter;
  readonly flaggedHours: Counter<'flag'>;
  readonly allocationDuration: Histogram;
  readonly allocationRows: Counter<'kind'>;
}

export function createMetrics(registry: Registry, waitingQueries: () => number): ServiceMetrics {
  const registers = [registry];
  new Gauge({
    name: 'metroculus_store_queries_waiting',
    help: 'Queries that wait for a free slot at the metrics store.',
    registers,
    collect() {
      this.set(waitingQueries());
    },
  });
  return {
    queryDuration: new Histogram({
      name: 'metroculus_store_query_duration_seconds',
      help: 'Time of one query at the metrics store, waiting for a slot excluded; `outcome` is ok or an error code.',
      labelNames: ['query', 'outcome'],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers,
    }),
    querySeries: new Counter({
      name: 'metroculus_store_query_series_total',
      help: 'Series read from the metrics store.',
      labelNames: ['query'],
      registers,
    }),
    allocationDuration: new Histogram({
      name: 'metroculus_allocation_duration_seconds',
      help: 'Time to read and divide one hour of a cluster, waiting for its turn excluded.',
      buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
      registers,
    }),
    allocationRows: new Counter({
      name: 'metroculus_allocation_rows_total',
      help: 'Rows of the hours that were divided, by what they are.',
      labelNames: ['kind'],
      registers,
    }),
    pricedHours: new Counter({
      name: 'metroculus_priced_hours_total',
      help: 'Hours, or running parts of one, that were priced.',
      registers,
    }),
    flaggedHours: new Counter({
      name: 'metroculus_flagged_hours_total',
      help: 'Priced hours by data-quality flag.',
      labelNames: ['flag'],
      registers,
    }),
  };
}
