import { z } from 'zod';
import { inOrganization, type Operation } from './operation';
import { displayText, unixSeconds, uuid } from './scalars';

const maxConditions = 10;
const maxPriority = 1_000_000;
const maxValueLength = 1024;

const organization = z.object({ organization_id: uuid });
const pool = z.object({ id: z.uuid(), organization_id: z.uuid(), name: z.string(), created_at: unixSeconds });

const text = z.string().min(1, 'must not be empty').max(maxValueLength);
const oneAim = 'needs a pool_id or an employee_id';
const condition = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('cloud_account_is'), value: uuid }),
  ...(
    ['region_is', 'service_name_is', 'resource_type_is', 'name_is', 'name_starts_with', 'name_contains'] as const
  ).map((type) => z.strictObject({ type: z.literal(type), value: text })),
  z.strictObject({ type: z.literal('tag_is'), key: text, value: z.string().max(maxValueLength) }),
  z.strictObject({ type: z.literal('tag_exists'), key: text }),
]);

const rule = z.object({
  id: z.uuid(),
  organization_id: z.uuid(),
  name: z.string(),
  priority: z.int(),
  conditions: z.array(z.object({ type: z.string(), key: z.string().optional(), value: z.string().optional() })),
  pool_id: z.uuid().nullable(),
  employee_id: z.uuid().nullable(),
  created_at: unixSeconds,
});

const base = '/restapi/v2/organizations/:organization_id';

/** Pools, and the rules by which expenses belong to pools and employees. */
export const poolOperations = {
  createPool: {
    operationId: 'createPool',
    method: 'POST',
    path: `${base}/pools`,
    summary: 'Creates a pool',
    access: 'pools:write',
    scope: inOrganization,
    status: 201,
    errors: ['pool-name-taken'],
    creates: 'pool_id',
    params: organization,
    body: z.strictObject({ name: displayText }),
    response: pool,
  },
  listPools: {
    operationId: 'listPools',
    method: 'GET',
    path: `${base}/pools`,
    summary: 'The pools of the organization, sorted by name',
    access: 'costs:read',
    scope: inOrganization,
    status: 200,
    params: organization,
    query: z.strictObject({}),
    response: z.object({ pools: z.array(pool) }),
  },
  deletePool: {
    operationId: 'deletePool',
    method: 'DELETE',
    path: `${base}/pools/:pool_id`,
    summary: 'Deletes a pool and the rules that lead to it',
    access: 'pools:write',
    scope: inOrganization,
    status: 204,
    params: organization.extend({ pool_id: uuid }),
    query: z.strictObject({}),
    response: z.undefined(),
  },
  createAssignmentRule: {
    operationId: 'createAssignmentRule',
    method: 'POST',
    path: `${base}/assignment_rules`,
    summary: 'Creates a rule: expenses that meet all its conditions belong to its pool and its employee',
    description:
      'Rules hold for past expenses too, at once. They are tried from the smallest priority on; the first that holds and names a ' +
      'pool decides the pool, the first that holds and names an employee decides the employee.',
    access: 'pools:write',
    scope: inOrganization,
    status: 201,
    errors: ['too-many-rules'],
    rules: [oneAim, 'there is none with this id in the organization'],
    creates: 'rule_id',
    params: organization,
    example: {
      body: {
        name: 'shop',
        priority: 10,
        conditions: [{ type: 'tag_is', key: 'team', value: 'shop' }],
        pool_id: '0b9f3c58-6a0e-4a39-8f0c-0d5f4a1f8f11',
        employee_id: null,
      },
    },
    body: z
      .strictObject({
        name: displayText,
        priority: z.int().min(0).max(maxPriority),
        conditions: z.array(condition).min(1, 'needs a condition').max(maxConditions),
        pool_id: uuid.nullable().default(null),
        employee_id: uuid.nullable().default(null),
      })
      .refine(({ pool_id, employee_id }) => pool_id !== null || employee_id !== null, {
        message: oneAim,
        path: ['pool_id'],
      }),
    response: rule,
  },
  listAssignmentRules: {
    operationId: 'listAssignmentRules',
    method: 'GET',
    path: `${base}/assignment_rules`,
    summary: 'The rules of the organization, in the order in which they are tried',
    access: 'costs:read',
    scope: inOrganization,
    status: 200,
    params: organization,
    query: z.strictObject({}),
    response: z.object({ assignment_rules: z.array(rule) }),
  },
  deleteAssignmentRule: {
    operationId: 'deleteAssignmentRule',
    method: 'DELETE',
    path: `${base}/assignment_rules/:rule_id`,
    summary: 'Deletes a rule',
    access: 'pools:write',
    scope: inOrganization,
    status: 204,
    params: organization.extend({ rule_id: uuid }),
    query: z.strictObject({}),
    response: z.undefined(),
  },
} as const satisfies Readonly<Record<string, Operation>>;
