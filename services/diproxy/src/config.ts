import { defaultReservedLabels, defaultWriteLimits } from '@cloudtuner/remote-write';
import {
  commonConfig,
  defineConfig,
  env,
  etcdConfig,
  serverTlsConfig,
  tlsConfig,
  type ConfigOf,
} from '@cloudtuner/service-kit';

const mebibyte = 1024 * 1024;
const positive = (doc: string, value: number): ReturnType<typeof env.integer> =>
  env.integer(doc, { default: value, min: 1 });

export const config = defineConfig({
  ...commonConfig({ port: 8935, adminPort: 9935 }),
  ...etcdConfig(),
  SHUTDOWN_DELAY_SECONDS: env.number(
    'How long after SIGTERM writes are still taken while readiness is off already, so that balancers notice first.',
    { default: 3, min: 0, max: 60 },
  ),
  SHUTDOWN_DEADLINE_SECONDS: env.integer(
    'How long a stop may take before the process ends anyway; at least the delay and the time the store may take.',
    { default: 30, min: 1, max: 600 },
  ),
  ...serverTlsConfig(),
  WORKER_THREADS: env.optionalInteger(
    'Threads that check large bodies; 0 checks all on the main thread. Without it one less than there are cores, at most 4.',
    { min: 0, max: 64 },
  ),
  WORKER_THREAD_MIN_BYTES: positive('Decoded size from which a body is checked on a thread.', mebibyte),

  MONGODB_URL: env.url('Where the cloud accounts are, `mongodb://…`.'),
  MONGODB_DATABASE: env.optionalString('Database of the cloud accounts; without it, the one of the URL.'),
  ...tlsConfig('MONGODB'),
  REDIS_URL: env.optionalUrl(
    'Redis in which hours are marked whose samples arrive late (`redis://` or `rediss://`); without it they are found once a day.',
  ),
  QUEUE_PREFIX: env.string('First part of every key in Redis; the same for all services of one installation.', {
    default: 'cloudtuner',
  }),
  ...tlsConfig('REDIS'),
  LATE_DATA_MAX_HOURS: env.integer('How many hours back late samples mark their hour.', {
    default: 48,
    min: 1,
    max: 8_784,
  }),
  LATE_DATA_REST_SECONDS: env.integer(
    'How long no further sample comes before an hour is read again; after three times as long it is read in any case.',
    { default: 60, min: 1, max: 600 },
  ),
  ACCOUNT_CACHE_SECONDS: env.integer(
    'How long a found account is used without asking again: the time until a revoked password stops working.',
    { default: 30, min: 1, max: 60 },
  ),
  ACCOUNT_UNKNOWN_CACHE_SECONDS: env.integer('How long an account that does not exist is not asked for again.', {
    default: 5,
    min: 0,
    max: 60,
  }),
  ACCOUNT_STALE_SECONDS: env.integer('How long a found account is used while MongoDB cannot be asked.', {
    default: 6 * 3600,
    min: 0,
    max: 24 * 3600,
  }),
  ACCOUNT_LOOKUP_TIMEOUT_MS: positive('How long one question to MongoDB may take.', 2_000),

  METRICS_STORE: env.oneOf(
    'Kind of store: `thanos` keeps tenants apart by header, `prometheus` by a label put into every series.',
    ['thanos', 'prometheus'],
  ),
  METRICS_WRITE_URL: env.url("Address of the store's Remote Write receiver."),
  METRICS_WRITE_PROTOCOL: env.oneOf(
    'Remote Write that the store speaks: `auto` asks it with an empty request; 2.0 is translated for one that speaks 1.0 only.',
    ['auto', '1', '2'],
    { default: 'auto' },
  ),
  METRICS_WRITE_TENANT_HEADER: env.string('Header that names the tenant to a `thanos` store.', {
    default: 'Cloud-Account-Id',
  }),
  METRICS_WRITE_TENANT_LABEL: env.string('Label that names the tenant in a `prometheus` store.', {
    default: 'tenant_id',
  }),
  METRICS_WRITE_LABEL_NAMES: env.oneOf(
    'Names the store keeps: `legacy` (letters, digits, underscores) or `utf8`. A store that keeps only legacy names drops others without a word.',
    ['legacy', 'utf8'],
    { default: 'legacy' },
  ),
  METRICS_WRITE_TIMEOUT_SECONDS: env.number("How long the store may take; keep it below the senders' 30 s.", {
    default: 25,
    min: 0.1,
    max: 29,
  }),
  METRICS_WRITE_CONNECT_TIMEOUT_SECONDS: env.number('How long connecting to the store may take.', {
    default: 5,
    min: 0.1,
    max: 29,
  }),
  ...tlsConfig('METRICS_WRITE'),
  RESERVED_LABELS: env.string(
    'Labels that only the platform may set, comma-separated, `*` at the end for a prefix; pushed ones become `exported_<name>`.',
    { default: defaultReservedLabels.join(',') },
  ),

  LIMIT_SAMPLES_PER_SECOND: env.integer(
    'Samples and native histograms that an account may send each second, per process; more get 429. 0 = no limit.',
    { default: 100_000, min: 0 },
  ),
  LIMIT_SAMPLES_BURST: positive('Samples and native histograms that an account may send at once.', 1_000_000),
  LIMIT_BODY_BYTES: positive('Largest compressed body.', 10 * mebibyte),
  LIMIT_DECODED_BYTES: positive('Largest decoded body.', 32 * mebibyte),
  LIMIT_SERIES: positive('Most series in one request.', defaultWriteLimits.maxSeries),
  LIMIT_SAMPLES: positive('Most samples and native histograms in one request.', defaultWriteLimits.maxSamples),
  LIMIT_LABELS: positive('Most labels of one series.', defaultWriteLimits.maxLabels),
  LIMIT_LABEL_NAME_BYTES: positive('Longest label name.', defaultWriteLimits.maxLabelNameBytes),
  LIMIT_LABEL_VALUE_BYTES: positive('Longest label value.', defaultWriteLimits.maxLabelValueBytes),
  LIMIT_FUTURE_SECONDS: positive('How far ahead of our clock a sample may be.', defaultWriteLimits.maxFutureMs / 1000),
  LIMIT_IN_FLIGHT_REQUESTS: positive('Most writes between a complete body and its answer; more get 503.', 256),
  LIMIT_ACCOUNT_IN_FLIGHT_REQUESTS: positive(
    'Most writes of one account between a complete body and its answer; more get 503. An account also holds at most half of the bytes.',
    128,
  ),
  LIMIT_IN_FLIGHT_BYTES: positive('Most bytes of bodies held at a time; more get 503.', 64 * mebibyte),
  LIMIT_AUTH_FAILURES_PER_MINUTE: env.integer(
    'Failed authentications of one source address (IPv6: /64) in a minute; more get 503 without a look-up. 0 = no limit.',
    { default: 300, min: 0 },
  ),
  ACCOUNT_METRICS_IDLE_SECONDS: positive('How long an idle account keeps its own metrics.', 3_600),
  BODY_TIMEOUT_SECONDS: env.number('How long a body may take to arrive; the connection is closed then.', {
    default: 10,
    min: 0.1,
    max: 60,
  }),
});

export type Config = ConfigOf<typeof config>;
