import {
  allocateHour,
  allocationMetricNames,
  parseNanos,
  sumNanos,
  type AllocatedHour,
  type AllocationFact,
  type Series,
} from '@cloudtuner/cost-model';
import { createSampleCluster, type BookContainer, type SampleCluster } from '@cloudtuner/sample-cluster';

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
function seriesOf(cluster: SampleCluster): Series[] {
  const bySeries = new Map<string, Growing>();
  const span = { startMs: window.startMs - 5 * minuteMs, endMs: window.endMs + 5 * minuteMs + 1 };
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

const keyOf = (row: Pick<AllocationFact, 'namespace' | 'pod' | 'container'>): string =>
  `${row.namespace}/${row.pod}/${row.container}`;

const isAllHour = (row: BookContainer): boolean => row.startMs === window.startMs && row.endMs === window.endMs;

const controllerKind: Readonly<Record<string, string>> = { CronJob: 'job' };

describe.each([
  // One of its Jobs runs between two scrapes: its request is all that is known of it.
  ['shop', ['allocation-derived']],
  ['research', []],
] as const)('an hour of the %s cluster', (profile, flags) => {
  const cluster = createSampleCluster({ seed: 3, name: profile, clusterId: profile, profile });
  const book = cluster.book.pods(window.startMs, window.endMs);
  const allocated: AllocatedHour = allocateHour({ window, series: seriesOf(cluster) });
  const rows = new Map(
    allocated.allocations.filter(({ kind }) => kind === 'container').map((row) => [keyOf(row), row]),
  );

  it('has a row for every container of the books, and no other', () => {
    expect([...rows.keys()].sort()).toEqual(book.map(keyOf).sort());
    expect(book.some((row) => !isAllHour(row))).toBe(true);
  });

  it('names where each ran and what owns it', () => {
    for (const truth of book) {
      expect(rows.get(keyOf(truth))).toMatchObject({
        node: truth.node,
        controller_kind: controllerKind[truth.workloadKind] ?? truth.workloadKind.toLowerCase(),
        controller: truth.workload,
      });
    }
  });

  it('charges every container that ran all hour what the books say, to the nano', () => {
    for (const truth of book.filter(isAllHour)) {
      const row = rows.get(keyOf(truth));
      const costs = [row?.cpu_cost, row?.ram_cost, row?.gpu_cost].map((cost) => parseNanos(cost ?? '0'));
      expect([keyOf(truth), ...costs]).toEqual([keyOf(truth), truth.cpuCost, truth.ramCost, truth.gpuCost]);
    }
  });

  it('knows of every other container when it ran, to the second, and charges it within what one minute of it costs', () => {
    for (const truth of book.filter((row) => !isAllHour(row))) {
      const row = rows.get(keyOf(truth));
      const seconds = (ms: number): number => (ms - window.startMs) / 1000;
      expect(row).toMatchObject({ started_seconds: seconds(truth.startMs), ended_seconds: seconds(truth.endMs) });
      // What it used before its first scrape is not known; after it, a request that it does not reach is what counts.
      const minutes = (truth.endMs - truth.startMs) / minuteMs;
      const costs = [
        [row?.cpu_cost, truth.cpuCost],
        [row?.ram_cost, truth.ramCost],
      ] as const;
      for (const [cost, trueCost] of costs) {
        const difference = Number(parseNanos(cost ?? '0') - trueCost);
        expect(Math.abs(difference)).toBeLessThanOrEqual(Number(trueCost) / minutes + 1);
      }
    }
  });

  it('adds up to what the books say that the cluster costs, within a nano per part of an asset', () => {
    const total = sumNanos(allocated.allocations.map((row) => parseNanos(row.total_cost)));
    expect(total).toBe(sumNanos(allocated.assets.map((fact) => parseNanos(fact.total_cost))));
    const truth = cluster.book.costBetween(window.startMs, window.endMs).total;
    const difference = Number(total - truth);
    expect(Math.abs(difference)).toBeLessThanOrEqual(3 * allocated.assets.length);
    expect(allocated.flags).toEqual(flags);
  });
});
