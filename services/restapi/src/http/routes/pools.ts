import { AppError } from '@cloudtuner/errors';
import type { AssignmentRule, Metadata, Pool, RuleCondition } from '@cloudtuner/metadata';
import { operations } from '@cloudtuner/restapi-client';
import type { Route } from '@cloudtuner/service-kit';
import { secondsOfDate } from '../present-costs';
import type { Principal } from '../principal';
import { notFound } from '../scope-checks';
import type { ScopedRoutes } from '../scoped-routes';

type Dependencies = Pick<Metadata, 'pools' | 'users' | 'cloudAccounts'>;

const presentPool = ({ id, organizationId, name, createdAt }: Pool) => ({
  id,
  organization_id: organizationId,
  name,
  created_at: secondsOfDate(createdAt),
});

const presentCondition = ({ type, key, value }: RuleCondition) => ({
  type,
  ...(key === '' ? {} : { key }),
  ...(type === 'tag_exists' ? {} : { value }),
});

const presentRule = (rule: AssignmentRule) => ({
  id: rule.id,
  organization_id: rule.organizationId,
  name: rule.name,
  priority: rule.priority,
  conditions: rule.conditions.map(presentCondition),
  pool_id: rule.poolId,
  employee_id: rule.employeeId,
  created_at: secondsOfDate(rule.createdAt),
});

/** What a rule names has to be of the organization; what is somebody else's is as absent as what is not there. */
async function requireOwn(
  { pools, users, cloudAccounts }: Dependencies,
  organizationId: string,
  named: { poolId: string | null; employeeId: string | null; conditions: readonly RuleCondition[] },
): Promise<void> {
  const { poolId, employeeId, conditions } = named;
  const fault = (field: string): AppError =>
    new AppError('invalid-request', `body ${field}: there is none with this id in the organization.`, {
      details: [{ in: 'body', field, message: 'there is none with this id in the organization' }],
    });
  if (poolId !== null && !(await pools.listPools(organizationId)).some(({ id }) => id === poolId))
    throw fault('pool_id');
  if (employeeId !== null && !(await users.list(organizationId)).some(({ id }) => id === employeeId)) {
    throw fault('employee_id');
  }
  const accountIds = conditions.filter(({ type }) => type === 'cloud_account_is').map(({ value }) => value);
  if (accountIds.length === 0) return;
  const own = new Set((await cloudAccounts.list(organizationId, { includeDeleted: true })).map(({ id }) => id));
  if (!accountIds.every((id) => own.has(id))) throw fault('conditions');
}

/** Pools and the rules that lead to them. */
export function poolRoutes(routes: ScopedRoutes, dependencies: Dependencies): Route<Principal>[] {
  const { pools } = dependencies;
  return [
    routes.inOrganization(operations.createPool, async ({ organization, body, record }) =>
      presentPool(await pools.createPool(organization.id, body.name, record({ name: body.name }))),
    ),
    routes.inOrganization(operations.listPools, async ({ organization }) => ({
      pools: (await pools.listPools(organization.id)).map(presentPool),
    })),
    routes.inOrganization(operations.deletePool, async ({ organization, params, record }) => {
      if (!(await pools.removePool(organization.id, params.pool_id, record({})))) throw notFound();
      return undefined;
    }),
    routes.inOrganization(operations.createAssignmentRule, async ({ organization, body, record }) => {
      const { name, priority, pool_id: poolId, employee_id: employeeId } = body;
      const conditions = body.conditions.map((condition) => ({ key: '', value: '', ...condition }));
      await requireOwn(dependencies, organization.id, { poolId, employeeId, conditions });
      const rule = { name, priority, conditions, poolId, employeeId };
      return presentRule(await pools.createRule(organization.id, rule, record({ rule: body })));
    }),
    routes.inOrganization(operations.listAssignmentRules, async ({ organization }) => ({
      assignment_rules: (await pools.listRules(organization.id)).map(presentRule),
    })),
    routes.inOrganization(operations.deleteAssignmentRule, async ({ organization, params, record }) => {
      if (!(await pools.removeRule(organization.id, params.rule_id, record({})))) throw notFound();
      return undefined;
    }),
  ];
}
