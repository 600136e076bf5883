import { correctionOf } from './expense-correction';

const row = (costNanos: bigint, sign: 1 | -1) => ({ costNanos, sign });

describe('the correction of an expense', () => {
  it('is one row when there is none', () => {
    expect(correctionOf([], 5n)).toEqual([row(5n, 1)]);
  });

  it('is nothing when the cost is the same, or none is wanted and none is there', () => {
    expect(correctionOf([{ costNanos: 5n, copies: 1 }], 5n)).toEqual([]);
    expect(correctionOf([], null)).toEqual([]);
  });

  it('takes the old cost off before it adds the new one', () => {
    expect(correctionOf([{ costNanos: 5n, copies: 1 }], 7n)).toEqual([row(5n, -1), row(7n, 1)]);
    expect(correctionOf([{ costNanos: 7n, copies: 1 }], 5n)).toEqual([row(7n, -1), row(5n, 1)]);
  });

  it('takes the cost off when the day has no facts any more', () => {
    expect(correctionOf([{ costNanos: 5n, copies: 1 }], null)).toEqual([row(5n, -1)]);
  });

  it('mends what was doubled or taken off twice', () => {
    expect(correctionOf([{ costNanos: 5n, copies: 2 }], 5n)).toEqual([row(5n, -1)]);
    expect(correctionOf([{ costNanos: 3n, copies: -1 }], 5n)).toEqual([row(3n, 1), row(5n, 1)]);
  });

  it('knows a cost of nothing from no cost', () => {
    expect(correctionOf([], 0n)).toEqual([row(0n, 1)]);
  });
});
