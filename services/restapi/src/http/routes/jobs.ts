import { operations } from '@cloudtuner/restapi-client';
import type { Route } from '@cloudtuner/service-kit';
import type { Jobs } from '../../ports';
import { secondsOfDate } from '../present-costs';
import type { Principal } from '../principal';
import { notFound } from '../scope-checks';
import type { ScopedRoutes } from '../scoped-routes';

const maxListed = 100;

/** The jobs that compute costs. */
export function jobRoutes(routes: ScopedRoutes, { jobs }: { readonly jobs: Jobs }): Route<Principal>[] {
  return [
    routes.inCloudAccount(operations.listFailedJobs, async ({ account }) => ({
      failed_jobs: (await jobs.failedOf(account.id, maxListed)).map((job) => ({
        queue: job.queue,
        job_id: job.id,
        start_time: job.startSeconds,
        attempts: job.attemptsMade,
        failure_code: job.failure.code,
        failure: job.failure.message,
        failed_at: secondsOfDate(job.failedAt),
      })),
    })),
    routes.inCloudAccount(operations.retryFailedJob, async ({ account, body }) => {
      if (!(await jobs.retry(account.id, { queue: body.queue, id: body.job_id }))) throw notFound();
      return undefined;
    }),
    routes.open(operations.listQueues, async () => ({
      queues: (await jobs.counts()).map(({ queue, counts }) => ({ queue, ...counts })),
    })),
  ];
}
