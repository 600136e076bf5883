import { readAmount, readTags, readTime } from './focus-values';

describe('readAmount', () => {
  it.each([
    ['0', 0n],
    ['-3', -3_000_000_000n],
    ['1.234', 1_234_000_000n],
    ['.5', 500_000_000n],
    ['7.', 7_000_000_000n],
    ['0.0000000004999', 0n],
    ['0.0000000005', 1n],
    ['-0.0000000005', -1n],
    ['999999999.999999999', 999_999_999_999_999_999n],
    ['000000000000001', 1_000_000_000n],
    ['1.2E-05', 12_000n],
    ['-2e2', -200_000_000_000n],
  ])('reads %s as billionths, rounded once', (text, value) => {
    expect(readAmount(text)).toEqual({ value });
  });

  it.each([
    '',
    '.',
    '-',
    '+1',
    '$1',
    '1,5',
    '1 000',
    '0x10',
    'NaN',
    'Infinity',
    '1e',
    '1e9999',
    '--1',
    "1'; DROP TABLE",
  ])('refuses %s', (text) => {
    expect(readAmount(text)).toEqual({ fault: 'not-a-number' });
  });

  it.each(['1000000000', '999999999.9999999995', '1e9', '-1e300'])(
    'refuses %s, which the store cannot hold',
    (text) => {
      expect(readAmount(text)).toEqual({ fault: 'number-too-large' });
    },
  );
});

describe('readTime', () => {
  it.each([
    ['2026-03-01T00:00:00Z', '2026-03-01T00:00:00Z'],
    ['2026-03-01T23:59:59.999Z', '2026-03-01T23:59:59Z'],
    ['2026-03-01 05:00:00 UTC', '2026-03-01T05:00:00Z'],
    ['2026-03-01T05:00+00:00', '2026-03-01T05:00:00Z'],
    ['2024-02-29', '2024-02-29T00:00:00Z'],
  ])('reads %s as UTC', (text, iso) => {
    expect(readTime(text)).toEqual({ value: Date.parse(iso) / 1000 });
  });

  it.each([
    '',
    'today',
    '2026-02-29',
    '2026-13-01',
    '2026-03-01T24:00:00Z',
    '2026-03-01T00:00:00+02:00',
    '1026-03-01',
    '01/03/2026',
  ])('refuses %s', (text) => {
    expect(readTime(text)).toEqual({ fault: 'not-a-time' });
  });
});

describe('readTags', () => {
  it('takes texts, numbers, truth values and nulls, sorted by key', () => {
    expect(readTags('{"b":1,"a":true,"c":null,"__proto__":"x"}')).toEqual({
      value: Object.fromEntries([
        ['__proto__', 'x'],
        ['a', 'true'],
        ['b', '1'],
        ['c', ''],
      ]),
    });
  });

  it.each(['', '[]', '"a"', 'null', '{"a":{}}', '{"a":[1]}', '{a:1}'])('refuses %s', (text) => {
    expect(readTags(text)).toEqual({ fault: 'not-a-json-object' });
  });
});
