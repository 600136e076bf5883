import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export const metricName = 'no_loss_value';
export const seriesCount = 300;

/** Something to scrape whose every sample has a value of its own: a lost or doubled one changes the sum. */
export interface ScrapeTarget {
  readonly address: string;
  stop(): Promise<void>;
}

export async function startScrapeTarget(): Promise<ScrapeTarget> {
  let scrapes = 0;
  const server = createServer((_request, response) => {
    scrapes += 1;
    const lines = Array.from(
      { length: seriesCount },
      (_, series) => `${metricName}{series="${String(series)}"} ${String(scrapes * 1000 + series)}`,
    );
    response.setHeader('Content-Type', 'text/plain; version=0.0.4');
    response.end(`# TYPE ${metricName} gauge\n${lines.join('\n')}\n`);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    address: `127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
