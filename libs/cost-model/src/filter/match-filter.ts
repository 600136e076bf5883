import { foldFilter, type Filter, type FilterQuestion, type FilterTest, type FilterVisitor } from './filter';
import { aliasFields, type LabelAliases, sanitizeLabelKey } from './filter-fields';

/** What a row has under the names of a field set. Unknown texts are empty, unknown lists and maps too. */
export interface FilterReader<Row> {
  text(row: Row, field: string): string;
  list(row: Row, field: string): readonly string[];
  map(row: Row, field: string): Readonly<Record<string, string>>;
}

/** How a filter sees rows of one kind. */
export interface FilterContext<Row> {
  readonly reader: FilterReader<Row>;
  readonly aliases: LabelAliases;
}

function fits(text: string, question: FilterQuestion): boolean {
  switch (question.comparison) {
    case 'empty':
      return text === '';
    case 'equals':
      return text === question.value;
    case 'contains':
      return text.includes(question.value);
    case 'prefix':
      return text.startsWith(question.value);
    case 'suffix':
      return text.endsWith(question.value);
  }
}

const anyFits = (texts: readonly string[], question: FilterQuestion): boolean =>
  question.comparison === 'empty' ? texts.length === 0 : texts.some((text) => fits(text, question));

const valueOf = (map: Readonly<Record<string, string>>, key: string): string | undefined =>
  Object.hasOwn(map, key) ? map[key] : undefined;

/** The value behind an alias: of its first label that is there, else of its first annotation; undefined without either. */
export function aliasValue(
  names: readonly string[],
  labels: Readonly<Record<string, string>>,
  annotations: Readonly<Record<string, string>>,
): string | undefined {
  for (const map of [labels, annotations]) {
    for (const name of names) {
      const value = valueOf(map, sanitizeLabelKey(name));
      if (value !== undefined) return value;
    }
  }
  return undefined;
}

function aliasOf<Row>(row: Row, field: string, { reader, aliases }: FilterContext<Row>): string {
  const alias = aliasFields.find((one) => one === field);
  if (alias === undefined) return '';
  return aliasValue(aliases[alias], reader.map(row, 'label'), reader.map(row, 'annotation')) ?? '';
}

function answer<Row>(row: Row, test: FilterTest, context: FilterContext<Row>): boolean {
  const { reader } = context;
  const { field, question } = test;
  switch (test.on) {
    case 'text':
      return fits(reader.text(row, field), question);
    case 'alias':
      return fits(aliasOf(row, field, context), question);
    case 'list':
      return anyFits(reader.list(row, field), question);
    case 'keys':
      return anyFits(Object.keys(reader.map(row, field)), question);
    case 'value':
      return fits(valueOf(reader.map(row, field), test.key) ?? '', question);
  }
}

/** A function that says whether a row passes the filter. */
export function filterPredicate<Row>(filter: Filter, context: FilterContext<Row>): (row: Row) => boolean {
  const visitor: FilterVisitor<(row: Row) => boolean> = {
    everything: () => () => true,
    and: (operands) => (row) => operands.every((operand) => operand(row)),
    or: (operands) => (row) => operands.some((operand) => operand(row)),
    not: (operand) => (row) => !operand(row),
    test: (test) => (row) => answer(row, test, context),
  };
  return foldFilter(filter, visitor);
}
