import { startLiveCluster, type StoreKind } from '@cloudtuner/launcher';
import { nanosFromNumber } from '@cloudtuner/cost-model';
import { createRemoteWriteClient } from '@cloudtuner/remote-write';
import { waitFor } from '@cloudtuner/test-kit';
import { inCents, splitOf, sumOfParts } from './amounts';
import {
  backfill,
  dayMs,
  floorTo,
  hourMs,
  lastClosedDay,
  minuteMs,
  pushPast,
  startPlatform,
  type Platform,
  type Tenant,
} from './platform';

const startDeadlineMs = 600_000;
const visibleWithinMs = 90_000;
const tenMinutesMs = 10 * minuteMs;

/** A customer's past and present, from remote_write to the API, against the sample cluster's own price book. */
export function describeDollars(store: StoreKind): void {
  let platform: Platform;
  let tenant: Tenant;
  let neighbour: Tenant;
  const { startMs: yesterdayMs } = lastClosedDay();
  const closedHourMs = yesterdayMs + 5 * hourMs;

  beforeAll(async () => {
    platform = await startPlatform(store);
    tenant = await platform.createTenant('shop', 'shop');
    neighbour = await platform.createTenant('research', 'research');
    await pushPast(platform, [tenant, neighbour], yesterdayMs - tenMinutesMs, floorTo(minuteMs, Date.now()) + 1);
    for (const each of [tenant, neighbour]) await backfill(each, yesterdayMs, floorTo(hourMs, Date.now()));
  }, startDeadlineMs);

  afterAll(() => platform.stop(), startDeadlineMs);

  const costs = (startMs: number, endMs: number, step: '1h' | '1d', of = tenant) =>
    of.client.getClusterCosts({
      params: { cluster_id: of.accountId },
      query: { start_time: startMs / 1000, end_time: endMs / 1000, step, money: 'string' },
    });

  const expenses = (startMs: number, endMs: number, of = tenant) =>
    of.client.getCleanExpenses({
      query: {
        organization_id: of.organizationId,
        start_date: startMs / 1000,
        end_date: endMs / 1000,
        money: 'string',
      },
    });

  describe.each([
    ['a closed hour', closedHourMs, closedHourMs + hourMs, '1h'],
    ['a closed day', yesterdayMs, yesterdayMs + dayMs, '1d'],
  ] as const)('%s', (_title, startMs, endMs, step) => {
    it('costs what the price book says, to the cent, per resource', async () => {
      for (const each of [tenant, neighbour]) {
        const answer = await costs(startMs, endMs, step, each);
        expect(answer.costs).toHaveLength(1);
        expect(inCents(splitOf(answer.total))).toEqual(inCents(each.cluster.book.costBetween(startMs, endMs)));
        expect(answer.coverage).toBe(1);
        expect(answer.total.partial).toBe(false);
      }
    });

    it('has parts that add up to its total exactly', async () => {
      const { total, costs: buckets } = await costs(startMs, endMs, step);
      for (const split of [total, ...buckets].map(splitOf)) expect(sumOfParts(split)).toBe(split.total);
    });

    it('is the same dollars in clean_expenses, its rows, its breakdown and in metroculus', async () => {
      const { total } = await costs(startMs, endMs, step);
      const answer = await expenses(startMs, endMs);
      const breakdown = answer.k8s_costs?.k8s_cost_breakdown[0]?.breakdown;
      const { summary, total_cost } = await platform.metroculus.getKubecostClusterCosts({
        cloudAccountId: tenant.accountId,
        startSeconds: startMs / 1000,
        endSeconds: endMs / 1000,
      });

      expect(answer.total_cost).toBe(total.total_cost);
      expect(answer.clean_expenses.map(({ cost, resource_type }) => [cost, resource_type])).toEqual([
        [total.total_cost, 'K8s Cluster'],
      ]);
      expect(answer.k8s_costs?.k8s_total_cost).toBe(total.total_cost);
      expect(breakdown === undefined ? undefined : splitOf(breakdown)).toEqual(splitOf(total));
      expect(nanosFromNumber(total_cost ?? 0)).toBe(splitOf(total).total);
      expect(nanosFromNumber(summary.cpu_cost ?? 0)).toBe(splitOf(total).cpu);
      expect(nanosFromNumber(summary.network_cost ?? 0)).toBe(splitOf(total).network);
    });
  });

  it('shows the hours of a day that sum to the day', async () => {
    const byHour = await costs(yesterdayMs, yesterdayMs + dayMs, '1h');
    const byDay = await costs(yesterdayMs, yesterdayMs + dayMs, '1d');
    expect(byHour.costs).toHaveLength(24);
    expect(byHour.costs.map(splitOf).reduce((sum, { total }) => sum + total, 0n)).toBe(splitOf(byDay.total).total);
  });

  it(
    'shows the running hour within 90 s of a scrape by a real Prometheus that sends Cloud-Account-Id, as the book has it so far',
    async () => {
      const { diproxy } = platform.services;
      const options = {
        cluster: tenant.cluster,
        account: tenant.account,
        diproxyUrl: diproxy.url,
        scrapeIntervalSeconds: 5,
      };
      // What passed since the history was pushed, up to now: from here on a real Prometheus takes over.
      await pushPast(platform, [tenant], floorTo(minuteMs, Date.now()) - tenMinutesMs, Date.now());
      const liveSinceMs = Date.now();
      await startLiveCluster({ ...options, sender: 'prometheus3' }, platform.running);

      const answer = await waitFor(
        async () => {
          const hourStartMs = floorTo(hourMs, Date.now());
          const running = await costs(hourStartMs, hourStartMs + hourMs, '1h');
          const lastSampleMs = (running.freshness.last_sample_at ?? 0) * 1000;
          // Scraped after the last sample that our own client pushed, and by a quarter of a minute more than once.
          return lastSampleMs > liveSinceMs + 15_000 && { running, hourStartMs };
        },
        { what: 'live samples to be visible', timeoutMs: visibleWithinMs, intervalMs: 500 },
      );
      const { running, hourStartMs } = answer;
      const measuredUntilMs = (running.freshness.last_sample_at ?? 0) * 1000;

      expect(running.total.partial).toBe(true);
      // last_sample_at is a whole second, the sample's own time has milliseconds: a cluster of $40 an hour spends 1.1 cents in one.
      const book = tenant.cluster.book.costBetween(hourStartMs, measuredUntilMs);
      const nextSecond = tenant.cluster.book.costBetween(hourStartMs, measuredUntilMs + 1000);
      for (const [part, nanos] of Object.entries(splitOf(running.total)) as [keyof typeof book, bigint][]) {
        const cent = 10_000_000n;
        expect({ part, low: nanos >= book[part] - cent, high: nanos <= nextSecond[part] + cent }).toEqual({
          part,
          low: true,
          high: true,
        });
      }
    },
    2 * visibleWithinMs,
  );

  describe('isolation', () => {
    const writeUrl = (): string => `${platform.services.diproxy.url}/storage/api/v2/write`;

    it('refuses a write for one account with the credentials of another', async () => {
      const { write_username, write_password } = tenant.account;
      const answer = await fetch(writeUrl(), {
        method: 'POST',
        headers: {
          Authorization: `Basic ${Buffer.from(`${write_username}:${write_password}`).toString('base64')}`,
          'Cloud-Account-Id': neighbour.accountId,
          'Content-Type': 'application/x-protobuf',
          'Content-Encoding': 'snappy',
        },
        body: Buffer.from([0]),
      });
      expect(answer.status).toBe(401);
    });

    it('never shows a pushed tenant_id under the tenant that it names', async () => {
      const client = createRemoteWriteClient({
        url: writeUrl(),
        username: tenant.account.write_username,
        password: tenant.account.write_password,
      });
      const timestampMs = Date.now() - 1000;
      const labels = [
        { name: '__name__', value: 'kubecost_forged' },
        { name: 'tenant_id', value: neighbour.accountId },
      ];
      await client.push({ timeseries: [{ labels, samples: [{ value: 1e6, timestampMs }] }] });
      await client.close();
      const seenBy = async ({ accountId }: Tenant) => {
        const { metrics } = await platform.metroculus.getKubecostMetrics({
          cloudAccountId: accountId,
          startSeconds: Math.floor(timestampMs / 1000) - 60,
          endSeconds: Math.floor(timestampMs / 1000) + 240,
          stepSeconds: 60,
          metrics: ['kubecost_forged'],
        });
        return metrics['kubecost_forged'] ?? [];
      };

      const own = await waitFor(
        async () => {
          const series = await seenBy(tenant);
          return series.length > 0 && series;
        },
        { what: 'the series to be visible to its sender', timeoutMs: 30_000 },
      );
      expect(own[0]?.labels['exported_tenant_id']).toBe(neighbour.accountId);
      expect(await seenBy(neighbour)).toEqual([]);
    });

    it('answers for a cluster, an account or an organization of another organization as for one that does not exist', async () => {
      const absent = '00000000-0000-4000-8000-000000000000';
      const answer = async (path: string, init: RequestInit = {}) => {
        const response = await fetch(`${platform.services.restapi.url}/restapi/v2${path}`, {
          ...init,
          headers: {
            Authorization: `Bearer ${tenant.token}`,
            'Content-Type': 'application/json',
            'X-Request-Id': 'same',
          },
        });
        return { status: response.status, body: await response.text() };
      };
      const post = (body: unknown): RequestInit => ({ method: 'POST', body: JSON.stringify(body) });
      const hour = { start_time: closedHourMs / 1000, end_time: closedHourMs / 1000 + 3600 };
      const requests: [string, (id: string) => [string, RequestInit?], 'account' | 'organization'][] = [
        ['costs', (id) => [`/kubecost/clusters/${id}/costs?window=1d`], 'account'],
        ['account', (id) => [`/cloud_accounts/${id}`], 'account'],
        ['delete', (id) => [`/cloud_accounts/${id}`, { method: 'DELETE' }], 'account'],
        ['rotate', (id) => [`/cloud_accounts/${id}/rotate_credentials`, post({ overlap_seconds: 0 })], 'account'],
        ['backfill', (id) => [`/cloud_accounts/${id}/backfills`, post(hour)], 'account'],
        ['organization', (id) => [`/organizations/${id}`], 'organization'],
        ['clusters', (id) => [`/organizations/${id}/kubecost/clusters`], 'organization'],
        ['users', (id) => [`/organizations/${id}/users`], 'organization'],
        ['accounts', (id) => [`/organizations/${id}/cloud_accounts`], 'organization'],
        [
          'expenses',
          (id) => [
            `/clean_expenses?organization_id=${id}&start_date=${String(hour.start_time)}&end_date=${String(hour.end_time)}`,
          ],
          'organization',
        ],
      ];
      for (const [name, request, kind] of requests) {
        const foreignId = kind === 'account' ? neighbour.accountId : neighbour.organizationId;
        const foreign = await answer(...request(foreignId));
        const missing = await answer(...request(absent));
        expect({ name, ...foreign }).toEqual({ name, ...missing });
        expect({ name, status: foreign.status }).toEqual({ name, status: 404 });
      }
      // And nothing happened to it.
      expect((await neighbour.client.getCloudAccount({ params: { cloud_account_id: neighbour.accountId } })).id).toBe(
        neighbour.accountId,
      );
    });

    it('asks metroculus for the cluster secret', async () => {
      const url = `${platform.services.metroculus.url}/metroculus/v2/kubecost_cluster_costs?cloud_account_id=${tenant.accountId}&start_date=0&end_date=3600`;
      expect((await fetch(url)).status).toBe(401);
      expect((await fetch(url, { headers: { Secret: 'x'.repeat(24) } })).status).toBe(401);
    });
  });
}
