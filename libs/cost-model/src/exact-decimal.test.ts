import fc from 'fast-check';
import { add, exactDecimalOf, ExactSum, exactZero, type ExactDecimal } from './exact-decimal';

/** Without trailing zeros, so that equal decimals look alike. */
function text({ coefficient, scale }: ExactDecimal): string {
  const digits = (coefficient < 0n ? -coefficient : coefficient).toString().padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  return `${coefficient < 0n ? '-' : ''}${whole}.${digits.slice(digits.length - scale).replace(/0+$/, '')}`;
}

const sumOf = (products: readonly (readonly [number, number])[]): string => {
  const sum = new ExactSum();
  for (const [double, factor] of products) sum.addProduct(double, factor);
  return text(sum.total());
};

describe('an exact sum', () => {
  it('reads doubles as the decimals that they print as', () => {
    // .1 × 3 + .2 × 3 = .9, and 0.30000000000000004 is another number than .3
    expect(
      sumOf([
        [0.1, 3],
        [0.2, 3],
      ]),
    ).toBe('0.9');
    expect(sumOf([[0.30000000000000004, 1]])).toBe('0.30000000000000004');
    // The double nearest to this prints with eight decimals: nine of them would not be its shortest name
    expect(sumOf([[8388608.123456789, 1]])).toBe('8388608.12345679');
    expect(
      sumOf([
        [1e-7, 1],
        [1e21, 1],
      ]),
    ).toBe('1000000000000000000000.0000001');
  });

  it('has every digit of a number with many, as of one with few', () => {
    // 0.25333333333333335 × 1,000 + 1234567.1234567892 × 2 + 0.000012345678912345 × 10 = 253.33333333333335 + 2469134.2469135784 + 0.00012345678912345; then one of 19 decimals
    expect(
      sumOf([
        [0.25333333333333335, 1_000],
        [1234567.1234567892, 2],
        [0.000012345678912345, 10],
      ]),
    ).toBe('2469387.58037036852247345');
    expect(sumOf([[0.0000012345678912345, 1]])).toBe('0.0000012345678912345');
    expect(sumOf([[-0.1234567891234, 10]])).toBe('-1.234567891234');
  });

  it('goes on beyond what a double can count to', () => {
    // Ninth decimals: 3 × 999,999,999 × 9,000,001 = 27,000,002,972,999,997, above 2^53 and odd; eighteenth decimals alike
    const times3 = (double: number) => sumOf(Array.from({ length: 3 }, () => [double, 9_000_001] as const));
    expect(times3(0.999999999)).toBe('27000002.972999997');
    expect(times3(0.0000099999999999)).toBe('270.0000299972999997');
  });

  it('is the sum of exact products, whatever their size', () => {
    const double = fc.oneof(
      fc.integer({ min: 0, max: 2 ** 45 }),
      fc.integer({ min: 0, max: 9_000_000_000 }).map((millionths) => millionths / 1e6),
      fc.double({ min: 0, max: 1e7, noNaN: true }),
    );
    const product = fc.tuple(double, fc.integer({ min: 0, max: 3_600_000 }));
    fc.assert(
      fc.property(fc.array(product, { maxLength: 60 }), (products) => {
        const expected = products.reduce((sum, [one, factor]) => {
          const { coefficient, scale } = exactDecimalOf(one);
          return add(sum, { coefficient: coefficient * BigInt(factor), scale });
        }, exactZero);
        expect(sumOf(products)).toBe(text(expected));
      }),
      { numRuns: 200 },
    );
  });
});
