import { AppError } from '@cloudtuner/errors';
import fc from 'fast-check';
import {
  filterOperators,
  testsOf,
  type Filter,
  type FilterComparison,
  type FilterNode,
  type FilterOperator,
} from './filter';
import { allocationFilterFields, assetFilterFields, defaultLabelAliases, type FilterFieldForm } from './filter-fields';
import { formatFilter } from './format-filter';
import { filterPredicate, type FilterReader } from './match-filter';
import { parseFilter } from './parse-filter';

interface Row {
  readonly texts?: Readonly<Record<string, string>>;
  readonly services?: readonly string[];
  readonly label?: Readonly<Record<string, string>>;
  readonly annotation?: Readonly<Record<string, string>>;
}

const reader: FilterReader<Row> = {
  text: (row, field) => row.texts?.[field] ?? '',
  list: (row) => row.services ?? [],
  map: (row, field) => (field === 'label' ? row.label : row.annotation) ?? {},
};

const parse = (text: string): Filter => parseFilter(text, allocationFilterFields);
const matches = (text: string, row: Row, aliases = defaultLabelAliases): boolean =>
  filterPredicate(parse(text), { reader, aliases })(row);

function failure(text: string): { code: string; details: unknown; message: string } {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof AppError) {
      return { code: error.code, details: error.details, message: error.message };
    }
    throw error;
  }
  throw new Error(`${text} was accepted`);
}

const web: Row = {
  texts: { namespace: 'web-shop', cluster: 'one', pod: 'web-1', controllerKind: 'deployment' },
  services: ['front', 'metrics'],
  label: { app: 'shop', app_kubernetes_io_name: 'shop', empty: '' },
  annotation: { team: 'storefront' },
};

describe('parseFilter', () => {
  it('reads a comparison of one field with several values', () => {
    expect(parse('namespace!:"a","b"')).toEqual({
      kind: 'comparison',
      field: 'namespace',
      form: 'text',
      key: null,
      operator: '!:',
      values: ['a', 'b'],
    });
  });

  it('keeps the nesting of parentheses and drops those around one operand', () => {
    const filter = parse('(pod:"a")+(node:"b"|(cluster:"c"|cluster:"d"))');
    expect(filter).toMatchObject({
      kind: 'and',
      operands: [{ field: 'pod' }, { kind: 'or', operands: [{ field: 'node' }, { kind: 'or' }] }],
    });
  });

  it('lets everything through when it is empty', () => {
    expect(parse(' ')).toEqual({ kind: 'everything' });
    expect(matches('', {})).toBe(true);
  });

  it('reads white space between tokens as nothing', () => {
    expect(parse(' ( pod : "a" + label [x] : "b" , "c" ) ')).toEqual(parse('(pod:"a"+label[x]:"b","c")'));
  });

  it('keeps any character between double quotes', () => {
    expect(parse('cluster:"prod+eu (ä|日本) [x]:"')).toMatchObject({ values: ['prod+eu (ä|日本) [x]:'] });
  });

  it('reads the fields of assets, and only those', () => {
    expect(parseFilter('assetType:"Node"+providerID<~:"i-"', assetFilterFields)).toMatchObject({ kind: 'and' });
    expect(() => parseFilter('namespace:"a"', assetFilterFields)).toThrow(
      /one of the fields name, assetType, category/,
    );
  });

  it.each([
    ['foo:"x"', 1, 'expected one of the fields cluster, node, namespace,'],
    ['Namespace:"x"', 1, 'found "Namespace"'],
    ['constructor:"x"', 1, 'expected one of the fields'],
    ['namespace', 10, 'expected an operator (: !: ~: !~: <~: !<~: ~>: !~>:), found the end'],
    ['namespace="x"', 10, 'unexpected "="'],
    ['namespace!"x"', 10, 'unexpected "!"'],
    ['namespace:x', 11, 'expected a value in double quotes, found "x"'],
    ['namespace:"x",', 15, 'expected a value in double quotes, found the end'],
    ['namespace:"x', 11, 'never closed'],
    ['label[x:"y"', 6, 'never closed'],
    ['label[]:"y"', 6, 'expected a key of visible ASCII'],
    ['label[ä]:"y"', 6, 'expected a key of visible ASCII'],
    ['namespace[x]:"y"', 10, 'expected no key in brackets after namespace'],
    ['pod:"a"+node:"b"|pod:"c"', 17, 'expected + as before, or parentheses'],
    ['pod:"a"|node:"b"+pod:"c"', 17, 'expected | as before, or parentheses'],
    ['(pod:"a"', 9, 'expected ) to close the parenthesis, found the end'],
    ['pod:"a")', 8, 'expected a ( before it'],
    ['()', 2, 'expected a field'],
    ['pod:"a"+', 9, 'expected a field (cluster,'],
    ['+pod:"a"', 1, 'expected a field'],
    ['pod:"a"node:"b"', 8, 'expected +, |, ) or the end, found "node"'],
    ['pod:"a"§', 8, '"§" is not ASCII'],
    ['pod:"ü😀"§', 9, '"§" is not ASCII'],
  ])('refuses %s at character %i', (text, position, expected) => {
    const { code, details, message } = failure(text);
    expect({ code, details }).toEqual({ code: 'filter-invalid', details: { position } });
    expect(message).toContain(expected);
    expect(message).toContain(`character ${position}`);
  });

  it.each(['pod:"a" node:"b"', 'pod:"a" (node:"b")', '(pod:"a" node:"b")', 'pod:"a"  node:"b"'])(
    'says that a + of a URL is %%2B for %s',
    (text) => {
      expect(failure(text).message).toContain('write it as %2B');
    },
  );

  it('refuses what would cost too much to read', () => {
    expect(failure(`${'('.repeat(60)}pod:"a"${')'.repeat(60)}`).message).toContain('more than 50 parentheses');
    expect(failure(`pod:"${'a'.repeat(10_000)}"`).message).toContain('longer than 10000 characters');
  });

  it('shows only the beginning of a long text', () => {
    expect(failure(`"${'a'.repeat(9_000)}"`).message.length).toBeLessThan(400);
  });
});

describe('filterPredicate', () => {
  it.each([
    ['namespace:"web-shop"', true],
    ['namespace:"web"', false],
    ['namespace!:"web"', true],
    ['namespace~:"b-s"', true],
    ['namespace!~:"b-s"', false],
    ['namespace<~:"web"', true],
    ['namespace!<~:"shop"', true],
    ['namespace~>:"shop"', true],
    ['namespace!~>:"shop"', false],
    // Lists of values: any for a positive operator, none for a negated one.
    ['namespace:"x","web-shop"', true],
    ['namespace!:"x","web-shop"', false],
    ['namespace!:"x","y"', true],
    // A list has the value when one of its elements is the value.
    ['services:"metrics"', true],
    ['services:"met"', false],
    ['services~:"met"', false],
    ['services<~:"met"', true],
    ['services~>:"ont"', true],
    ['services!:"front"', false],
    ['services:"__unallocated__"', false],
    // Labels by value and by key; a key may be written as Kubernetes has it.
    ['label[app]:"shop"', true],
    ['label[app.kubernetes.io/name]:"shop"', true],
    ['label[nope]!:"shop"', true],
    ['label:"app"', true],
    ['label:"app.kubernetes.io/name"', true],
    ['label:"ap"', false],
    ['label<~:"app_kub"', true],
    ['label!:"nope"', true],
    ['label[toString]:"__unallocated__"', true],
    ['annotation:"team"', true],
    // Empty and missing are both unallocated.
    ['label[empty]:"__unallocated__"', true],
    ['label[nope]:"__unallocated__"', true],
    ['label[app]!:"__unallocated__"', true],
    ['node:"__unallocated__"', true],
    ['node~:"__unallocated__"', true],
    ['label:"__unallocated__"', false],
    // An alias is a label, else an annotation.
    ['product:"shop"', true],
    ['team:"storefront"', true],
    ['owner:"__unallocated__"', true],
    ['team!:"__unallocated__"', true],
    ['team<~:"store"+product~>:"op"', true],
    // Groups.
    ['pod:"nope"+cluster:"one"', false],
    ['pod:"nope"|cluster:"one"', true],
    ['cluster:"one"+(pod:"nope"|services:"front")', true],
  ])('%s is %s for the web pod', (text, expected) => {
    expect(matches(text, web)).toBe(expected);
  });

  it('takes a label before an annotation of the same alias, whichever name of the alias has it', () => {
    const aliases = { ...defaultLabelAliases, team: ['squad', 'team'] };
    expect(matches('team:"label"', { label: { team: 'label' }, annotation: { squad: 'annotation' } }, aliases)).toBe(
      true,
    );
    expect(matches('team:"first"', { label: { team: 'second', squad: 'first' } }, aliases)).toBe(true);
  });

  it('says of a row without services that they are unallocated', () => {
    expect(matches('services:"__unallocated__"', {})).toBe(true);
    expect(matches('services:""', {})).toBe(true);
    expect(matches('services!:"x"', {})).toBe(true);
  });
});

describe('testsOf', () => {
  it('tells what a filter reads, with keys as facts spell them', () => {
    expect(testsOf(parse('pod:"a","__unallocated__"+(label[a.b]~:"x"|services!:"s")'))).toEqual([
      { on: 'text', field: 'pod', question: { comparison: 'equals', value: 'a' } },
      { on: 'text', field: 'pod', question: { comparison: 'empty' } },
      { on: 'value', field: 'label', key: 'a_b', question: { comparison: 'contains', value: 'x' } },
      { on: 'list', field: 'services', question: { comparison: 'equals', value: 's' } },
    ]);
  });
});

const fieldsByForm = (form: FilterFieldForm): string[] =>
  Object.entries(allocationFilterFields).flatMap(([name, own]) => (own === form ? [name] : []));

const values = fc.array(
  fc.string({ unit: 'grapheme', maxLength: 8 }).filter((text) => !text.includes('"')),
  { minLength: 1, maxLength: 3 },
);
const keys = fc.option(fc.stringMatching(/^[\x21-\x5c\x5e-\x7e]{1,8}$/), { nil: null });

const comparisons = fc.constantFrom<FilterFieldForm>('text', 'list', 'map', 'alias').chain((form) =>
  fc.record<FilterComparison>({
    kind: fc.constant('comparison'),
    field: fc.constantFrom(...fieldsByForm(form)),
    form: fc.constant(form),
    key: form === 'map' ? keys : fc.constant(null),
    operator: fc.constantFrom(...(Object.keys(filterOperators) as FilterOperator[])),
    values,
  }),
);

const nodes = fc.letrec<{ node: FilterNode }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'filter' },
    comparisons,
    fc.record({
      kind: fc.constantFrom('and' as const, 'or' as const),
      operands: fc.array(tie('node'), { minLength: 2, maxLength: 3, depthIdentifier: 'filter' }),
    }),
  ),
})).node;

const word = fc.constantFrom('a', 'b', 'ab', 'shop', '');
const rows: fc.Arbitrary<Row> = fc.record({
  texts: fc.record({ namespace: word, pod: word, cluster: word }),
  services: fc.array(word, { maxLength: 2 }),
  label: fc.dictionary(fc.constantFrom('a', 'b', 'team'), word),
  annotation: fc.dictionary(fc.constantFrom('a', 'team'), word),
});

describe('formatFilter', () => {
  it('writes what parseFilter reads back as the same filter', () => {
    fc.assert(
      fc.property(nodes, (node) => {
        expect(parse(formatFilter(node))).toEqual(node);
      }),
      { numRuns: 200 },
    );
    expect(formatFilter({ kind: 'everything' })).toBe('');
  });

  it('refuses a value that the language cannot write', () => {
    const node: FilterNode = {
      kind: 'comparison',
      field: 'pod',
      form: 'text',
      key: null,
      operator: ':',
      values: ['a"+pod:"b'],
    };
    expect(() => formatFilter(node)).toThrow(AppError);
  });
});

describe('negation', () => {
  it('of an operator passes exactly the rows that the operator itself stops', () => {
    fc.assert(
      fc.property(comparisons, rows, (comparison, row) => {
        const operator = comparison.operator;
        const negated = (operator.startsWith('!') ? operator.slice(1) : `!${operator}`) as FilterOperator;
        const passes = filterPredicate(comparison, { reader, aliases: defaultLabelAliases });
        const stops = filterPredicate({ ...comparison, operator: negated }, { reader, aliases: defaultLabelAliases });
        expect(passes(row)).toBe(!stops(row));
      }),
      { numRuns: 200 },
    );
  });

  it('never reads a text that is not a filter as one: any text is refused with a position, or read', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'grapheme' }), fc.stringMatching(/^[pod:"a+|()[\] ,!~<>]{0,14}$/)),
        (text) => {
          try {
            parse(text);
          } catch (error) {
            expect(error).toBeInstanceOf(AppError);
            expect(error).toMatchObject({ code: 'filter-invalid', details: { position: expect.any(Number) } });
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});
