import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startPrometheus, startThanos, waitFor, type PrometheusServer, type ThanosServer } from './index';

interface QueryAnswer {
  data: { result: { metric: Record<string, string>; value: [number, string] }[] };
}

// A Prometheus takes 5 s to learn its first targets.
const firstPush = { what: 'the first push', timeoutMs: 30_000 };

describe('the metrics stores, and a Prometheus that scrapes and pushes', () => {
  let exporter: Server;
  let sink: Server;
  let thanos: ThanosServer;
  let store: PrometheusServer;
  let sender: PrometheusServer;
  let oldSender: PrometheusServer;
  const pushes: IncomingHttpHeaders[] = [];

  beforeAll(async () => {
    exporter = createServer((_request, response) => {
      response.writeHead(200, { 'Content-Type': 'text/plain; version=0.0.4' }).end('node_total_hourly_cost 0.5\n');
    });
    sink = createServer((request, response) => {
      pushes.push({ ...request.headers, path: request.url ?? '' });
      request.resume().on('end', () => response.writeHead(204).end());
    });
    const scrape = [{ job: 'opencost', targets: [await listen(exporter)] }];
    const sinkUrl = `http://${await listen(sink)}`;
    const account = { username: 'account', password: 'secret', headers: { 'Cloud-Account-Id': 'tenant-a' } };
    [thanos, store] = await Promise.all([startThanos(), startPrometheus({ storeReceiver: true })]);
    const urls = [thanos.writeUrl, store.writeUrl, `${sinkUrl}/prometheus3`];
    [sender, oldSender] = await Promise.all([
      startPrometheus({
        name: 'sender',
        binary: 'prometheus3',
        scrapeIntervalSeconds: 0.5,
        scrape,
        remoteWrite: urls.map((url) => ({ url, ...account })),
      }),
      startPrometheus({
        name: 'old-sender',
        scrapeIntervalSeconds: 0.5,
        scrape,
        remoteWrite: [{ url: `${sinkUrl}/prometheus`, ...account }],
      }),
    ]);
  });
  afterAll(async () => {
    await Promise.all([sender.stop(), oldSender.stop()]);
    await Promise.all([thanos.stop(), store.stop()]);
    for (const server of [exporter, sink]) {
      server.close();
      server.closeAllConnections();
    }
  });

  it('Thanos adds the tenant of the header to every series, and has it still after a restart', async () => {
    const query = `${thanos.queryUrl}/api/v1/query?query=node_total_hourly_cost`;
    const series = await waitFor(() => resultOf(query), firstPush);
    expect(series.map(({ metric, value }) => [metric.tenant_id, metric.job, value[1]])).toEqual([
      ['tenant-a', 'opencost', '0.5'],
    ]);
    await sender.pause();
    await thanos.restart();
    expect(await waitFor(() => resultOf(`${query}%5B1h%5D`), { timeoutMs: 30_000 })).toHaveLength(1);
    await sender.resume();
  });

  it('Prometheus takes remote write as a store, with samples that are up to 12 h late', async () => {
    const query = `${store.queryUrl}/api/v1/query?query=node_total_hourly_cost`;
    expect(await waitFor(() => resultOf(query), firstPush)).toHaveLength(1);
    const config = await (await fetch(`${store.queryUrl}/api/v1/status/config`)).text();
    expect(config).toContain('out_of_order_time_window: 12h');
  });

  it('Prometheus takes no remote write when it is only a sender', async () => {
    expect((await fetch(sender.writeUrl, { method: 'POST' })).status).toBe(404);
  });

  it.each(['/prometheus', '/prometheus3'])('a sender names its account by Basic credentials: %s', async (path) => {
    const push = await waitFor(() => pushes.find((headers) => headers.path === path), firstPush);
    expect(push.authorization).toBe(`Basic ${Buffer.from('account:secret').toString('base64')}`);
    // Debian's 2.42 drops its headers; another `prometheus` may send them.
    if (path === '/prometheus3') expect(push['cloud-account-id']).toBe('tenant-a');
  });
});

async function resultOf(url: string): Promise<QueryAnswer['data']['result'] | undefined> {
  const { data } = (await (await fetch(url)).json()) as QueryAnswer;
  return data.result.length === 0 ? undefined : data.result;
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}
