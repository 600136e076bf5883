import { z } from 'zod';
import { inOrganization, type Operation } from './operation';
import { groupErrors } from './query-errors';
import { integerParam, unixSecondsParam, uuid } from './scalars';

const base = '/restapi/v2/organizations/:organization_id/exports';
const maxRows = 100_000_000;

// Described below: a description of its own would hide how it is written in a query.
const window = { start_date: unixSecondsParam, end_date: unixSecondsParam };
const part = {
  data_version: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'must be the X-Data-Version of another part')
    .optional()
    .describe('Of the first part: another version is refused, so that parts of two versions are never put together.'),
  limit: integerParam({ min: 1, max: maxRows }).optional().describe('Rows of this part at most.'),
};
const afterRow = z
  .string()
  .regex(/^\d{1,12}$/, 'must be a cursor of this export')
  .optional()
  .describe('`cursor` of the last row that arrived: the export goes on behind it, without a header line.');
const afterRowOfDay = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}_\d{1,12}$/, 'must be a cursor of this export')
  .optional()
  .describe('`cursor` of the last row that arrived: the export goes on behind it, without a header line.');

const description =
  '`start_date` and `end_date` are 00:00 UTC of days; the end is at most the beginning of the running day. Streamed in one order that never changes. `X-Data-Version` names what is exported and `X-Total-Cost` what its rows add up to: ' +
  'exactly the `total_cost` of `clean_expenses` over the same days, and for allocations its `k8s_total_cost`. An export that broke off goes on with ' +
  '`after` and `data_version`. Parquet has a footer, so that a part of it is a file of its own: ask for `limit` rows at a time. ' +
  'What begins like a formula in CSV has a `’` (apostrophe) in front.';

const head = {
  method: 'GET',
  access: 'costs:read',
  scope: inOrganization,
  restrictable: true,
  costClass: 'export',
  errors: [...groupErrors, 'export-changed', 'export-incomplete', 'export-not-closed'],
  status: 200,
  params: z.object({ organization_id: uuid }),
  response: z.string(),
  description,
} as const;

const csv = 'text/csv';
const parquet = 'application/vnd.apache.parquet';

const cleanQuery = z.strictObject({ ...window, ...part, after: afterRow });
const allocationQuery = z.strictObject({
  ...window,
  ...part,
  after: afterRowOfDay,
  aggregate: z.enum(['namespace', 'workload', 'pod']).default('workload'),
});

/** Expenses and allocations as files. */
export const exportOperations = {
  exportCleanExpensesCsv: {
    ...head,
    operationId: 'exportCleanExpensesCsv',
    path: `${base}/clean_expenses.csv`,
    summary: 'What every resource of the organization cost, as CSV',
    query: cleanQuery,
    stream: csv,
  },
  exportCleanExpensesParquet: {
    ...head,
    operationId: 'exportCleanExpensesParquet',
    path: `${base}/clean_expenses.parquet`,
    summary: 'What every resource of the organization cost, as Parquet',
    query: cleanQuery,
    stream: parquet,
  },
  exportAllocationsCsv: {
    ...head,
    operationId: 'exportAllocationsCsv',
    path: `${base}/allocations.csv`,
    summary: 'What ran in the clusters of the organization cost by day, idle included, as CSV',
    query: allocationQuery,
    stream: csv,
  },
  exportAllocationsParquet: {
    ...head,
    operationId: 'exportAllocationsParquet',
    path: `${base}/allocations.parquet`,
    summary: 'What ran in the clusters of the organization cost by day, idle included, as Parquet',
    query: allocationQuery,
    stream: parquet,
  },
  exportFocusCsv: {
    ...head,
    operationId: 'exportFocusCsv',
    path: `${base}/focus.csv`,
    summary: 'The same costs with the columns of FOCUS 1.2, as CSV',
    query: allocationQuery,
    stream: csv,
  },
  exportFocusParquet: {
    ...head,
    operationId: 'exportFocusParquet',
    path: `${base}/focus.parquet`,
    summary: 'The same costs with the columns of FOCUS 1.2, as Parquet',
    query: allocationQuery,
    stream: parquet,
  },
} as const satisfies Readonly<Record<string, Operation>>;
