import { parseWindow, type TimeWindow } from '@cloudtuner/cost-model';
import type { CloudAccount, Organization } from '@cloudtuner/metadata';
import { operations } from '@cloudtuner/restapi-client';
import type { Route } from '@cloudtuner/service-kit';
import { bucketOf, bucketsOf, coverageOf } from '../../domain/ledger';
import { wholeHours } from '../../domain/requested-window';
import { listClusters } from '../../usecases/list-clusters';
import { readLive } from '../../usecases/read-live-costs';
import { readLedger } from '../../usecases/read-ledger';
import { answerClusterAllocation, type AllocationDependencies } from '../cluster-allocation';
import { askedWindow, findCluster } from '../cluster-request';
import { ledgerRequest, presentWarning, type CostDependencies } from '../cost-request';
import { liveAllocationAnswer, liveBucketAnswer } from '../live-costs';
import { finalAfter, presentBucket, presentMoney, presentSource, secondsOf, type MoneyForm } from '../present-costs';
import type { Principal } from '../principal';
import { onlySeen } from '../scope-checks';
import type { OperationInput, ScopedRoutes } from '../scoped-routes';

type CostsQuery = OperationInput<typeof operations.getClusterCosts>['query'];

const bucketStep = (step: string | undefined): '1h' | '1d' => (step === '1h' ? '1h' : '1d');

/** The costs of a cluster from the ledger, by hour or day. */
async function answerClusterCosts(
  dependencies: CostDependencies,
  { account, organization }: { account: CloudAccount; organization: Organization },
  request: {
    readonly window: TimeWindow;
    readonly step: '1h' | '1d';
    readonly money: MoneyForm;
    readonly nowMs: number;
    readonly signal: AbortSignal;
  },
) {
  const { window, step, money, nowMs, signal } = request;
  const { liveBudgetMs } = dependencies;
  const asked = ledgerRequest(window, { nowMs, liveBudgetMs, route: 'getClusterCosts', signal });
  const { entries, warnings } = await readLedger(dependencies, account, asked);
  const total = bucketOf(window, entries, nowMs);
  return {
    cluster_id: account.id,
    cluster_name: account.name,
    currency: organization.currency,
    granularity: 'cluster' as const,
    window: { start: secondsOf(window.startMs), end: secondsOf(window.endMs) },
    step,
    final_after: finalAfter(window.endMs),
    data_version: total.dataVersion,
    costs: bucketsOf(window, entries, { step, nowMs }).map((bucket) => presentBucket(bucket, money)),
    total: presentBucket(total, money),
    coverage: coverageOf(total),
    freshness: { last_sample_at: total.lastSampleMs === null ? null : secondsOf(total.lastSampleMs) },
    flags: [...total.flags],
    warnings: [...warnings],
  };
}

/** Answers the costs of a cluster by hour or day, or by any grouping. */
export async function answerCosts(
  dependencies: AllocationDependencies,
  account: CloudAccount,
  { query, signal }: { readonly query: CostsQuery; readonly signal: AbortSignal },
) {
  const nowMs = dependencies.now();
  const cluster = { account, organization: await findCluster(dependencies, account) };
  const { aggregate, step = 'all', source } = query;
  const asked = { source, account, signal };
  const money = query.money;
  const bySource = async () => {
    if (aggregate !== undefined) {
      const request = { query: { ...query, aggregate, step }, nowMs, signal };
      const live = await readLive(dependencies, asked, liveAllocationAnswer(dependencies, cluster, request));
      return { live, answer: live.answer ?? (await answerClusterAllocation(dependencies, cluster, request)) };
    }
    const buckets = bucketStep(query.step);
    const request = { window: wholeHours(askedWindow(query, nowMs), buckets), step: buckets, nowMs, money, signal };
    const live = await readLive(dependencies, asked, liveBucketAnswer(dependencies, cluster, request));
    return { live, answer: live.answer ?? (await answerClusterCosts(dependencies, cluster, request)) };
  };
  const { live, answer } = await bySource();
  // A question that cannot be meant is no read.
  dependencies.noteRead(account);
  return { ...answer, ...presentSource(live.reason) };
}

/** Clusters and their costs. */
export function costRoutes(routes: ScopedRoutes, dependencies: AllocationDependencies): Route<Principal>[] {
  const { now, liveBudgetMs } = dependencies;
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
    routes.inCloudAccount(operations.getClusterCosts, ({ account, query, signal }) =>
      answerCosts(dependencies, account, { query, signal }),
    ),
  ];
}
