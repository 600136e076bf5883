import { z } from 'zod';
import { inCloudAccount, type Operation } from './operation';
import { integerParam, printableText, unixSeconds, uuid } from './scalars';

const maxFileNameLength = 500;
const defaultPageSize = 50;
const maxPageSize = 500;

/** The name under which a file is known to its account: `2026-03/focus-00001.csv.gz`. */
const fileName = printableText(maxFileNameLength);

const account = z.object({ cloud_account_id: uuid });

const fault = z.object({
  /** Where the record begins, the header being line 1; of Parquet, the number of the row. */
  line: z.int(),
  /** Empty when it is about the record as a whole. */
  column: z.string(),
  reason: z.string(),
});

const expenseImport = z.object({
  id: z.uuid(),
  cloud_account_id: z.uuid(),
  file_name: z.string(),
  /** interrupted: nothing was heard of it for a while; send the file again, and it goes on. superseded: by a later import. */
  state: z.enum(['running', 'interrupted', 'completed', 'failed', 'superseded']),
  format: z.enum(['csv', 'csv.gz', 'parquet']).nullable(),
  started_at: unixSeconds,
  finished_at: unixSeconds.nullable(),
  received_bytes: z.int(),
  records: z.int(),
  stored_records: z.int(),
  refused_records: z.int(),
  /** The first 100. */
  faults: z.array(fault),
  first_date: z.string().nullable(),
  last_date: z.string().nullable(),
  /** Of the file as it was sent. */
  sha256: z.string().nullable(),
  /** Of the rows: the same version is the same expenses. */
  data_version: z.string().nullable(),
  /** False: the file was the same as the one that was there. */
  changed: z.boolean().nullable(),
  failure_code: z.string().nullable(),
});

const base = '/restapi/v2/cloud_accounts/:cloud_account_id';

/** Bills of cloud accounts, as FOCUS files. */
export const expenseImportOperations = {
  createExpenseImport: {
    operationId: 'createExpenseImport',
    method: 'POST',
    path: `${base}/expense_imports`,
    summary: 'Imports a FOCUS 1.x file into a bill account',
    description:
      'The body is the file: CSV, gzipped CSV or Parquet, told by its first bytes. It takes the place of the file of the same ' +
      'name once it is stored as a whole; until then, and when it is refused, readers see the old one. An import that broke off ' +
      'goes on when the same file is sent again.',
    access: 'expense-imports:write',
    scope: inCloudAccount,
    costClass: 'export',
    creates: 'import_id',
    status: 201,
    errors: [
      'account-not-bill',
      'bill-file-unreadable',
      'focus-column-missing',
      'bill-records-refused',
      'import-superseded',
      'bill-storing-failed',
      'body-too-large',
      'request-aborted',
      'overloaded',
      'clickhouse-unavailable',
      'clickhouse-schema-missing',
    ],
    params: account,
    query: z.strictObject({
      file_name: fileName,
      /** Whether a file with faulty records is refused, or taken without them. */
      faulty_records: z.enum(['refuse', 'skip']).default('refuse'),
    }),
    upload: {
      contentTypes: ['text/csv', 'application/gzip', 'application/vnd.apache.parquet', 'application/octet-stream'],
    },
    response: expenseImport,
  },
  listExpenseImports: {
    operationId: 'listExpenseImports',
    method: 'GET',
    path: `${base}/expense_imports`,
    summary: 'The imports of a bill account, the latest first',
    access: 'costs:read',
    scope: inCloudAccount,
    status: 200,
    params: account,
    query: z.strictObject({
      limit: integerParam({ min: 1, max: maxPageSize }).default(defaultPageSize),
      offset: integerParam({ min: 0, max: 1_000_000 }).default(0),
    }),
    response: z.object({ expense_imports: z.array(expenseImport) }),
  },
  getExpenseImport: {
    operationId: 'getExpenseImport',
    method: 'GET',
    path: `${base}/expense_imports/:import_id`,
    summary: 'An import, with the faults of its file',
    access: 'costs:read',
    scope: inCloudAccount,
    status: 200,
    params: account.extend({ import_id: uuid }),
    query: z.strictObject({}),
    response: expenseImport,
  },
  listExpenseFiles: {
    operationId: 'listExpenseFiles',
    method: 'GET',
    path: `${base}/expense_files`,
    summary: 'The files that the expenses of a bill account are made of',
    access: 'costs:read',
    scope: inCloudAccount,
    costClass: 'query',
    status: 200,
    errors: ['clickhouse-unavailable', 'clickhouse-schema-missing', 'clickhouse-query-timeout'],
    params: account,
    query: z.strictObject({}),
    response: z.object({
      expense_files: z.array(z.object({ file_name: z.string(), import_id: z.uuid(), data_version: z.string() })),
    }),
  },
  deleteExpenseFile: {
    operationId: 'deleteExpenseFile',
    method: 'DELETE',
    path: `${base}/expense_files`,
    summary: 'Takes the expenses of a file out of a bill account',
    access: 'expense-imports:write',
    scope: inCloudAccount,
    costClass: 'query',
    status: 204,
    errors: ['clickhouse-unavailable', 'clickhouse-schema-missing', 'clickhouse-query-timeout'],
    params: account,
    query: z.strictObject({ file_name: fileName }),
    response: z.undefined(),
  },
} as const satisfies Readonly<Record<string, Operation>>;
