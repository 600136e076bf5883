import { commonConfig, defineConfig, env, tlsConfig, type ConfigOf } from '@cloudtuner/service-kit';

export const config = defineConfig({
  ...commonConfig({ port: 8979, adminPort: 9979 }),
  KUBECOST_URL: env.url('Kubecost’s frontend or its cost model, or OpenCost; which one it is, is found out.', {
    default: 'http://kubecost-cost-analyzer.kubecost.svc.cluster.local:9090',
  }),
  ...tlsConfig('KUBECOST'),
  KUBECOST_TIMEOUT_SECONDS: env.integer('Time limit of one answer of Kubecost, all of it.', {
    default: 50,
    min: 1,
    max: 600,
  }),
  KUBECOST_PAGE_ROWS: env.optionalInteger(
    'Rows in one answer of Kubecost; without it an hour is one answer, which is read in pieces anyway. OpenCost has no pages.',
    { min: 100, max: 1_000_000 },
  ),
  POLL_INTERVAL_SECONDS: env.integer('How often the running hour is read.', { default: 60, min: 1, max: 600 }),
  STALE_AFTER_SECONDS: env.integer(
    'How long the figures of the running hour are served when Kubecost does not answer; then their series end.',
    { default: 180, min: 1, max: 3_600 },
  ),
  CLOSED_HOUR_SETTLE_SECONDS: env.integer('How long after its end an hour is read as a closed one.', {
    default: 300,
    min: 0,
    max: 3_600,
  }),
  CLOSED_HOUR_LOOKBACK_HOURS: env.integer(
    'How long closed hours are read again for restatements; the bill of a cloud comes up to 48 hours late.',
    { default: 50, min: 1, max: 240 },
  ),
  CLOSED_HOUR_REREAD_SECONDS: env.integer(
    'How long after a reading a closed hour is read again at the latest; a young one is read after half of its age.',
    { default: 21_600, min: 1, max: 86_400 },
  ),
  CLOSED_HOUR_DWELL_SECONDS: env.integer(
    'How long a closed hour is shown at least: two scrapes or more have to fall into it.',
    { default: 180, min: 0, max: 3_600 },
  ),
  FOLD_BELOW_HOURLY_COST: env.number(
    'Pods that cost less than this an hour are folded into one `__other__` for each namespace.',
    { default: 0, min: 0, max: 1_000 },
  ),
  MAX_PODS: env.integer('Pods with series of their own; the cheapest beyond are folded.', {
    default: 20_000,
    min: 1,
    max: 1_000_000,
  }),
  STATE_FILE: env.optionalString(
    'File that remembers which closed hours were shown, so that a restart does not show them again. On a volume that outlives the container.',
  ),
  POD_LABELS: env.optionalString(
    'Names of pod labels, as Kubecost writes them and with commas between, that `kubecost_pod_info` carries.',
  ),
});

export type Config = ConfigOf<typeof config>;
