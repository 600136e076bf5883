import http from 'node:http';
import { gunzipSync } from 'node:zlib';
import { createSampleCluster, freePort, startKubecostServer, waitFor, type KubecostServer } from '@cloudtuner/test-kit';
import { startExporterService, type ExporterHarness, type Scrape } from './testing/exporter-harness';

const cluster = createSampleCluster({ seed: 5, name: 'Research', clusterId: 'research', profile: 'research' });
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const hourStartMs = Date.UTC(2026, 2, 3, 14);
const running = { window: 'running' };
const closed = { window: 'closed' };

let world: { nowMs: number };
let kubecost: KubecostServer;
const exporters: ExporterHarness[] = [];

beforeEach(async () => {
  world = { nowMs: hourStartMs + 30 * minuteMs };
  kubecost = await startKubecostServer({ cluster, product: 'kubecost', nowMs: () => world.nowMs });
});

afterEach(async () => {
  await Promise.all(exporters.splice(0).map((exporter) => exporter.stop()));
  await kubecost.stop();
});

async function start(env: Readonly<Record<string, string>> = {}, kubecostUrl = kubecost.url): Promise<ExporterHarness> {
  const exporter = await startExporterService({ kubecostUrl, nowMs: () => world.nowMs, env });
  exporters.push(exporter);
  return exporter;
}

/** The book's containers of a window, and what they cost, with what rounding each cost to five decimals may change. */
function bookOf(startMs: number, endMs: number): { count: number; cost: number; tolerance: number } {
  const rows = cluster.book.pods(startMs, endMs).filter((row) => row.endMs > row.startMs);
  const nanos = rows.reduce((sum, row) => sum + row.cpuCost + row.ramCost + row.gpuCost, 0n);
  return { count: rows.length, cost: Number(nanos) / 1e9, tolerance: rows.length * 3 * 0.000005 };
}

function expectBook(scrape: Scrape, window: Readonly<Record<string, string>>, startMs: number, endMs: number): void {
  const { count, cost, tolerance } = bookOf(startMs, endMs);
  expect(scrape.value('kubecost_allocation_window_start_seconds', window)).toBe(startMs / 1000);
  expect(scrape.samples('kubecost_allocation_minutes', window)).toHaveLength(count);
  expect(scrape.value('kubecost_allocation_window_rows', window)).toBe(count);
  expect(Math.abs(scrape.sum('kubecost_allocation_cost', window) - cost)).toBeLessThan(tolerance);
}

/** Scrapes until the closed window shows an hour for which this holds. */
const closedHour = (exporter: ExporterHarness, holds: (scrape: Scrape) => boolean): Promise<Scrape> =>
  waitFor(
    async () => {
      const scrape = await exporter.scrape();
      return scrape.value('kubecost_allocation_window_start_seconds', closed) !== undefined && holds(scrape) && scrape;
    },
    { what: 'the closed hour to be shown', timeoutMs: 30_000, intervalMs: 100 },
  );

describe('what is scraped', () => {
  it('is valid OpenMetrics, only gauges, and says what the book says of the running and the closed hour', async () => {
    const exporter = await start({ POD_LABELS: 'team' });
    const scrape = await exporter.scrape();

    expect([...new Set(scrape.families.map(({ type }) => type))]).toEqual(['gauge']);
    expectBook(scrape, running, hourStartMs, world.nowMs);
    expectBook(scrape, closed, hourStartMs - hourMs, hourStartMs);
    const [pod] = scrape.samples('kubecost_pod_info', { namespace: 'notebooks' });
    expect(pod?.labels).toMatchObject({ cluster_id: 'research', label_team: 'notebooks' });
    expect(scrape.value('kubecost_exporter_up', { source: 'allocation' })).toBe(1);
  });

  it('has the rate of the pods that run, and the assets with what they cost an hour', async () => {
    const scrape = await (await start()).scrape();
    // A pod that runs all the time: its rate is twice its cost of the first half of the hour.
    const standing = cluster.book
      .pods(hourStartMs, world.nowMs)
      .find((row) => row.endMs - row.startMs === 30 * minuteMs);
    const { namespace = '', pod = '', cpuCost = 0n } = standing ?? {};
    const rate = scrape.value('kubecost_pod_hourly_cost', { namespace, pod, resource: 'cpu' });
    expect(rate).toBeCloseTo((Number(cpuCost) / 1e9) * 2, 4);
    const assets = cluster.book.assets(hourStartMs, world.nowMs);
    expect(scrape.samples('kubecost_asset_info')).toHaveLength(assets.length);
    const total = Number(cluster.book.costBetween(hourStartMs, world.nowMs).total) / 1e9;
    expect(scrape.sum('kubecost_asset_cost', running)).toBeCloseTo(total, 3);
    expect(scrape.sum('kubecost_asset_hourly_cost')).toBeCloseTo(total * 2, 3);
  });

  it('is the same from OpenCost', async () => {
    const opencost = await startKubecostServer({ cluster, product: 'opencost', nowMs: () => world.nowMs });
    try {
      expectBook(await (await start({}, opencost.url)).scrape(), running, hourStartMs, world.nowMs);
    } finally {
      await opencost.stop();
    }
  });

  it('comes compressed or plain, as OpenMetrics or as the older text, and is one text', async () => {
    const exporter = await start();
    await exporter.scrape();
    const get = async (headers: Readonly<Record<string, string>>) => {
      const [response] = await new Promise<[http.IncomingMessage]>((resolve, reject) => {
        http.get(`${exporter.url}/metrics`, { headers }, (answer) => resolve([answer])).on('error', reject);
      });
      const parts: Buffer[] = [];
      for await (const part of response) parts.push(part as Buffer);
      const { 'content-type': type, 'content-encoding': encoding } = response.headers;
      const body = Buffer.concat(parts);
      return { type, encoding, text: (encoding === 'gzip' ? gunzipSync(body) : body).toString('utf8') };
    };
    const plain = await get({});
    const both = await get({ 'Accept-Encoding': 'gzip', Accept: 'application/openmetrics-text;version=1.0.0' });
    expect(plain).toMatchObject({ encoding: undefined, type: 'text/plain; version=0.0.4; charset=utf-8' });
    expect(both).toMatchObject({
      encoding: 'gzip',
      type: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
    });
    expect(both.text.endsWith('# EOF\n')).toBe(true);
    expect((await fetch(`${exporter.url}/other`)).status).toBe(404);
  });

  it('folds pods below the floor, and tells how many and what they cost', async () => {
    const all = await (await start()).scrape();
    const folded = await (await start({ FOLD_BELOW_HOURLY_COST: '0.05' })).scrape();
    const own = (scrape: Scrape) =>
      new Set(scrape.samples('kubecost_allocation_minutes', running).map(({ labels }) => labels['pod']));
    expect(own(folded).size).toBeLessThan(own(all).size);
    expect(own(folded).has('__other__')).toBe(true);
    expect(folded.value('kubecost_allocation_folded_pods', running)).toBe(own(all).size - (own(folded).size - 1));
    expect(folded.sum('kubecost_allocation_cost', running)).toBeCloseTo(
      all.sum('kubecost_allocation_cost', running),
      9,
    );
    expect(folded.value('kubecost_allocation_folded_cost', running)).toBeCloseTo(
      folded.sum('kubecost_allocation_cost', { ...running, pod: '__other__' }),
      9,
    );
  });
});

describe('over time', () => {
  it('a restart says the same again: it keeps nothing that it could lose', async () => {
    const figures = (scrape: Scrape) =>
      scrape.samples('kubecost_allocation_cost').map(({ labels, value }) => [JSON.stringify(labels), value]);
    const before = await (await start()).scrape();
    await exporters.pop()?.stop();
    expect(figures(await (await start()).scrape())).toEqual(figures(before));
  });

  it('an hour that Kubecost restates is shown again, with the cost that it has now', async () => {
    const exporter = await start({ CLOSED_HOUR_LOOKBACK_HOURS: '1' });
    const first = await exporter.scrape();
    expectBook(first, closed, hourStartMs - hourMs, hourStartMs);
    kubecost.restate(hourStartMs - hourMs, 0.5);
    // Half of its age of half an hour later it is read again.
    world.nowMs += 15 * minuteMs;

    const restated = await closedHour(exporter, (scrape) => {
      const cost = scrape.sum('kubecost_allocation_cost', closed);
      return cost < first.sum('kubecost_allocation_cost', closed) * 0.9;
    });
    const { cost, tolerance } = bookOf(hourStartMs - hourMs, hourStartMs);
    expect(Math.abs(restated.sum('kubecost_allocation_cost', closed) - cost / 2)).toBeLessThan(tolerance);
  });

  it('while Kubecost is away it says so and ends the running hour; then it shows the hours that have ended', async () => {
    const exporter = await start({ STALE_AFTER_SECONDS: '120', CLOSED_HOUR_LOOKBACK_HOURS: '3' });
    await exporter.scrape();
    await kubecost.stop();
    world.nowMs += 2 * hourMs;
    const away = await waitFor(
      async () => {
        const scrape = await exporter.scrape();
        return scrape.value('kubecost_exporter_up', { source: 'allocation' }) === 0 && scrape;
      },
      { what: 'the exporter to notice', timeoutMs: 30_000 },
    );
    expect(away.samples('kubecost_allocation_window_start_seconds', running)).toEqual([]);
    expect(away.samples('kubecost_pod_hourly_cost')).toEqual([]);
    expect(away.value('kubecost_exporter_last_success_seconds', { source: 'allocation' })).toBe(
      (world.nowMs - 2 * hourMs) / 1000,
    );

    await kubecost.start();
    for (const missed of [hourStartMs + hourMs, hourStartMs]) {
      const scrape = await closedHour(
        exporter,
        (one) => one.value('kubecost_allocation_window_start_seconds', closed) === missed / 1000,
      );
      expectBook(scrape, closed, missed, missed + hourMs);
    }
    expectBook(await exporter.scrape(), running, hourStartMs + 2 * hourMs, world.nowMs);
  }, 90_000);

  it('starts while nobody answers, and has nothing to scrape before it has asked', async () => {
    const exporter = await startExporterService({ kubecostUrl: `http://127.0.0.1:${String(await freePort())}` });
    exporters.push(exporter);
    const scrape = await exporter.scrape();
    expect(scrape.value('kubecost_exporter_up', { source: 'allocation' })).toBe(0);
    expect(scrape.samples('kubecost_allocation_cost')).toEqual([]);
    expect(exporter.logLines.join('')).toContain('kubecost-unavailable');
  });

  it('goes on with the allocations when the assets cannot be read', async () => {
    kubecost.fail('error', { at: '/assets' });
    const exporter = await start();
    const scrape = await exporter.scrape();
    expectBook(scrape, running, hourStartMs, world.nowMs);
    expect(scrape.value('kubecost_exporter_up', { source: 'assets' })).toBe(0);
    expect(scrape.samples('kubecost_asset_cost')).toEqual([]);
  });
});
