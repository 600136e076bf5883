import { setTimeout as delay } from 'node:timers/promises';
import { countTenantRows, eraseTenantRows } from '@cloudtuner/clickhouse';
import { AppError } from '@cloudtuner/errors';
import type { DoomedTenant } from '@cloudtuner/metadata';
import type { Stores } from './stores';

/** Which tenant goes, and what is kept of it. */
export interface ErasureOptions {
  readonly organizationId: string;
  /** One account of it; null: the whole organization. */
  readonly cloudAccountId: string | null;
  /** Whether the audit log goes too. */
  readonly withAudit: boolean;
  /** How long gateways and others may still use what they know of the tenant. */
  readonly settleSeconds: number;
}

/** Removed rows, documents and keys. */
interface Removed {
  readonly clickhouse: Record<string, number>;
  readonly mongodb: Record<string, number>;
  redis: number;
}

/** What was done, and what is to be done with the samples. */
export interface ErasureReport {
  readonly organization_id: string;
  readonly cloud_account_ids: readonly string[];
  readonly removed: Removed;
  readonly audit: 'erased' | 'kept';
  readonly samples: { readonly prometheus: readonly string[]; readonly thanos: readonly string[] };
}

/** What comes in while a round runs is found by the next. */
const maxRounds = 5;
const idleTimeoutMs = 600_000;

const add = (sum: Record<string, number>, more: Readonly<Record<string, number>>): void => {
  for (const [name, count] of Object.entries(more)) sum[name] = (sum[name] ?? 0) + count;
};

/** How an operator removes the samples: neither store has one call for it that we could make. */
function sampleCommands(cloudAccountIds: readonly string[]): ErasureReport['samples'] {
  const admin = '"$PROMETHEUS_URL/api/v1/admin/tsdb';
  return {
    prometheus: [
      ...cloudAccountIds.map((id) => `curl -g -X POST ${admin}/delete_series?match[]={tenant_id=%22${id}%22}"`),
      `curl -X POST ${admin}/clean_tombstones"`,
    ],
    thanos: cloudAccountIds.map(
      (id) =>
        `thanos tools bucket inspect --objstore.config-file="$OBJSTORE" --selector='tenant_id="${id}"' --output=csv ` +
        `| tail -n +2 | cut -d, -f1 | while read -r block; do thanos tools bucket mark --objstore.config-file="$OBJSTORE" ` +
        `--marker=deletion-mark.json --details="tenant deleted" --id="$block"; done`,
    ),
  };
}

const isEmpty = (counts: Readonly<Record<string, number>>): boolean => Object.keys(counts).length === 0;

async function doomed(
  { metadata }: Stores,
  { organizationId, cloudAccountId }: ErasureOptions,
  before: DoomedTenant | undefined,
): Promise<DoomedTenant> {
  if (cloudAccountId !== null)
    return { organizationId, wholeOrganization: false, cloudAccountIds: [cloudAccountId], userIds: [] };
  const found = await metadata.tenantErasure.find(organizationId, before?.userIds);
  const union = (a: readonly string[] = [], b: readonly string[]): string[] => [...new Set([...a, ...b])].sort();
  return {
    organizationId,
    wholeOrganization: true,
    cloudAccountIds: union(before?.cloudAccountIds, found.cloudAccountIds),
    userIds: found.userIds,
  };
}

/** The organization has the account, or nobody has it any more. */
async function checkOwner({ metadata }: Stores, { organizationId, cloudAccountId }: ErasureOptions): Promise<void> {
  if (cloudAccountId === null) return;
  const identity = await metadata.cloudAccounts.findWriteIdentity(cloudAccountId);
  if (identity === null || identity.organizationId === organizationId) return;
  throw new AppError('not-found', 'The organization has no such account.');
}

/**
 * Removes a tenant from Redis, ClickHouse and MongoDB. What says which accounts there were goes last, so a run that was killed is
 * simply repeated, and a run on a tenant that is gone removes nothing. It ends when nothing names the tenant any more.
 *
 * @throws AppError `tenant-busy` when work for it does not end, or new data keep coming
 */
export async function eraseTenant(stores: Stores, options: ErasureOptions): Promise<ErasureReport> {
  const { clickhouse, metadata, tenantKeys, cluster } = stores;
  await checkOwner(stores, options);
  const removed: Removed = { clickhouse: {}, mongodb: {}, redis: 0 };
  let tenant: DoomedTenant | undefined;
  for (let round = 0; round < maxRounds; round += 1) {
    tenant = await doomed(stores, options, tenant);
    const { cloudAccountIds, userIds, organizationId, wholeOrganization } = tenant;
    const rows = {
      ...{ organizationId, wholeOrganization, cloudAccountIds, subjectIds: userIds },
      ...{ withAudit: options.withAudit, cluster },
    };
    const ids = [...(wholeOrganization ? [organizationId] : []), ...cloudAccountIds];
    await metadata.tenantErasure.close(tenant);
    if (round === 0) await delay(options.settleSeconds * 1_000);
    await tenantKeys.untilIdle(cloudAccountIds, idleTimeoutMs);
    removed.redis += await tenantKeys.erase(ids);
    add(removed.clickhouse, await eraseTenantRows(clickhouse, rows));
    add(removed.mongodb, await metadata.tenantErasure.erase(tenant));
    const left = [await countTenantRows(clickhouse, rows), await metadata.tenantErasure.mentions(tenant)];
    if (left.every(isEmpty) && (await tenantKeys.count(ids)) === 0) {
      return {
        ...{ organization_id: organizationId, cloud_account_ids: cloudAccountIds, removed },
        audit: options.withAudit ? 'erased' : 'kept',
        samples: sampleCommands(cloudAccountIds),
      };
    }
  }
  throw new AppError('tenant-busy', 'Data of the tenant keep coming: see that nobody writes for it any more.');
}
