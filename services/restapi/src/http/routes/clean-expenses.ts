import { createHash } from 'node:crypto';
import { sumNanos, type TimeWindow } from '@cloudtuner/cost-model';
import { operations } from '@cloudtuner/restapi-client';
import type { Route } from '@cloudtuner/service-kit';
import { coverageOf } from '../../domain/ledger';
import { wholeHours } from '../../domain/requested-window';
import { getCleanExpenses, type ClusterExpense } from '../../usecases/get-clean-expenses';
import { ledgerRequest, presentWarning, type CostDependencies } from '../cost-request';
import { finalAfter, presentCosts, presentMoney, secondsOf, type MoneyForm } from '../present-costs';
import type { Principal } from '../principal';
import type { ScopedRoutes } from '../scoped-routes';

const totalOf = (expenses: readonly ClusterExpense[]): bigint =>
  sumNanos(expenses.map(({ bucket }) => bucket.costs.total ?? 0n));

function versionOf(expenses: readonly ClusterExpense[]): string {
  const hash = createHash('sha256');
  for (const { account, bucket } of expenses) hash.update(`${account.id} ${bucket.dataVersion}\n`);
  return hash.digest('hex');
}

const presentRow = ({ account, bucket }: ClusterExpense, window: TimeWindow, form: MoneyForm) => ({
  start: secondsOf(window.startMs),
  end: secondsOf(window.endMs),
  cloud_account_id: account.id,
  cloud_account_name: account.name,
  resource_id: account.clusterResourceId ?? account.id,
  resource_type: 'K8s Cluster' as const,
  name: account.name,
  region: account.region,
  owner: account.owner,
  cost: presentMoney(bucket.costs.total, form),
  coverage: coverageOf(bucket),
});

/** The same dollars as the rows, broken down per account; nothing when they are not above 0. */
function presentK8sCosts(expenses: readonly ClusterExpense[], form: MoneyForm) {
  const total = totalOf(expenses);
  if (total <= 0n) return {};
  const breakdown = expenses.map(({ account, bucket }) => ({
    cloud_account_id: account.id,
    cloud_account_name: account.name,
    cost: presentMoney(bucket.costs.total, form),
    breakdown: presentCosts(bucket.costs, form),
  }));
  return { k8s_costs: { k8s_total_cost: presentMoney(total, form), k8s_cost_breakdown: breakdown } };
}

/** The expenses of an organization. */
export function cleanExpensesRoutes(routes: ScopedRoutes, dependencies: CostDependencies): Route<Principal>[] {
  const { now, liveBudgetMs } = dependencies;
  return [
    routes.inOrganization(operations.getCleanExpenses, async ({ organization, query, signal }) => {
      const nowMs = now();
      const { limit, offset, money } = query;
      const window = wholeHours({ startMs: query.start_date * 1000, endMs: query.end_date * 1000 }, '1d');
      const request = ledgerRequest(window, { nowMs, liveBudgetMs, route: 'getCleanExpenses', signal });
      const { expenses, warnings } = await getCleanExpenses(dependencies, organization.id, request);
      return {
        organization_id: organization.id,
        currency: organization.currency,
        granularity: 'cluster' as const,
        start_date: secondsOf(window.startMs),
        end_date: secondsOf(window.endMs),
        final_after: finalAfter(window.endMs),
        data_version: versionOf(expenses),
        limit,
        offset,
        total_count: expenses.length,
        total_cost: presentMoney(totalOf(expenses), money),
        // Nodes are matched to bill rows by provider id; there are no bill rows, so nothing is counted twice.
        overlap: { cost: presentMoney(0n, money) },
        clean_expenses: expenses.slice(offset, offset + limit).map((expense) => presentRow(expense, window, money)),
        ...presentK8sCosts(expenses, money),
        warnings: warnings.map(presentWarning),
      };
    }),
  ];
}
