import { defaultReservedLabels, defaultWriteLimits } from '@cloudtuner/remote-write';
import { commonConfig, defineConfig, env, tlsConfig, type ConfigOf } from '@cloudtuner/service-kit';

const mebibyte = 1024 * 1024;
const positive = (doc: string, value: number): ReturnType<typeof env.integer> =>
  env.integer(doc, { default: value, min: 1 });

export const config = defineConfig({
  ...commonConfig({ port: 8935, adminPort: 9935 }),

  MONGODB_URL: env.url('Where the cloud accounts are, `mongodb://…`.'),
  MONGODB_DATABASE: env.optionalString('Database of the cloud accounts; without it, the one of the URL.'),
  ...tlsConfig('MONGODB'),
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
  METRICS_WRITE_URL: env.url("Address of the store's Remote Write 1.0 receiver."),
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

  LIMIT_BODY_BYTES: positive('Largest compressed body.', 10 * mebibyte),
  LIMIT_DECODED_BYTES: positive('Largest decoded body.', 32 * mebibyte),
  LIMIT_SERIES: positive('Most series in one request.', defaultWriteLimits.maxSeries),
  LIMIT_SAMPLES: positive('Most samples and native histograms in one request.', defaultWriteLimits.maxSamples),
  LIMIT_LABELS: positive('Most labels of one series.', defaultWriteLimits.maxLabels),
  LIMIT_LABEL_NAME_BYTES: positive('Longest label name.', defaultWriteLimits.maxLabelNameBytes),
  LIMIT_LABEL_VALUE_BYTES: positive('Longest label value.', defaultWriteLimits.maxLabelValueBytes),
  LIMIT_FUTURE_SECONDS: positive('How far ahead of our clock a sample may be.', defaultWriteLimits.maxFutureMs / 1000),
  LIMIT_IN_FLIGHT_REQUESTS: positive('Most writes between a complete body and its answer; more get 503.', 256),
  LIMIT_IN_FLIGHT_BYTES: positive('Most bytes of bodies held at a time; more get 503.', 64 * mebibyte),
  BODY_TIMEOUT_SECONDS: env.number('How long a body may take to arrive; the connection is closed then.', {
    default: 10,
    min: 0.1,
    max: 60,
  }),
});

export type Config = ConfigOf<typeof config>;
