import { createHash } from 'node:crypto';
import type { Organization, PoolsRepository, UsersRepository } from '@cloudtuner/metadata';
import type { OutputOf } from '@cloudtuner/restapi-client';
import { asksForWorkloads, type ExpenseFilter } from '../domain/expenses/expense-filter';
import { wholeHours } from '../domain/requested-window';
import {
  readOrganizationExpenses,
  type ExpensesRequest,
  type ExpenseSources,
  type OrganizationExpenses,
} from '../usecases/expenses/read-organization-expenses';
import { ledgerRequest, presentWarning, type CostDependencies } from './cost-request';
import { finalAfter, presentMoney, secondsOf, type MoneyForm } from './present-costs';

/** What the routes of expenses are made of. */
export type ExpenseDependencies = CostDependencies &
  ExpenseSources & {
    readonly users: Pick<UsersRepository, 'list'>;
    readonly pools: Pick<PoolsRepository, 'listPools'>;
  };

/** The part of a query that all routes of expenses have. */
export interface ExpensesQuery extends Partial<
  Readonly<Record<keyof typeof parameterOf, readonly string[] | undefined>>
> {
  readonly start_date: number;
  readonly end_date: number;
  readonly money: MoneyForm;
  readonly compare?: 'previous' | undefined;
  readonly tag?: readonly string[] | undefined;
}

const parameterOf = {
  cloud_account_id: true,
  service_name: true,
  region: true,
  resource_type: true,
  pool_id: true,
  employee_id: true,
  k8s_namespace: true,
  k8s_node: true,
  k8s_service: true,
} as const;

/** `key=value`; the key ends at the first sign of equality. */
function tagOf(text: string): { key: string; value: string | null } {
  const end = text.indexOf('=');
  return end < 0 ? { key: text, value: null } : { key: text.slice(0, end), value: text.slice(end + 1) };
}

function filterOf(query: ExpensesQuery): ExpenseFilter {
  const names = Object.keys(parameterOf) as (keyof typeof parameterOf)[];
  const given = names.flatMap((name) => {
    const values = query[name];
    return values === undefined ? [] : [[name, values] as const];
  });
  return {
    ...Object.fromEntries(given),
    ...(query.tag === undefined ? {} : { tags: query.tag.map(tagOf) }),
  };
}

/** The reading that a request asks for. */
export function expensesRequest(
  { now, liveBudgetMs }: CostDependencies,
  query: ExpensesQuery,
  context: { organization: Organization; route: string; signal: AbortSignal },
): ExpensesRequest {
  const { organization, route, signal } = context;
  const window = wholeHours({ startMs: query.start_date * 1000, endMs: query.end_date * 1000 }, '1d');
  const request = ledgerRequest(window, { nowMs: now(), liveBudgetMs, route, signal });
  return { ...request, organizationId: organization.id, filter: filterOf(query) };
}

/** The total of the window of the same length before, if it is asked for. */
export async function previousOf(
  sources: ExpenseSources,
  request: ExpensesRequest,
  { compare, money }: ExpensesQuery,
): Promise<Pick<OutputOf<'getCleanExpenses'>, 'previous'>> {
  if (compare === undefined) return {};
  const { startMs, endMs } = request.window;
  const window = { startMs: startMs - (endMs - startMs), endMs: startMs };
  if (window.startMs < 0) return {};
  const { total } = await readOrganizationExpenses(sources, { ...request, window });
  return {
    previous: {
      start_date: secondsOf(window.startMs),
      end_date: secondsOf(window.endMs),
      total_cost: presentMoney(total, money),
    },
  };
}

/** The version of what was read of all accounts. */
export function versionOfExpenses({ clusters, bills }: OrganizationExpenses): string {
  const hash = createHash('sha256');
  for (const { account, bucket } of clusters) hash.update(`${account.id} ${bucket.dataVersion}\n`);
  for (const version of bills.dataVersions) hash.update(`bill ${version}\n`);
  return hash.digest('hex');
}

/** What every answer about expenses says of itself. */
export function presentAbout(
  organization: Organization,
  expenses: OrganizationExpenses,
  request: ExpensesRequest,
  form: MoneyForm,
) {
  const { window, filter } = request;
  return {
    organization_id: organization.id,
    currency: organization.currency,
    granularity: asksForWorkloads(filter) ? ('workload' as const) : ('cluster' as const),
    start_date: secondsOf(window.startMs),
    end_date: secondsOf(window.endMs),
    final_after: finalAfter(window.endMs),
    data_version: versionOfExpenses(expenses),
    total_cost: presentMoney(expenses.total, form),
    overlap: { cost: presentMoney(expenses.overlap.total, form) },
    warnings: expenses.warnings.map(presentWarning),
  };
}
