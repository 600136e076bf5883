import { connectClickhouse, type ClickhouseClient } from '@cloudtuner/clickhouse';
import { parseNanos, reconcileKubecostHour, sumNanos, type KubecostHour } from '@cloudtuner/cost-model';
import { allocationSchema, toKubecostRows } from '@cloudtuner/kubecost-client';
import { startKubecostServer, type KubecostServer } from '@cloudtuner/kubecost-server';
import { createProducer, extractAllocation } from '@cloudtuner/queues';
import type { BookContainer } from '@cloudtuner/sample-cluster';
import { waitFor } from '@cloudtuner/test-kit';
import { z } from 'zod';
import {
  backfill,
  dayMs,
  floorTo,
  hourMs,
  minuteMs,
  pushPast,
  startPlatform,
  type Platform,
  type Tenant,
} from './platform';

const startDeadlineMs = 600_000;
const hoursRead = 4;
const perMille = 1_000n;
const resources = ['cpu', 'ram', 'gpu'] as const;

type Resource = (typeof resources)[number];

/** Three ways to the same hours: Kubecost's API, the samples that were pushed, and the books that neither has seen. */
describe('what Kubecost says when it is asked', () => {
  let platform: Platform;
  let tenant: Tenant;
  let kubecost: KubecostServer;
  let clickhouse: ClickhouseClient;
  const endMs = floorTo(hourMs, Date.now());
  const starts = Array.from({ length: hoursRead }, (_, index) => endMs - (hoursRead - index) * hourMs);
  const window = { start_time: endMs / 1000 - hoursRead * 3_600, end_time: endMs / 1000 };

  beforeAll(async () => {
    platform = await startPlatform('prometheus', {
      ...{ KUBECOST_ENDPOINT_ALLOW: '127.0.0.1=*', KUBECOST_ENDPOINT_DENY: '169.254.0.0/16' },
      ...{ EXTRACT_LOOKBACK_HOURS: String(hoursRead), KUBECOST_BUDGET_MS: '20000' },
    });
    tenant = await platform.createTenant('shop', 'shop');
    await pushPast(platform, [tenant], endMs - hoursRead * hourMs - 10 * minuteMs, Date.now());
    kubecost = await startKubecostServer({ cluster: tenant.cluster, product: 'kubecost' });
    await tenant.client.updateCloudAccount({
      params: { cloud_account_id: tenant.accountId },
      body: { kubecost_endpoint: kubecost.url },
    });
    const { url, username, password } = platform.servers.clickhouse;
    clickhouse = connectClickhouse({ url, username, password, database: 'cloudtuner' });
    await backfill(tenant, floorTo(dayMs, endMs - hoursRead * hourMs), endMs);
    const jobs = createProducer(extractAllocation, { redisUrl: platform.servers.redis.url, prefix: 'cloudtuner' });
    const cloudAccountId = tenant.accountId;
    await jobs.enqueue({ cloudAccountId });
    await waitFor(async () => (await jobs.jobStatus(cloudAccountId)) === null, {
      ...{ what: 'the extraction', timeoutMs: 120_000, intervalMs: 200 },
    });
    await jobs.close();
  }, startDeadlineMs);

  afterAll(async () => {
    await clickhouse.close();
    await kubecost.stop();
    await platform.stop();
  }, startDeadlineMs);

  const bookOf = (startMs: number): BookContainer[] =>
    tenant.cluster.book.pods(startMs, startMs + hourMs).filter((row) => row.endMs > row.startMs);
  const bookCost = (rows: readonly BookContainer[], resource: Resource): bigint =>
    sumNanos(rows.map((row) => ({ cpu: row.cpuCost, ram: row.ramCost, gpu: row.gpuCost })[resource]));

  /** The current document of an hour, as it can be computed from again. */
  async function extracted(startMs: number): Promise<KubecostHour> {
    const documents = await clickhouse.query({
      sql: `SELECT body FROM kubecost_documents
            WHERE cloud_account_id = {account:UUID} AND kind = 'allocation' AND window_start = toDateTime({from:UInt32})
              AND content_hash IN (SELECT argMax(content_hash, read_at_ms) FROM kubecost_extracts
                WHERE cloud_account_id = {account:UUID} AND kind = 'allocation' AND window_start = toDateTime({from:UInt32}))
            ORDER BY row`,
      params: { account: tenant.accountId, from: startMs / 1000 },
      schema: z.object({ body: z.string() }),
      tag: { surface: 'test', route: 'extraction' },
      tenant: tenant.accountId,
    });
    const allocations = documents.map(({ body }) => allocationSchema.parse(JSON.parse(body)));
    return { startMs, window: 'closed', scrapedAtMs: startMs, rows: toKubecostRows(allocations) };
  }

  const computed = (startMs: number) =>
    platform.metroculus.getKubecostAllocations({
      ...{ cloudAccountId: tenant.accountId, startSeconds: startMs / 1000, endSeconds: (startMs + hourMs) / 1000 },
    });

  const isWithin = (amount: bigint, truth: bigint, parts: bigint): boolean => {
    const difference = amount > truth ? amount - truth : truth - amount;
    return difference * parts <= truth;
  };

  it('is the books, and what we compute from samples, within 0.1 %, resource by resource; only edges and what it does not divide differ', async () => {
    const totals = { cpu: [0n, 0n, 0n], ram: [0n, 0n, 0n], gpu: [0n, 0n, 0n] };
    for (const startMs of starts) {
      const [hour, { allocations }] = [await extracted(startMs), await computed(startMs)];
      const book = bookOf(startMs);
      expect(hour.rows).toHaveLength(book.length);
      for (const resource of resources) {
        const [fromApi, fromSamples] = [
          sumNanos(hour.rows.map(({ costs }) => costs[resource] ?? 0n)),
          sumNanos(
            allocations
              .filter(({ kind }) => kind === 'container')
              .map((row) => parseNanos(row[`${resource}_cost`] ?? '0')),
          ),
        ];
        const truth = bookCost(book, resource);
        const sums = totals[resource];
        totals[resource] = [(sums[0] ?? 0n) + fromApi, (sums[1] ?? 0n) + fromSamples, (sums[2] ?? 0n) + truth];
      }
      // The differences, listed: what Kubecost does not divide among pods here, and pods that came or went within the hour.
      const { costs } = reconcileKubecostHour(hour, allocations);
      const edges = new Set(
        book.filter((row) => row.startMs > startMs || row.endMs < startMs + hourMs).map(({ namespace }) => namespace),
      );
      const listed = costs.filter(({ ours, theirs }) => ours === null || !isWithin(ours, theirs, perMille));
      for (const { namespace, resource } of listed) {
        const isKnown = ['pv', 'network', 'load_balancer'].includes(resource) || edges.has(namespace);
        // Three roundings to the fifth decimal are more than a thousandth of a few cents.
        const rows = book.filter((row) => row.namespace === namespace);
        const isTiny = resources.some(
          (one) => one === resource && bookCost(rows, one) < 15_000n * 1_000n * BigInt(rows.length),
        );
        expect([namespace, resource, isKnown || isTiny]).toEqual([namespace, resource, true]);
      }
      expect(listed.map(({ resource }) => resource)).toEqual(expect.arrayContaining(['pv', 'load_balancer']));
    }
    for (const resource of resources) {
      const [fromApi = 0n, fromSamples = 0n, truth = 0n] = totals[resource];
      expect([resource, truth > 0n]).toEqual([resource, true]);
      expect([resource, 'by API', isWithin(fromApi, truth, perMille)]).toEqual([resource, 'by API', true]);
      expect([resource, 'by samples', isWithin(fromSamples, truth, perMille)]).toEqual([resource, 'by samples', true]);
    }
  });

  it('is what restapi answers live, beside what it has stored, by namespace', async () => {
    const params = { cluster_id: tenant.accountId };
    const query = { ...window, aggregate: 'namespace', idle: 'false', money: 'string' } as const;
    const live = await tenant.client.getClusterCosts({ params, query: { ...query, source: 'live' } });
    const stored = await tenant.client.getClusterCosts({ params, query: { ...query, source: 'stored' } });
    expect([live.source, stored.source]).toEqual(['live', 'stored']);
    for (const resource of ['cpu_cost', 'ram_cost', 'gpu_cost'] as const) {
      const [theirs, ours] = [live.total[resource], stored.total[resource]].map((text) =>
        parseNanos(String(text ?? 0)),
      );
      expect([resource, isWithin(theirs ?? 0n, ours ?? -1n, perMille)]).toEqual([resource, true]);
    }
    expect(live.rows?.map(({ name }) => name).sort()).toEqual(
      [...new Set(starts.flatMap(bookOf).map(({ namespace }) => namespace))].sort(),
    );
  });
});
