import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Namespace that the steps are told of; the sample clusters have none of that name. */
export const steppingNamespace = 'freshness';
export const bytesPerStep = 2 ** 30;

/** An exporter whose every scrape changes the cluster by a known amount: one more GiB was sent. */
export interface SteppingTarget {
  readonly address: string;
  /** When the scrape was answered that said so many steps; unix milliseconds. */
  scrapedAtMs(step: number): number | undefined;
  readonly steps: number;
  stop(): Promise<void>;
}

export async function startSteppingTarget(): Promise<SteppingTarget> {
  const scrapes: number[] = [];
  const labels = `namespace="${steppingNamespace}",pod_name="stepping",internet="true",same_zone="false",same_region="false"`;
  const server = createServer((_request, response) => {
    scrapes.push(Date.now());
    const bytes = (scrapes.length - 1) * bytesPerStep;
    response.setHeader('Content-Type', 'text/plain; version=0.0.4');
    response.end(
      `# TYPE kubecost_pod_network_egress_bytes_total counter\nkubecost_pod_network_egress_bytes_total{${labels}} ${String(bytes)}\n`,
    );
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    address: `127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    scrapedAtMs: (step) => scrapes[step],
    get steps() {
      return scrapes.length - 1;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
