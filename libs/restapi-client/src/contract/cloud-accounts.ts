import { z } from 'zod';
import { inCloudAccount, inOrganization, type Operation } from './operation';
import { displayText, printableText, unixSeconds, unixSecondsInput, uuid } from './scalars';

const maxOverlapSeconds = 30 * 86_400;
const defaultOverlapSeconds = 86_400;

/** A Kubernetes cluster, or a source of bills. */
const cloudAccountType = z.enum(['kubernetes_cnr', 'aws_cnr', 'azure_cnr', 'gcp_cnr', 'environment']);

const maxTags = 50;
const maxTagLength = 200;
const mebibyte = 1024 * 1024;

const tagText = printableText(maxTagLength);
const tags = z
  .record(tagText, tagText)
  .refine((pairs) => Object.keys(pairs).length <= maxTags, `must be at most ${String(maxTags)}`)
  .meta({ description: `At most ${String(maxTags)} pairs.`, maxProperties: maxTags });

const maxEndpointLength = 500;
const endpoint = z.string().min(1).max(maxEndpointLength);
const cron = z.string().min(1).max(100);
/** It goes into filters of Kubecost between quotes. */
const clusterId = z
  .string()
  .max(253)
  .regex(/^[A-Za-z0-9_.:/@-]+$/);
const kubecostFields = {
  kubecost_endpoint: endpoint
    .nullable()
    .optional()
    .describe('Where the Kubecost or OpenCost of the cluster may be asked directly; null: it is not asked (any more).'),
  kubecost_cluster_id: clusterId
    .nullable()
    .optional()
    .describe(
      'How that Kubecost names the cluster: needed where it answers for several. Null: it knows only this one.',
    ),
  kubecost_schedules: z
    .strictObject({ allocation: cron.optional(), assets: cron.optional(), budgets: cron.optional() })
    .optional()
    .describe(
      'When it is read, as cron patterns of five fields in UTC. Replaces all; what is left out has the default.',
    ),
};

/** What a schema cannot say of them. */
const kubecostRules = [
  'only a Kubernetes cluster has a Kubecost',
  'there is no endpoint to be read',
  'must have five fields: minute, hour, day, month, weekday',
  'must not be more often than every ten minutes',
  'is not a cron pattern that is ever due',
] as const;

const cloudAccount = z
  .object({
    id: z.uuid(),
    organization_id: z.uuid(),
    type: z.enum(['kubernetes_cnr', 'aws_cnr', 'azure_cnr', 'gcp_cnr', 'environment']),
    name: z.string(),
    region: z.string().nullable(),
    owner: z.string().nullable(),
    tags: z.record(z.string(), z.string()),
    kubecost_endpoint: z.string().nullable(),
    kubecost_cluster_id: z.string().nullable(),
    kubecost_schedules: z.object({
      allocation: z.string().optional(),
      assets: z.string().optional(),
      budgets: z.string().optional(),
    }),
    cluster_resource_id: z.uuid().nullable().describe('`resource_id` of the cluster in expenses.'),
    created_at: unixSeconds,
    last_read_at: unixSeconds.nullable(),
  })
  .meta({ id: 'CloudAccount' });

/** Basic credentials of remote_write, shown this once. */
const credentials = z
  .object({ username: z.uuid(), password: z.string() })
  .meta({ id: 'WriteCredentials', description: 'Basic credentials of remote_write, shown this once.' });

const limit = (min: number, max: number) => z.int().min(min).max(max).optional();

/** Overrides of the gateway's limits; the same names and bounds as in the store. */
const writeLimitFields = {
  samples_per_second: limit(0, 1_000_000_000).describe('0 = no rate limit.'),
  samples_burst: limit(1, 10_000_000_000),
  series: limit(1, 1_000_000),
  samples: limit(1, 10_000_000),
  labels: limit(1, 1_000),
  label_name_bytes: limit(1, 64 * 1024),
  label_value_bytes: limit(1, mebibyte),
  body_bytes: limit(1, 64 * mebibyte),
  decoded_bytes: limit(1, 256 * mebibyte),
  future_seconds: limit(1, 86_400),
  in_flight_requests: limit(1, 10_000),
};

const params = z.object({ cloud_account_id: uuid });

const backfill = z.object({
  id: z.string(),
  cloud_account_id: z.uuid(),
  start_time: unixSeconds,
  end_time: unixSeconds,
  state: z.enum(['waiting', 'running', 'completed', 'failed']),
  progress: z.object({ done_hours: z.int(), total_hours: z.int() }).nullable(),
  /** Code of the last failure, also while a retry waits. */
  failure_code: z.string().nullable(),
});

/** Cloud accounts, their write credentials and their backfills. */
export const cloudAccountOperations = {
  createCloudAccount: {
    operationId: 'createCloudAccount',
    method: 'POST',
    path: '/restapi/v2/organizations/:organization_id/cloud_accounts',
    summary:
      'Connects a Kubernetes cluster or an account of bills; answers the remote_write credentials of a cluster, this once',
    access: 'cloud-accounts:write',
    scope: inOrganization,
    errors: ['account-name-taken', 'kubecost-endpoint-refused'],
    rules: kubecostRules,
    creates: 'cloud_account_id',
    status: 201,
    params: z.object({ organization_id: uuid }),
    body: z.strictObject({
      name: displayText,
      type: cloudAccountType,
      region: displayText.optional(),
      owner: displayText.optional(),
      tags: tags.optional(),
      ...kubecostFields,
    }),
    response: cloudAccount.extend({ credentials }),
  },
  listCloudAccounts: {
    operationId: 'listCloudAccounts',
    method: 'GET',
    path: '/restapi/v2/organizations/:organization_id/cloud_accounts',
    summary: 'The cloud accounts of the organization',
    access: 'cloud-accounts:read',
    scope: inOrganization,
    restrictable: true,
    status: 200,
    params: z.object({ organization_id: uuid }),
    query: z.strictObject({}),
    response: z.object({ cloud_accounts: z.array(cloudAccount) }),
  },
  getCloudAccount: {
    operationId: 'getCloudAccount',
    method: 'GET',
    path: '/restapi/v2/cloud_accounts/:cloud_account_id',
    summary: 'One cloud account',
    access: 'cloud-accounts:read',
    scope: inCloudAccount,
    status: 200,
    params,
    query: z.strictObject({}),
    response: cloudAccount,
  },
  updateCloudAccount: {
    operationId: 'updateCloudAccount',
    method: 'PATCH',
    path: '/restapi/v2/cloud_accounts/:cloud_account_id',
    summary: 'Changes name, region, owner, tags or the Kubecost of a cloud account; what is left out stays',
    description: 'Past costs are shown under what the account is called now.',
    access: 'cloud-accounts:write',
    scope: inCloudAccount,
    errors: ['account-name-taken', 'kubecost-endpoint-refused'],
    rules: kubecostRules,
    status: 200,
    params,
    body: z.strictObject({
      name: displayText.optional(),
      region: displayText.nullable().optional(),
      owner: displayText.nullable().optional(),
      tags: tags.optional().describe('Replaces all tags.'),
      ...kubecostFields,
    }),
    response: cloudAccount,
  },
  getCloudAccountStatus: {
    operationId: 'getCloudAccountStatus',
    method: 'GET',
    path: '/restapi/v2/cloud_accounts/:cloud_account_id/status',
    summary: 'Whether samples of the cluster arrive, since when, and how much of the last 24 hours was measured',
    access: 'cloud-accounts:read',
    scope: inCloudAccount,
    costClass: 'query',
    errors: [
      'clickhouse-query-timeout',
      'clickhouse-query-too-large',
      'clickhouse-schema-missing',
      'clickhouse-unavailable',
    ],
    status: 200,
    params,
    query: z.strictObject({}),
    response: z.object({
      cloud_account_id: z.uuid(),
      status: z
        .enum(['receiving', 'stale', 'never'])
        .nullable()
        .describe('receiving: a sample within 20 minutes; null for an account that is no cluster.'),
      receiving_since: unixSeconds.nullable().describe('The first hour of which we have samples.'),
      last_sample_at: unixSeconds.nullable().describe('As the last refresh of the running hour knows it.'),
      coverage_24h: z.number().min(0).max(1).nullable().describe('Measured ÷ expected time of the last 24 hours.'),
      flags: z.array(z.string()).describe('What the last 24 hours have to say about the quality of their data.'),
      credentials: z.array(z.object({ created_at: unixSeconds, expires_at: unixSeconds.nullable() })),
      write_limits: z.object(writeLimitFields).describe('Where it differs from the defaults of the gateway.'),
    }),
  },
  setWriteLimits: {
    operationId: 'setWriteLimits',
    method: 'PUT',
    path: '/restapi/v2/cloud_accounts/:cloud_account_id/write_limits',
    summary: 'Replaces the limits of the account’s writes; what is left out has the gateway’s default',
    description: 'For the operator of the platform: what an account may send is what it pays for.',
    access: 'cluster-secret',
    errors: ['metadata-unavailable', 'not-found'],
    status: 200,
    params,
    body: z.strictObject(writeLimitFields),
    response: z.object({ cloud_account_id: z.uuid(), write_limits: z.object(writeLimitFields) }),
  },
  deleteCloudAccount: {
    operationId: 'deleteCloudAccount',
    method: 'DELETE',
    path: '/restapi/v2/cloud_accounts/:cloud_account_id',
    summary: 'Deletes a cloud account: its credentials end, its past costs stay in the expenses',
    access: 'cloud-accounts:delete',
    scope: inCloudAccount,
    status: 204,
    params,
    query: z.strictObject({}),
    response: z.undefined(),
  },
  rotateCredentials: {
    operationId: 'rotateCredentials',
    method: 'POST',
    path: '/restapi/v2/cloud_accounts/:cloud_account_id/rotate_credentials',
    summary: 'Issues a new remote_write password; the previous one stays valid for the overlap',
    access: 'cloud-accounts:rotate',
    scope: inCloudAccount,
    errors: ['rotation-conflict'],
    status: 201,
    params,
    body: z.strictObject({ overlap_seconds: z.int().min(0).max(maxOverlapSeconds).default(defaultOverlapSeconds) }),
    response: z.object({ credentials, previous_expires_at: unixSeconds }),
  },
  createBackfill: {
    operationId: 'createBackfill',
    method: 'POST',
    path: '/restapi/v2/cloud_accounts/:cloud_account_id/backfills',
    summary: 'Computes the hours of a past window again; the same window twice is the same job',
    access: 'backfills:write',
    scope: inCloudAccount,
    errors: ['invalid-window', 'queue-unavailable', 'range-too-long'],
    creates: 'backfill_id',
    status: 202,
    params,
    body: z.strictObject({ start_time: unixSecondsInput, end_time: unixSecondsInput }),
    response: backfill,
  },
  getBackfill: {
    operationId: 'getBackfill',
    method: 'GET',
    path: '/restapi/v2/cloud_accounts/:cloud_account_id/backfills/:backfill_id',
    summary: 'How far a backfill is',
    access: 'backfills:read',
    scope: inCloudAccount,
    errors: ['queue-unavailable'],
    status: 200,
    params: params.extend({ backfill_id: z.string().regex(/^[A-Za-z0-9_.-]{1,200}$/, 'must be an id of a backfill') }),
    query: z.strictObject({}),
    response: backfill,
  },
} as const satisfies Readonly<Record<string, Operation>>;
