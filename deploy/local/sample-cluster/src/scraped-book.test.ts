import fc from 'fast-check';
import { container, traffic, type ClusterProfile } from './profile';
import { profiles } from './profiles';
import { createClusterOfProfile, createSampleCluster } from './sample-cluster';
import type { ScrapeTimes } from './scrape-grid';
import type { ScrapedHour, ScrapedRow } from './scraped-book';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const START_MS = Date.UTC(2026, 0, 5);
/** Hours of the Wednesday: 05:00Z, 06:00Z when spot prices change, and the hour in which replicas of the day end. */
const FIVE_MS = Date.UTC(2026, 0, 7, 5);
const SIX_MS = FIVE_MS + HOUR_MS;
const EVENING_MS = Date.UTC(2026, 0, 7, 20);

/** One spot node. What runs by day asks for more than it uses, so it costs the same at every moment; the Job does not. */
const smallProfile: ClusterProfile = {
  ...profiles.shop,
  nodePools: [
    {
      name: 'only',
      instanceType: 'x1',
      arch: 'amd64',
      count: 1,
      cpuCores: 4,
      ramBytes: 4 * 1024 ** 3,
      gpuCount: 0,
      cpuCoreHourNanos: 30_000_000,
      ramGibHourNanos: 4_000_000,
      gpuHourNanos: 0,
      spotSwing: 0.05,
    },
  ],
  namespaces: [{ name: 'a', labels: {} }],
  workloads: [
    {
      kind: 'Deployment',
      namespace: 'a',
      name: 'web',
      pool: 'only',
      rhythm: 'flat',
      replicas: 1,
      daytimeReplicas: 1,
      containers: [container('web', 'web:1', { cpuMillicores: [1500, null], ramMib: [512, null], used: [10, 16] })],
      traffic: traffic(0, 0, 0, 10),
    },
    {
      kind: 'CronJob',
      namespace: 'a',
      name: 'tidy',
      pool: 'only',
      rhythm: 'flat',
      everyMinutes: 30,
      atMinute: 10,
      shortestSeconds: 35,
      longestSeconds: 50,
      containers: [container('tidy', 'tidy:1', { cpuMillicores: [100, null], ramMib: [64, null], used: [900, 400] })],
    },
  ],
  loadBalancers: [{ namespace: 'a', service: 'web', ingressAddress: '192.0.2.1', hourNanos: 25_000_000 }],
  unmountedVolumes: [],
};

const small = createClusterOfProfile(smallProfile, { seed: 1, name: 'small', clusterId: 'small', startMs: START_MS });

const hourOf = (startMs: number, times: ScrapeTimes): ScrapedHour => small.bookAsScraped(times).hour(startMs);
const trueOf = (startMs: number) => small.book.pods(startMs, startMs + HOUR_MS);
const keyOf = (row: { namespace: string; pod: string; container: string }): string =>
  `${row.namespace}/${row.pod}/${row.container}`;
const rowOf = ({ rows }: ScrapedHour, key: string): ScrapedRow | undefined => rows.find((row) => row.key === key);
const nodeCpuOf = ({ assets }: ScrapedHour): bigint => assets.find(({ assetType }) => assetType === 'node')?.cpu ?? 0n;
const inMinute = (tMs: number): number => ((tMs % MINUTE_MS) + MINUTE_MS) % MINUTE_MS;

/** A quotient rounded to the nearest integer. */
const over = (numerator: bigint, divisor: bigint): bigint => (2n * numerator + divisor) / (2n * divisor);

function firstOf<Thing>(things: readonly Thing[], isWanted: (thing: Thing) => boolean): Thing {
  const found = things.find(isWanted);
  if (found === undefined) throw new Error('There is none.');
  return found;
}

describe('the book of a cluster as it is scraped', () => {
  it('prices a node by the price that the scrape before had: 59 s of the hour at the old one, 3541 s at the new', () => {
    const hourly = (startMs: number): bigint => small.book.costBetween(startMs, startMs + HOUR_MS).cpu;
    const [before, after] = [hourly(FIVE_MS), hourly(SIX_MS)];
    expect(before).not.toBe(after);

    const scraped = hourOf(SIX_MS, { intervalMs: MINUTE_MS, offsetMs: 59 * SECOND_MS });

    expect(nodeCpuOf(scraped)).toBe(over(before * 59n + after * 3541n, 3600n));
    expect(nodeCpuOf(hourOf(SIX_MS, { intervalMs: MINUTE_MS, offsetMs: 0 }))).toBe(after);
  });

  it('ends what is no Job at its last scrape: 42 s of 1.5 cores before its end are not known', () => {
    const replica = firstOf(
      trueOf(EVENING_MS),
      ({ workload, endMs }) => workload === 'web' && endMs < EVENING_MS + HOUR_MS,
    );
    const offsetMs = inMinute(replica.endMs - 42 * SECOND_MS);

    const row = rowOf(hourOf(EVENING_MS, { intervalMs: MINUTE_MS, offsetMs }), keyOf(replica));

    const knownMs = replica.endMs - 42 * SECOND_MS - EVENING_MS;
    expect(row?.endMs).toBe(EVENING_MS + knownMs);
    // 1.5 cores for all of the hour, of which knownMs are charged.
    const hourly = (3n * small.book.costBetween(EVENING_MS, EVENING_MS + HOUR_MS).cpu) / 8n;
    expect(row?.costs.cpu).toBe(over(hourly * BigInt(knownMs), BigInt(HOUR_MS)));
  });

  it('charges a Job from its start to its completion: at its request when no scrape saw it, else at what the scrape found', () => {
    const job = firstOf(trueOf(FIVE_MS), ({ workload }) => workload === 'tidy');
    const price = small.book.costBetween(FIVE_MS, FIVE_MS + HOUR_MS).cpu / 4n;
    const costAt = (scrapeMs: number): ScrapedRow | undefined =>
      rowOf(hourOf(FIVE_MS, { intervalMs: MINUTE_MS, offsetMs: inMinute(scrapeMs) }), keyOf(job));

    const unseen = costAt(job.startMs - 1);
    const seen = costAt(job.startMs + 5 * SECOND_MS);

    // A tenth of a core for as long as it ran.
    const runMs = BigInt(job.endMs - job.startMs);
    expect(unseen).toMatchObject({ startMs: job.startMs, endMs: job.endMs });
    expect(unseen?.costs.cpu).toBe(over(price * runMs, 10n * BigInt(HOUR_MS)));
    expect(seen).toMatchObject({ startMs: job.startMs, endMs: job.endMs });
    const levels = small.book.pods(job.startMs + 5 * SECOND_MS, job.startMs + 5 * SECOND_MS + 1);
    const level = firstOf(levels, (one) => keyOf(one) === keyOf(job)).cpuCoreHours * HOUR_MS * 1000;
    expect(seen?.costs.cpu).toBe(over(price * runMs * BigInt(Math.round(level)), 1000n * BigInt(HOUR_MS)));
  });

  it('spreads what a counter grew by evenly: 10 bytes a millisecond are 36,000,000 bytes of any hour', () => {
    const { assets } = hourOf(FIVE_MS, { intervalMs: 45_001, offsetMs: 12_345 });

    // 36,000,000 ÷ 2^30 × 0.09 $ = 0.00301748514…
    expect(firstOf(assets, ({ assetKey }) => assetKey === 'internet').network).toBe(3_017_485n);
  });

  it('adds up to its assets, part by part, whatever the times of the scrapes', () => {
    const anyTimes = fc
      .tuple(fc.integer({ min: 5_000, max: 300_000 }), fc.nat())
      .map(([intervalMs, offset]) => ({ intervalMs, offsetMs: offset % intervalMs }));
    const shop = createSampleCluster({ seed: 3, name: 'shop', clusterId: 'shop', profile: 'shop' });

    fc.assert(
      fc.property(anyTimes, fc.integer({ min: 0, max: 167 }), (times, hour) => {
        const { assets, rows } = shop.bookAsScraped(times).hour(START_MS + hour * HOUR_MS);
        for (const part of ['cpu', 'ram', 'gpu', 'pv', 'network', 'loadBalancer', 'management', 'total'] as const) {
          const ofRows = rows.reduce((sum, { costs }) => sum + costs[part], 0n);
          expect([part, ofRows]).toEqual([part, assets.reduce((sum, asset) => sum + asset[part], 0n)]);
        }
      }),
      { numRuns: 10 },
    );
  });

  it.each([
    [0, 0],
    [300_001, 0],
    [60_000, 60_000],
    [60_000, -1],
    [0.5, 0],
  ])('refuses scrapes every %d ms, %d ms after', (intervalMs, offsetMs) => {
    expect(() => small.bookAsScraped({ intervalMs, offsetMs })).toThrow(RangeError);
  });

  it('refuses an hour that is none, and the first of a cluster', () => {
    const book = small.bookAsScraped({ intervalMs: MINUTE_MS, offsetMs: 0 });
    expect(() => book.hour(FIVE_MS + 1)).toThrow(RangeError);
    expect(() => book.hour(START_MS)).toThrow(RangeError);
  });
});

describe('the book as scraped more and more often', () => {
  /**
   * Use and prices are steady within a minute. A scrape sees each of their changes late by less than an interval, and so
   * much it can miss at an end; so the book as scraped is as far from the true one as the interval times all changes and
   * twice the highest level, and rounding (a nano for each of the minutes that are added up here).
   */
  function mostWrong(key: string, startMs: number, intervalMs: number): number {
    const levels = Array.from({ length: 62 }, (_, index) => {
      const fromMs = startMs + (index - 1) * MINUTE_MS;
      const row = small.book.pods(fromMs, fromMs + MINUTE_MS).find((one) => keyOf(one) === key);
      return row === undefined ? undefined : Number(row.cpuCost) / (row.endMs - row.startMs);
    }).filter((level) => level !== undefined);
    const changes = levels.slice(1).reduce((sum, level, index) => sum + Math.abs(level - (levels[index] ?? 0)), 0);
    return intervalMs * (changes + 2 * Math.max(0, ...levels)) + 62;
  }

  it('is as near to the true book as the interval is short, container by container', () => {
    const anyTimes = fc
      .tuple(fc.integer({ min: 500, max: MINUTE_MS }), fc.nat())
      .map(([intervalMs, offset]) => ({ intervalMs, offsetMs: offset % intervalMs }));

    fc.assert(
      fc.property(anyTimes, fc.integer({ min: 1, max: 167 }), (times, hour) => {
        const startMs = START_MS + hour * HOUR_MS;
        const scraped = hourOf(startMs, times);
        for (const truth of trueOf(startMs)) {
          const key = keyOf(truth);
          const wrong = Math.abs(Number((rowOf(scraped, key)?.costs.cpu ?? 0n) - truth.cpuCost));
          const most = mostWrong(key, startMs, times.intervalMs);
          expect([key, wrong, most, wrong <= most]).toEqual([key, wrong, most, true]);
        }
      }),
      { numRuns: 20 },
    );
  });

  it('is the true book with a scrape at every second, at which everything changes; but for the last second of no Job', () => {
    const scraped = hourOf(EVENING_MS, { intervalMs: SECOND_MS, offsetMs: 0 });

    for (const truth of trueOf(EVENING_MS)) {
      const isCutOff = truth.endMs < EVENING_MS + HOUR_MS && truth.workload !== 'tidy';
      const row = rowOf(scraped, keyOf(truth));
      expect(row?.endMs).toBe(truth.endMs - (isCutOff ? SECOND_MS : 0));
      if (!isCutOff) expect(row?.costs).toMatchObject({ cpu: truth.cpuCost, ram: truth.ramCost });
    }
  });
});
