import { dividedHalfUp } from './half-up';

describe('dividedHalfUp', () => {
  it.each([
    [0n, 5n, 0n],
    [1n, 3n, 0n],
    [1n, 2n, 1n],
    [2n, 3n, 1n],
    [3n, 2n, 2n],
    [7n, 7n, 1n],
    [10n ** 30n + 1n, 2n, 5n * 10n ** 29n + 1n],
  ])('%s ÷ %s is %s', (numerator, divisor, quotient) => {
    expect(dividedHalfUp(numerator, divisor)).toBe(quotient);
  });
});
