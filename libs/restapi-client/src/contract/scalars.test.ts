import { displayText, integerParam, money, unixSecondsParam, uuid } from './scalars';

describe('scalars of the contract', () => {
  it.each([
    ['lower-cases a UUID', uuid, '0B9F3C58-6A0E-4A39-8F0C-0D5F4A1F8F11', '0b9f3c58-6a0e-4a39-8f0c-0d5f4a1f8f11'],
    ['trims and composes a name', displayText, '  cafe\u0301 ', 'caf\u00e9'],
    ['reads unix seconds of a query', unixSecondsParam, '1700000000', 1_700_000_000],
    ['takes unix seconds as a number', unixSecondsParam, 0, 0],
    ['reads a page size', integerParam({ min: 1, max: 1000 }), '1000', 1000],
  ])('%s', (_title, schema, input, expected) => {
    expect(schema.parse(input)).toBe(expected);
  });

  it.each([
    ['a MongoDB operator as an id', uuid, { $ne: null }],
    ['several ids at once', uuid, ['0b9f3c58-6a0e-4a39-8f0c-0d5f4a1f8f11']],
    ['a name of spaces', displayText, '   '],
    ['a name with a line break', displayText, 'a\nb'],
    ['a name of 201 characters', displayText, 'x'.repeat(201)],
    ['a time with a sign', unixSecondsParam, '-1'],
    ['a time with an exponent', unixSecondsParam, '1e9'],
    ['a time after the year 9999', unixSecondsParam, '253402300800'],
    ['an empty time', unixSecondsParam, ''],
    ['a page size of 0', integerParam({ min: 1, max: 1000 }), '0'],
    ['a page size above the cap', integerParam({ min: 1, max: 1000 }), '1001'],
    ['an amount with eight decimals', money, '1.23456789'],
  ])('refuses %s', (_title, schema, input) => {
    expect(schema.safeParse(input).success).toBe(false);
  });
});
