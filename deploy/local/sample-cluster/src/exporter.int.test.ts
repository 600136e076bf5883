import { startPrometheus, waitFor, type PrometheusServer } from '@cloudtuner/test-kit';
import { startExporter, type Exporter } from './exporter';
import { createSampleCluster } from './sample-cluster';
import { sampleScrapeJob } from './scrape-job';

const NOW_MS = Date.UTC(2026, 8, 16, 9, 13, 7, 250);
const cluster = createSampleCluster({ seed: 5, name: 'Shop "EU"', clusterId: 'shop-1', profile: 'shop' });

interface InstantVector {
  readonly data: { readonly result: { readonly metric: Record<string, string>; readonly value: [number, string] }[] };
}

async function query(prometheus: PrometheusServer, promql: string): Promise<InstantVector['data']['result']> {
  const response = await fetch(`${prometheus.queryUrl}/api/v1/query?query=${encodeURIComponent(promql)}`);
  return ((await response.json()) as InstantVector).data.result;
}

describe('startExporter', () => {
  let exporter: Exporter;

  beforeAll(async () => {
    exporter = await startExporter({ cluster, port: 0, now: () => NOW_MS });
  });
  afterAll(() => exporter.stop());

  it('serves the metrics as text format 0.0.4', async () => {
    const response = await fetch(exporter.url);

    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect((await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#')).length).toBe(
      [...cluster.seriesAt(NOW_MS)].length,
    );
  });

  it('answers 404 at other addresses and 405 to other methods', async () => {
    expect((await fetch(exporter.url.replace('/metrics', '/'))).status).toBe(404);
    const posted = await fetch(exporter.url, { method: 'POST' });
    expect(posted.status).toBe(405);
    expect(posted.headers.get('allow')).toBe('GET, HEAD');
  });

  it('refuses a port that is taken', async () => {
    await expect(startExporter({ cluster, port: exporter.port })).rejects.toThrow('EADDRINUSE');
  });

  it.each(['prometheus', 'prometheus3'] as const)(
    'is scraped by a real %s, which then holds exactly the series and values of the model',
    async (binary) => {
      const job = sampleScrapeJob(`127.0.0.1:${String(exporter.port)}`);
      const prometheus = await startPrometheus({ binary, scrapeIntervalSeconds: 1, scrape: [job] });
      try {
        const scraped = await waitFor(
          async () => {
            const found = await query(prometheus, '{cluster_id!=""}');
            return found.length > 0 && found;
          },
          { what: 'the first scrape', timeoutMs: 20_000 },
        );
        const textOf = (labels: Iterable<[string, string]>, value: number): string =>
          JSON.stringify([...[...labels].sort(([left], [right]) => (left < right ? -1 : 1)), value]);
        const stored = scraped.map(({ metric, value }) => textOf(Object.entries(metric), Number(value[1]))).sort();
        const modelled = [...cluster.seriesAt(NOW_MS)]
          .map(({ labels, value }) =>
            textOf(
              labels.map((label): [string, string] => [label.name, label.value]),
              value,
            ),
          )
          .sort();

        expect(stored).toEqual(modelled);
        const [samples] = await query(prometheus, 'scrape_samples_scraped');
        expect(Number(samples?.value[1])).toBe(modelled.length);
      } finally {
        await prometheus.stop();
      }
    },
  );
});
