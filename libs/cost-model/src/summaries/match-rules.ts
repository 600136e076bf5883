import { unallocated } from '../filter/filter';
import { sanitizeLabelKey } from '../filter/filter-fields';
import type { AllocationRules, WorkloadCondition } from './allocation-rules';

/** What conditions look at. Texts that are not known are empty. */
export interface Workload {
  readonly cloudAccountId: string;
  readonly namespace: string;
  readonly controllerKind: string;
  readonly controller: string;
  /** As facts have them. */
  readonly labels: Readonly<Record<string, string>>;
}

const labelOf = ({ labels }: Workload, key: string): string => {
  const name = sanitizeLabelKey(key);
  return Object.hasOwn(labels, name) ? (labels[name] ?? '') : '';
};

function holds({ type, key, value }: WorkloadCondition, workload: Workload): boolean {
  switch (type) {
    case 'cloud_account_is':
      return workload.cloudAccountId === value;
    case 'namespace_is':
      return workload.namespace === value;
    case 'namespace_starts_with':
      return workload.namespace.startsWith(value);
    case 'controller_kind_is':
      return workload.controllerKind === value;
    case 'controller_is':
      return workload.controller === value;
    case 'controller_starts_with':
      return workload.controller.startsWith(value);
    case 'label_is':
      return labelOf(workload, key) === value;
    case 'label_exists':
      return labelOf(workload, key) !== '';
  }
}

/** Whether all of the conditions hold. */
export const meets = (conditions: readonly WorkloadCondition[], workload: Workload): boolean =>
  conditions.every((condition) => holds(condition, workload));

/** Whose a workload is: by the first rule that holds and names one; `__unallocated__` where none does. */
export function ownersOf(
  { mapping }: Pick<AllocationRules, 'mapping'>,
  workload: Workload,
): { readonly team: string; readonly owner: string } {
  const holding = mapping.filter(({ conditions }) => meets(conditions, workload));
  const firstOf = (nameOf: (rule: AllocationRules['mapping'][number]) => string): string => {
    for (const rule of holding) {
      const name = nameOf(rule);
      if (name !== '') return name;
    }
    return unallocated;
  };
  const said = (name: string | null, label: string | null): string =>
    name ?? (label === null ? '' : labelOf(workload, label));
  return {
    team: firstOf((rule) => said(rule.team, rule.team_label)),
    owner: firstOf((rule) => said(rule.owner, rule.owner_label)),
  };
}
