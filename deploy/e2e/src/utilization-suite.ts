import type { StoreKind } from '@cloudtuner/launcher';
import { createRemoteWriteClient } from '@cloudtuner/remote-write';
import { waitFor } from '@cloudtuner/test-kit';
import { floorTo, hourMs, minuteMs, startPlatform, type Platform, type Tenant } from './platform';

const startDeadlineMs = 600_000;
/** From the scrape to the answer. */
const visibleWithinMs = 90_000;
const scrapeMs = 15_000;
const gib = 2 ** 30;
const megabyte = 1_000_000;

type Metric = 'cpu' | 'memory' | 'network' | 'storage';
type Labels = Readonly<Record<string, string>>;
/** A series, and its value so many seconds after the start. */
type Exposed = readonly [labels: Labels, valueAt: (seconds: number) => number];

const pod = { namespace: 'shop', pod: 'web-7f-a' };
const inContainer = { ...pod, container: 'app' };
/** Two cores, 3 GiB, 1 MB/s in and half of it out, 5 GiB on a volume. */
const scraped: readonly Exposed[] = [
  [{ __name__: 'container_cpu_usage_seconds_total', ...inContainer }, (seconds) => 2 * seconds],
  [{ __name__: 'container_memory_working_set_bytes', ...inContainer }, () => 3 * gib],
  [{ __name__: 'container_network_receive_bytes_total', ...pod, interface: 'eth0' }, (seconds) => megabyte * seconds],
  [
    { __name__: 'container_network_transmit_bytes_total', ...pod, interface: 'eth0' },
    (seconds) => (megabyte / 2) * seconds,
  ],
  [{ __name__: 'kubelet_volume_stats_used_bytes', namespace: 'shop', persistentvolumeclaim: 'data' }, () => 5 * gib],
];
const derivedFrom: Readonly<Record<Metric, readonly [usage: number, metrics: readonly string[]]>> = {
  cpu: [2, ['container_cpu_usage_seconds_total']],
  memory: [3 * gib, ['container_memory_working_set_bytes']],
  network: [1.5 * megabyte, ['container_network_receive_bytes_total', 'container_network_transmit_bytes_total']],
  storage: [5 * gib, ['kubelet_volume_stats_used_bytes']],
};
/** What rules of a cluster's own say beside it; not what would be derived, so that the two can be told apart. */
const gauges: Readonly<Record<Metric, readonly [usage: number, metric: string]>> = {
  cpu: [2.25, 'kubecost_cluster_cpu_usage'],
  memory: [3.25 * gib, 'kubecost_cluster_memory_usage'],
  network: [1_600_000, 'kubecost_network_usage'],
  storage: [5.25 * gib, 'kubecost_storage_usage'],
};
const recorded: readonly Exposed[] = Object.values(gauges).map(([value, name]) => [{ __name__: name }, () => value]);
const metrics = Object.keys(gauges) as Metric[];

/** Utilization of the minute that is running, from remote_write to the route, with nothing aggregated in between. */
export function utilizationSuite(store: StoreKind): void {
  let platform: Platform;
  let derives: Tenant;
  let records: Tenant;
  let [seenFromMs, seenUntilMs] = [0, 0];
  const zeroMs = floorTo(minuteMs, Date.now()) - hourMs;

  /** Sends what was scraped in a window, every 15 seconds. */
  async function push({ account }: Tenant, exposed: readonly Exposed[], fromMs: number, toMs: number): Promise<void> {
    const { write_username: username, write_password: password } = account;
    const url = `${platform.services.diproxy.url}/storage/api/v2/write`;
    const client = createRemoteWriteClient({ url, username, password });
    const times = Array.from(
      { length: Math.ceil((toMs - fromMs) / scrapeMs) },
      (_, index) => fromMs + index * scrapeMs,
    );
    await client.push({
      timeseries: exposed.map(([labels, valueAt]) => ({
        labels: Object.entries(labels)
          .map(([name, value]) => ({ name, value }))
          .sort((a, b) => (a.name < b.name ? -1 : 1)),
        samples: times.map((timestampMs) => ({ timestampMs, value: valueAt((timestampMs - zeroMs) / 1_000) })),
      })),
    });
    await client.close();
  }

  const chartOf = async ({ client, accountId }: Tenant, metric: Metric) => {
    const nowSeconds = Math.floor(Date.now() / 1_000);
    const window = { start_time: nowSeconds - 600, end_time: nowSeconds + 60 };
    const answer = await client.getClusterMetrics({ params: { cluster_id: accountId }, query: { ...window, metric } });
    return { answer, usage: answer.series.find(({ name }) => name === 'usage') };
  };

  beforeAll(async () => {
    platform = await startPlatform(store);
    [derives, records] = [
      await platform.createTenant('derives', 'shop'),
      await platform.createTenant('records', 'shop'),
    ];
    // The past, so that what is measured below is how fast a scrape is seen, not how fast a new tenant is.
    const untilMs = floorTo(minuteMs, Date.now()) - 2 * minuteMs;
    seenFromMs = untilMs - 10 * minuteMs;
    await push(derives, scraped, seenFromMs, untilMs);
    await push(records, [...scraped, ...recorded], seenFromMs, untilMs);
    for (const tenant of [derives, records])
      await waitFor(async () => ((await chartOf(tenant, 'cpu')).usage?.points.length ?? 0) > 0, {
        ...{ what: 'the past to be seen', timeoutMs: startDeadlineMs, intervalMs: 500 },
      });
  }, startDeadlineMs);
  afterAll(() => platform.stop(), startDeadlineMs);

  it(
    'shows a scrape at the grain of a minute within 90 s of it, and says what it is derived from or which gauge it is',
    async () => {
      const scrapedAtMs = Date.now();
      seenUntilMs = scrapedAtMs;
      const untilMs = floorTo(minuteMs, scrapedAtMs) - 2 * minuteMs;
      // All that came since the past, up to this moment.
      await push(derives, scraped, untilMs, scrapedAtMs);
      await push(records, [...scraped, ...recorded], untilMs, scrapedAtMs);
      // The first whole minute after the scrape is the point that shows it.
      const minute = (floorTo(minuteMs, scrapedAtMs) + minuteMs) / 1_000;
      for (const tenant of [derives, records])
        for (const metric of metrics) {
          const shows = async (): Promise<boolean> => {
            const { answer, usage } = await chartOf(tenant, metric);
            const lastSampleAt = answer.freshness.last_sample_at ?? 0;
            const isSeen = lastSampleAt * 1_000 > scrapedAtMs - scrapeMs - 1_000;
            return isSeen && usage?.points.at(-1)?.[0] === minute;
          };
          const leftMs = scrapedAtMs + visibleWithinMs - Date.now();
          await waitFor(shows, { what: `${metric} of now`, timeoutMs: Math.max(1, leftMs), intervalMs: 500 });
        }
      expect(Date.now() - scrapedAtMs).toBeLessThan(visibleWithinMs);
    },
    visibleWithinMs + 60_000,
  );

  it.each(metrics)('has %s as it is: derived, or what the cluster records itself', async (metric) => {
    const asDerived = await chartOf(derives, metric);
    expect(asDerived.answer.step).toBe(60);
    const [usage, from] = derivedFrom[metric];
    expect(asDerived.usage).toMatchObject({ method: 'derived', metrics: from });
    const points = asDerived.usage?.points ?? [];
    expect(points.length).toBeGreaterThan(5);
    // Where five minutes before the point have samples throughout: a counter has no rate of the time without.
    const whole = points.filter(([at]) => at * 1_000 >= seenFromMs + 5 * minuteMs && at * 1_000 <= seenUntilMs);
    expect(whole.length).toBeGreaterThan(3);
    for (const [, value] of whole) expect(value / usage).toBeCloseTo(1, 6);
    const [gauge, name] = gauges[metric];
    const asRecorded = await chartOf(records, metric);
    expect(asRecorded.usage).toMatchObject({ method: 'recorded', metrics: [name] });
    expect(new Set(asRecorded.usage?.points.map(([, value]) => value))).toEqual(new Set([gauge]));
  });
}
