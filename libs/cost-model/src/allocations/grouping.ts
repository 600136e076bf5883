import { AppError } from '@cloudtuner/errors';
import { echoed } from '../echo';
import { type LabelAliases, sanitizeLabelKey } from '../filter/filter-fields';
import { groupNames, groupValue, type AllocationProperties, type GroupKey } from './properties';

/** What costs are grouped by, in the order in which names are joined; none puts everything into one row. */
export type Grouping = readonly GroupKey[];

/** What `aggregate` means when it is not given. */
export const defaultAggregate = 'cluster,node,namespace,pod,container';

const byLowerCase = new Map(groupNames.map((name) => [name.toLowerCase(), name]));

function invalidAggregate(text: string, reason: string): AppError {
  const names = `${groupNames.join(', ')}, label:x, annotation:x or all`;
  return new AppError('aggregate-invalid', `Cannot group by ${echoed(text)}: ${reason}. Known are ${names}.`);
}

function parseKey(text: string): GroupKey {
  const name = text.trim();
  const known = byLowerCase.get(name.toLowerCase());
  if (known !== undefined) return { by: 'property', name: known };
  const [, by, key = ''] = /^(label|annotation):(.*)$/.exec(name) ?? [];
  if (by === undefined) throw invalidAggregate(name, name === '' ? 'a name is missing' : 'no such name');
  if (key.trim() === '') throw invalidAggregate(name, 'a key is missing after the colon');
  return { by: by === 'label' ? 'label' : 'annotation', name: sanitizeLabelKey(key.trim()) };
}

/**
 * Reads `namespace`, `cluster,controller,label:team` or `all`. Capitals do not matter, a name that is there twice counts
 * once. OpenCost leaves unknown names out without a word, which answers another question than the one asked.
 *
 * @throws AppError `aggregate-invalid` with the name that is not known.
 */
export function parseAggregate(text: string): Grouping {
  if (text.trim().toLowerCase() === 'all') return [];
  const keys = text.split(',').map(parseKey);
  return keys.filter((key, index) => keys.findIndex((one) => one.by === key.by && one.name === key.name) === index);
}

/** The name of the row that these properties belong to: values joined with `/`, `__unallocated__` where there is none. */
export function groupNameOf(properties: AllocationProperties, grouping: Grouping, aliases: LabelAliases): string {
  return grouping.map((key) => groupValue(properties, key, aliases)).join('/');
}
