import type { Route } from '@cloudtuner/service-kit';
import { createClickhouseAccountStatus } from '../adapters/clickhouse-account-status';
import { createQueueBackfills } from '../adapters/queue-backfills';
import type { Principal } from '../http/principal';
import { backfillRoutes, cloudAccountRoutes } from '../http/routes/cloud-accounts';
import { jobRoutes } from '../http/routes/jobs';
import { priceBookRoutes } from '../http/routes/price-books';
import type { ScopedRoutes } from '../http/scoped-routes';
import type { Connections } from './connections';

type Needed = 'metadata' | 'clickhouse' | 'queryLimits' | 'endpoints' | 'backfillProducer' | 'jobs';

/** Cloud accounts, and what the worker is asked to do for them. */
export function accountRoutes(
  routes: ScopedRoutes,
  {
    metadata,
    clickhouse,
    queryLimits,
    endpoints,
    backfillProducer,
    jobs,
    now,
  }: Pick<Connections, Needed> & { now: () => number },
): Route<Principal>[] {
  const accounts = {
    ...metadata,
    endpoints,
    backfills: createQueueBackfills(backfillProducer),
    statuses: createClickhouseAccountStatus(clickhouse, queryLimits),
    now,
  };
  return [
    ...cloudAccountRoutes(routes, accounts),
    ...backfillRoutes(routes, accounts),
    ...jobRoutes(routes, { jobs }),
    ...priceBookRoutes(routes, accounts),
  ];
}
