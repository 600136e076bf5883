import { percentile, renderSizes } from './report';
import { rowsPerHour, sizes } from './sizes';

describe('the report of the allocation benchmark', () => {
  it('takes percentiles by nearest rank', () => {
    const runs = Array.from({ length: 20 }, (_none, index) => index + 1);
    expect(percentile(runs, 0.5)).toBe(10);
    expect(percentile(runs, 0.95)).toBe(19);
    expect(percentile([7], 0.95)).toBe(7);
    expect(percentile([], 0.5)).toBeNaN();
  });

  it('divides bytes on disk by pods and hours', () => {
    const table = { table: 'allocation_days', rows: 2_400, bytes: 12_000, parts: 1 };
    expect(renderSizes([table], () => 100 * 24)).toContain('|               5.00 |');
  });

  it('is of up to 10,000 pods × 1 year, in hours of 11,309 rows', () => {
    expect(sizes.at(-1)).toMatchObject({ pods: 10_000, days: 365 });
    // 10,000 + 1,000 containers, 303 nodes, 6 assets without containers.
    expect(rowsPerHour(10_000).rows).toBe(11_309);
  });
});
