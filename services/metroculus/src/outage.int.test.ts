import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { randomTenant, startPrometheus, startSilentServer, startThanos, waitFor } from '@cloudtuner/test-kit';
import { clusterSecret, startMetroculus, type Metroculus } from './testing/metroculus-harness';
import { eachMinute, pushSeries } from './testing/sample-store';

const hourMs = 3_600_000;
const zeroMs = Math.floor(Date.now() / hourMs) * hourMs - 3 * hourMs;
const zero = zeroMs / 1000;
const accountId = randomTenant();
const hour = `cloud_account_id=${accountId}&start_date=${String(zero)}&end_date=${String(zero + 3600)}`;
const endpoints = [
  'kubecost_metrics',
  'kubecost_cluster_costs',
  'kubecost_savings',
  'kubecost_assets',
  'kubecost_allocations',
];

async function expectOutage(metroculus: Metroculus): Promise<void> {
  for (const endpoint of endpoints) {
    const response = await metroculus.get(`/metroculus/v2/${endpoint}?${hour}`);
    const problem = (await response.json()) as { code: string };
    expect(response.status).toBe(503);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(problem.code).toMatch(/^metrics-store-(unavailable|timeout)$/);
  }
}

async function rowsOf(metroculus: Metroculus): Promise<number> {
  const window = { cloudAccountId: accountId, startSeconds: zero, endSeconds: zero + 3600 };
  return (await metroculus.client.getKubecostAssets(window)).rows.length;
}

const isReady = async (metroculus: Metroculus): Promise<boolean> => (await metroculus.get('/readyz')).ok;

describe.each([
  ['Prometheus', () => startPrometheus({ storeReceiver: true })],
  ['Thanos', () => startThanos()],
] as const)('while %s is away', (_name, start) => {
  it('or hangs, requests are answered 503 and readiness turns; when it is back all is well without a restart', async () => {
    const store = await start();
    const metroculus = await startMetroculus({
      queryUrl: store.queryUrl,
      env: { METRICS_QUERY_TIMEOUT_SECONDS: '1' },
    });
    try {
      const fee = { __name__: 'kubecost_cluster_management_cost', provisioner_name: 'EKS' };
      await pushSeries(store, accountId, [eachMinute(fee, 0.1, { zeroMs, from: 0, to: 60 })]);
      await waitFor(async () => (await rowsOf(metroculus)) === 1, { what: 'the first series' });
      expect(await isReady(metroculus)).toBe(true);

      await store.pause();
      await expectOutage(metroculus);
      expect(await isReady(metroculus)).toBe(false);
      await store.resume();
      await waitFor(() => isReady(metroculus), { what: 'readiness after a pause' });
      expect(await rowsOf(metroculus)).toBe(1);

      await store.kill();
      await expectOutage(metroculus);
      expect(await isReady(metroculus)).toBe(false);
      expect((await metroculus.get('/healthz')).status).toBe(200);
      await store.restart();
      await waitFor(() => isReady(metroculus), { what: 'readiness after a restart' });
      await waitFor(async () => (await rowsOf(metroculus)) === 1, { what: 'the series after a restart' });
    } finally {
      await metroculus.stop();
      await store.stop();
    }
  });
});

it('while Thanos has lost its Receive, an hour is an error and never an empty hour', async () => {
  const thanos = await startThanos();
  const metroculus = await startMetroculus({ queryUrl: thanos.queryUrl });
  try {
    const fee = { __name__: 'kubecost_cluster_management_cost', provisioner_name: 'EKS' };
    await pushSeries(thanos, accountId, [eachMinute(fee, 0.1, { zeroMs, from: 0, to: 60 })]);
    await waitFor(async () => (await rowsOf(metroculus)) === 1, { what: 'the first series' });
    await thanos.receive.kill();
    await expectOutage(metroculus);
    // Query takes some seconds to give Receive up; from then on it has no store to read from.
    await waitFor(async () => !(await isReady(metroculus)), { what: 'readiness to turn', timeoutMs: 30_000 });
    await expectOutage(metroculus);
  } finally {
    await metroculus.stop();
    await thanos.stop();
  }
});

it('starts while the store is away, and says that it is not ready', async () => {
  const silent = await startSilentServer();
  const metroculus = await startMetroculus({ queryUrl: `http://127.0.0.1:${String(silent.port)}` });
  expect((await metroculus.get('/healthz')).status).toBe(200);
  expect((await metroculus.get('/readyz')).status).toBe(503);
  await metroculus.stop();
  await silent.close();
});

it.each([
  ['kubecost_assets', 2],
  // It begins with the names of pods, in each form in which series can have them.
  ['kubecost_allocations', 8],
] as const)('cancels its queries at the store when the caller of %s goes away', async (endpoint, queries) => {
  let open = 0;
  const store = createServer((request) => {
    open += 1;
    request.socket.once('close', () => (open -= 1));
  });
  await new Promise<void>((resolve) => store.listen(0, '127.0.0.1', resolve));
  const metroculus = await startMetroculus({
    queryUrl: `http://127.0.0.1:${String((store.address() as AddressInfo).port)}`,
  });
  const caller = new AbortController();
  const asked = fetch(`${metroculus.url}/metroculus/v2/${endpoint}?${hour}`, {
    headers: { Secret: clusterSecret },
    signal: caller.signal,
  });
  const refusal = expect(asked).rejects.toThrow();
  await waitFor(() => open === queries, { what: 'the first queries of an hour' });
  caller.abort();
  await refusal;
  await waitFor(() => open === 0, { what: 'the queries to be cancelled' });
  await metroculus.stop();
  store.close();
});

it('lets no more queries at the store than configured, and refuses those beyond its queue', async () => {
  let open = 0;
  const store = createServer((request) => {
    open += 1;
    request.socket.once('close', () => (open -= 1));
  });
  await new Promise<void>((resolve) => store.listen(0, '127.0.0.1', resolve));
  const metroculus = await startMetroculus({
    queryUrl: `http://127.0.0.1:${String((store.address() as AddressInfo).port)}`,
    env: { METRICS_QUERY_CONCURRENCY: '2', METRICS_QUERY_MAX_WAITING: '2', METRICS_QUERY_TIMEOUT_SECONDS: '1' },
  });
  const ask = () => metroculus.get(`/metroculus/v2/kubecost_assets?${hour}`);
  const first = ask();
  await waitFor(() => open === 2, { what: 'two queries' });
  const second = ask();
  await waitFor(async () => (await metroculus.registry.metrics()).includes('queries_waiting{service="metroculus"} 2'), {
    what: 'two waiting queries',
  });
  const third = await ask();
  expect([third.status, ((await third.json()) as { code: string }).code]).toEqual([503, 'overloaded']);
  expect(open).toBe(2);
  expect((await first).status).toBe(503);
  expect((await second).status).toBe(503);
  const outcomes = (await metroculus.registry.metrics())
    .split('\n')
    .filter((line) => line.startsWith('metroculus_store_query_duration_seconds_count'));
  expect(outcomes.join()).toMatch(/outcome="metrics_store_timeout"/);
  await metroculus.stop();
  store.closeAllConnections();
  store.close();
});
