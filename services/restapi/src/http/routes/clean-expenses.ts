import { sumNanos, type TimeWindow } from '@cloudtuner/cost-model';
import { operations, type OutputOf } from '@cloudtuner/restapi-client';
import type { Route } from '@cloudtuner/service-kit';
import { coverageOf } from '../../domain/ledger';
import type { BilledResource, ExpenseRow, OtherRow, RowPage } from '../../expense-ports';
import { clusterResourceType, type ClusterExpense } from '../../usecases/expenses/read-clusters';
import {
  readOrganizationExpenses,
  type OrganizationExpenses,
} from '../../usecases/expenses/read-organization-expenses';
import { expensesRequest, presentAbout, previousOf, type ExpenseDependencies } from '../expenses-request';
import { presentCosts, presentMoney, secondsOf, type MoneyForm } from '../present-costs';
import type { Principal } from '../principal';
import { onlySeen } from '../scope-checks';
import type { ScopedRoutes } from '../scoped-routes';

type PresentedRow = OutputOf<'getCleanExpenses'>['clean_expenses'][number];

const orNull = (text: string): string | null => (text === '' ? null : text);

const otherRow = ({ account, cost }: ClusterExpense): OtherRow => ({
  name: account.name,
  region: account.region ?? '',
  resourceType: clusterResourceType,
  cost,
});

function presentCluster({ account, assignment, bucket, cost }: ClusterExpense, form: MoneyForm) {
  return {
    cloud_account_id: account.id,
    cloud_account_name: account.name,
    resource_id: account.clusterResourceId ?? account.id,
    resource_type: clusterResourceType,
    name: account.name,
    service_name: null,
    region: account.region,
    owner: account.owner,
    pool_id: orNull(assignment.poolId),
    employee_id: orNull(assignment.employeeId),
    cost: presentMoney(cost, form),
    billed_cost: null,
    coverage: coverageOf(bucket),
  };
}

function presentResource(resource: BilledResource, { accounts }: OrganizationExpenses, form: MoneyForm) {
  const account = accounts.find(({ id }) => id === resource.cloudAccountId);
  return {
    cloud_account_id: resource.cloudAccountId,
    cloud_account_name: account?.name ?? '',
    resource_id: resource.resourceId,
    resource_type: orNull(resource.resourceType),
    name: resource.name,
    service_name: orNull(resource.serviceName),
    region: orNull(resource.region),
    owner: account?.owner ?? null,
    pool_id: orNull(resource.poolId),
    employee_id: orNull(resource.employeeId),
    cost: presentMoney(resource.cost, form),
    billed_cost: presentMoney(resource.billedCost, form),
    // A bill is whole as far as it goes; what is not billed yet nobody knows.
    coverage: null,
  };
}

function presentRows(
  rows: readonly ExpenseRow[],
  expenses: OrganizationExpenses,
  { window, form }: { window: TimeWindow; form: MoneyForm },
): PresentedRow[] {
  const edges = { start: secondsOf(window.startMs), end: secondsOf(window.endMs) };
  return rows.flatMap((row): PresentedRow[] => {
    if ('resource' in row) return [{ ...edges, ...presentResource(row.resource, expenses, form) }];
    const cluster = expenses.clusters[row.other];
    return cluster === undefined ? [] : [{ ...edges, ...presentCluster(cluster, form) }];
  });
}

/** The same dollars as the rows, broken down per account; nothing when they are not above 0, or only parts of clusters. */
function presentK8sCosts({ clusters }: OrganizationExpenses, form: MoneyForm) {
  const whole = clusters.filter(({ filteredDays }) => filteredDays === null);
  const total = sumNanos(whole.map(({ cost }) => cost));
  if (total <= 0n) return {};
  const breakdown = whole.map(({ account, bucket, cost }) => ({
    cloud_account_id: account.id,
    cloud_account_name: account.name,
    cost: presentMoney(cost, form),
    breakdown: presentCosts(bucket.costs, form),
  }));
  return { k8s_costs: { k8s_total_cost: presentMoney(total, form), k8s_cost_breakdown: breakdown } };
}

function pageOf({ sort, limit, offset }: { sort: string; limit: number; offset: number }): RowPage {
  const descending = sort.startsWith('-');
  return { sortBy: (descending ? sort.slice(1) : sort) as RowPage['sortBy'], descending, limit, offset };
}

/** What every resource of an organization cost. */
export function cleanExpensesRoutes(routes: ScopedRoutes, dependencies: ExpenseDependencies): Route<Principal>[] {
  const route = 'getCleanExpenses';
  return [
    routes.inOrganization(operations.getCleanExpenses, async ({ organization, identity, query, signal }) => {
      const sources = { ...dependencies, cloudAccounts: onlySeen(dependencies.cloudAccounts, identity) };
      const { limit, offset, money } = query;
      const request = expensesRequest(dependencies, query, { organization, route, signal });
      const expenses = await readOrganizationExpenses(sources, request);
      const { bills, clusters } = expenses;
      const rows = await dependencies.billExpenses.readRows(bills.question, clusters.map(otherRow), pageOf(query));
      return {
        ...presentAbout(organization, expenses, request, money),
        ...(await previousOf(sources, request, query)),
        limit,
        offset,
        total_count: clusters.length + bills.totals.count,
        clean_expenses: presentRows(rows, expenses, { window: request.window, form: money }),
        ...presentK8sCosts(expenses, money),
      };
    }),
  ];
}
