import { shapeDifferences } from './answer-shape';

const documented = { id: 'a', cost: 1.5, rows: [{ name: 'a', cost: null }, '…'], byName: { a: { cost: 1 }, '…': '…' } };
const real = { id: 'b', cost: 2, rows: [{ name: 'c', cost: 3 }], byName: { b: { cost: 2 }, a: { cost: 2 } } };

it('takes other values, longer lists where "…" says so, and null for a value', () => {
  expect(shapeDifferences(documented, real)).toEqual([]);
  expect(shapeDifferences({ a: null }, { a: { b: 1 } })).toEqual([]);
});

it.each<[string, unknown, string]>([
  ['a key that is new', { ...real, currency: 'USD' }, 'answer.currency is not documented'],
  ['a key that is gone', { ...real, cost: undefined, id: 'b' }, 'answer.cost is undefined, not number'],
  ['another kind of value', { ...real, cost: '2' }, 'answer.cost is string, not number'],
  ['a list that is empty', { ...real, rows: [] }, 'answer.rows is empty'],
  ['an element of another form', { ...real, rows: [{ title: 'c', cost: 3 }] }, 'answer.rows[0].name is not there'],
  ['a name that is gone', { ...real, byName: { b: { cost: 2 } } }, 'answer.byName.a is not there'],
])('finds %s', (_what, answer, difference) => {
  expect(shapeDifferences(documented, answer)).toContain(difference);
});

it('counts the elements of a list that is documented whole', () => {
  expect(shapeDifferences([1], [1, 2])).toEqual(['answer has 2 elements']);
});
