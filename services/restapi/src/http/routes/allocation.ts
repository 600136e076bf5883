import { operations } from '@cloudtuner/restapi-client';
import type { Route } from '@cloudtuner/service-kit';
import { coverageOf } from '../../domain/observation';
import { readAllocations, type ClusterReading } from '../../usecases/read-allocations';
import { allocationQuestion } from '../allocation-request';
import { pageOf, presentTotal, type AllocationDependencies } from '../cluster-allocation';
import { presentWarning } from '../cost-request';
import { presentPage, presentStep } from '../present-allocations';
import { finalAfter, secondsOf } from '../present-costs';
import type { Principal } from '../principal';
import { onlySeen } from '../scope-checks';
import type { ScopedRoutes } from '../scoped-routes';

const presentCluster = ({ account, clusterName, observation }: ClusterReading) => ({
  id: account.id,
  name: account.name,
  cluster: clusterName,
  coverage: coverageOf(observation),
  last_sample_at: observation.lastSampleMs === null ? null : secondsOf(observation.lastSampleMs),
  partial: observation.partial,
  data_version: observation.dataVersion,
  flags: [...observation.flags],
});

/** Costs over several clusters. */
export function allocationRoutes(routes: ScopedRoutes, dependencies: AllocationDependencies): Route<Principal>[] {
  const { cloudAccounts, noteRead, now, liveBudgetMs } = dependencies;
  return [
    routes.inOrganization(operations.getOrganizationAllocation, async ({ organization, identity, query, signal }) => {
      const route = 'getOrganizationAllocation';
      const question = allocationQuestion(query, { nowMs: now(), liveBudgetMs, route, signal });
      const { window } = question;
      // What a deleted cluster cost was spent all the same.
      const accounts = await onlySeen(cloudAccounts, identity).list(organization.id, { includeDeleted: true });
      const clusters = accounts.filter(({ type }) => type === 'kubernetes_cnr');
      for (const account of clusters) if (account.deletedAt === null) noteRead(account);
      const answer = await readAllocations(dependencies, clusters, question);
      const { lastSampleMs, dataVersion } = answer.observation;
      return {
        organization_id: organization.id,
        currency: organization.currency,
        granularity: 'workload' as const,
        window: { start: secondsOf(window.startMs), end: secondsOf(window.endMs) },
        step: query.step,
        final_after: finalAfter(window.endMs),
        data_version: dataVersion,
        coverage: coverageOf(answer.observation),
        freshness: { last_sample_at: lastSampleMs === null ? null : secondsOf(lastSampleMs) },
        clusters: answer.clusters.map(presentCluster),
        costs: answer.steps.map((step) => presentStep(step, query.money)),
        total: presentTotal(answer, question.window, query.money),
        aggregate: query.aggregate,
        ...presentPage(answer, pageOf(query)),
        warnings: answer.warnings.map(presentWarning),
      };
    }),
  ];
}
