import { sumNanos, type Nanos } from '@cloudtuner/cost-model';
import { AppError } from '@cloudtuner/errors';
import { asksForWorkloads, type ExpenseDimension } from '../../domain/expenses/expense-filter';
import { clusterResourceType, type ClusterExpense } from './read-clusters';
import type { BillExpensesReader, DayValue, WorkloadCostsReader } from '../../expense-ports';
import type { ExpensesRequest, OrganizationExpenses } from './read-organization-expenses';

/** What the days are read from. */
export interface BreakdownSources {
  readonly billExpenses: BillExpensesReader;
  readonly workloads: WorkloadCostsReader;
}

type WorkloadDimension = 'k8s_node' | 'k8s_namespace' | 'k8s_service';

/** Values times days of an answer. */
const maxPoints = 100_000;

const isWorkload = (by: ExpenseDimension): by is WorkloadDimension =>
  by === 'k8s_node' || by === 'k8s_namespace' || by === 'k8s_service';

/** Values of a cluster as a whole; empty: it lacks the dimension. */
function clusterValue(
  by: Exclude<ExpenseDimension, WorkloadDimension>,
  { account, assignment }: ClusterExpense,
): string {
  switch (by) {
    case 'cloud_account_id':
      return account.id;
    case 'region':
      return account.region ?? '';
    case 'resource_type':
      return clusterResourceType;
    case 'service_name':
      return '';
    case 'pool_id':
      return assignment.poolId;
    case 'employee_id':
      return assignment.employeeId;
  }
}

/** What workloads do not explain of a day's cost lacks the dimension, so that every breakdown adds up to the same total. */
function withRest(cluster: ClusterExpense, values: readonly DayValue[]): DayValue[] {
  const explained = new Map<number, Nanos>();
  for (const { dayMs, cost } of values) explained.set(dayMs, (explained.get(dayMs) ?? 0n) + cost);
  const costs = new Map(cluster.days.map(({ dayMs, cost }) => [dayMs, cost]));
  const rest = [...new Set([...costs.keys(), ...explained.keys()])].flatMap((dayMs) => {
    const cost = (costs.get(dayMs) ?? 0n) - (explained.get(dayMs) ?? 0n);
    return cost === 0n ? [] : [{ dayMs, value: '', cost, count: 0 }];
  });
  return [...values, ...rest];
}

async function clusterDays(
  { workloads }: BreakdownSources,
  cluster: ClusterExpense,
  request: ExpensesRequest,
  by: ExpenseDimension,
): Promise<DayValue[]> {
  const { filter, window } = request;
  if (isWorkload(by)) {
    const values = await workloads.readDays(cluster.account.id, window, { by, filter }, request);
    // A filter by workloads asks for nothing but workloads.
    return asksForWorkloads(filter) ? values : withRest(cluster, values);
  }
  const days = cluster.filteredDays ?? cluster.days;
  return days.map(({ dayMs, cost }) => ({ dayMs, value: clusterValue(by, cluster), cost, count: 1 }));
}

/** Adds up what is of the same day and value. */
function merged(values: readonly DayValue[]): DayValue[] {
  const byKey = new Map<string, DayValue>();
  for (const value of values) {
    const key = `${String(value.dayMs)} ${value.value}`;
    const sum = byKey.get(key);
    byKey.set(key, sum === undefined ? value : { ...sum, cost: sum.cost + value.cost, count: sum.count + value.count });
  }
  if (byKey.size > maxPoints) {
    throw new AppError('too-many-points', 'The breakdown has more values than one answer may.', {
      details: { points: byKey.size, max_points: maxPoints },
    });
  }
  return [...byKey.values()].sort((a, b) => a.dayMs - b.dayMs || (a.value < b.value ? -1 : 1));
}

/**
 * Expenses by day and value of a dimension, sorted. Their sum is the total of the expenses, before the overlap is taken off.
 *
 * @throws AppError `clickhouse-unavailable`, `too-many-points`
 */
export async function breakDown(
  sources: BreakdownSources,
  { clusters, bills }: OrganizationExpenses,
  request: ExpensesRequest,
  by: ExpenseDimension,
): Promise<DayValue[]> {
  const ofClusters: DayValue[] = [];
  for (const cluster of clusters) ofClusters.push(...(await clusterDays(sources, cluster, request, by)));
  const ofBills = bills.question.accountIds.length === 0 ? [] : await sources.billExpenses.readDays(bills.question, by);
  return merged([...ofClusters, ...ofBills]);
}

/** The sum of these. */
export const costOf = (values: readonly DayValue[]): Nanos => sumNanos(values.map(({ cost }) => cost));
