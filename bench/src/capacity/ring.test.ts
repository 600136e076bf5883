import { imbalance, ketama, movedShare, remainder, skewedTenants } from './ring';

const keys = Array.from({ length: 5_000 }, (_, index) => `series-${String(index)}`);

describe('placements', () => {
  it('on a ring move about one key in five when a fifth member comes, and none for nothing', () => {
    expect(movedShare(keys, ketama(4), ketama(4))).toBe(0);
    const moved = movedShare(keys, ketama(4), ketama(5));
    expect(moved).toBeGreaterThan(0.16);
    expect(moved).toBeLessThan(0.24);
  });

  it('by remainder move four in five', () => {
    // A key stays when h mod 4 = h mod 5, which 4 of 20 remainders do.
    const moved = movedShare(keys, remainder(4), remainder(5));
    expect(moved).toBeGreaterThan(0.77);
    expect(moved).toBeLessThan(0.83);
  });

  it('put the whole weight of a tenant on one member', () => {
    const items = [
      { key: 'a', weight: 90 },
      { key: 'b', weight: 10 },
    ];
    // 90 of a mean of 50, unless both are on the same.
    expect(imbalance(items, 2, (key) => (key === 'a' ? 0 : 1))).toBeCloseTo(1.8, 12);
    expect(imbalance(items, 2, () => 0)).toBe(2);
  });
});

it('tenants of sizes 1, 1/2 and 1/3 share 1,100 pods as 600, 300 and 200', () => {
  expect(skewedTenants(3, 1_100, 1).map(({ weight }) => Math.round(weight))).toEqual([600, 300, 200]);
});
