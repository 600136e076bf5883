import { AppError } from '@cloudtuner/errors';
import type { CloudAccount, CloudAccountsRepository } from '@cloudtuner/metadata';
import { operations } from '@cloudtuner/restapi-client';
import type { Route } from '@cloudtuner/service-kit';
import { wholeHours } from '../../domain/requested-window';
import type { ClusterStatus } from '../../usecases/list-clusters';
import type { AccountReception, AccountStatusReader, Backfill, Backfills } from '../../ports';
import { secondsOf, secondsOfDate } from '../present-costs';
import type { Principal } from '../principal';
import { definedOf } from '../defined-of';
import { kubecostChange, type EndpointCheck } from '../kubecost-endpoint';
import { notFound, onlySeen } from '../scope-checks';
import type { ScopedRoutes } from '../scoped-routes';

interface Dependencies {
  readonly cloudAccounts: CloudAccountsRepository;
  readonly backfills: Backfills;
  readonly statuses: AccountStatusReader;
  readonly now: () => number;
  readonly endpoints: EndpointCheck;
}

const presentAccount = (account: CloudAccount) => ({
  id: account.id,
  organization_id: account.organizationId,
  type: account.type,
  name: account.name,
  region: account.region,
  owner: account.owner,
  tags: { ...account.tags },
  kubecost_endpoint: account.kubecost?.endpoint ?? null,
  kubecost_cluster_id: account.kubecost?.clusterId ?? null,
  kubecost_schedules: { ...account.kubecost?.schedules },
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

/** Without live costs the newest sample we know of may be as old as the worker's slowest refresh, 15 minutes. */
const receivingMs = 20 * 60_000;

function statusOf(lastSampleMs: number | null, nowMs: number): ClusterStatus {
  if (lastSampleMs === null) return 'never';
  return nowMs - lastSampleMs <= receivingMs ? 'receiving' : 'stale';
}

function presentStatus({ type }: CloudAccount, { lastSampleMs, ...reception }: AccountReception, nowMs: number) {
  return {
    status: type === 'kubernetes_cnr' ? statusOf(lastSampleMs, nowMs) : null,
    receiving_since: reception.sinceMs === null ? null : secondsOf(reception.sinceMs),
    last_sample_at: lastSampleMs === null ? null : secondsOf(lastSampleMs),
    coverage_24h: reception.coverage,
    flags: [...reception.flags],
  };
}

/** Cloud accounts and their write credentials. */
export function cloudAccountRoutes(
  routes: ScopedRoutes,
  { cloudAccounts, statuses, now, endpoints }: Dependencies,
): Route<Principal>[] {
  const kubecostOf = (
    body: Parameters<typeof kubecostChange>[0]['body'],
    account: Parameters<typeof kubecostChange>[0]['account'],
  ) => kubecostChange({ body, account, endpoints, now: new Date(now()) });
  return [
    routes.inOrganization(operations.createCloudAccount, async ({ organization, body, record }) => {
      const { name, type, region = null, owner = null, tags = {} } = body;
      const kubecost = kubecostOf(body, { organizationId: organization.id, type });
      const wish = { name, type, region, owner, tags, ...(kubecost ? { kubecost } : {}) };
      const { account, password } = await cloudAccounts.create(organization.id, wish, record(wish));
      return { ...presentAccount(account), credentials: { username: account.id, password } };
    }),
    routes.inOrganization(operations.listCloudAccounts, async ({ organization, identity }) => ({
      cloud_accounts: (await onlySeen(cloudAccounts, identity).list(organization.id)).map(presentAccount),
    })),
    routes.inCloudAccount(operations.getCloudAccount, ({ account }) => presentAccount(account)),
    routes.inCloudAccount(operations.updateCloudAccount, async ({ account, body, record }) => {
      const { organizationId, id, name, region, owner, tags } = account;
      const { kubecost_endpoint: _e, kubecost_cluster_id: _c, kubecost_schedules: _s, ...rest } = body;
      const kubecost = kubecostOf(body, account);
      const { kubecost_endpoint, kubecost_cluster_id } = presentAccount(account);
      const before = { name, region, owner, tags, kubecost_endpoint, kubecost_cluster_id };
      const entry = record({ from: before, to: body });
      const changes = { ...definedOf(rest), ...(kubecost === undefined ? {} : { kubecost }) };
      const changed = await cloudAccounts.update(organizationId, id, changes, entry);
      if (changed === null) throw notFound();
      return presentAccount(changed);
    }),
    routes.inCloudAccount(operations.getCloudAccountStatus, async ({ account, signal }) => {
      const context = { nowMs: now(), signal };
      const [reception, settings] = await Promise.all([
        statuses.reception(account.id, context),
        cloudAccounts.findWriteSettings(account.organizationId, account.id),
      ]);
      if (settings === null) throw notFound();
      return {
        cloud_account_id: account.id,
        ...presentStatus(account, reception, context.nowMs),
        credentials: settings.credentials.map(({ createdAt, expiresAt }) => ({
          created_at: secondsOfDate(createdAt),
          expires_at: expiresAt === null ? null : secondsOfDate(expiresAt),
        })),
        write_limits: settings.limits,
      };
    }),
    routes.open(operations.setWriteLimits, async ({ params, body, recordIn }) => {
      const account = await cloudAccounts.findLiving(params.cloud_account_id);
      if (account === null) throw notFound();
      const entry = recordIn([account.organizationId], { name: account.name, write_limits: body });
      if (!(await cloudAccounts.setWriteLimits(account.organizationId, account.id, definedOf(body), entry)))
        throw notFound();
      return { cloud_account_id: account.id, write_limits: body };
    }),
    routes.inCloudAccount(operations.deleteCloudAccount, async ({ account, record }) => {
      const entry = record({ name: account.name });
      if (!(await cloudAccounts.remove(account.organizationId, account.id, entry))) throw notFound();
      return undefined;
    }),
    routes.inCloudAccount(operations.rotateCredentials, async ({ account, body, record }) => {
      const { overlap_seconds: overlapSeconds } = body;
      const rotated = await cloudAccounts.rotateCredentials(account.organizationId, account.id, {
        overlapSeconds,
        outbox: record({ overlap_seconds: overlapSeconds }),
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
