import { z } from 'zod';
import { inCloudAccount, inOrganization, type Operation } from './operation';
import { displayText, unixSeconds, unixSecondsInput, uuid } from './scalars';

const maxOverlapSeconds = 30 * 86_400;
const defaultOverlapSeconds = 86_400;

const cloudAccount = z.object({
  id: z.uuid(),
  organization_id: z.uuid(),
  type: z.enum(['kubernetes_cnr', 'aws_cnr', 'azure_cnr', 'gcp_cnr', 'environment']),
  name: z.string(),
  region: z.string().nullable(),
  owner: z.string().nullable(),
  /** `resource_id` of the cluster in expenses. */
  cluster_resource_id: z.uuid().nullable(),
  created_at: unixSeconds,
  last_read_at: unixSeconds.nullable(),
});

/** Basic credentials of remote_write, shown this once. */
const credentials = z.object({ username: z.uuid(), password: z.string() });

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
    summary: 'Connects a Kubernetes cluster; answers its remote_write credentials, this once',
    access: 'cloud-accounts:write',
    scope: inOrganization,
    status: 201,
    params: z.object({ organization_id: uuid }),
    body: z.strictObject({
      name: displayText,
      type: z.literal('kubernetes_cnr'),
      region: displayText.optional(),
      owner: displayText.optional(),
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
    status: 200,
    params: params.extend({ backfill_id: z.string().regex(/^[A-Za-z0-9_.-]{1,200}$/, 'must be an id of a backfill') }),
    query: z.strictObject({}),
    response: backfill,
  },
} as const satisfies Readonly<Record<string, Operation>>;
