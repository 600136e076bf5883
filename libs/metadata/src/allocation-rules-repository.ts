import { randomUUID } from 'node:crypto';
import {
  allocationRulesSchema,
  type AllocationRules,
  type AllocationRulesInput,
  type VersionedRules,
} from '@cloudtuner/cost-model';
import { AppError } from '@cloudtuner/errors';
import type { Collection } from 'mongodb';
import { z } from 'zod';
import { isDuplicateKey, type Guards } from './driver-errors';

/** One document of `allocation_rules`: a version of an organization's rules. */
export const allocationRulesDocument = z.object({
  _id: z.uuid(),
  organization_id: z.uuid(),
  version: z.int().positive(),
  rules: allocationRulesSchema,
  created_at: z.date(),
  created_by: z.string(),
});
/** Document of {@link allocationRulesDocument}. */
export type AllocationRulesDocument = z.infer<typeof allocationRulesDocument>;

/** One version of an organization's rules; versions are never changed, because closed months keep theirs. */
export interface StoredAllocationRules extends VersionedRules {
  readonly createdAt: Date;
  /** Id of the user who stored it. */
  readonly createdBy: string;
}

/** Who replaces which version by what. */
export interface NewAllocationRules {
  readonly rules: AllocationRulesInput;
  /** The version that it was made from; 0 for the first. */
  readonly basedOn: number;
  readonly createdBy: string;
}

/** Rules by which organizations allocate costs. Every method throws `metadata-unavailable` when the store is down or hangs. */
export interface AllocationRulesRepository {
  /** All versions, the newest first; none: the default rules hold. */
  list(organizationId: string): Promise<StoredAllocationRules[]>;
  /** The newest version. */
  find(organizationId: string): Promise<StoredAllocationRules | null>;
  /**
   * Stores the next version.
   *
   * @throws AppError `allocation-rules-changed` when somebody else has stored one since, `invalid-request` for rules that are none
   */
  put(organizationId: string, next: NewAllocationRules): Promise<StoredAllocationRules>;
}

function toRules(found: unknown): StoredAllocationRules {
  const { version, rules, created_at, created_by } = allocationRulesDocument.parse(found);
  return { version, rules, createdAt: created_at, createdBy: created_by };
}

function checked(rules: AllocationRulesInput): AllocationRules {
  const parsed = allocationRulesSchema.safeParse(rules);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = `${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`;
  throw new AppError('invalid-request', `The allocation rules are not valid: ${where}`);
}

/** Allocation rules in MongoDB: one document per version. */
export function createAllocationRulesRepository(
  collection: Collection<AllocationRulesDocument>,
  { run, runUnique }: Guards,
  now: () => Date,
): AllocationRulesRepository {
  const versions = (organizationId: string) =>
    collection.find({ organization_id: organizationId }).sort({ version: -1 });
  const latest = async (organizationId: string): Promise<StoredAllocationRules | null> => {
    const [document] = await versions(organizationId).limit(1).toArray();
    return document === undefined ? null : toRules(document);
  };
  return {
    list: (organizationId) => run(async () => (await versions(organizationId).toArray()).map(toRules)),
    find: (organizationId) => run(() => latest(organizationId)),
    put: (organizationId, { rules, basedOn, createdBy }) =>
      runUnique(async () => {
        const document: AllocationRulesDocument = {
          _id: randomUUID(),
          organization_id: organizationId,
          version: basedOn + 1,
          rules: checked(rules),
          created_at: now(),
          created_by: createdBy,
        };
        const changed = (cause?: unknown): AppError =>
          new AppError('allocation-rules-changed', 'Somebody else has stored other allocation rules since.', { cause });
        if (((await latest(organizationId))?.version ?? 0) !== basedOn) throw changed();
        try {
          await collection.insertOne(document);
        } catch (error) {
          throw isDuplicateKey(error) ? changed(error) : error;
        }
        return toRules(document);
      }),
  };
}
