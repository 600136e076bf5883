import type { AssignmentRule, RuleCondition } from '@cloudtuner/metadata';
import { tagOf, type ExpenseTraits } from './expense-filter';

/** To whom an expense belongs; empty: to nobody. */
export interface Assignment {
  readonly poolId: string;
  readonly employeeId: string;
}

function holds({ type, key, value }: RuleCondition, traits: ExpenseTraits): boolean {
  switch (type) {
    case 'cloud_account_is':
      return traits.cloudAccountId === value;
    case 'region_is':
      return traits.region === value;
    case 'service_name_is':
      return traits.serviceName === value;
    case 'resource_type_is':
      return traits.resourceType === value;
    case 'name_is':
      return traits.name === value;
    case 'name_starts_with':
      return traits.name.startsWith(value);
    case 'name_contains':
      return traits.name.includes(value);
    case 'tag_is':
      return tagOf(traits, key) === value;
    case 'tag_exists':
      return tagOf(traits, key) !== undefined;
  }
}

/** The pool of the first rule that holds and names one, and the employee of the first that names one. */
export function assign(rules: readonly AssignmentRule[], traits: ExpenseTraits): Assignment {
  const holding = rules.filter(({ conditions }) => conditions.every((condition) => holds(condition, traits)));
  return {
    poolId: holding.find(({ poolId }) => poolId !== null)?.poolId ?? '',
    employeeId: holding.find(({ employeeId }) => employeeId !== null)?.employeeId ?? '',
  };
}
