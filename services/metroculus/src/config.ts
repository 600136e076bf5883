import { commonConfig, defineConfig, env, etcdConfig, tlsConfig, type ConfigOf } from '@cloudtuner/service-kit';

export const config = defineConfig({
  ...commonConfig({ port: 8969, adminPort: 9969 }),
  ...etcdConfig(),
  CLUSTER_SECRET: env.secret('Secret that callers send in the `Secret` header.'),
  MONGODB_URL: env.optionalUrl('Where the price books of accounts are, `mongodb://…`; without it they have no effect.'),
  MONGODB_DATABASE: env.optionalString('Its database, if not the one of the URL.'),
  ...tlsConfig('MONGODB'),
  METRICS_QUERY_URL: env.url('Base of the query API of the metrics store: Thanos Query or Prometheus.'),
  ...tlsConfig('METRICS_QUERY'),
  METRICS_QUERY_TIMEOUT_SECONDS: env.integer('Time limit of one query at the metrics store.', {
    default: 30,
    min: 1,
    max: 600,
  }),
  METRICS_QUERY_CONCURRENCY: env.integer('Queries at the metrics store at once; further ones wait.', {
    default: 8,
    min: 1,
    max: 256,
  }),
  METRICS_QUERY_MAX_WAITING: env.integer('Queries that may wait; beyond them requests are answered 503.', {
    default: 1_000,
    min: 1,
    max: 100_000,
  }),
  METRICS_QUERY_WAIT_SECONDS: env.integer(
    'How long a query may wait for its turn before its request is answered 503.',
    {
      default: 10,
      min: 1,
      max: 600,
    },
  ),
  METRICS_QUERY_MAX_RESPONSE_MIB: env.integer('Longest answer of the metrics store that is read.', {
    default: 128,
    min: 1,
    max: 1_024,
  }),
  CLUSTER_COSTS_PARALLEL_HOURS: env.integer('Hours of one `kubecost_cluster_costs` request that are read at once.', {
    default: 4,
    min: 1,
    max: 64,
  }),
  ALLOCATION_PARALLEL_HOURS: env.integer('Hours of `kubecost_allocations` that are computed at once; others wait.', {
    default: 2,
    min: 1,
    max: 64,
  }),
  ALLOCATION_PODS_PER_QUERY: env.integer('Pods whose samples are read by one query; fewer where they are too large.', {
    default: 200,
    min: 1,
    max: 10_000,
  }),
  METRICS_MAX_POINTS: env.integer('Points in one answer of `kubecost_metrics`.', {
    default: 500_000,
    min: 1,
    max: 10_000_000,
  }),
  COMPAT_MAX_SAMPLES: env.integer('Samples of one window of `kubecost_compat_allocations`, all in memory at once.', {
    // They are computed in one piece, in which nobody else is answered.
    default: 500_000,
    min: 1_000,
    max: 3_000_000,
  }),
  SAVINGS_CPU_HEADROOM: env.number('Recommended cores = 95th percentile of usage × this.', {
    default: 1.15,
    min: 1,
    max: 10,
  }),
  SAVINGS_MEMORY_HEADROOM: env.number('Recommended bytes = greatest usage × this.', { default: 1.15, min: 1, max: 10 }),
});

export type Config = ConfigOf<typeof config>;
