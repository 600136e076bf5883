import { defaultAllocationRules, type AllocationRules } from '@cloudtuner/cost-model';
import { AppError } from '@cloudtuner/errors';
import type { CloudAccountsRepository, Metadata, Organization, StoredAllocationRules } from '@cloudtuner/metadata';
import { operations } from '@cloudtuner/restapi-client';
import type { Route } from '@cloudtuner/service-kit';
import { secondsOfDate } from '../present-costs';
import type { Principal } from '../principal';
import type { ScopedRoutes } from '../scoped-routes';

interface Dependencies {
  readonly allocationRules: Metadata['allocationRules'];
  readonly cloudAccounts: Pick<CloudAccountsRepository, 'list'>;
}

const presentRules = ({ id }: Organization, stored: StoredAllocationRules | null) => ({
  organization_id: id,
  version: stored?.version ?? defaultAllocationRules.version,
  ...(stored?.rules ?? defaultAllocationRules.rules),
  created_at: stored === null ? null : secondsOfDate(stored.createdAt),
  created_by: stored?.createdBy ?? null,
});

/** Accounts that rules name have to be of the organization; what is somebody else's is as absent as what is not there. */
async function requireOwnAccounts(
  cloudAccounts: Dependencies['cloudAccounts'],
  organizationId: string,
  { mapping, shared_costs: shared }: Pick<AllocationRules, 'mapping' | 'shared_costs'>,
): Promise<void> {
  const conditions = [...mapping, ...shared].flatMap((rule) => rule.conditions);
  const named = conditions.flatMap(({ type, value }) => (type === 'cloud_account_is' ? [value] : []));
  if (named.length === 0) return;
  const own = new Set((await cloudAccounts.list(organizationId, { includeDeleted: true })).map(({ id }) => id));
  if (named.every((id) => own.has(id))) return;
  const message = 'there is none with this id in the organization';
  throw new AppError('invalid-request', `body conditions: ${message}.`, {
    details: [{ in: 'body', field: 'conditions', message }],
  });
}

/** The rules by which an organization allocates what its clusters cost. */
export function allocationRuleRoutes(
  routes: ScopedRoutes,
  { allocationRules, cloudAccounts }: Dependencies,
): Route<Principal>[] {
  return [
    routes.inOrganization(operations.getAllocationRules, async ({ organization }) =>
      presentRules(organization, await allocationRules.find(organization.id)),
    ),
    routes.inOrganization(operations.putAllocationRules, async ({ organization, identity, body }) => {
      const { version: basedOn, ...rules } = body;
      await requireOwnAccounts(cloudAccounts, organization.id, rules);
      const createdBy = identity.userId ?? identity.tokenId;
      return presentRules(organization, await allocationRules.put(organization.id, { rules, basedOn, createdBy }));
    }),
  ];
}
