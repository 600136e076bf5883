import { commonConfig, defineConfig, env, tlsConfig, type ConfigOf } from '@cloudtuner/service-kit';

const day = 86_400;

/** The environment of restapi. */
export const config = defineConfig({
  ...commonConfig({ port: 8999, adminPort: 9999 }),
  CLUSTER_SECRET: env.secret('Shared by the services; also what creates organizations.'),
  TOKEN_TTL_SECONDS: env.integer('How long a token is valid after its sign-in.', {
    default: day,
    min: 60,
    max: 366 * day,
  }),
  SIGN_IN_MAX_FAILURES: env.integer(
    'Failed sign-ins in five minutes, per client address and e-mail address, before the next is refused.',
    { default: 10, min: 1, max: 1000 },
  ),
  MONGODB_URL: env.url('Where organizations, users, tokens and cloud accounts are.'),
  MONGODB_DATABASE: env.optionalString('Its database, if not the one of the URL.'),
  ...tlsConfig('MONGODB'),
  CLICKHOUSE_URL: env.url('HTTP interface of ClickHouse.'),
  CLICKHOUSE_DATABASE: env.string('Database in ClickHouse.', { default: 'cloudtuner' }),
  CLICKHOUSE_USERNAME: env.string('User in ClickHouse.', { default: 'default' }),
  CLICKHOUSE_PASSWORD: env.optionalSecret('Password in ClickHouse.'),
  CLICKHOUSE_TIMEOUT_MS: env.integer('How long one query may take.', { default: 8000, min: 100, max: 120_000 }),
  ...tlsConfig('CLICKHOUSE'),
  REDIS_URL: env.url('Redis of the job queues.'),
  QUEUE_PREFIX: env.string('First part of the keys of the job queues; the same as the worker’s.', {
    default: 'cloudtuner',
  }),
  ...tlsConfig('REDIS'),
  METROCULUS_URL: env.url('Where live costs are computed.'),
  ...tlsConfig('METROCULUS'),
  LIVE_COSTS_BUDGET_MS: env.integer('How long an answer waits for live costs before it uses the stored ones.', {
    default: 2000,
    min: 50,
    max: 30_000,
  }),
  USAGE_BUDGET_MS: env.integer('How long an answer waits for usage, quotas and recommendations.', {
    default: 8000,
    min: 50,
    max: 60_000,
  }),
});

/** The parsed environment. */
export type Config = ConfigOf<typeof config>;
