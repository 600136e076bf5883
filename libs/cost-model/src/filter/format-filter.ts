import { AppError } from '@cloudtuner/errors';
import type { Filter, FilterComparison, FilterNode } from './filter';

function formatComparison({ field, key, operator, values }: FilterComparison): string {
  if (values.some((value) => value.includes('"'))) {
    throw new AppError('filter-invalid', 'A value with a double quote cannot be written as a filter.');
  }
  const quoted = values.map((value) => `"${value}"`).join(',');
  return `${field}${key === null ? '' : `[${key}]`}${operator}${quoted}`;
}

function formatNode(node: FilterNode, nested: boolean): string {
  if (node.kind === 'comparison') return formatComparison(node);
  const joined = node.operands.map((operand) => formatNode(operand, true)).join(node.kind === 'and' ? '+' : '|');
  return nested ? `(${joined})` : joined;
}

/**
 * The text that {@link parseFilter} reads back as the same filter. In a URL it has to be percent-encoded.
 *
 * @throws AppError `filter-invalid` for a value with a double quote, which the language cannot write.
 */
export function formatFilter(filter: Filter): string {
  return filter.kind === 'everything' ? '' : formatNode(filter, false);
}
