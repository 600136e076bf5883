import { componentsFrom, costsOf } from '../domain/costs';
import { finalAfter, presentCosts, presentMoney } from './present-costs';

describe('presentMoney', () => {
  it('writes a number rounded once, or the exact decimal, and null for what was not measured', () => {
    expect(presentMoney(300_000_000n, 'number')).toBe(0.3);
    expect(presentMoney(300_000_000n, 'string')).toBe('0.300000000');
    expect(presentMoney(9_007_199_254_740_993n, 'string')).toBe('9007199.254740993');
    expect(presentMoney(null, 'string')).toBeNull();
    expect(presentMoney(0n, 'number')).toBe(0);
  });
});

describe('presentCosts', () => {
  it('sums three tenths of a dollar to 0.3, not to 0.30000000000000004', () => {
    const costs = costsOf(componentsFrom((component) => (component === 'gpu_cost' ? null : 100_000_000n)));
    expect(presentCosts(costs, 'number')).toMatchObject({ total_cost: 0.6, cpu_cost: 0.1, gpu_cost: null });
  });
});

describe('finalAfter', () => {
  it('is ten minutes after the end of the window, in unix seconds', () => {
    expect(finalAfter(3_600_000)).toBe(4200);
  });
});
