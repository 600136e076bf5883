import {
  formatNanos,
  kubecostSeriesNames,
  parseNanos,
  readKubecostHours,
  sumNanos,
  type KubecostHour,
  type KubecostRow,
  type KubecostWindow,
} from '@cloudtuner/cost-model';
import { startKubecostServer, type KubecostServer } from '@cloudtuner/kubecost-server';
import { createPrometheusClient, range, selector, type PrometheusClient } from '@cloudtuner/prometheus-client';
import { startPrometheus, startService, waitFor, type LocalService } from '@cloudtuner/test-kit';
import { backfill, floorTo, hourMs, minuteMs, pushPast, startPlatform, type Platform, type Tenant } from './platform';

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

  it(
    'are stored beside ours, and the difference is told by namespace and resource, also when it is put right',
    async () => {
      // The last hour that a backfill takes: an hour is closed ten minutes after its end.
      const startMs = floorTo(hourMs, Date.now() - 11 * minuteMs) - hourMs;
      const endMs = startMs + hourMs;
      const { client, accountId } = tenant;
      await pushPast(platform, [tenant], startMs - 10 * minuteMs, endMs + 10 * minuteMs);
      await backfill(tenant, startMs, endMs);
      const window = { start_time: startMs / 1000, end_time: endMs / 1000, money: 'string' as const };
      const params = { cluster_id: accountId };
      const total = async () => (await client.getClusterCosts({ params, query: window })).total.total_cost;
      const ownTotal = await total();
      const book = new Map<string, bigint>();
      for (const row of tenant.cluster.book.pods(startMs, endMs)) {
        for (const [resource, cost] of [['cpu', row.cpuCost] as const, ['ram', row.ramCost] as const])
          book.set(`${row.namespace} ${resource}`, (book.get(`${row.namespace} ${resource}`) ?? 0n) + cost);
      }
      expect(book.size).toBeGreaterThan(6);

      for (const percent of [80n, 100n]) {
        kubecost.restate(startMs, Number(percent) / 100);
        // Asking is what has the running hour, in which Kubecost says it, read each minute.
        const near = (amount: number | string | null, nanos: bigint): boolean =>
          amount !== null && [1n, -1n].every((sign) => sign * (parseNanos(String(amount)) - nanos) < cent);
        const answer = await waitFor(
          async () => {
            await client.getClusterCosts({
              params,
              query: { ...window, end_time: Math.ceil(Date.now() / 3.6e6) * 3600 },
            });
            const one = await client.getClusterReconciliation({ params, query: { ...window, limit: 1000 } });
            const cpu = one.rows.filter(({ resource }) => resource === 'cpu');
            const said = sumNanos(cpu.map(({ kubecost: theirs }) => parseNanos(String(theirs))));
            const expected = sumNanos([...book].filter(([key]) => key.endsWith(' cpu')).map(([, cost]) => cost));
            return one.compared_hours === 1 && near(formatNanos(said), (expected * percent) / 100n) && one;
          },
          { what: `Kubecost’s ${String(percent)} % beside ours`, timeoutMs: 180_000, intervalMs: 1_000 },
        );
        for (const row of answer.rows.filter(({ resource }) => resource === 'cpu' || resource === 'ram')) {
          const truth = book.get(`${row.namespace} ${row.resource}`) ?? 0n;
          const seen = {
            ...row,
            isNear: near(row.ours, truth) && near(row.difference, (truth * (100n - percent)) / 100n),
          };
          expect(seen).toEqual({ ...row, isNear: true });
        }
        const known = answer.rows.filter(({ ours }) => ours !== null);
        const number = (amount: number | string | null): number => Math.abs(Number(amount));
        const apart = known.reduce((sum, { difference }) => sum + number(difference), 0);
        const together = known.reduce((sum, row) => sum + Math.max(number(row.ours), number(row.kubecost)), 0);
        expect(answer.consistency).toBeCloseTo(1 - apart / together, 9);
        expect(answer.coverage).toBe(1);
      }
      // Of nothing that Kubecost says is anything of ours made.
      expect(await total()).toBe(ownTotal);
      const metrics = await (await fetch(`${platform.services.worker.adminUrl}/metrics`)).text();
      expect(metrics).toContain(`kubecost_worker_kubecost_consistency_ratio{cloud_account_id="${accountId}"`);
    },
    startDeadlineMs,
  );

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
