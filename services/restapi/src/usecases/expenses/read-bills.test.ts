import { AppError } from '@cloudtuner/errors';
import type { CloudAccount } from '@cloudtuner/metadata';
import type { BillExpensesReader } from '../../expense-ports';
import { readBills, type BillsRequest } from './read-bills';

const account = (id: string): CloudAccount => ({
  id,
  organizationId: 'o',
  type: 'aws_cnr',
  name: `account ${id}`,
  region: null,
  owner: null,
  tags: {},
  clusterResourceId: null,
  createdAt: new Date(0),
  deletedAt: null,
  lastReadAt: null,
  allocationLabelKeys: [],
});

const request: BillsRequest = {
  organizationId: 'o',
  window: { startMs: 0, endMs: 1 },
  filter: {},
  rules: [],
  nowMs: 0,
  liveDeadlineMs: 0,
  route: 'test',
  signal: new AbortController().signal,
};

/** Accounts cost 1, 2, 4 … billionths; a statement over one of `broken` fails with this code. */
function sourcesOf(
  costs: Readonly<Record<string, bigint>>,
  broken: readonly string[],
  code: 'clickhouse-unavailable' | 'clickhouse-query-too-large',
) {
  const leftOut: string[] = [];
  const billExpenses = {
    readVersions: () =>
      Promise.resolve(Object.keys(costs).map((id) => ({ cloudAccountId: id, importId: id, dataVersion: id }))),
    readTotals: ({ accountIds }: { accountIds: readonly string[] }) =>
      accountIds.some((id) => broken.includes(id))
        ? Promise.reject(new AppError(code, 'broken'))
        : Promise.resolve({
            count: accountIds.length,
            cost: accountIds.reduce((sum, id) => sum + (costs[id] ?? 0n), 0n),
          }),
  } as Partial<BillExpensesReader> as BillExpensesReader;
  const observer = {
    liveRead: () => undefined,
    expensesOutOfStep: () => undefined,
    readAgain: () => undefined,
    accountLeftOut: (id: string) => leftOut.push(id),
  };
  return { sources: { billExpenses, observer }, leftOut };
}

const accounts = ['a', 'b', 'c'].map(account);

describe('readBills', () => {
  it('leaves out an account that cannot be read, names it, and serves the rest', async () => {
    const { sources, leftOut } = sourcesOf({ a: 1n, b: 2n, c: 4n }, ['b'], 'clickhouse-query-too-large');
    const bills = await readBills(sources, accounts, request);
    expect(bills.totals).toEqual({ count: 2, cost: 5n });
    expect(bills.question.accountIds).toEqual(['a', 'c']);
    expect(bills.warnings).toMatchObject([{ code: 'account-left-out', accountId: 'b' }]);
    expect(leftOut).toEqual(['b']);
  });

  it('fails when the store itself is away', async () => {
    const { sources } = sourcesOf({ a: 1n }, ['a'], 'clickhouse-unavailable');
    await expect(readBills(sources, accounts, request)).rejects.toMatchObject({ code: 'clickhouse-unavailable' });
  });

  it('asks nothing of accounts without files, nor of any when workloads are wanted', async () => {
    const { sources } = sourcesOf({ a: 1n }, ['b', 'c'], 'clickhouse-query-too-large');
    expect((await readBills(sources, accounts, request)).totals.cost).toBe(1n);
    const workloads = { ...request, filter: { k8s_node: ['n'] } };
    expect((await readBills(sources, accounts, workloads)).totals.count).toBe(0);
  });
});
