import { type FilterFieldForm, sanitizeLabelKey } from './filter-fields';

/** The four ways of comparing, each with its negation: `:`, `~:` contains, `<~:` prefix, `~>:` suffix. */
export const filterOperators = {
  ':': { comparison: 'equals', negated: false },
  '!:': { comparison: 'equals', negated: true },
  '~:': { comparison: 'contains', negated: false },
  '!~:': { comparison: 'contains', negated: true },
  '<~:': { comparison: 'prefix', negated: false },
  '!<~:': { comparison: 'prefix', negated: true },
  '~>:': { comparison: 'suffix', negated: false },
  '!~>:': { comparison: 'suffix', negated: true },
} as const satisfies Record<string, { comparison: string; negated: boolean }>;

export type FilterOperator = keyof typeof filterOperators;

/** One field against one or several values: any of them for a positive operator, none of them for a negated one. */
export interface FilterComparison {
  readonly kind: 'comparison';
  readonly field: string;
  readonly form: FilterFieldForm;
  /** The text between the brackets of `label[x]`; null without brackets. */
  readonly key: string | null;
  readonly operator: FilterOperator;
  /** At least one. */
  readonly values: readonly string[];
}

/** Two or more operands joined by `+` (and) or `|` (or). */
export interface FilterGroup {
  readonly kind: 'and' | 'or';
  readonly operands: readonly FilterNode[];
}

export type FilterNode = FilterComparison | FilterGroup;

/** What a filter text says. The empty text lets everything through. */
export type Filter = FilterNode | { readonly kind: 'everything' };

/** The value that stands for "has none". */
export const unallocated = '__unallocated__';

interface Comparand {
  readonly comparison: 'equals' | 'contains' | 'prefix' | 'suffix';
  readonly value: string;
}

/** A comparand, or the question whether there is anything at all. */
export type FilterQuestion = Comparand | { readonly comparison: 'empty' };

/**
 * One question about one row, which is all that an evaluator or a compiler to SQL has to know.
 *
 * - `text`: the text of `field`; an unknown text is the empty one.
 * - `value`: the value under `key` of the map `field`; empty where the key is missing.
 * - `alias`: the value of the first label, or annotation, behind `field`; empty where there is none.
 * - `list`: at least one element of `field` fits (`equals`, `prefix`, `suffix`), or there is no element (`empty`).
 * - `keys`: at least one key of the map `field` fits, or there is no key.
 */
export type FilterTest =
  | { readonly on: 'text' | 'alias' | 'list' | 'keys'; readonly field: string; readonly question: FilterQuestion }
  | { readonly on: 'value'; readonly field: string; readonly key: string; readonly question: FilterQuestion };

/** What {@link foldFilter} calls from the leaves up; a result may be a predicate, SQL with parameters, anything. */
export interface FilterVisitor<Result> {
  everything(): Result;
  and(operands: readonly Result[]): Result;
  or(operands: readonly Result[]): Result;
  not(operand: Result): Result;
  test(test: FilterTest): Result;
}

/** `contains` on a list or on keys asks for a whole element, as OpenCost reads it. */
function questionOf(node: FilterComparison, value: string): FilterQuestion {
  if (value === unallocated) return { comparison: 'empty' };
  const { comparison } = filterOperators[node.operator];
  const onKeys = node.form === 'map' && node.key === null;
  if (node.form !== 'list' && !onKeys) return { comparison, value };
  if (node.form === 'list' && value === '' && (comparison === 'equals' || comparison === 'contains')) {
    return { comparison: 'empty' };
  }
  return {
    comparison: comparison === 'contains' ? 'equals' : comparison,
    value: onKeys ? sanitizeLabelKey(value) : value,
  };
}

function testOf(node: FilterComparison, value: string): FilterTest {
  const { field, form, key } = node;
  const question = questionOf(node, value);
  if (form !== 'map') return { on: form, field, question };
  return key === null ? { on: 'keys', field, question } : { on: 'value', field, key: sanitizeLabelKey(key), question };
}

/**
 * The result of a visitor over a filter, from the leaves up. Lists of values, negation, `__unallocated__` and the spelling
 * of label keys are resolved here, once for every visitor.
 */
export function foldFilter<Result>(filter: Filter, visitor: FilterVisitor<Result>): Result {
  if (filter.kind === 'everything') return visitor.everything();
  if (filter.kind !== 'comparison') {
    const operands = filter.operands.map((operand) => foldFilter(operand, visitor));
    return filter.kind === 'and' ? visitor.and(operands) : visitor.or(operands);
  }
  const tests = filter.values.map((value) => visitor.test(testOf(filter, value)));
  const [only] = tests;
  const any = tests.length === 1 && only !== undefined ? only : visitor.or(tests);
  return filterOperators[filter.operator].negated ? visitor.not(any) : any;
}

/** The questions that a filter asks, in order: they tell which columns have to be read. */
export function testsOf(filter: Filter): readonly FilterTest[] {
  return foldFilter<readonly FilterTest[]>(filter, {
    everything: () => [],
    and: (operands) => operands.flat(),
    or: (operands) => operands.flat(),
    not: (operand) => operand,
    test: (test) => [test],
  });
}
