import { AppError } from '@cloudtuner/errors';
import type { CloudAccount, CloudAccountsRepository, PoolsRepository, UsersRepository } from '@cloudtuner/metadata';
import { operations } from '@cloudtuner/restapi-client';
import type { Route } from '@cloudtuner/service-kit';
import { namedSummaries } from '../../domain/cost-summaries';
import { countWindows, wholeWindows } from '../../domain/summary-windows';
import type { SummariesReader, SummaryDuration, SummaryGroupBy } from '../../summary-ports';
import { readCostSummaries } from '../../usecases/read-cost-summaries';
import {
  presentAdjustments,
  presentSummary,
  presentSummaryTotals,
  presentSummaryWindow,
  summariesVersion,
  type Called,
} from '../present-summaries';
import type { Principal } from '../principal';
import { notFound, onlySeen } from '../scope-checks';
import type { ScopedRoutes } from '../scoped-routes';

/** What the route is made of. */
export interface CostSummaryDependencies {
  readonly summaries: SummariesReader;
  readonly cloudAccounts: Pick<CloudAccountsRepository, 'list'>;
  readonly pools: Pick<PoolsRepository, 'listPools'>;
  readonly users: Pick<UsersRepository, 'list'>;
}

const daySeconds = 86_400;
/** Days that an answer may be about: beyond, windows that are longer answer the question. */
const longestDays: Readonly<Record<SummaryDuration, number>> = { hour: 31, day: 400, month: 3_700 };

/** Windows of all clusters that an answer may have: each is in memory with its versions, and in the answer. */
const mostWindows = 20_000;

/** @throws AppError `range-too-long` */
function checkSize(duration: SummaryDuration, window: { from: number; until: number }, clusters: number): void {
  const windows = countWindows(duration, window) * clusters;
  if (windows > mostWindows)
    throw new AppError(
      'range-too-long',
      `These are ${String(windows)} windows of ${String(clusters)} clusters; an answer has ${String(mostWindows)} at most.`,
      { details: { max_windows: mostWindows, windows } },
    );
}

/** @throws AppError `invalid-window`, `range-too-long` */
function askedWindows(duration: SummaryDuration, from: number, until: number): { from: number; until: number } {
  if (from >= until) throw new AppError('invalid-window', 'The window must end after it starts.');
  const days = longestDays[duration];
  if (until - from > days * daySeconds)
    throw new AppError('range-too-long', `Summaries of a ${duration} are answered for at most ${String(days)} days.`, {
      details: { max_days: days },
    });
  return wholeWindows(duration, from, until);
}

/** A team is the pool of the same name, an owner the employee with that address: so costs of clusters and bills meet. */
async function calledBy(
  { pools, users }: Pick<CostSummaryDependencies, 'pools' | 'users'>,
  organizationId: string,
  { groupBy, accounts }: { readonly groupBy: SummaryGroupBy; readonly accounts: readonly CloudAccount[] },
): Promise<Called> {
  if (groupBy === 'cluster') {
    const names = new Map(accounts.map(({ id, name }) => [id, name]));
    return (id) => ({ cloud_account_name: names.get(id) ?? '' });
  }
  if (groupBy === 'team') {
    const ids = new Map((await pools.listPools(organizationId)).map(({ id, name }) => [name, id]));
    return (name) => ({ pool_id: ids.get(name) ?? null });
  }
  if (groupBy === 'namespace') return () => ({});
  const ids = new Map((await users.list(organizationId)).map(({ id, email }) => [email, id]));
  return (name) => ({ employee_id: ids.get(name) ?? null });
}

/** What clusters cost whom, as it was summarized. */
export function costSummaryRoutes(routes: ScopedRoutes, dependencies: CostSummaryDependencies): Route<Principal>[] {
  const { summaries, cloudAccounts } = dependencies;
  return [
    routes.inOrganization(operations.getCostSummaries, async ({ organization, identity, query, signal }) => {
      const { window_duration: duration, group_by: groupBy, cloud_account_id: only, limit, offset, money } = query;
      const { from, until } = askedWindows(duration, query.start_date, query.end_date);
      const seen = await onlySeen(cloudAccounts, identity).list(organization.id, { includeDeleted: true });
      const accounts = seen.filter(({ id, type }) => type === 'kubernetes_cnr' && (only === undefined || id === only));
      if (only !== undefined && accounts.length === 0) throw notFound();
      checkSize(duration, { from, until }, accounts.length);
      const read = await readCostSummaries(summaries, organization.id, {
        question: { cloudAccountIds: accounts.map(({ id }) => id), duration, groupBy },
        ...{ from, until, route: 'getCostSummaries', signal },
      });
      const answered = read.windows.filter(({ start }) => start >= from);
      const named = namedSummaries(read, from);
      const called = await calledBy(dependencies, organization.id, { groupBy, accounts });
      return {
        organization_id: organization.id,
        currency: organization.currency,
        ...{ window_duration: duration, group_by: groupBy, start_date: from, end_date: until },
        ...{ limit, offset, total_count: named.length },
        data_version: summariesVersion(answered),
        ...presentSummaryTotals(named, money),
        windows: answered.map((window) => presentSummaryWindow(duration, window)),
        summaries: named
          .slice(offset, offset + limit)
          .map((summary) => presentSummary(summary, { duration, form: money, called })),
        adjustments: presentAdjustments(read, from, money),
      };
    }),
  ];
}
