import { deniedByDefault } from '@cloudtuner/kubecost-client';
import { identityProvidersText } from './domain/identity-provider';
import { commonConfig, defineConfig, env, etcdConfig, tlsConfig, type ConfigOf } from '@cloudtuner/service-kit';

const day = 86_400;
const gibibyte = 1024 ** 3;

/** The environment of restapi. */
export const config = defineConfig({
  ...commonConfig({ port: 8999, adminPort: 9999 }),
  ...etcdConfig(),
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
  OIDC_PROVIDERS: env.optionalSecretOf(
    'Identity providers where people sign in, as a JSON list; its fields are under “Signing in elsewhere”.',
    'secret, JSON',
    identityProvidersText,
  ),
  RATE_LIMIT_TOKEN_UNITS: env.integer(
    'Units that one token has in a minute, in each process: 1 for a small answer, 5 for a query, 50 for an export.',
    { default: 6000, min: 50, max: 100_000_000 },
  ),
  RATE_LIMIT_ORGANIZATION_UNITS: env.integer('Units that all tokens of an organization have together in a minute.', {
    default: 30_000,
    min: 50,
    max: 100_000_000,
  }),
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
  EXPENSE_IMPORT_MAX_BYTES: env.integer('How large the file of a bill may be, as it is sent.', {
    default: 4 * gibibyte,
    min: 1024,
    max: 1024 * gibibyte,
  }),
  EXPENSE_IMPORT_MAX_SECONDS: env.integer('How long a request may take to arrive, a file of a bill included.', {
    default: 3600,
    min: 10,
    max: day,
  }),
  EXPENSE_IMPORT_MAX_AT_ONCE: env.integer('How many files of bills one process takes at once.', {
    default: 2,
    min: 1,
    max: 100,
  }),
  EXPENSE_IMPORT_SPOOL_FOLDER: env.string('Where a Parquet file lies while it is read.', { default: '/tmp' }),
  LIVE_COSTS_BUDGET_MS: env.integer('How long an answer waits for live costs before it uses the stored ones.', {
    default: 2000,
    min: 50,
    max: 30_000,
  }),
  KUBECOST_ENDPOINT_ALLOW: env.string(
    'Whose Kubecost may be where: `host[:port]=organization id`, separated by commas; the host is a name, `*.example.com`, `*`, an address or a range. `=*` lets every organization name it, and read it: for installations of one organization. None by default. The same as the worker’s.',
    { default: '' },
  ),
  KUBECOST_ENDPOINT_DENY: env.string('Addresses and ranges that are never connected to, whatever name leads there.', {
    default: deniedByDefault,
  }),
  KUBECOST_BUDGET_MS: env.integer('How long an answer waits for an account’s Kubecost before it uses what is stored.', {
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
