import { createHash } from 'node:crypto';
import { formatNanos, msPerDay, type TimeWindow } from '@cloudtuner/cost-model';
import { AppError } from '@cloudtuner/errors';
import type { Organization, TokenIdentity } from '@cloudtuner/metadata';
import { operations } from '@cloudtuner/restapi-client';
import type { Route } from '@cloudtuner/service-kit';
import type { ExportColumn, Placed } from '../../domain/exports/export-column';
import { wholeHours } from '../../domain/requested-window';
import type { ExportEncoders } from '../../export-ports';
import { exportAllocations, type DayAllocation } from '../../usecases/exports/export-allocations';
import { exportCleanExpenses } from '../../usecases/exports/export-clean-expenses';
import { requireClosed } from '../../usecases/exports/require-closed';
import { allocationQueryOf } from '../allocation-request';
import type { AllocationDependencies } from '../cluster-allocation';
import { ledgerRequest } from '../cost-request';
import { versionOfExpenses, type ExpenseDependencies } from '../expenses-request';
import { allocationColumns, expenseColumns, focusColumns, focusRowsOf } from '../export-columns';
import type { Principal } from '../principal';
import { onlySeen } from '../scope-checks';
import type { ScopedRoutes } from '../scoped-routes';

type Dependencies = ExpenseDependencies & AllocationDependencies & { readonly encoders: ExportEncoders };
type Format = keyof ExportEncoders;

/** What every export is asked. */
interface ExportInput {
  readonly organization: Organization;
  readonly identity: TokenIdentity;
  readonly signal: AbortSignal;
  readonly setHeader: (name: string, text: string) => void;
  readonly query: {
    readonly start_date: number;
    readonly end_date: number;
    readonly after?: string | undefined;
    readonly limit?: number | undefined;
    readonly data_version?: string | undefined;
  };
}
type AllocationInput = ExportInput & { query: { readonly aggregate: keyof typeof aggregates } };

const aggregates = {
  namespace: 'cluster,namespace',
  workload: 'cluster,namespace,controllerKind,controller',
  pod: 'cluster,namespace,controllerKind,controller,pod',
};

/** Whole days that are over: what still changes by the minute is nothing to export. @throws AppError `invalid-window` */
function windowOf({ start_date: start, end_date: end }: ExportInput['query'], nowMs: number): TimeWindow {
  const window = wholeHours({ startMs: start * 1000, endMs: end * 1000 }, '1d');
  const today = Math.floor(nowMs / msPerDay) * msPerDay;
  if (window.startMs % msPerDay !== 0 || window.endMs % msPerDay !== 0 || window.endMs > today) {
    throw new AppError('invalid-window', 'An export is of whole days (from 00:00 to 00:00 UTC) that are over.');
  }
  return window;
}

const allRows = Number.MAX_SAFE_INTEGER;

/** Says what is exported, and refuses to go on with something else. @throws AppError `export-changed` */
function announce(
  { query, setHeader }: ExportInput,
  about: { readonly dataVersion: string; readonly total: bigint; readonly fileName: string },
) {
  if (query.data_version !== undefined && query.data_version !== about.dataVersion) {
    throw new AppError('export-changed', 'The data has changed since the first part; start again.');
  }
  setHeader('X-Data-Version', about.dataVersion);
  setHeader('X-Total-Cost', formatNanos(about.total));
  setHeader('Content-Disposition', `attachment; filename="${about.fileName}"`);
  return { after: query.after, limit: query.limit ?? allRows };
}

/** Expenses and allocations as files. */
export function exportRoutes(routes: ScopedRoutes, dependencies: Dependencies): Route<Principal>[] {
  const { cloudAccounts, encoders, now, liveBudgetMs } = dependencies;

  const cleanExpenses = async (input: ExportInput, format: Format) => {
    const { organization, identity, query, signal } = input;
    const sources = { ...dependencies, cloudAccounts: onlySeen(cloudAccounts, identity) };
    const context = { nowMs: now(), liveBudgetMs, route: 'exportCleanExpenses', signal };
    const request = ledgerRequest(windowOf(query, now()), context);
    await requireClosed(dependencies, await sources.cloudAccounts.list(organization.id), request);
    const made = await exportCleanExpenses(sources, { ...request, organizationId: organization.id, filter: {} });
    const { accounts, rules } = made.expenses;
    // Names are what rows are sorted by, and rules tell rows apart.
    const named = JSON.stringify([accounts.map(({ id, name }) => [id, name]), rules]);
    const dataVersion = createHash('sha256')
      .update(`${versionOfExpenses(made.expenses)}${named}`)
      .digest('hex');
    const part = announce(input, { dataVersion, total: made.total, fileName: `clean_expenses.${format}` });
    return encoders[format](expenseColumns, made.batches(part), { header: query.after === undefined });
  };

  const allocations = async <Row extends object>(
    input: AllocationInput,
    format: Format,
    form: {
      readonly name: string;
      readonly columns: readonly ExportColumn<Placed<Row>>[];
      readonly rowsOf: (allocation: DayAllocation) => readonly Row[];
    },
  ) => {
    const { organization, identity, query, signal } = input;
    const accounts = await onlySeen(cloudAccounts, identity).list(organization.id, { includeDeleted: true });
    const context = { nowMs: now(), liveBudgetMs, route: 'exportAllocations', signal };
    const request = ledgerRequest(windowOf(query, now()), context);
    await requireClosed(dependencies, accounts, request);
    const made = await exportAllocations(dependencies, accounts, {
      ...request,
      query: allocationQueryOf({ aggregate: aggregates[query.aggregate], step: 'all' }),
    });
    const part = announce(input, { ...made, fileName: `${form.name}.${format}` });
    return encoders[format](form.columns, made.batches(part, form.rowsOf), { header: query.after === undefined });
  };
  const plain = {
    name: 'allocations',
    columns: allocationColumns,
    rowsOf: (allocation: DayAllocation) => [allocation],
  };
  const focus = ({ organization }: ExportInput) => ({
    name: 'focus',
    columns: focusColumns(organization),
    rowsOf: focusRowsOf,
  });

  return [
    routes.inOrganization(operations.exportCleanExpensesCsv, (input) => cleanExpenses(input, 'csv')),
    routes.inOrganization(operations.exportCleanExpensesParquet, (input) => cleanExpenses(input, 'parquet')),
    routes.inOrganization(operations.exportAllocationsCsv, (input) => allocations(input, 'csv', plain)),
    routes.inOrganization(operations.exportAllocationsParquet, (input) => allocations(input, 'parquet', plain)),
    routes.inOrganization(operations.exportFocusCsv, (input) => allocations(input, 'csv', focus(input))),
    routes.inOrganization(operations.exportFocusParquet, (input) => allocations(input, 'parquet', focus(input))),
  ];
}
