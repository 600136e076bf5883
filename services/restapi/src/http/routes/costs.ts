import { AppError } from '@cloudtuner/errors';
import { parseWindow, type TimeWindow } from '@cloudtuner/cost-model';
import { operations } from '@cloudtuner/restapi-client';
import type { Route } from '@cloudtuner/service-kit';
import { bucketOf, bucketsOf, coverageOf } from '../../domain/ledger';
import { wholeHours } from '../../domain/requested-window';
import { listClusters } from '../../usecases/list-clusters';
import { readLedger } from '../../usecases/read-ledger';
import { ledgerRequest, presentWarning, type CostDependencies } from '../cost-request';
import { finalAfter, presentBucket, presentMoney, secondsOf } from '../present-costs';
import type { Principal } from '../principal';
import { onlySeen } from '../scope-checks';
import type { ScopedRoutes } from '../scoped-routes';

interface WindowQuery {
  readonly window?: string | undefined;
  readonly start_time?: number | undefined;
  readonly end_time?: number | undefined;
  readonly step: '1h' | '1d';
}

function windowOf({ window, start_time, end_time, step }: WindowQuery, nowMs: number): TimeWindow {
  if (window !== undefined) return wholeHours(parseWindow(window, { nowMs }), step);
  return wholeHours({ startMs: (start_time ?? 0) * 1000, endMs: (end_time ?? 0) * 1000 }, step);
}

/** Clusters and their costs. */
export function costRoutes(routes: ScopedRoutes, dependencies: CostDependencies): Route<Principal>[] {
  const { organizations, noteRead, now, liveBudgetMs } = dependencies;
  return [
    routes.inOrganization(operations.listClusters, async ({ organization, identity, query, signal }) => {
      const seen = { ...dependencies, cloudAccounts: onlySeen(dependencies.cloudAccounts, identity) };
      const nowMs = now();
      const window = wholeHours(parseWindow('24h', { nowMs }), '1d');
      const request = ledgerRequest(window, { nowMs, liveBudgetMs, route: 'listClusters', signal });
      const { clusters, warnings } = await listClusters(seen, organization.id, request);
      return {
        currency: organization.currency,
        window: { start: secondsOf(window.startMs), end: secondsOf(window.endMs) },
        clusters: clusters.map(({ account, status, lastSampleMs, cost }) => ({
          id: account.id,
          name: account.name,
          region: account.region,
          owner: account.owner,
          status,
          last_sample_at: lastSampleMs === null ? null : secondsOf(lastSampleMs),
          cost_24h: presentMoney(cost, query.money),
        })),
        warnings: warnings.map(presentWarning),
      };
    }),
    routes.inCloudAccount(operations.getClusterCosts, async ({ account, query, signal }) => {
      // A bill is no cluster; there is none of this id.
      if (account.type !== 'kubernetes_cnr') throw new AppError('not-found', 'There is nothing at this address.');
      const nowMs = now();
      const window = windowOf(query, nowMs);
      const organization = await organizations.find(account.organizationId);
      if (organization === null) throw new AppError('not-found', 'There is nothing at this address.');
      noteRead(account);
      const request = ledgerRequest(window, { nowMs, liveBudgetMs, route: 'getClusterCosts', signal });
      const { entries, warnings } = await readLedger(dependencies, account, request);
      const total = bucketOf(window, entries, nowMs);
      const buckets = bucketsOf(window, entries, { step: query.step, nowMs });
      return {
        cluster_id: account.id,
        cluster_name: account.name,
        currency: organization.currency,
        granularity: 'cluster' as const,
        window: { start: secondsOf(window.startMs), end: secondsOf(window.endMs) },
        step: query.step,
        final_after: finalAfter(window.endMs),
        data_version: total.dataVersion,
        costs: buckets.map((bucket) => presentBucket(bucket, query.money)),
        total: presentBucket(total, query.money),
        coverage: coverageOf(total),
        freshness: { last_sample_at: total.lastSampleMs === null ? null : secondsOf(total.lastSampleMs) },
        flags: [...total.flags],
        warnings: [...warnings],
      };
    }),
  ];
}
