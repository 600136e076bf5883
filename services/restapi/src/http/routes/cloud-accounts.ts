import { AppError } from '@cloudtuner/errors';
import type { CloudAccount, CloudAccountsRepository } from '@cloudtuner/metadata';
import { operations } from '@cloudtuner/restapi-client';
import type { Route } from '@cloudtuner/service-kit';
import { wholeHours } from '../../domain/requested-window';
import type { Backfill, Backfills } from '../../ports';
import { secondsOf, secondsOfDate } from '../present-costs';
import type { Principal } from '../principal';
import type { ScopedRoutes } from '../scoped-routes';

interface Dependencies {
  readonly cloudAccounts: CloudAccountsRepository;
  readonly backfills: Backfills;
  readonly now: () => number;
}

const presentAccount = (account: CloudAccount) => ({
  id: account.id,
  organization_id: account.organizationId,
  type: account.type,
  name: account.name,
  region: account.region,
  owner: account.owner,
  cluster_resource_id: account.clusterResourceId,
  created_at: secondsOfDate(account.createdAt),
  last_read_at: account.lastReadAt === null ? null : secondsOfDate(account.lastReadAt),
});

const presentBackfill = (cloudAccountId: string, { id, window, state, progress, failureCode }: Backfill) => ({
  id,
  cloud_account_id: cloudAccountId,
  start_time: secondsOf(window.startMs),
  end_time: secondsOf(window.endMs),
  state,
  progress: progress === null ? null : { done_hours: progress.doneHours, total_hours: progress.totalHours },
  failure_code: failureCode,
});

/** Of a resource that went away between the check of its scope and its use. */
const notFound = (): AppError => new AppError('not-found', 'There is nothing at this address.');

/** Cloud accounts and their write credentials. */
export function cloudAccountRoutes(routes: ScopedRoutes, { cloudAccounts }: Dependencies): Route<Principal>[] {
  return [
    routes.inOrganization(operations.createCloudAccount, async ({ organization, body }) => {
      const { name, type, region = null, owner = null } = body;
      const { account, password } = await cloudAccounts.create(organization.id, { name, type, region, owner });
      return { ...presentAccount(account), credentials: { username: account.id, password } };
    }),
    routes.inOrganization(operations.listCloudAccounts, async ({ organization }) => ({
      cloud_accounts: (await cloudAccounts.list(organization.id)).map(presentAccount),
    })),
    routes.inCloudAccount(operations.getCloudAccount, ({ account }) => presentAccount(account)),
    routes.inCloudAccount(operations.deleteCloudAccount, async ({ account }) => {
      if (!(await cloudAccounts.remove(account.organizationId, account.id))) throw notFound();
      return undefined;
    }),
    routes.inCloudAccount(operations.rotateCredentials, async ({ account, body }) => {
      const rotated = await cloudAccounts.rotateCredentials(account.organizationId, account.id, {
        overlapSeconds: body.overlap_seconds,
      });
      if (rotated === null) throw notFound();
      return {
        credentials: { username: account.id, password: rotated.password },
        previous_expires_at: secondsOfDate(rotated.previousExpiresAt),
      };
    }),
  ];
}

/** Backfills of a cloud account. */
export function backfillRoutes(routes: ScopedRoutes, { backfills, now }: Dependencies): Route<Principal>[] {
  return [
    routes.inCloudAccount(operations.createBackfill, async ({ account, body }) => {
      const requested = { startMs: body.start_time * 1000, endMs: body.end_time * 1000 };
      const window = wholeHours(requested, '1d');
      if (window.startMs >= now()) throw new AppError('invalid-window', 'A backfill must start in the past.');
      return presentBackfill(account.id, await backfills.start(account.id, window));
    }),
    routes.inCloudAccount(operations.getBackfill, async ({ account, params }) => {
      const backfill = await backfills.find(account.id, params.backfill_id);
      if (backfill === null) throw notFound();
      return presentBackfill(account.id, backfill);
    }),
  ];
}
