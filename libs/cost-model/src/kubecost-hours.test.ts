import { readKubecostHours, type Series } from './index';

const hourMs = 3_600_000;
const noonMs = Date.UTC(2026, 0, 5, 12);
const minute = (count: number): number => noonMs + count * 60_000;

/** The series of scrapes: of each the time, the window, the hour that it is of, and what its pods cost of CPU. */
function scraped(
  ...scrapes: {
    at: number;
    window: 'running' | 'closed';
    hour: number;
    pods: Record<string, number>;
    rows?: number;
    cost?: number;
  }[]
): Series[] {
  const byKey = new Map<string, { labels: Record<string, string>; timestampsMs: number[]; values: number[] }>();
  const add = (labels: Record<string, string>, timestampMs: number, value: number): void => {
    const key = JSON.stringify(labels);
    const series = byKey.get(key) ?? { labels, timestampsMs: [], values: [] };
    byKey.set(key, series);
    series.timestampsMs.push(timestampMs);
    series.values.push(value);
  };
  for (const { at, window, hour, pods, rows, cost } of scrapes) {
    const sum = Object.values(pods).reduce((total, value) => total + value, 0);
    add({ __name__: 'kubecost_allocation_window_start_seconds', window }, at, hour / 1000);
    add({ __name__: 'kubecost_allocation_window_rows', window }, at, rows ?? Object.keys(pods).length);
    add({ __name__: 'kubecost_allocation_window_cost', window }, at, cost ?? sum);
    for (const [pod, value] of Object.entries(pods)) {
      const labels = { cluster_id: 'c', namespace: 'shop', pod, container: 'web', node: 'n', window };
      add({ __name__: 'kubecost_allocation_minutes', ...labels }, at, 60);
      add({ __name__: 'kubecost_allocation_cost', ...labels, resource: 'cpu' }, at, value);
    }
  }
  return [...byKey.values()];
}

const summary = (series: Series[]) =>
  readKubecostHours(series).map(({ startMs, window, rows }) => [
    (startMs - noonMs) / hourMs,
    window,
    Object.fromEntries(rows.map(({ pod, costs }) => [pod, costs.cpu])),
  ]);

describe('readKubecostHours', () => {
  it('takes what was said last of an hour, and never adds up what was said before', () => {
    const series = scraped(
      { at: minute(6), window: 'closed', hour: noonMs - hourMs, pods: { a: 1, b: 2 } },
      { at: minute(7), window: 'closed', hour: noonMs - hourMs, pods: { a: 1, b: 2 } },
      // Restated: less, and a pod fewer.
      { at: minute(30), window: 'closed', hour: noonMs - hourMs, pods: { a: 0.5 } },
    );
    expect(summary(series)).toEqual([[-1, 'closed', { a: 500_000_000n }]]);
  });

  it('takes an hour as a closed one before it takes how far it was, and the running one as far as it is', () => {
    const series = scraped(
      { at: minute(58), window: 'running', hour: noonMs, pods: { a: 0.97 } },
      { at: minute(61), window: 'running', hour: noonMs + hourMs, pods: { a: 0.01 } },
      { at: minute(66), window: 'running', hour: noonMs + hourMs, pods: { a: 0.1 } },
      { at: minute(66), window: 'closed', hour: noonMs, pods: { a: 1 } },
    );
    expect(summary(series)).toEqual([
      [0, 'closed', { a: 1_000_000_000n }],
      [1, 'running', { a: 100_000_000n }],
    ]);
  });

  it('tells hours apart that were shown in one window one after the other', () => {
    const series = scraped(
      { at: minute(6), window: 'closed', hour: noonMs - hourMs, pods: { a: 1 } },
      { at: minute(9), window: 'closed', hour: noonMs - 3 * hourMs, pods: { a: 3 } },
    );
    expect(summary(series)).toEqual([
      [-3, 'closed', { a: 3_000_000_000n }],
      [-1, 'closed', { a: 1_000_000_000n }],
    ]);
  });

  it.each([
    ['a row is missing', { rows: 3 }],
    ['a cost is missing', { cost: 3.5 }],
  ])('goes back to the scrape before one of which %s', (_what, fault) => {
    const series = scraped(
      { at: minute(6), window: 'closed', hour: noonMs - hourMs, pods: { a: 1, b: 1 } },
      { at: minute(7), window: 'closed', hour: noonMs - hourMs, pods: { a: 2, b: 1 }, ...fault },
    );
    expect(summary(series)).toEqual([[-1, 'closed', { a: 1_000_000_000n, b: 1_000_000_000n }]]);
  });

  it('has no hour where nothing was said: a gap is not 0', () => {
    expect(readKubecostHours([])).toEqual([]);
    const series = scraped({ at: minute(6), window: 'closed', hour: noonMs - hourMs, pods: { a: 1 }, rows: 2 });
    expect(readKubecostHours(series)).toEqual([]);
  });
});
