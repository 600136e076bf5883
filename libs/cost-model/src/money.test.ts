import fc from 'fast-check';
import { formatNanos, nanosFromNumber, nanosToNumber, parseNanos, sumKnownNanos, sumNanos } from './money';

describe('nanosFromNumber', () => {
  it.each([
    [0.031611, 31_611_000n],
    [12.345, 12_345_000_000n],
    [0.1 + 0.2, 300_000_000n], // 0.30000000000000004
    [1e-9, 1n],
    [4.9e-10, 0n],
    [5e-10, 1n], // half, away from zero
    [-5e-10, -1n],
    [1.5e-9, 2n],
    [2.5e-9, 3n], // not to even
    [1e21, 10n ** 30n],
    [-0, 0n],
  ])('reads %d currency units as %d nanos', (amount, nanos) => {
    expect(nanosFromNumber(amount)).toBe(nanos);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('refuses %d', (amount) => {
    expect(() => nanosFromNumber(amount)).toThrow('finite');
  });
});

describe('formatNanos and parseNanos', () => {
  it.each([
    [0n, '0.000000000'],
    [12_345_000_000n, '12.345000000'],
    [1n, '0.000000001'],
    [-1n, '-0.000000001'],
    [-12_345_000_000n, '-12.345000000'],
    [123_456_789_012_345_678_901n, '123456789012.345678901'],
  ])('writes %d nanos as %s, and reads it back', (nanos, text) => {
    expect(formatNanos(nanos)).toBe(text);
    expect(parseNanos(text)).toBe(nanos);
  });

  it('reads fewer decimals, as ClickHouse prints them', () => {
    expect(parseNanos('7')).toBe(7_000_000_000n);
    expect(parseNanos('0.12')).toBe(120_000_000n);
  });

  it.each(['', '.5', '5.', '1e3', '1.0000000001', 'NaN', ' 1', '1,5', '--1'])('refuses %j', (text) => {
    expect(() => parseNanos(text)).toThrow('decimal');
  });

  it('round-trips every integer', () => {
    fc.assert(
      fc.property(fc.bigInt(), (nanos) => {
        expect(parseNanos(formatNanos(nanos))).toBe(nanos);
      }),
    );
  });
});

describe('nanosToNumber', () => {
  it('gives the double nearest to the decimal', () => {
    expect(nanosToNumber(300_000_000n)).toBe(0.3);
    expect(nanosToNumber(123_456_789_012_345_678_901n)).toBe(Number('123456789012.345678901'));
  });

  it('and nanosFromNumber are inverse for amounts below a million (15 significant digits)', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }), (nanos) => {
        expect(nanosFromNumber(nanosToNumber(nanos))).toBe(nanos);
      }),
    );
  });
});

describe('sums', () => {
  it('are exact where doubles are not: 0.1 + 0.2 + 1e15', () => {
    expect(formatNanos(sumNanos([parseNanos('0.1'), parseNanos('0.2'), parseNanos('1000000000000000')]))).toBe(
      '1000000000000000.300000000',
    );
  });

  it('of known amounts leave unknown ones out, and are unknown when all are', () => {
    expect(sumKnownNanos([1n, null, 2n])).toBe(3n);
    expect(sumKnownNanos([0n, null])).toBe(0n);
    expect(sumKnownNanos([null, null])).toBeNull();
    expect(sumKnownNanos([])).toBeNull();
  });
});
