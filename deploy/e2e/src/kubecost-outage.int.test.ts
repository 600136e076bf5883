import { kubecostSeriesNames, parseNanos, sumNanos } from '@cloudtuner/cost-model';
import { startKubecostServer, type KubecostServer } from '@cloudtuner/kubecost-server';
import { createRemoteWriteClient, type TimeSeries } from '@cloudtuner/remote-write';
import { parseOpenMetrics, startService, waitFor, type LocalService } from '@cloudtuner/test-kit';
import { backfill, floorTo, hourMs, minuteMs, pushPast, startPlatform, type Platform, type Tenant } from './platform';

const startDeadlineMs = 600_000;
const cent = 10_000_000n;
const hoursOfPast = 6;

/** What the exporter served of one closed hour, all of one scrape. */
type Saying = readonly {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}[];

/**
 * An outage of two hours, from the exporter's scrapes to the answers of the API. The exporter and Kubecost are real processes; only
 * when a scrape was made is chosen here, and history is pushed by our client, because no Prometheus sends what is older than itself.
 */
describe('a Kubecost that was away for two hours', () => {
  let platform: Platform;
  let tenant: Tenant;
  let kubecost: KubecostServer;
  let exporter: LocalService;

  /** The newest hour that a backfill takes, and those before it: `hour(5)` is the oldest. */
  const newestMs = floorTo(hourMs, Date.now() - 11 * minuteMs) - hourMs;
  const hour = (back: number): number => newestMs - back * hourMs;

  beforeAll(async () => {
    platform = await startPlatform('prometheus');
    tenant = await platform.createTenant('outage', 'shop');
    await pushPast(platform, [tenant], hour(hoursOfPast - 1) - 10 * minuteMs, newestMs + hourMs + 10 * minuteMs);
    kubecost = await startKubecostServer({ cluster: tenant.cluster, product: 'kubecost' });
    exporter = await startService('allocation-exporter', {
      KUBECOST_URL: kubecost.url,
      POLL_INTERVAL_SECONDS: '1',
      CLOSED_HOUR_SETTLE_SECONDS: '0',
      CLOSED_HOUR_LOOKBACK_HOURS: String(hoursOfPast + 3),
      // Long enough that every hour has its turn: four are read each time, the latest first.
      CLOSED_HOUR_REREAD_SECONDS: '10',
      CLOSED_HOUR_DWELL_SECONDS: '1',
    });
  }, startDeadlineMs);

  afterAll(async () => {
    await exporter.stop();
    await kubecost.stop();
    await platform.stop();
  }, startDeadlineMs);

  const valueOf = (said: Saying, metric: string): number =>
    said.find(({ name }) => name === metric)?.value ?? Number.NaN;

  /** What the exporter says of these hours, of which this holds: it shows one hour after the other, until each was scraped twice. */
  async function sayings(
    starts: readonly number[],
    holds: (totalCost: number) => boolean = () => true,
  ): Promise<ReadonlyMap<number, Saying>> {
    const found = new Map<number, Saying>();
    await waitFor(
      async () => {
        const answer = await fetch(`${exporter.url}/metrics`, { headers: { Accept: 'application/openmetrics-text' } });
        if (!answer.ok) return false;
        const said = (await parseOpenMetrics(await answer.text()))
          .flatMap(({ samples }) => samples)
          .filter(({ labels }) => labels['window'] === 'closed');
        const startMs = valueOf(said, kubecostSeriesNames.windowStart) * 1000;
        if (starts.includes(startMs) && holds(valueOf(said, kubecostSeriesNames.windowCost))) found.set(startMs, said);
        return found.size === starts.length;
      },
      { what: 'the exporter to say the hours', timeoutMs: 180_000, intervalMs: 50 },
    );
    return found;
  }

  /** Two scrapes a minute apart, as a Prometheus in the customer's cluster would have sent them. */
  async function push(said: Saying, atMs: number): Promise<void> {
    const { write_username: username, write_password: password } = tenant.account;
    const client = createRemoteWriteClient({
      ...{ url: `${platform.services.diproxy.url}/storage/api/v2/write`, username, password, accountId: username },
    });
    for (const timestampMs of [atMs, atMs + minuteMs]) {
      const timeseries: TimeSeries[] = said.map(({ name, labels, value }) => ({
        labels: Object.entries({ ...labels, __name__: name, job: 'allocation-exporter', instance: 'exporter:8979' })
          .map(([label, text]) => ({ name: label, value: text }))
          .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
        samples: [{ value, timestampMs }],
      }));
      await client.push({ timeseries });
    }
    await client.close();
  }

  const bookOf = (startMs: number): bigint =>
    sumNanos(
      tenant.cluster.book
        .pods(startMs, startMs + hourMs)
        .filter((row) => row.endMs > row.startMs)
        .flatMap(({ cpuCost, ramCost }) => [cpuCost, ramCost]),
    );

  /** What the API says that Kubecost said CPU and memory cost, and of how many hours it knows something. */
  async function answered(startMs: number, endMs: number): Promise<{ readonly hours: number; readonly cost: bigint }> {
    const answer = await tenant.client.getClusterReconciliation({
      params: { cluster_id: tenant.accountId },
      query: { start_time: startMs / 1000, end_time: endMs / 1000, money: 'string', limit: 1000 },
    });
    const costs = answer.rows
      .filter(({ resource }) => resource === 'cpu' || resource === 'ram')
      .map(({ kubecost: theirs }) => parseNanos(String(theirs ?? '0')));
    return { hours: answer.compared_hours, cost: sumNanos(costs) };
  }

  const expectCost = async (startMs: number, endMs: number, hours: number, cost: bigint): Promise<void> => {
    const seen = await answered(startMs, endMs);
    const difference = seen.cost - cost;
    expect({ ...seen, isToTheCent: difference < cent && difference > -cent }).toEqual({
      ...seen,
      hours,
      isToTheCent: true,
    });
  };

  it(
    'is healed for the hour that it told of afterwards, is a gap for the one it did not, and nothing is counted twice',
    async () => {
      const [restated, healed, forgotten, later] = [hour(4), hour(3), hour(2), hour(1)];
      const told = [hour(5), restated, healed, later];
      for (const startMs of told) expect(bookOf(startMs)).toBeGreaterThan(cent);
      const said = await sayings(told);
      const first = (startMs: number): Saying => said.get(startMs) ?? [];
      const full = valueOf(first(restated), kubecostSeriesNames.windowCost);
      kubecost.restate(restated, 0.5);
      const half = (await sayings([restated], (cost) => cost < 0.75 * full)).get(restated) ?? [];

      // Before the outage each hour is said some minutes after its end.
      await push(first(hour(5)), restated + 6 * minuteMs);
      await push(first(restated), healed + 6 * minuteMs);
      // Away from the middle of `healed` to the middle of `later`: neither it nor `forgotten` is said. Then everything comes late, some of it again.
      await push(first(healed), later + 35 * minuteMs);
      await push(half, later + 40 * minuteMs);
      await push(first(hour(5)), later + 45 * minuteMs);
      await push(first(healed), later + 50 * minuteMs);
      await push(first(later), newestMs + 6 * minuteMs);
      await backfill(tenant, hour(5), newestMs + hourMs);

      await expectCost(hour(5), restated, 1, bookOf(hour(5)));
      await expectCost(restated, healed, 1, bookOf(restated) / 2n);
      await expectCost(healed, forgotten, 1, bookOf(healed));
      expect(await answered(forgotten, later)).toEqual({ hours: 0, cost: 0n });
      await expectCost(later, newestMs, 1, bookOf(later));
      const all = bookOf(hour(5)) + bookOf(restated) / 2n + bookOf(healed) + bookOf(later);
      await expectCost(hour(5), newestMs, 4, all);

      // Read once more, in another order: the same.
      await backfill(tenant, hour(2), newestMs + hourMs);
      await backfill(tenant, hour(5), hour(2));
      await expectCost(hour(5), newestMs, 4, all);
    },
    startDeadlineMs,
  );
});
