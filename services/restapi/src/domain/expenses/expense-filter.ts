/** What expenses can be told apart by. */
export const expenseDimensions = [
  'cloud_account_id',
  'service_name',
  'region',
  'resource_type',
  'k8s_node',
  'k8s_namespace',
  'k8s_service',
  'pool_id',
  'employee_id',
] as const;
/** One of {@link expenseDimensions}. */
export type ExpenseDimension = (typeof expenseDimensions)[number];

/** How an answer writes that an expense lacks a dimension, and how a filter asks for such. */
export const lacking = 'null';

/** Values that let an expense through, per dimension; all dimensions that are there have to. */
export type ExpenseFilter = Partial<Readonly<Record<ExpenseDimension, readonly string[]>>> & {
  /** Tags that the expense must have, all of them; without a value: whatever it is. */
  readonly tags?: readonly { readonly key: string; readonly value: string | null }[];
};

/** An expense as filters and rules see it; empty texts are dimensions that it lacks. */
export interface ExpenseTraits {
  readonly cloudAccountId: string;
  readonly region: string;
  readonly serviceName: string;
  readonly resourceType: string;
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
}

const lets = (wanted: readonly string[] | undefined, value: string): boolean =>
  wanted === undefined || wanted.includes(value === '' ? lacking : value);

/** True when the filter asks for workloads of clusters, which bills do not have. */
export const asksForWorkloads = ({ k8s_namespace, k8s_node, k8s_service }: ExpenseFilter): boolean =>
  k8s_namespace !== undefined || k8s_node !== undefined || k8s_service !== undefined;

/** Undefined when it has no such tag; what objects have by nature are no tags. */
export const tagOf = ({ tags }: ExpenseTraits, key: string): string | undefined =>
  Object.hasOwn(tags, key) ? tags[key] : undefined;

/** Whether the filter lets the expense through, but for its workloads. */
export function passes(
  filter: ExpenseFilter,
  traits: ExpenseTraits,
  assigned: { readonly poolId: string; readonly employeeId: string },
): boolean {
  return (
    lets(filter.cloud_account_id, traits.cloudAccountId) &&
    lets(filter.service_name, traits.serviceName) &&
    lets(filter.region, traits.region) &&
    lets(filter.resource_type, traits.resourceType) &&
    lets(filter.pool_id, assigned.poolId) &&
    lets(filter.employee_id, assigned.employeeId) &&
    (filter.tags ?? []).every(({ key, value }) => {
      const tag = tagOf(traits, key);
      return tag !== undefined && (value === null || tag === value);
    })
  );
}
