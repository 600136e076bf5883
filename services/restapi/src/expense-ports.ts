import type { Nanos, TimeWindow } from '@cloudtuner/cost-model';
import type { AssignmentRule } from '@cloudtuner/metadata';
import type { ExpenseDimension, ExpenseFilter } from './domain/expenses/expense-filter';
import type { ReadContext } from './ports';

/** What several bill accounts are asked. */
export interface BillQuestion extends ReadContext {
  readonly organizationId: string;
  readonly accountIds: readonly string[];
  /** Versions of files, so that all statements of an answer read the same. */
  readonly importIds: readonly string[];
  readonly window: TimeWindow;
  readonly filter: ExpenseFilter;
  readonly rules: readonly AssignmentRule[];
}

/** A current file of a bill account. */
export interface BillVersion {
  readonly cloudAccountId: string;
  readonly importId: string;
  readonly dataVersion: string;
}

/** Fields that rows can be sorted by. */
export const expenseSortFields = ['cost', 'name', 'region', 'service_name', 'resource_type'] as const;

/** A part of the rows. */
export interface RowPage {
  readonly sortBy: (typeof expenseSortFields)[number];
  readonly descending: boolean;
  readonly limit: number;
  readonly offset: number;
}

/** A row of another kind, which is sorted in between. */
export interface OtherRow {
  readonly name: string;
  readonly region: string;
  readonly resourceType: string;
  readonly cost: Nanos;
}

/** What a resource of a bill cost in the window; empty texts are dimensions that it lacks. */
export interface BilledResource {
  readonly cloudAccountId: string;
  readonly resourceId: string;
  readonly name: string;
  readonly serviceName: string;
  readonly region: string;
  readonly resourceType: string;
  readonly poolId: string;
  readonly employeeId: string;
  readonly cost: Nanos;
  readonly billedCost: Nanos;
}

/** A row of a page: a resource of a bill, or the other row with this index. */
export type ExpenseRow = { readonly resource: BilledResource } | { readonly other: number };

/** The cost of a day by a value of a dimension. */
export interface DayValue {
  readonly dayMs: number;
  /** Empty: the rows lack the dimension. */
  readonly value: string;
  readonly cost: Nanos;
  /** Resources; 0 where they are not counted. */
  readonly count: number;
}

/** Expenses of bills. Every method throws `clickhouse-unavailable` when the store is down or hangs. */
export interface BillExpensesReader {
  readVersions(organizationId: string, accountIds: readonly string[], context: ReadContext): Promise<BillVersion[]>;
  readTotals(question: BillQuestion): Promise<{ count: number; cost: Nanos }>;
  readRows(question: BillQuestion, others: readonly OtherRow[], page: RowPage): Promise<ExpenseRow[]>;
  /** Sorted by day, then value. */
  readDays(question: BillQuestion, by: ExpenseDimension): Promise<DayValue[]>;
  /** What the assets of clusters cost on days on which a bill has them too, by cluster and day. The filter does not matter. */
  readOverlap(
    question: BillQuestion,
    clusterIds: readonly string[],
  ): Promise<{ cloudAccountId: string; dayMs: number; cost: Nanos }[]>;
}

/** Costs of a cluster below it. Every method throws `clickhouse-unavailable` when the store is down or hangs. */
export interface WorkloadCostsReader {
  /** Sorted by day, then value; only what is stored by workload. `by` null: one sum a day. */
  readDays(
    cloudAccountId: string,
    window: TimeWindow,
    question: { readonly by: 'k8s_node' | 'k8s_namespace' | 'k8s_service' | null; readonly filter: ExpenseFilter },
    context: ReadContext,
  ): Promise<DayValue[]>;
}
