import type { StoreKind } from '@cloudtuner/launcher';
import { startPrometheus } from '@cloudtuner/local-servers';
import { startExporter } from '@cloudtuner/sample-cluster';
import { waitFor } from '@cloudtuner/test-kit';
import { inCents, splitOf } from './amounts';
import { backfill, floorTo, hourMs, minuteMs, pushPast, startPlatform, type Platform, type Tenant } from './platform';
import { startTimeShiftingRelay, type Cut, type TimeShiftingRelay } from './time-shifting-relay';

/**
 * A real Prometheus scrapes a cluster and pushes to two accounts. The way to one of them is cut over the end of an hour; when it is
 * there again, Prometheus sends what it kept in its log, and the account is charged what the other one is.
 */

const startDeadlineMs = 600_000;
const correctedWithinMs = 300_000;
const aroundMs = 10 * minuteMs;
const secondMs = 1000;
const scrapeSeconds = 2;
// Of time as the samples tell it, before and after the end of the hour.
const scrapedBeforeMs = 20 * secondMs;
const cutBeforeMs = 10 * secondMs;
const cutAfterMs = 10 * secondMs;

export interface ShortCut {
  readonly store: StoreKind;
  readonly sender: 'prometheus' | 'prometheus3';
  readonly cut: Cut;
}

/** A metric of the sender about one of its queues, all of its series added up. */
async function senderMetric(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`));
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

export function describeShortCut({ store, sender, cut }: ShortCut): void {
  let platform: Platform;
  let cutOff: Tenant;
  let steady: Tenant;
  // Two hours, closed by the worker's clock; the sender works over the end of the first.
  const startMs = floorTo(hourMs, Date.now() - 2 * aroundMs) - 3 * hourMs;
  const turnMs = startMs + hourMs;
  const endMs = turnMs + hourMs;

  /** Between the sender's clock and the one of its samples; known from its first scrape on, which is shortly before the hour ends. */
  let shiftMs: number | undefined;
  const shift = (): number => (shiftMs ??= Date.now() - (turnMs - scrapedBeforeMs));

  const costs = ({ client, accountId }: Tenant, aggregate?: string) =>
    client.getClusterCosts({
      params: { cluster_id: accountId },
      query: {
        start_time: startMs / 1000,
        end_time: endMs / 1000,
        step: '1h',
        money: 'string',
        ...(aggregate === undefined ? {} : { aggregate, idle: 'true', limit: 1000 }),
      },
    });

  beforeAll(async () => {
    platform = await startPlatform(store, { PLAN_INTERVAL_SECONDS: '1', LATE_DATA_REST_SECONDS: '10' });
    steady = await platform.createTenant('steady', 'shop');
    // The very same cluster, twice.
    cutOff = { ...(await platform.createTenant('cut-off', 'shop')), cluster: steady.cluster };
    // What came before the sender started, from a client of ours.
    await pushPast(platform, [cutOff, steady], startMs - aroundMs, turnMs - scrapedBeforeMs);
  }, startDeadlineMs);

  afterAll(() => platform.stop(), startDeadlineMs);

  /** A relay to the account; the way of one is cut. */
  async function relayTo(tenant: Tenant): Promise<TimeShiftingRelay> {
    const relay = await startTimeShiftingRelay({
      writeUrl: `${platform.services.diproxy.url}/storage/api/v2/write`,
      shiftMs: shift,
      ...(tenant === cutOff ? { cut: { how: cut, fromMs: turnMs - cutBeforeMs } } : {}),
    });
    platform.running.add({ name: 'relay', stop: () => relay.stop() });
    return relay;
  }

  it(
    'is charged for what it sent and marked incomplete, and when it is back for all of it',
    async () => {
      const exporter = await startExporter({ cluster: steady.cluster, port: 0, now: () => Date.now() - shift() });
      platform.running.add({ name: 'exporter', stop: () => exporter.stop() });
      const [relay, uncut] = [await relayTo(cutOff), await relayTo(steady)];
      const target = ({ account }: Tenant, { url }: TimeShiftingRelay) => ({
        url,
        username: account.write_username,
        password: account.write_password,
      });
      const prometheus = await startPrometheus({
        name: 'sender',
        binary: sender,
        scrapeIntervalSeconds: scrapeSeconds,
        scrape: [{ job: 'sample-cluster', targets: [`127.0.0.1:${String(exporter.port)}`], honorLabels: true }],
        remoteWrite: [target(cutOff, relay), target(steady, uncut)],
      });
      platform.running.add(prometheus);

      await waitFor(() => relay.isCut && uncut.newestMs >= turnMs + cutAfterMs, {
        what: 'the hour to end while the way is cut',
        timeoutMs: 120_000,
      });
      expect(relay.newestMs).toBeLessThan(turnMs - cutBeforeMs);
      for (const tenant of [cutOff, steady]) await backfill(tenant, startMs, endMs);
      // Of its first hour the last seconds are missing, and its second one is not known at all.
      const [incomplete, known] = [await costs(cutOff), await costs(steady)];
      expect(incomplete.costs.map(({ partial }) => partial)).toEqual([true, true]);
      expect(incomplete.costs[0]?.coverage).toBeLessThanOrEqual(1 - cutBeforeMs / hourMs);
      expect(incomplete.costs[1]).toMatchObject({ coverage: 0, total_cost: null });
      expect(known.costs[0]).toMatchObject({ coverage: 1, partial: false });
      expect(known.costs[1]?.coverage).toBeGreaterThan(0);

      await relay.restore();
      await waitFor(() => relay.newestMs >= turnMs + cutAfterMs, {
        what: 'the sender to be back',
        timeoutMs: 120_000,
      });
      if (cut === 'refused') {
        const retried = await senderMetric(prometheus.url, 'prometheus_remote_storage_samples_retried_total');
        expect(retried).toBeGreaterThan(0);
      }
      expect(await senderMetric(prometheus.url, 'prometheus_remote_storage_samples_failed_total')).toBe(0);
      // What it has when it stops it would send for a minute at most.
      await waitFor(() => relay.samples === uncut.samples, {
        what: 'the sender to have caught up',
        timeoutMs: 120_000,
      });
      await prometheus.stop();
      expect(relay.samples).toBe(uncut.samples);

      // And what came later, again from a client of ours.
      await pushPast(platform, [cutOff, steady], floorTo(minuteMs, uncut.newestMs) + minuteMs, endMs + aroundMs);
      const truth = await waitFor(
        async () => {
          const [late, expected] = [await costs(cutOff), await costs(steady)];
          const areWhole = [late, expected].every((one) => one.costs.every(({ coverage }) => coverage === 1));
          return areWhole && late.data_version === expected.data_version && expected;
        },
        { what: 'both to be charged the same', timeoutMs: correctedWithinMs, intervalMs: 500 },
      );
      expect((await costs(cutOff)).costs).toEqual(truth.costs);
      expect(inCents(splitOf(truth.total))).toEqual(inCents(steady.cluster.book.costBetween(startMs, endMs)));
      for (const aggregate of ['namespace', 'namespace,pod']) {
        const amounts = async (tenant: Tenant) =>
          (await costs(tenant, aggregate)).rows?.map(({ start, name, total_cost }) => [start, name, total_cost]);
        const rows = await amounts(steady);
        expect(rows?.length).toBeGreaterThan(2);
        expect(await amounts(cutOff)).toEqual(rows);
      }
    },
    startDeadlineMs,
  );
}
