import type { SummarySum, SummaryWindow } from './summaries';
import { namedSummaries } from './cost-summaries';

const [january, february] = ['2026-01-01', '2026-02-01'].map((day) => Date.parse(day) / 1000) as [number, number];

const windowOf = (start: number, closedHours: number, closed = false, measured = 1): SummaryWindow => ({
  ...{ measuredSeconds: closedHours * 3_600 * measured, expectedSeconds: closedHours * 3_600 },
  ...{ cloudAccountId: 'a', start, dataVersion: 'v', rulesVersion: 1, rows: 1, closedHours, apiHours: 0 },
  postings: closed
    ? [
        {
          ...{ sequence: 0, reason: 'closed', dataVersion: 'v', rulesVersion: 1 },
          ...{ postedAtMs: 1, rows: 1, adjustmentRows: 0 },
        },
      ]
    : [],
});
const unknown = { cpu_cost: null, ram_cost: null, gpu_cost: null, pv_cost: null };
const sumOf = (start: number, name: string, totalCost: bigint): SummarySum => ({
  ...{ cloudAccountId: 'a', start, dataVersion: 'v', name, source: 'metrics', totalCost, sharedCost: 0n },
  ...{ metricsTotalCost: totalCost, differenceCost: null },
  costs: { ...unknown, network_cost: null, load_balancer_cost: null, management_cost: null },
  quantities: {
    ...{ cpu_core_usage_hours: null, cpu_core_measured_request_hours: null },
    ...{ ram_byte_usage_hours: null, ram_byte_measured_request_hours: null },
  },
});
const read = (windows: readonly SummaryWindow[], sums: readonly SummarySum[], closedSums: readonly SummarySum[] = []) =>
  namedSummaries({ duration: 'month', windows, sums, closedSums, adjustments: [] }, february);

describe('named summaries', () => {
  const sums = [sumOf(january, 'web', 8n), sumOf(february, 'web', 10n), sumOf(february, 'new', 1n)];

  it('are the dearest first, compared with the window before where that is complete and cost something', () => {
    const trends = read([windowOf(january, 744), windowOf(february, 672)], sums);
    expect(trends.map(({ name, trend }) => [name, trend?.changeCost, trend?.changeRatio])).toEqual([
      ['web', 2n, 0.25],
      ['new', undefined, undefined],
    ]);
    expect(read([windowOf(january, 743), windowOf(february, 672)], sums)[0]?.trend).toBeNull();
    expect(read([windowOf(january, 744), windowOf(february, 671)], sums)[0]?.trend).toBeNull();
    expect(read([windowOf(february, 672)], sums)[0]?.trend).toBeNull();
  });

  it('are not compared when less than 95 % of the hours of one of the two windows was measured', () => {
    const trendOf = (before: number, now: number) =>
      read([windowOf(january, 744, false, before), windowOf(february, 672, false, now)], sums)[0]?.trend?.changeCost;
    expect([trendOf(0.95, 0.95), trendOf(0.94, 1), trendOf(1, 0.94)]).toEqual([2n, undefined, undefined]);
  });

  it('of a closed month keep the names that were closed and are there no more', () => {
    const closed = read([windowOf(february, 672, true)], [], [sumOf(february, 'gone', 3n)]);
    expect(closed).toMatchObject([{ name: 'gone', totalCost: 0n, closedCost: 3n, adjustmentCost: 0n }]);
    expect(read([windowOf(february, 672)], sums)[0]?.closedCost).toBeNull();
  });
});
