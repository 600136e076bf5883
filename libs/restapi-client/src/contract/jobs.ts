import { z } from 'zod';
import { inCloudAccount, type Operation } from './operation';
import { unixSeconds, uuid } from './scalars';

const maxJobIdLength = 200;
const account = z.object({ cloud_account_id: uuid });
const count = z.int().min(0);

/** The jobs that compute costs: what of them failed, and how they queue. */
export const jobOperations = {
  listFailedJobs: {
    operationId: 'listFailedJobs',
    method: 'GET',
    path: '/restapi/v2/cloud_accounts/:cloud_account_id/failed_jobs',
    summary: 'Jobs of the account that were given up, and why; the latest first, a hundred at most',
    access: 'jobs:read',
    scope: inCloudAccount,
    costClass: 'query',
    errors: ['queue-unavailable'],
    status: 200,
    params: account,
    query: z.strictObject({}),
    response: z.object({
      failed_jobs: z.array(
        z.object({
          queue: z.string(),
          job_id: z.string(),
          start_time: unixSeconds.nullable().describe('Start of the hour, day or window that it was about.'),
          attempts: count,
          failure_code: z.string(),
          failure: z.string(),
          failed_at: unixSeconds,
        }),
      ),
    }),
  },
  retryFailedJob: {
    operationId: 'retryFailedJob',
    method: 'POST',
    path: '/restapi/v2/cloud_accounts/:cloud_account_id/failed_jobs/retry',
    summary: 'Has a failed job of the account run again, with all its attempts',
    access: 'jobs:write',
    scope: inCloudAccount,
    errors: ['job-not-failed', 'queue-unavailable'],
    status: 204,
    params: account,
    body: z.strictObject({
      queue: z.string().min(1).max(maxJobIdLength),
      job_id: z.string().min(1).max(maxJobIdLength),
    }),
    response: z.undefined(),
  },
  listQueues: {
    operationId: 'listQueues',
    method: 'GET',
    path: '/restapi/v2/queues',
    summary: 'How many jobs wait, run and have failed in each queue',
    access: 'cluster-secret',
    errors: ['queue-unavailable'],
    status: 200,
    query: z.strictObject({}),
    response: z.object({
      queues: z.array(
        z.object({
          queue: z.string(),
          waiting: count,
          delayed: count,
          active: count,
          completed: count,
          failed: count,
        }),
      ),
    }),
  },
} as const satisfies Readonly<Record<string, Operation>>;
