import { z } from 'zod';
import { sanitizeLabelKey } from '../filter/filter-fields';

const maxRules = 200;
const maxConditions = 20;
const maxSharedCosts = 20;
const maxTargets = 100;
const maxWeight = 1_000_000;
const month = /^\d{4}-(0[1-9]|1[0-2])$/;

/** How a workload is compared; the words of the rules that assign expenses to pools, where both have them. */
const workloadConditionTypes = [
  'cloud_account_is',
  'namespace_is',
  'namespace_starts_with',
  'controller_kind_is',
  'controller_is',
  'controller_starts_with',
  'label_is',
  'label_exists',
] as const;

const text = z.string().min(1).max(256);
const isOfLabel = (type: string): boolean => type.startsWith('label_');
const keyOfLabels = 'a key belongs to a condition about labels, and to no other';
const valueOfComparisons = 'a value is what something is compared with: label_exists has none, the others need one';
const whoOneNames = 'a rule names a team or an owner, each by its name or by a label';
const namedOnce = 'names of targets must differ';
const fixedByWeight = 'a fixed split needs targets with weights, and no other split has weights';
const matchingByConditions = 'matching costs need conditions, idle and management have none';
const namesDiffer = 'names of shared costs must differ';
/** What {@link allocationRulesSchema} asks for and no JSON Schema can say. */
export const allocationRulesRules = [
  keyOfLabels,
  valueOfComparisons,
  whoOneNames,
  namedOnce,
  fixedByWeight,
  matchingByConditions,
  namesDiffer,
] as const;

const conditionSchema = z
  .strictObject({
    type: z.enum(workloadConditionTypes),
    /** Of a label, as Kubernetes or as Prometheus writes it. */
    key: z.string().max(256).default(''),
    value: z.string().max(256).default(''),
  })
  .refine(({ type, key }) => isOfLabel(type) === (key !== ''), keyOfLabels)
  .refine(({ type, value }) => (type === 'label_exists') === (value === ''), valueOfComparisons);

/** One condition; all conditions of a rule have to hold, and none hold for everything. */
export type WorkloadCondition = z.output<typeof conditionSchema>;

const conditions = z.array(conditionSchema).max(maxConditions).default([]);
const named = text.nullable().default(null);

const mappingRuleSchema = z
  .strictObject({
    name: text,
    conditions,
    team: named,
    /** The team is what this label says, where it says something. */
    team_label: named,
    owner: named,
    owner_label: named,
  })
  .refine(
    (rule) =>
      [rule.team, rule.team_label, rule.owner, rule.owner_label].some((one) => one !== null) &&
      (rule.team === null || rule.team_label === null) &&
      (rule.owner === null || rule.owner_label === null),
    whoOneNames,
  );

const sharedCostSchema = z
  .strictObject({
    name: text,
    costs: z.enum(['matching', 'idle', 'management']),
    conditions,
    split: z.enum(['proportional', 'even', 'fixed']),
    among: z.enum(['team', 'namespace']).default('team'),
    /** Who pays; empty: everybody whose costs are not shared. */
    targets: z
      .array(z.strictObject({ name: text, weight: z.int().min(1).max(maxWeight).optional() }))
      .max(maxTargets)
      .refine((targets) => new Set(targets.map(({ name }) => name)).size === targets.length, namedOnce)
      .default([]),
  })
  .refine(({ costs, conditions: { length } }) => (costs === 'matching') === length > 0, matchingByConditions)
  .refine(
    ({ split, targets }) =>
      split === 'fixed'
        ? targets.length > 0 && targets.every(({ weight }) => weight !== undefined)
        : targets.every(({ weight }) => weight === undefined),
    fixedByWeight,
  );

/** A cost that others pay, and how it is divided among them. */
export type SharedCost = z.output<typeof sharedCostSchema>;

/**
 * How an organization allocates what its clusters cost. The team is that of the first rule that holds and names one, the
 * owner that of the first that names one; a cost is shared as the first of `shared_costs` says that it is one of.
 */
export const allocationRulesSchema = z.strictObject({
  mapping: z.array(mappingRuleSchema).max(maxRules).default([]),
  shared_costs: z
    .array(sharedCostSchema)
    .max(maxSharedCosts)
    .refine((costs) => new Set(costs.map(({ name }) => name)).size === costs.length, namesDiffer)
    .default([]),
  /** Whose figures count where Kubecost has said what an hour cost. */
  precedence: z.enum(['api', 'metrics']).default('api'),
  /** `2026-03`: closed months from there on are restated under these rules, by adjustments; null: none is. */
  restates_from: z.string().regex(month, 'must be a month such as 2026-03').nullable().default(null),
});

export type AllocationRules = z.output<typeof allocationRulesSchema>;
export type AllocationRulesInput = z.input<typeof allocationRulesSchema>;

/** A version of an organization's rules; 0 are the default ones. */
export interface VersionedRules {
  readonly version: number;
  readonly rules: AllocationRules;
}

/** What holds until an organization has rules: teams and owners are what the labels `team` and `owner` say, nothing is shared. */
export const defaultAllocationRules: VersionedRules = {
  version: 0,
  rules: allocationRulesSchema.parse({
    mapping: [{ name: 'labels', team_label: 'team', owner_label: 'owner' }],
  }),
};

/**
 * The rules of a month (`2026-03`). An open month has the latest ones. A closed month keeps those it was closed with, until
 * later ones restate it.
 */
export function rulesOfMonth(
  versions: readonly VersionedRules[],
  of: { readonly month: string; readonly closedWith: number | null },
): VersionedRules {
  const inOrder = [defaultAllocationRules, ...versions].toSorted((a, b) => a.version - b.version);
  const { month: ofMonth, closedWith } = of;
  const holds = ({ version, rules: { restates_from: from } }: VersionedRules): boolean =>
    closedWith === null || version === closedWith || (version > closedWith && from !== null && from <= ofMonth);
  return inOrder.findLast(holds) ?? defaultAllocationRules;
}

const conditionsOf = ({ mapping, shared_costs: shared }: AllocationRules): readonly WorkloadCondition[] =>
  [...mapping, ...shared].flatMap((rule) => rule.conditions);

/** The label keys that rules look at, as facts have them; sorted. */
export function labelKeysOfRules(rules: AllocationRules): readonly string[] {
  const keys = [
    ...conditionsOf(rules).flatMap(({ key }) => (key === '' ? [] : [key])),
    ...rules.mapping.flatMap((rule) => [rule.team_label, rule.owner_label]),
  ].filter((key) => key !== null);
  return [...new Set(keys.map(sanitizeLabelKey))].sort();
}

/** Whether they look at controllers. */
export const looksAtControllers = (rules: AllocationRules): boolean =>
  conditionsOf(rules).some(({ type }) => type.startsWith('controller_'));
