import { randomUUID } from 'node:crypto';
import { AppError } from '@cloudtuner/errors';
import type { Collection } from 'mongodb';
import { z } from 'zod';
import { isDuplicateKey, type Guards } from '../driver-errors';
import { firstEntry, pushEntry, type OutboxEntry } from '../outbox';

/** What an expense is compared by. */
export const ruleConditionTypes = [
  'cloud_account_is',
  'region_is',
  'service_name_is',
  'resource_type_is',
  'name_is',
  'name_starts_with',
  'name_contains',
  'tag_is',
  'tag_exists',
] as const;

const ruleCondition = z.object({
  type: z.enum(ruleConditionTypes),
  /** Of a tag; empty for the others. */
  key: z.string(),
  value: z.string(),
});

/** One condition of a rule; all of a rule's conditions have to hold. */
export type RuleCondition = z.infer<typeof ruleCondition>;

/** What is removed stays as long as the record of its removal waits in it. */
const removable = { removed_at: z.date().optional(), outbox: z.array(z.string()).optional() };

/** One document of `pools`. */
export const poolDocument = z.object({
  _id: z.uuid(),
  organization_id: z.uuid(),
  name: z.string(),
  created_at: z.date(),
  ...removable,
});
/** Document of {@link poolDocument}. */
export type PoolDocument = z.infer<typeof poolDocument>;

/** One document of `assignment_rules`. */
export const assignmentRuleDocument = z.object({
  _id: z.uuid(),
  organization_id: z.uuid(),
  name: z.string(),
  priority: z.int(),
  conditions: z.array(ruleCondition),
  pool_id: z.uuid().nullable(),
  employee_id: z.uuid().nullable(),
  created_at: z.date(),
  ...removable,
});
/** Document of {@link assignmentRuleDocument}. */
export type AssignmentRuleDocument = z.infer<typeof assignmentRuleDocument>;

/** Where costs are gathered: a team, a product. */
export interface Pool {
  readonly id: string;
  readonly organizationId: string;
  readonly name: string;
  readonly createdAt: Date;
}

/** What a rule says: expenses that meet all conditions belong to this pool and this employee. */
export interface NewAssignmentRule {
  readonly name: string;
  /** Rules are tried from the smallest number on; the first that holds decides. */
  readonly priority: number;
  readonly conditions: readonly RuleCondition[];
  readonly poolId: string | null;
  readonly employeeId: string | null;
}

/** A rule of an organization. */
export interface AssignmentRule extends NewAssignmentRule {
  readonly id: string;
  readonly organizationId: string;
  readonly createdAt: Date;
}

/** Pools and rules of organizations. Every method throws `metadata-unavailable` when the store is down or hangs. */
export interface PoolsRepository {
  /** @throws AppError `pool-name-taken` */
  createPool(organizationId: string, name: string, outbox?: OutboxEntry): Promise<Pool>;
  /** Sorted by name. */
  listPools(organizationId: string): Promise<Pool[]>;
  /** Removes it and the rules that lead to it. False when there was none. */
  removePool(organizationId: string, poolId: string, outbox?: OutboxEntry): Promise<boolean>;
  /** @throws AppError `too-many-rules` */
  createRule(organizationId: string, rule: NewAssignmentRule, outbox?: OutboxEntry): Promise<AssignmentRule>;
  /** In the order in which they are tried. */
  listRules(organizationId: string): Promise<AssignmentRule[]>;
  /** False when there was none. */
  removeRule(organizationId: string, ruleId: string, outbox?: OutboxEntry): Promise<boolean>;
}

/** Rules are part of every query over expenses. */
const maxRules = 100;

const toPool = (found: unknown): Pool => {
  const { _id, organization_id, name, created_at } = poolDocument.parse(found);
  return { id: _id, organizationId: organization_id, name, createdAt: created_at };
};

const toRule = (found: unknown): AssignmentRule => {
  const document = assignmentRuleDocument.parse(found);
  return {
    id: document._id,
    organizationId: document.organization_id,
    name: document.name,
    priority: document.priority,
    conditions: document.conditions,
    poolId: document.pool_id,
    employeeId: document.employee_id,
    createdAt: document.created_at,
  };
};

const inOrder = (a: AssignmentRule, b: AssignmentRule): number =>
  a.priority - b.priority || a.createdAt.getTime() - b.createdAt.getTime() || (a.id < b.id ? -1 : 1);

const living = { removed_at: { $exists: false } } as const;
/** Removed, and the record of it is where it is kept. */
const settled = { removed_at: { $exists: true }, 'outbox.0': { $exists: false } } as const;

/** Pools and rules in MongoDB. */
export function createPoolsRepository(
  collections: { readonly pools: Collection<PoolDocument>; readonly rules: Collection<AssignmentRuleDocument> },
  { run, runUnique }: Guards,
  now: () => Date,
): PoolsRepository {
  const { pools, rules } = collections;
  const livingPools = async (organizationId: string): Promise<Pool[]> =>
    (await pools.find({ organization_id: organizationId, ...living }).toArray()).map(toPool);
  const sweep = async (organizationId: string): Promise<void> => {
    await pools.deleteMany({ organization_id: organizationId, ...settled });
    await rules.deleteMany({ organization_id: organizationId, ...settled });
  };
  return {
    createPool: (organizationId, name, outbox) =>
      runUnique(async () => {
        await sweep(organizationId);
        const created = { _id: randomUUID(), organization_id: organizationId, name, created_at: now() };
        const document = { ...created, ...firstEntry(outbox) };
        try {
          await pools.insertOne(document);
        } catch (error) {
          if (!isDuplicateKey(error)) throw error;
          throw new AppError('pool-name-taken', 'A pool of this organization has that name.', { cause: error });
        }
        return toPool(document);
      }),
    listPools: (organizationId) =>
      run(async () => (await livingPools(organizationId)).sort((a, b) => (a.name < b.name ? -1 : 1))),
    removePool: (organizationId, poolId, outbox) =>
      run(async () => {
        await sweep(organizationId);
        const { matchedCount } = await pools.updateOne(
          { _id: poolId, organization_id: organizationId, ...living },
          // Its name is free from now on.
          { $set: { removed_at: now(), name: `removed ${poolId}` }, ...pushEntry(outbox) },
        );
        // From here on its rules lead nowhere, so it does not matter when they go; records of what was done to them may still wait.
        const ofPool = { organization_id: organizationId, pool_id: poolId, ...living };
        await rules.updateMany(ofPool, { $set: { removed_at: now() } });
        return matchedCount === 1;
      }),
    createRule: (organizationId, rule, outbox) =>
      run(async () => {
        await sweep(organizationId);
        if ((await rules.countDocuments({ organization_id: organizationId, ...living })) >= maxRules) {
          throw new AppError('too-many-rules', `An organization may have ${String(maxRules)} rules.`);
        }
        const { name, priority, conditions, poolId, employeeId } = rule;
        const document: AssignmentRuleDocument = {
          _id: randomUUID(),
          organization_id: organizationId,
          name,
          priority,
          conditions: [...conditions],
          pool_id: poolId,
          employee_id: employeeId,
          created_at: now(),
          ...firstEntry(outbox),
        };
        await rules.insertOne(document);
        return toRule(document);
      }),
    listRules: (organizationId) =>
      run(async () => {
        const found = (await rules.find({ organization_id: organizationId, ...living }).toArray()).map(toRule);
        if (found.length === 0) return [];
        const ids = new Set((await livingPools(organizationId)).map(({ id }) => id));
        return found.filter(({ poolId }) => poolId === null || ids.has(poolId)).sort(inOrder);
      }),
    removeRule: (organizationId, ruleId, outbox) =>
      run(async () => {
        await sweep(organizationId);
        const { matchedCount } = await rules.updateOne(
          { _id: ruleId, organization_id: organizationId, ...living },
          { $set: { removed_at: now() }, ...pushEntry(outbox) },
        );
        return matchedCount === 1;
      }),
  };
}
