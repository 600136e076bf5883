import {
  kubecostSeriesNames,
  readKubecostHours,
  sumNanos,
  type KubecostHour,
  type KubecostRow,
  type KubecostWindow,
} from '@cloudtuner/cost-model';
import { startKubecostServer, type KubecostServer } from '@cloudtuner/kubecost-server';
import { createPrometheusClient, range, selector, type PrometheusClient } from '@cloudtuner/prometheus-client';
import { startPrometheus, startService, waitFor, type LocalService } from '@cloudtuner/test-kit';
import { floorTo, hourMs, minuteMs, startPlatform, type Platform, type Tenant } from './platform';

const startDeadlineMs = 600_000;
const seenWithinMs = 90_000;
const cent = 10_000_000n;
const scrapeSeconds = 1;

/** Kubecost's own figures: exporter → Prometheus → gateway → store, against the book that Kubecost answers from. */
describe('Kubecost’s own figures', () => {
  let platform: Platform;
  let tenant: Tenant;
  let kubecost: KubecostServer;
  let exporter: LocalService;
  let store: PrometheusClient;
  let forgottenMs: number;

  beforeAll(async () => {
    platform = await startPlatform('prometheus');
    tenant = await platform.createTenant('figures', 'shop');
    kubecost = await startKubecostServer({ cluster: tenant.cluster, product: 'kubecost' });
    forgottenMs = lastClosedMs() - 2 * hourMs;
    kubecost.forget(forgottenMs);
    exporter = await startService('allocation-exporter', {
      KUBECOST_URL: kubecost.url,
      POLL_INTERVAL_SECONDS: '1',
      STALE_AFTER_SECONDS: '3',
      CLOSED_HOUR_SETTLE_SECONDS: '0',
      CLOSED_HOUR_LOOKBACK_HOURS: '4',
      CLOSED_HOUR_REREAD_SECONDS: '1',
      CLOSED_HOUR_DWELL_SECONDS: '2',
    });
    const { write_username: username, write_password: password } = tenant.account;
    platform.running.add(
      await startPrometheus({
        name: 'figures-prometheus',
        binary: 'prometheus3',
        scrapeIntervalSeconds: scrapeSeconds,
        scrape: [{ job: 'allocation-exporter', targets: [new URL(exporter.url).host], honorLabels: true }],
        remoteWrite: [
          {
            url: `${platform.services.diproxy.url}/storage/api/v2/write`,
            username,
            password,
            headers: { 'Cloud-Account-Id': username },
          },
        ],
      }),
    );
    store = createPrometheusClient({ url: platform.servers.store.queryUrl });
  }, startDeadlineMs);

  afterAll(async () => {
    await store.close();
    await exporter.stop();
    await kubecost.stop();
    await platform.stop();
  }, startDeadlineMs);

  const tenantId = (): string => tenant.accountId;

  /** What the store has of the hours that were scraped in the last time. */
  const hours = async (backMs: number): Promise<KubecostHour[]> => {
    const metrics = Object.values(kubecostSeriesNames);
    const { series } = await store.instantQuery(range(selector({ tenantId: tenantId(), metrics }), backMs), Date.now());
    return readKubecostHours(series);
  };

  /** Waits for an hour of which this holds, among those scraped since a moment. */
  const hourWhere = (sinceMs: number, holds: (hour: KubecostHour) => boolean, what: string): Promise<KubecostHour> =>
    waitFor(async () => (await hours(Math.max(1, Date.now() - sinceMs))).find(holds), {
      what,
      timeoutMs: seenWithinMs,
      intervalMs: 250,
    });

  const costOf = ({ costs }: KubecostRow): bigint => sumNanos(Object.values(costs));
  const totalOf = ({ rows }: KubecostHour): bigint => sumNanos(rows.map(costOf));
  const bookOf = (startMs: number, endMs: number) =>
    tenant.cluster.book
      .pods(startMs, endMs)
      .filter((row) => row.endMs > row.startMs)
      .map((row) => ({ pod: row.pod, container: row.container, cost: row.cpuCost + row.ramCost + row.gpuCost }));
  const bookTotal = (startMs: number, endMs: number): bigint =>
    sumNanos(bookOf(startMs, endMs).map(({ cost }) => cost));
  const lastClosedMs = (): number => floorTo(hourMs, Date.now()) - hourMs;
  const isHour = (startMs: number, window: KubecostWindow) => (hour: KubecostHour) =>
    hour.startMs === startMs && hour.window === window;

  const isRunning = (hour: KubecostHour): boolean => hour.window === 'running';

  it('of closed hours arrive to the cent, container by container', async () => {
    const newest = lastClosedMs();
    for (const startMs of [newest, newest - hourMs]) {
      const hour = await hourWhere(Date.now() - minuteMs, isHour(startMs, 'closed'), 'a closed hour');
      const book = new Map(bookOf(startMs, startMs + hourMs).map((row) => [`${row.pod}/${row.container}`, row.cost]));
      expect(hour.rows).toHaveLength(book.size);
      for (const row of hour.rows) {
        const difference = costOf(row) - (book.get(`${row.pod}/${row.container}`) ?? -cent);
        // Kubecost writes five decimals: half of the fifth for each of three costs.
        expect({ pod: row.pod, isNear: difference <= 15_000n && difference >= -15_000n }).toEqual({
          pod: row.pod,
          isNear: true,
        });
      }
      const total = totalOf(hour) - bookTotal(startMs, startMs + hourMs);
      expect(total < cent && total > -cent).toBe(true);
    }
  });

  it('of the running hour arrive as far as it is', async () => {
    const hour = await hourWhere(Date.now(), isRunning, 'the running hour');
    const { startMs } = hour;
    // Read at most a poll and an answer before it was scraped.
    const [low, high] = [
      bookTotal(startMs, Math.max(startMs, hour.scrapedAtMs - 10_000)),
      bookTotal(startMs, hour.scrapedAtMs),
    ];
    expect(totalOf(hour) >= low - cent && totalOf(hour) <= high + cent).toBe(true);
  });

  it('are the same after the exporter was killed: nothing is counted twice', async () => {
    const startMs = lastClosedMs();
    const before = await hourWhere(Date.now() - minuteMs, isHour(startMs, 'closed'), 'the closed hour');
    await exporter.kill();
    await exporter.restart();
    const after = await hourWhere(Date.now(), isHour(startMs, 'closed'), 'the closed hour after the restart');
    expect(after.scrapedAtMs).toBeGreaterThan(before.scrapedAtMs);
    expect(after.rows).toEqual(before.rows);
  });

  it('follow Kubecost when it restates an hour, down and up', async () => {
    const startMs = lastClosedMs();
    for (const factor of [0.5, 1.25]) {
      const restatedMs = Date.now();
      kubecost.restate(startMs, factor);
      const expected = (bookTotal(startMs, startMs + hourMs) * BigInt(factor * 100)) / 100n;
      const hour = await hourWhere(
        restatedMs,
        (one) => {
          const difference = totalOf(one) - expected;
          return isHour(startMs, 'closed')(one) && difference < cent && difference > -cent;
        },
        `the hour at ${String(factor)} of its cost`,
      );
      expect(hour.rows.length).toBeGreaterThan(0);
    }
  });

  it('end while Kubecost is away, are there again when it is back, and an hour it knows nothing of is a gap', async () => {
    const upAtPresent = async (): Promise<number | undefined> => {
      const query = selector({
        tenantId: tenantId(),
        metric: 'kubecost_exporter_up',
        matchers: [{ label: 'source', operator: '=', value: 'allocation' }],
      });
      return (await store.instantQuery(query, Date.now())).series[0]?.values[0];
    };
    const runningAtPresent = async (): Promise<number> => {
      const query = selector({
        tenantId: tenantId(),
        metric: kubecostSeriesNames.windowStart,
        matchers: [{ label: 'window', operator: '=', value: 'running' }],
      });
      return (await store.instantQuery(query, Date.now())).series.length;
    };

    await kubecost.stop();
    const wait = { timeoutMs: seenWithinMs, intervalMs: 250 };
    await waitFor(async () => (await upAtPresent()) === 0, { what: 'the outage to be seen in the store', ...wait });
    await waitFor(async () => (await runningAtPresent()) === 0, { what: 'the running hour to end', ...wait });

    await kubecost.start();
    const backMs = Date.now();
    const healed = await hourWhere(backMs, isRunning, 'the running hour to be back');
    const high = bookTotal(healed.startMs, healed.scrapedAtMs);
    expect(totalOf(healed) <= high + cent).toBe(true);
    // The hour before it is read after it: when that is there, the forgotten one has had its turn.
    const sinceMs = Date.now() - 10 * minuteMs;
    await hourWhere(sinceMs, isHour(forgottenMs - hourMs, 'closed'), 'the hour before the forgotten one');
    expect((await hours(10 * minuteMs)).map((hour) => hour.startMs)).not.toContain(forgottenMs);
  });
});
