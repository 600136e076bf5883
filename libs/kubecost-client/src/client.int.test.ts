import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  createSampleCluster,
  freePort,
  startKubecostServer,
  startSilentServer,
  waitFor,
  type Fault,
  type KubecostServer,
} from '@cloudtuner/test-kit';
import { createKubecostClient, type BreakerState, type KubecostClient, type KubecostClientOptions } from './index';

const cluster = createSampleCluster({ seed: 3, name: 'Shop', clusterId: 'shop', profile: 'shop' });
const hourMs = 3_600_000;
const startMs = Date.UTC(2026, 2, 2, 10);
const window = '2026-03-02T10:00:00Z,2026-03-02T11:00:00Z';
const book = cluster.book.pods(startMs, startMs + hourMs).filter((row) => row.endMs > row.startMs);
// Nano-dollars; every row has three costs, each rounded to five decimals by the server.
const bookCost = Number(book.reduce((sum, row) => sum + row.cpuCost + row.ramCost + row.gpuCost, 0n)) / 1e9;
const roundingOfAll = book.length * 3 * 0.000005;

const clients: KubecostClient[] = [];
const servers: KubecostServer[] = [];

async function serve(product: 'kubecost' | 'opencost' = 'kubecost'): Promise<KubecostServer> {
  const server = await startKubecostServer({ cluster, product, nowMs: () => startMs + 24 * hourMs });
  servers.push(server);
  return server;
}

function clientOf(url: string, options: Partial<KubecostClientOptions> = {}): KubecostClient {
  const client = createKubecostClient({ url, maxAttempts: 1, ...options });
  clients.push(client);
  return client;
}

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

describe('a client of Kubecost', () => {
  it('finds out which product answers, and where', async () => {
    const [kubecost, opencost] = [await serve('kubecost'), await serve('opencost')];
    const found = (url: string) => clientOf(url).detect();
    expect(await found(kubecost.url)).toEqual({ product: 'kubecost', prefix: '/model' });
    expect(await found(opencost.url)).toEqual({ product: 'opencost', prefix: '' });
    expect(await found(`${kubecost.url}/model/`)).toEqual({ product: 'kubecost', prefix: '' });
  });

  it('answers of one cluster of a Kubecost that knows several, or not at all', async () => {
    const other = createSampleCluster({ seed: 9, name: 'Other', clusterId: 'other', profile: 'shop' });
    const times = { product: 'kubecost', nowMs: () => startMs + 24 * hourMs } as const;
    const { url, ...server } = await startKubecostServer({ cluster, otherClusters: [other], ...times });
    servers.push({ url, ...server });
    const named = clientOf(url, { clusterId: 'shop' });
    const rows = await named.getAllocations({ window });
    expect(new Set(rows.map(({ properties }) => properties?.cluster))).toEqual(new Set(['shop']));
    expect(rows).toHaveLength(book.length);
    // Both have namespaces of the same names.
    const grouped = await named.getAllocations({ window, aggregate: ['namespace'] });
    expect(grouped.reduce((sum, { totalCost }) => sum + (totalCost ?? 0), 0)).toBeCloseTo(bookCost, 2);
    const [assets = new Map<string, never>()] = await named.getAssets({ window });
    expect(assets.size).toBe(cluster.book.assets(startMs, startMs + hourMs).length);
    const unnamed = clientOf(url, { clusterId: null });
    const unexpected = { code: 'kubecost-answer-unexpected' };
    await expect(unnamed.getAllocations({ window })).rejects.toMatchObject(unexpected);
    await expect(unnamed.getAllocations({ window, aggregate: ['namespace'] })).rejects.toMatchObject(unexpected);
    await expect(unnamed.getAssets({ window })).rejects.toMatchObject(unexpected);
    expect(await clientOf((await serve()).url, { clusterId: null }).getAllocations({ window })).toHaveLength(
      book.length,
    );
  });

  it('says what stands at the address when it is neither', async () => {
    const server = await serve();
    server.fail('html');
    await expect(clientOf(server.url).detect()).rejects.toMatchObject({ code: 'kubecost-answer-unexpected' });
  });

  it.each(['kubecost', 'opencost'] as const)('reads the allocations of %s as the book has them', async (product) => {
    const rows = await clientOf((await serve(product)).url).getAllocations({ window });
    expect(rows.map(({ properties }) => properties?.pod).sort()).toEqual(book.map(({ pod }) => pod).sort());
    const total = rows.reduce((sum, { totalCost }) => sum + (totalCost ?? NaN), 0);
    expect(Math.abs(total - bookCost)).toBeLessThan(roundingOfAll);
  });

  it('reads page by page from Kubecost, and everything once from OpenCost, which has no pages', async () => {
    for (const product of ['kubecost', 'opencost'] as const) {
      const server = await serve(product);
      const rows = await clientOf(server.url).getAllocations({ window, pageRows: 7 });
      expect(new Set(rows.map(({ name }) => name)).size).toBe(book.length);
      expect(rows).toHaveLength(book.length);
      const asked = server.requests.filter((path) => path.includes('/allocation')).length;
      expect(asked).toBe(product === 'kubecost' ? Math.floor(book.length / 7) + 1 : 1);
    }
  });

  it.each(['kubecost', 'opencost'] as const)('reads the assets of %s, whatever their form', async (product) => {
    const [assets] = await clientOf((await serve(product)).url).getAssets({ window });
    const total = [...(assets ?? [])].reduce((sum, [, { totalCost }]) => sum + (totalCost ?? NaN), 0);
    const bookTotal = Number(cluster.book.costBetween(startMs, startMs + hourMs).total) / 1e9;
    expect(Math.abs(total - bookTotal)).toBeLessThan((assets?.size ?? 0) * 0.000005);
  });

  it('reads budgets, predictions and savings of Kubecost, and says that OpenCost has none', async () => {
    const kubecost = clientOf((await serve('kubecost')).url);
    expect(await kubecost.getBudgets()).toMatchObject([{ name: 'shop', spendLimit: 400, currentSpend: 12.5 }]);
    const question = { clusterId: 'shop', defaultNamespace: 'shop', yaml: 'kind: Deployment' };
    expect(await kubecost.predict(question)).toMatchObject([
      { controllerName: 'web', costChange: { totalMonthlyRate: 1 } },
    ]);
    expect(await kubecost.getSavings('requestSizingV2')).toMatchObject([{ TotalMonthlySavings: 1.75 }]);
    expect(await kubecost.getSavings('abandonedWorkloads')).toEqual([]);
    await expect(kubecost.getSavings('orphanedDisks')).rejects.toMatchObject({ code: 'kubecost-not-offered' });
    const opencost = clientOf((await serve('opencost')).url);
    await expect(opencost.getBudgets()).rejects.toMatchObject({ code: 'kubecost-not-offered' });
  });

  it('keeps why Kubecost refuses a window for the log, and does not repeat its words to whoever asked', async () => {
    for (const product of ['kubecost', 'opencost'] as const) {
      const asked = clientOf((await serve(product)).url).getAllocations({ window: 'soon' });
      await expect(asked).rejects.toMatchObject({
        code: 'kubecost-rejected',
        message: expect.not.stringContaining('illegal'),
        cause: expect.objectContaining({ message: expect.stringContaining('illegal window: soon') }),
      });
    }
  });

  it('asks anew who answers after the product at the address has changed', async () => {
    const first = await serve('opencost');
    const client = clientOf(first.url, { maxAttempts: 3 });
    await client.getAssets({ window });
    await first.stop();
    const port = Number(new URL(first.url).port);
    servers.push(await startKubecostServer({ cluster, product: 'kubecost', port, nowMs: () => startMs + hourMs }));

    await expect(client.getAssets({ window })).rejects.toMatchObject({ code: 'kubecost-not-offered' });
    expect(await client.detect()).toEqual({ product: 'kubecost', prefix: '/model' });
  });
});

describe('an answer that is no good', () => {
  it.each<[Fault, string]>([
    ['error', 'kubecost-unavailable'],
    ['half', 'kubecost-unavailable'],
    ['slow', 'kubecost-timeout'],
    ['text', 'kubecost-answer-unexpected'],
    ['type', 'kubecost-answer-unexpected'],
    ['html', 'kubecost-not-offered'],
  ])('(%s) is an error with the code %s', async (fault, code) => {
    const server = await serve();
    const client = clientOf(server.url, { timeoutMs: fault === 'slow' ? 200 : 10_000 });
    await client.detect();
    server.fail(fault, { slowMs: 5_000 });
    await expect(client.getAllocations({ window })).rejects.toMatchObject({ code });
  });

  it('is asked for again when it may pass, and what came before it broke off is thrown away', async () => {
    const server = await serve();
    const retried: string[] = [];
    const client = clientOf(server.url, {
      maxAttempts: 4,
      onRetry: (_endpoint, { code }) => {
        retried.push(code);
        if (retried.length === 2) server.fail('none');
      },
    });
    await client.detect();
    server.fail('half');
    expect(await client.getAllocations({ window })).toHaveLength(book.length);
    expect(retried).toEqual(['kubecost-unavailable', 'kubecost-unavailable']);
  });

  it('is asked for again no sooner than the server says', async () => {
    const askedAtMs: number[] = [];
    const server = createServer((_request, response) => {
      askedAtMs.push(performance.now());
      response.writeHead(503, { 'Retry-After': '1' }).end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;

    await expect(clientOf(url, { maxAttempts: 2 }).detect()).rejects.toMatchObject({ code: 'kubecost-unavailable' });

    server.close();
    const [first = 0, second = 0] = askedAtMs;
    // Timers may be a little early.
    expect(second - first).toBeGreaterThan(990);
  });

  it('is not asked for again when it would be the same', async () => {
    const server = await serve();
    const client = clientOf(server.url, { maxAttempts: 5 });
    await client.detect();
    server.fail('type');
    await expect(client.getAllocations({ window })).rejects.toMatchObject({ code: 'kubecost-answer-unexpected' });
    expect(server.requests.filter((path) => path.includes('/allocation'))).toHaveLength(1);
  });

  it('of 40 MB is read in bounded memory, and one beyond the limit is refused', async () => {
    const server = await serve();
    const megabyte = 1_000_000;
    server.fail('huge', { at: '/allocation', hugeBytes: 40 * megabyte });
    // In a process that may not have more: whoever keeps the answer, as text or as objects, runs out of memory.
    const script = `
      const { createKubecostClient } = require(${JSON.stringify(join(__dirname, '../dist'))});
      const client = createKubecostClient({ url: ${JSON.stringify(server.url)}, maxAttempts: 1 });
      client
        .foldAllocations({ window: '${window}' }, () => ({ rows: 0 }), (count) => { count.rows += 1; })
        .then(async ({ rows }) => { await client.close(); console.log(rows); });`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--max-old-space-size=40', '-e', script]);
    expect(Number(stdout)).toBeGreaterThan(20_000);

    const strict = clientOf(server.url, { maxStreamBytes: megabyte });
    await expect(strict.getAllocations({ window })).rejects.toMatchObject({ code: 'kubecost-answer-too-large' });
  });

  it('never comes from a server that only takes connections, or from a port where nobody listens', async () => {
    const silent = await startSilentServer();
    try {
      const client = clientOf(`http://127.0.0.1:${String(silent.port)}`, { timeoutMs: 200 });
      await expect(client.detect()).rejects.toMatchObject({ code: 'kubecost-timeout' });
    } finally {
      await silent.close();
    }
    const nobody = clientOf(`http://127.0.0.1:${String(await freePort())}`);
    await expect(nobody.detect()).rejects.toMatchObject({ code: 'kubecost-unavailable' });
  });

  it('is not waited for after the caller has gone', async () => {
    const server = await serve();
    const client = clientOf(server.url);
    await client.detect();
    server.fail('slow', { slowMs: 30_000 });
    const caller = new AbortController();
    const asked = client.getAllocations({ window, signal: caller.signal });
    caller.abort(new Error('gone'));
    await expect(asked).rejects.toThrow('gone');
  });
});

describe('the circuit breaker', () => {
  it('leaves an endpoint alone after failures in a row, the others not, and closes when it answers again', async () => {
    const server = await serve();
    const states: [string, BreakerState][] = [];
    const client = clientOf(server.url, {
      breakerFailures: 3,
      breakerRestMs: 100,
      onBreakerState: (endpoint, state) => states.push([endpoint, state]),
    });
    await client.detect();
    server.fail('error', { at: '/assets' });
    const codeOf = async () =>
      client.getAssets({ window }).then(
        () => 'ok',
        (error: unknown) => (error as { code?: string }).code,
      );

    for (let failure = 0; failure < 3; failure += 1) expect(await codeOf()).toBe('kubecost-unavailable');
    const asked = server.requests.length;
    // The rest is over after 100 ms; what is asked before that reaches nobody.
    if ((await codeOf()) === 'kubecost-circuit-open') expect(server.requests).toHaveLength(asked);
    expect(await client.getAllocations({ window })).toHaveLength(book.length);
    expect(states.slice(0, 1)).toEqual([['assets', 'open']]);

    server.fail('none');
    await waitFor(async () => (await codeOf()) === 'ok', { what: 'the breaker to close' });
    expect(states.at(-1)).toEqual(['assets', 'closed']);
  });
});
