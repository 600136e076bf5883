import { deniedByDefault } from '@cloudtuner/kubecost-client';
import { commonConfig, defineConfig, env, etcdConfig, tlsConfig, type ConfigOf } from '@cloudtuner/service-kit';

/** Everything that can be set. */
export const config = defineConfig({
  ...commonConfig({ adminPort: 9980 }),
  ...etcdConfig(),
  REDIS_URL: env.url('Redis of the queues and locks (`redis://` or `rediss://`); `maxmemory-policy noeviction`.'),
  QUEUE_PREFIX: env.string('First part of every key in Redis; the same for all services of one installation.', {
    default: 'cloudtuner',
  }),
  ...tlsConfig('REDIS'),
  CLICKHOUSE_URL: env.url('HTTP interface of ClickHouse.'),
  CLICKHOUSE_DATABASE: env.string('Database of the facts; created when it is not there.', { default: 'cloudtuner' }),
  CLICKHOUSE_USERNAME: env.string('User of ClickHouse.', { default: 'default' }),
  CLICKHOUSE_PASSWORD: env.optionalSecret('Password of that user.'),
  CLICKHOUSE_CLUSTER: env.optionalString('Name of the ClickHouse cluster; tables are then replicated.'),
  CLICKHOUSE_MIGRATE_ON_START: env.boolean(
    'Whether this service brings the schema up to date; one that does not waits for it.',
    { default: true },
  ),
  ...tlsConfig('CLICKHOUSE'),
  RETENTION_HOURLY_DAYS: env.integer('How long hourly facts are kept.', { default: 1_830, min: 8 }),
  RETENTION_EXPENSES_DAYS: env.integer('How long daily expenses are kept.', { default: 3_660, min: 8 }),
  MONGODB_URL: env.url('MongoDB of organizations and cloud accounts.'),
  MONGODB_DATABASE: env.optionalString('Its database, if not the one of the URL.'),
  ...tlsConfig('MONGODB'),
  METROCULUS_URL: env.url('Base URL of metroculus.'),
  METROCULUS_TIMEOUT_SECONDS: env.integer('Time limit of one request to metroculus.', { default: 60, min: 1 }),
  CLUSTER_SECRET: env.secret('Secret between the services.'),
  ...tlsConfig('METROCULUS'),
  WORKER_CONCURRENCY: env.integer('Hours that this process stores at the same time, per queue.', {
    default: 4,
    min: 1,
    max: 100,
  }),
  BACKFILL_CONCURRENCY: env.integer('Backfills that this process runs at the same time.', {
    default: 2,
    min: 1,
    max: 100,
  }),
  BACKFILL_PARALLEL_HOURS: env.integer('Hours of one backfill at the same time.', { default: 4, min: 1, max: 24 }),
  PLAN_INTERVAL_SECONDS: env.integer('How often the dispatcher looks for what is due.', {
    default: 60,
    min: 1,
    max: 3_600,
  }),
  PLAN_MAX_JOBS: env.integer('Jobs that one tick of the dispatcher asks for at most.', { default: 500, min: 1 }),
  CLOSE_LOOKBACK_HOURS: env.integer('How far back an hour that is not closed is looked for.', {
    default: 168,
    min: 24,
    max: 2_400,
  }),
  HOURS_AT_ONCE: env.integer(
    'Hours of all queues that this process has in memory at the same time; one of 10,000 pods takes some 50 MB.',
    { default: 4, min: 1, max: 100 },
  ),
  REAGGREGATE_CONCURRENCY: env.integer(
    'Hours with late samples that this process reads again at the same time; bounds what they ask of the store of samples.',
    { default: 2, min: 1, max: 100 },
  ),
  OUT_OF_ORDER_HOURS: env.integer(
    'How late the store of samples takes a sample: its out-of-order window. Older hours are not read again by themselves.',
    { default: 12, min: 1, max: 168 },
  ),
  EXTRACT_CONCURRENCY: env.integer(
    'Kubecosts whose runs this process has open, per queue; their windows take turns, one at a time.',
    {
      default: 2,
      min: 1,
      max: 100,
    },
  ),
  EXTRACT_ALLOCATION_CRON: env.string(
    'When the hours of a Kubecost are read, unless its account says otherwise; UTC.',
    {
      default: '0 */1 * * *',
    },
  ),
  EXTRACT_ASSETS_CRON: env.string('The same of the assets of its days.', { default: '0 0 * * *' }),
  EXTRACT_BUDGETS_CRON: env.string('The same of its budgets.', { default: '30 0 * * *' }),
  EXTRACT_LOOKBACK_HOURS: env.integer('How far back hours and days are read that are not there yet.', {
    default: 48,
    min: 1,
    max: 720,
  }),
  EXTRACT_TIMEOUT_SECONDS: env.integer('Time limit of one answer of a Kubecost.', { default: 120, min: 1, max: 3_600 }),
  EXTRACT_MAX_BYTES: env.integer(
    'Longest answer of a Kubecost about allocations; it is in memory until it is stored, one at a time.',
    {
      default: 64 * 1024 * 1024,
      min: 1_024,
    },
  ),
  EXTRACT_MAX_JSON_BYTES: env.integer('The same of assets and budgets, which are held as a whole.', {
    default: 16 * 1024 * 1024,
    min: 1_024,
  }),
  KUBECOST_ENDPOINT_ALLOW: env.string(
    'Whose Kubecost may be where: `host[:port]=organization id`, separated by commas; the host is a name, `*.example.com`, `*`, an address or a range. `=*` lets every organization name it, and read it: for installations of one organization. None by default. The same as restapi’s.',
    { default: '' },
  ),
  KUBECOST_ENDPOINT_DENY: env.string('Addresses and ranges that are never connected to, whatever name leads there.', {
    default: deniedByDefault,
  }),
  RETENTION_KUBECOST_DOCUMENT_DAYS: env.integer('How long answers of Kubecosts are kept as they came.', {
    default: 35,
    min: 3,
  }),
  SUMMARY_CONCURRENCY: env.integer('Accounts whose summaries this process brings up to date at the same time.', {
    default: 1,
    min: 1,
    max: 100,
  }),
  SUMMARY_CLOSE_DAYS: env.integer(
    'Days after its end from which a month is closed, once all of its hours are; later changes are adjustments.',
    { default: 5, min: 1, max: 60 },
  ),
  INFLUXDB_URL: env.optionalUrl('InfluxDB that closed hours are exported to, 1.x or 2.x; without it none are.'),
  INFLUXDB_DATABASE: env.string(
    'Its database (2.x: the one that a DBRP mapping leads to a bucket). `{organization_id}` and `{cloud_account_id}` are replaced; none is created.',
    { default: 'cloudtuner' },
  ),
  INFLUXDB_USERNAME: env.optionalString('User who may read and write there.'),
  INFLUXDB_PASSWORD: env.optionalSecret('Password of that user.'),
  INFLUXDB_TOKEN: env.optionalSecret('API token instead of a user, for 2.x.'),
  INFLUXDB_TIMEOUT_SECONDS: env.integer('Time limit of one request to InfluxDB.', { default: 30, min: 1, max: 600 }),
  INFLUXDB_LOOKBACK_HOURS: env.integer('How far back hours are compared, once an hour, with what was exported.', {
    default: 168,
    min: 1,
    max: 2_400,
  }),
  INFLUXDB_OWNER_LABELS: env.string(
    'Pod labels, separated by commas, of which the first that is there is the tag `owner`.',
    {
      default: 'owner',
    },
  ),
  INFLUXDB_TEAM_LABELS: env.string('The same of the tag `team`.', { default: 'team' }),
  ...tlsConfig('INFLUXDB'),
  LOCK_SECONDS: env.integer('After how long the work of a worker that was killed is taken over.', {
    default: 30,
    min: 1,
    max: 600,
  }),
});

export type Config = ConfigOf<typeof config>;
