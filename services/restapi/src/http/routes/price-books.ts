import { priceBookChange, type TimeWindow } from '@cloudtuner/cost-model';
import { AppError } from '@cloudtuner/errors';
import type {
  CloudAccount,
  CloudAccountsRepository,
  PriceBooksRepository,
  StoredPriceBook,
} from '@cloudtuner/metadata';
import { operations } from '@cloudtuner/restapi-client';
import type { Route } from '@cloudtuner/service-kit';
import { wholeHours } from '../../domain/requested-window';
import type { Backfills } from '../../ports';
import { secondsOfDate } from '../present-costs';
import type { Principal } from '../principal';
import { notFound } from '../scope-checks';
import type { ScopedRoutes } from '../scoped-routes';

interface Dependencies {
  readonly cloudAccounts: Pick<CloudAccountsRepository, 'setAllocationLabelKeys'>;
  readonly priceBooks: PriceBooksRepository;
  readonly backfills: Backfills;
  readonly now: () => number;
}

const presentBook = ({ id }: CloudAccount, stored: StoredPriceBook | null) => ({
  cloud_account_id: id,
  version: stored?.version ?? 0,
  periods: stored?.book.periods ?? [],
  created_at: stored === null ? null : secondsOfDate(stored.createdAt),
  created_by: stored?.createdBy ?? null,
});

function requireCluster({ type }: CloudAccount): void {
  if (type === 'kubernetes_cnr') return;
  throw new AppError('account-not-kubernetes', 'The account is a source of bills; what is in them has its price.');
}

/** The past hours that have other prices now; undefined when there are none. */
function repricedWindow(fromSeconds: number | null, account: CloudAccount, nowMs: number): TimeWindow | undefined {
  if (fromSeconds === null) return undefined;
  const startMs = Math.max(fromSeconds * 1000, account.createdAt.getTime());
  return startMs < nowMs ? wholeHours({ startMs, endMs: nowMs }, '1d') : undefined;
}

/** Prices of accounts of their own, and the labels that are summed by day for them. */
export function priceBookRoutes(routes: ScopedRoutes, dependencies: Dependencies): Route<Principal>[] {
  const { cloudAccounts, priceBooks, backfills, now } = dependencies;
  return [
    routes.inCloudAccount(operations.getPriceBook, async ({ account }) =>
      presentBook(account, await priceBooks.find(account.id)),
    ),
    routes.inCloudAccount(operations.putPriceBook, async ({ account, body, identity }) => {
      requireCluster(account);
      const before = await priceBooks.find(account.id);
      const stored = await priceBooks.put(account.id, {
        book: { periods: body.periods },
        basedOn: body.version,
        createdBy: identity.userId ?? identity.tokenId,
      });
      const changedFrom = priceBookChange(before?.book ?? null, stored.book);
      const window = repricedWindow(changedFrom, account, now());
      const backfill = window === undefined ? null : await backfills.start(account.id, window);
      return { ...presentBook(account, stored), backfill_id: backfill?.id ?? null };
    }),
    routes.inCloudAccount(operations.setAllocationLabelKeys, async ({ account, body }) => {
      requireCluster(account);
      const keys = [...new Set(body.keys)].sort();
      if (!(await cloudAccounts.setAllocationLabelKeys(account.organizationId, account.id, keys))) throw notFound();
      return { cloud_account_id: account.id, keys };
    }),
  ];
}
