import { createSampleCluster, startKubecostServer, startService, waitFor } from '@cloudtuner/test-kit';

// About 13,000 containers of as many pods.
const largeAnswerBytes = 17_000_000;
const mebibyte = 1024 * 1024;
const maxRssBytes = 150 * mebibyte;

describe('a cluster of 10,000 pods', () => {
  it('is served in 150 MiB', async () => {
    const cluster = createSampleCluster({ seed: 9, name: 'Large', clusterId: 'large', profile: 'shop' });
    const kubecost = await startKubecostServer({ cluster, product: 'kubecost' });
    kubecost.fail('huge', { at: '/allocation', hugeBytes: largeAnswerBytes });
    // As its image runs it.
    const exporter = await startService('allocation-exporter', {
      KUBECOST_URL: kubecost.url,
      KUBECOST_TIMEOUT_SECONDS: '120',
      POLL_INTERVAL_SECONDS: '2',
      CLOSED_HOUR_DWELL_SECONDS: '0',
      CLOSED_HOUR_LOOKBACK_HOURS: '4',
      NODE_OPTIONS: '--max-semi-space-size=2 --max-old-space-size=256',
    });
    try {
      const residentBytes = async (): Promise<number> => {
        const text = await (await fetch(`${exporter.adminUrl}/metrics`)).text();
        return Number(/^process_resident_memory_bytes\{.*\} (\S+)$/m.exec(text)?.[1]);
      };
      const scraped = { lines: 0, pods: 0, rssBytes: 0, hours: new Set<string>() };
      await waitFor(
        async () => {
          const answer = await fetch(`${exporter.url}/metrics`);
          const text = await answer.text();
          scraped.rssBytes = Math.max(scraped.rssBytes, await residentBytes());
          if (answer.status !== 200) return false;
          scraped.lines = Math.max(scraped.lines, text.split('\n').length);
          scraped.pods = Math.max(scraped.pods, Number(/window_rows\{window="running"\} (\d+)/.exec(text)?.[1] ?? 0));
          const hour = /window_start_seconds\{window="closed"\} (\d+)/.exec(text)?.[1];
          if (hour !== undefined) scraped.hours.add(hour);
          return scraped.hours.size >= 2;
        },
        { what: 'two closed hours to be served', timeoutMs: 240_000, intervalMs: 500 },
      );
      expect(scraped.pods).toBeGreaterThan(10_000);
      expect(scraped.lines).toBeGreaterThan(100_000);
      expect(scraped.rssBytes).toBeLessThan(maxRssBytes);
    } finally {
      await exporter.stop();
      await kubecost.stop();
    }
  }, 300_000);
});
