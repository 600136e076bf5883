import type { BillExpensesReader, ExpenseRow } from '../../expense-ports';
import type { ExpensesRequest, ExpenseSources } from '../expenses/read-organization-expenses';
import { exportCleanExpenses } from './export-clean-expenses';

const account = { id: 'bill', name: 'bills', type: 'aws_cnr', owner: null, region: null, deletedAt: null };
const request: Partial<ExpensesRequest> = {
  window: { startMs: 0, endMs: 86_400_000 },
  filter: {},
  organizationId: 'o',
};

/** Bills of three rows at first; then of `rows`, and with other totals from then on. */
function sourcesOf(rows: number, totals = { count: 3, cost: 3n }): ExpenseSources {
  let isFirst = true;
  const billExpenses: Partial<BillExpensesReader> = {
    readVersions: () => Promise.resolve([{ cloudAccountId: 'bill', importId: 'i', dataVersion: 'v' }]),
    readTotals: () => {
      const answer = isFirst ? { count: 3, cost: 3n } : totals;
      isFirst = false;
      return Promise.resolve(answer);
    },
    readRows: () => Promise.resolve(Array.from({ length: rows }, () => row)),
    readOverlap: () => Promise.resolve([]),
  };
  // Of accounts and rows only what decides is here.
  const sources: object = {
    cloudAccounts: { list: () => Promise.resolve([account]) },
    pools: { listRules: () => Promise.resolve([]) },
    billExpenses,
  };
  return sources as ExpenseSources;
}

const row = { resource: { cloudAccountId: 'bill', cost: 1n } } as ExpenseRow;

async function lengthOf(sources: ExpenseSources): Promise<number> {
  const { batches } = await exportCleanExpenses(sources, request as ExpensesRequest);
  let length = 0;
  for await (const batch of batches({ after: undefined, limit: 100 })) length += batch.length;
  return length;
}

describe('an export of expenses', () => {
  it('is of all rows', async () => {
    expect(await lengthOf(sourcesOf(3))).toBe(3);
  });

  it.each([
    ['rows are removed while it is read', sourcesOf(2)],
    ['there are fewer rows at the end than at the start', sourcesOf(3, { count: 2, cost: 2n })],
    ['the rows cost something else at the end', sourcesOf(3, { count: 3, cost: 4n })],
  ])('breaks off when %s', async (_title, sources) => {
    await expect(lengthOf(sources)).rejects.toMatchObject({ code: 'export-changed' });
  });
});
