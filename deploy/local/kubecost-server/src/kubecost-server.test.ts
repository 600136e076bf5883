import { createSampleCluster } from '@cloudtuner/sample-cluster';
import { openCostAllocationSchema } from '@cloudtuner/cost-model';
import { allocationsOf, assetsOf } from './rows';
import { parseWindow } from './window';

const hourMs = 3_600_000;
const startMs = Date.UTC(2026, 1, 3, 9);
const window = { startMs, endMs: startMs + hourMs };
// Young, so that there is little to add up.
const bornMs = startMs - hourMs;

describe('the rows of an answer', () => {
  it('have the fields that OpenCost has, as far as they tell of a container', () => {
    const cluster = createSampleCluster({ seed: 2, name: 'Shop', clusterId: 'shop', profile: 'shop', startMs: bornMs });
    const [, row] = allocationsOf(cluster, { ...window, costFactor: 1 })[0] ?? [];
    const known = Object.keys(openCostAllocationSchema.shape);
    expect(row).toBeDefined();
    expect(Object.keys(row ?? {}).filter((field) => !known.includes(field))).toEqual([]);
  });

  it.each(['shop', 'research'] as const)('cost what the book of %s says, to five decimals each', (profile) => {
    const cluster = createSampleCluster({ seed: 2, name: profile, clusterId: profile, profile, startMs: bornMs });
    for (const costFactor of [1, 0.5]) {
      const rows = allocationsOf(cluster, { ...window, costFactor }).map(([, row]) => row as { totalCost?: number });
      const book = cluster.book.pods(startMs, startMs + hourMs).filter((row) => row.endMs > row.startMs);
      const nanos = book.reduce((sum, row) => sum + row.cpuCost + row.ramCost + row.gpuCost, 0n);
      const total = rows.reduce((sum, { totalCost = NaN }) => sum + totalCost, 0);
      expect(rows).toHaveLength(book.length);
      expect(Math.abs(total - (Number(nanos) / 1e9) * costFactor)).toBeLessThan(rows.length * 3 * 0.000005);

      const assets = Object.values(assetsOf(cluster, { ...window, costFactor })) as { totalCost: number }[];
      const assetsTotal = assets.reduce((sum, { totalCost }) => sum + totalCost, 0);
      const bookTotal = (Number(cluster.book.costBetween(startMs, startMs + hourMs).total) / 1e9) * costFactor;
      expect(Math.abs(assetsTotal - bookTotal)).toBeLessThan(assets.length * 0.000005);
    }
  });
});

describe('parseWindow', () => {
  it('knows two times in UTC, the first before the second', () => {
    expect(parseWindow('2026-02-03T09:00:00Z,2026-02-03T10:00:00Z')).toEqual(window);
    const others = [
      '',
      'today',
      '2026-02-03T10:00:00Z,2026-02-03T09:00:00Z',
      '2026-02-03T09:00:00+01:00,2026-02-03T10:00:00Z',
    ];
    expect(others.map(parseWindow)).toEqual(others.map(() => undefined));
  });
});
