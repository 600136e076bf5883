import type { Nanos } from '@cloudtuner/cost-model';
import { operations } from '@cloudtuner/restapi-client';
import type { Route } from '@cloudtuner/service-kit';
import { lacking, type ExpenseDimension } from '../../domain/expenses/expense-filter';
import { breakDown, costOf } from '../../usecases/expenses/break-down';
import type { DayValue } from '../../expense-ports';
import { daysOf } from '../../usecases/expenses/read-clusters';
import {
  readOrganizationExpenses,
  type OrganizationExpenses,
} from '../../usecases/expenses/read-organization-expenses';
import { expensesRequest, presentAbout, previousOf, type ExpenseDependencies } from '../expenses-request';
import { presentMoney, secondsOf, type MoneyForm } from '../present-costs';
import type { Principal } from '../principal';
import { onlySeen } from '../scope-checks';
import type { ScopedRoutes } from '../scoped-routes';

const valueOf = (value: string): string => (value === '' ? lacking : value);

interface Names {
  readonly accounts: OrganizationExpenses['accounts'];
  readonly pools: ReadonlyMap<string, string>;
  readonly employees: ReadonlyMap<string, string>;
}

/** What people call a value that is an id. */
function nameOf(by: ExpenseDimension, value: string, { accounts, pools, employees }: Names): string | null {
  if (by === 'cloud_account_id') return accounts.find(({ id }) => id === value)?.name ?? null;
  if (by === 'pool_id') return pools.get(value) ?? null;
  return by === 'employee_id' ? (employees.get(value) ?? null) : null;
}

function presentValues(values: readonly DayValue[], by: ExpenseDimension, names: Names, form: MoneyForm) {
  const sums = new Map<string, Nanos>();
  for (const { value, cost } of values) sums.set(value, (sums.get(value) ?? 0n) + cost);
  return [...sums]
    .sort(([a, costA], [b, costB]) => (costA === costB ? (a < b ? -1 : 1) : costA > costB ? -1 : 1))
    .map(([value, cost]) => ({
      value: valueOf(value),
      name: nameOf(by, value, names),
      cost: presentMoney(cost, form),
    }));
}

function presentDays(
  days: readonly number[],
  values: readonly DayValue[],
  { overlap }: OrganizationExpenses,
  form: MoneyForm,
) {
  const byDay = new Map<number, DayValue[]>(days.map((dayMs) => [dayMs, []]));
  for (const value of values) byDay.get(value.dayMs)?.push(value);
  return [...byDay].map(([dayMs, ofDay]) => ({
    date: secondsOf(dayMs),
    count: ofDay.reduce((sum, { count }) => sum + count, 0),
    cost: presentMoney(costOf(ofDay), form),
    overlap_cost: presentMoney(overlap.byDay.get(dayMs) ?? 0n, form),
    costs: ofDay.map(({ value, cost, count }) => ({ value: valueOf(value), cost: presentMoney(cost, form), count })),
  }));
}

/** The expenses of an organization by day and a dimension. */
export function breakdownExpensesRoutes(routes: ScopedRoutes, dependencies: ExpenseDependencies): Route<Principal>[] {
  const route = 'breakDownExpenses';
  const readNames = async (organizationId: string, { accounts }: OrganizationExpenses, by: ExpenseDimension) => {
    const pools = by === 'pool_id' ? await dependencies.pools.listPools(organizationId) : [];
    const employees = by === 'employee_id' ? await dependencies.users.list(organizationId) : [];
    return {
      accounts,
      pools: new Map(pools.map(({ id, name }) => [id, name])),
      employees: new Map(employees.map(({ id, displayName }) => [id, displayName])),
    };
  };
  return [
    routes.inOrganization(operations.breakDownExpenses, async ({ organization, identity, query, signal }) => {
      const sources = { ...dependencies, cloudAccounts: onlySeen(dependencies.cloudAccounts, identity) };
      const { money, breakdown_by: by } = query;
      const request = expensesRequest(dependencies, query, { organization, route, signal });
      const expenses = await readOrganizationExpenses(sources, request);
      const values = await breakDown(dependencies, expenses, request, by);
      const about = presentAbout(organization, expenses, request, money);
      return {
        ...about,
        granularity: by.startsWith('k8s_') ? ('workload' as const) : about.granularity,
        ...(await previousOf(sources, request, query)),
        breakdown_by: by,
        values: presentValues(values, by, await readNames(organization.id, expenses, by), money),
        breakdown: presentDays(daysOf(request.window), values, expenses, money),
      };
    }),
  ];
}
