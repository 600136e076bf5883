import { AppError } from '@cloudtuner/errors';
import type { ExpenseImport, OrganizationsRepository } from '@cloudtuner/metadata';
import { operations } from '@cloudtuner/restapi-client';
import type { Route } from '@cloudtuner/service-kit';
import { deleteExpenseFile } from '../../usecases/bills/delete-expense-file';
import { importExpenses, type ImportDependencies } from '../../usecases/bills/import-expenses';
import { secondsOfDate } from '../present-costs';
import type { Principal } from '../principal';
import { notFound } from '../scope-checks';
import type { ScopedRoutes } from '../scoped-routes';

interface Dependencies extends ImportDependencies {
  readonly organizations: Pick<OrganizationsRepository, 'find' | 'note'>;
  /** Imports that this process takes at once. */
  readonly maxImports: number;
}

/** A living import says something with every block. */
const interruptedAfterMs = 60_000;
const retryAfterMs = 10_000;

const presentImport = (found: ExpenseImport, nowMs: number) => ({
  id: found.id,
  cloud_account_id: found.cloudAccountId,
  file_name: found.fileName,
  state:
    found.state === 'running' && nowMs - found.heartbeatAt.getTime() > interruptedAfterMs
      ? ('interrupted' as const)
      : found.state,
  format: found.format,
  started_at: secondsOfDate(found.startedAt),
  finished_at: found.finishedAt === null ? null : secondsOfDate(found.finishedAt),
  received_bytes: found.receivedBytes,
  records: found.records,
  stored_records: found.storedRecords,
  refused_records: found.refusedRecords,
  faults: [...found.faults],
  first_date: found.firstDate,
  last_date: found.lastDate,
  sha256: found.sha256,
  data_version: found.dataVersion,
  changed: found.changed,
  failure_code: found.failureCode,
});

/** Runs at most so many at once; refuses more, because each holds memory and a connection. */
function createSlots(max: number): <T>(work: () => Promise<T>) => Promise<T> {
  let taken = 0;
  return async (work) => {
    if (taken >= max) {
      throw new AppError('overloaded', 'As many imports run here as may at once.', { retryAfterMs });
    }
    taken += 1;
    try {
      return await work();
    } finally {
      taken -= 1;
    }
  };
}

/** Bills of cloud accounts. */
export function expenseImportRoutes(routes: ScopedRoutes, dependencies: Dependencies): Route<Principal>[] {
  const { expenseImports, bills, organizations, now, maxImports } = dependencies;
  const inSlot = createSlots(maxImports);
  return [
    routes.inCloudAccount(operations.createExpenseImport, async ({ account, query, upload, signal, record }) => {
      const organization = await organizations.find(account.organizationId);
      if (organization === null || upload === undefined) throw notFound();
      const imported = await inSlot(() =>
        importExpenses(dependencies, {
          account,
          currency: organization.currency,
          fileName: query.file_name,
          faultyRecords: query.faulty_records,
          upload,
          route: 'createExpenseImport',
          signal,
          record,
        }),
      );
      return presentImport(imported, now());
    }),
    routes.inCloudAccount(operations.listExpenseImports, async ({ account, query }) => ({
      expense_imports: (await expenseImports.list(account.id, query)).map((found) => presentImport(found, now())),
    })),
    routes.inCloudAccount(operations.getExpenseImport, async ({ account, params }) => {
      const found = await expenseImports.find(account.id, params.import_id);
      if (found === null) throw notFound();
      return presentImport(found, now());
    }),
    routes.inCloudAccount(operations.listExpenseFiles, async ({ account, signal }) => ({
      expense_files: (await bills.listFiles(account.id, { route: 'listExpenseFiles', signal })).map((file) => ({
        file_name: file.fileName,
        import_id: file.importId,
        data_version: file.dataVersion,
      })),
    })),
    routes.inCloudAccount(operations.deleteExpenseFile, async ({ account, query, signal, record }) => {
      const context = { route: 'deleteExpenseFile', signal };
      const fileName = query.file_name;
      await deleteExpenseFile(dependencies, account, { ...context, fileName, record: () => record({}) });
      return undefined;
    }),
  ];
}
