import {
  allocateHour,
  allocationMetricNames,
  type AllocatedHour,
  type Series,
  type TimeWindow,
} from '@cloudtuner/cost-model';
import { createSampleCluster, type SampleCluster, type ScrapeTimes } from '@cloudtuner/sample-cluster';
import fc from 'fast-check';
import { expectContainersOfTheBooks, expectCostsOfTheBooks, expectSumsOfTheBooks } from './pod-truth';
import { expectHourAsScraped } from './scraped-truth';

/** The samples of an hour priced, and compared with the generator's own books, which never look at a metric. */

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
// A Wednesday, 14:00Z: daytime replicas run, and Jobs come and go.
const startMs = Date.UTC(2026, 8, 16, 14);
const window = { startMs, endMs: startMs + hourMs };
const names: ReadonlySet<string> = new Set(allocationMetricNames);

interface Growing {
  readonly labels: Readonly<Record<string, string>>;
  readonly timestampsMs: number[];
  readonly values: number[];
}

/** What a store has of the hour and five minutes around it, by label set; without stale markers. */
function seriesOf(cluster: SampleCluster, { startMs: fromMs, endMs }: TimeWindow, times: ScrapeTimes): Series[] {
  const bySeries = new Map<string, Growing>();
  const { intervalMs: stepMs, offsetMs } = times;
  const firstMs = Math.ceil((fromMs - 5 * minuteMs - offsetMs) / stepMs) * stepMs + offsetMs;
  const span = { startMs: firstMs, endMs: endMs + 5 * minuteMs + 1, stepMs };
  for (const { timeseries } of cluster.history(span)) {
    for (const { labels, samples } of timeseries) {
      const named = Object.fromEntries(labels.map(({ name, value }) => [name, value]));
      if (!names.has(named['__name__'] ?? '')) continue;
      const key = JSON.stringify(labels);
      const series = bySeries.get(key) ?? { labels: named, timestampsMs: [], values: [] };
      bySeries.set(key, series);
      for (const { timestampMs, value, valueBits } of samples) {
        if (valueBits !== undefined) continue;
        series.timestampsMs.push(timestampMs);
        series.values.push(value);
      }
    }
  }
  return [...bySeries.values()];
}

describe.each([
  // One of its Jobs runs between two scrapes: its request is all that is known of it.
  ['shop', ['allocation-derived']],
  ['research', []],
] as const)('an hour of the %s cluster', (profile, flags) => {
  const cluster = createSampleCluster({ seed: 3, name: profile, clusterId: profile, profile });
  const truth = { cluster, window };
  const hour: AllocatedHour = allocateHour({
    window,
    series: seriesOf(cluster, window, { intervalMs: minuteMs, offsetMs: 0 }),
  });

  it('has a row for every container of the books, and no other, with its node, owner and times to the second', () => {
    expectContainersOfTheBooks(truth, hour);
    const passing = cluster.book.pods(window.startMs, window.endMs).filter((row) => row.startMs > window.startMs);
    expect(passing.length).toBeGreaterThan(0);
  });

  it('charges every container that ran all hour what the books say, to the nano, and the others within one minute of it', () => {
    expectCostsOfTheBooks(truth, hour);
  });

  it('adds up to what the books say of namespaces, nodes and the cluster', () => {
    expectSumsOfTheBooks(truth, hour);
    expect(hour.flags).toEqual(flags);
  });

  const expectAsScraped = (fromMs: number, times: ScrapeTimes): void => {
    const asked = { startMs: fromMs, endMs: fromMs + hourMs };
    const asScraped = allocateHour({ window: asked, series: seriesOf(cluster, asked, times) });
    expectHourAsScraped(cluster.bookAsScraped(times).hour(fromMs), fromMs, asScraped);
  };

  it.each([
    [60_000, 17_345],
    [30_000, 29_999],
    [45_001, 20_000],
    [300_000, 123_000],
  ])(
    'scraped every %d ms, %d ms after, is to the nano what the book says such scrapes can know',
    (intervalMs, offsetMs) => {
      expectAsScraped(startMs, { intervalMs, offsetMs });
    },
  );

  it('is so in any hour of a week and for any times of scrapes, up to 5 minutes apart', () => {
    const anyTimes = fc
      .tuple(fc.integer({ min: 20_000, max: 300_000 }), fc.nat())
      .map(([intervalMs, offset]) => ({ intervalMs, offsetMs: offset % intervalMs }));
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 167 }), anyTimes, (hour, times) => {
        expectAsScraped(startMs + hour * hourMs, times);
      }),
      { numRuns: 6 },
    );
  });
});
