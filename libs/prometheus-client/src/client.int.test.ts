import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRemoteWriteClient } from '@cloudtuner/remote-write';
import {
  randomTenant,
  sharedServers,
  startPrometheus,
  startSilentServer,
  startThanos,
  waitFor,
  type StoreAddress,
} from '@cloudtuner/test-kit';
import fc from 'fast-check';
import {
  createPrometheusClient,
  oneOf,
  quoteRegex,
  range,
  rate,
  scalar,
  selector,
  subquery,
  type InstantVector,
  type PrometheusClient,
  type PrometheusClientOptions,
} from './index';

const minute = 60_000;
// A whole minute, half an hour ago: inside every store's window for late samples.
const nowMs = Math.floor(Date.now() / minute) * minute - 30 * minute;

const clients: PrometheusClient[] = [];
afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
});

function clientOf(options: PrometheusClientOptions): PrometheusClient {
  const client = createPrometheusClient(options);
  clients.push(client);
  return client;
}

type Labels = Readonly<Record<string, string>>;
type Samples = readonly (readonly [timestampMs: number, value: number])[];

/** Writes series of one tenant as the gateway does: Thanos is told the tenant by header, Prometheus by label. */
async function push(
  store: StoreAddress,
  tenantId: string,
  series: readonly (readonly [Labels, Samples])[],
): Promise<void> {
  const writer = createRemoteWriteClient({ url: store.writeUrl, accountId: tenantId });
  const inThanos = store.writeUrl.endsWith('/receive');
  const timeseries = series.map(([labels, samples]) => ({
    labels: Object.entries(inThanos ? labels : { ...labels, tenant_id: tenantId })
      .map(([name, value]) => ({ name, value }))
      .sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name))),
    samples: samples.map(([timestampMs, value]) => ({ timestampMs, value })),
  }));
  await writer.push({ timeseries });
  await writer.close();
}

async function untilSeen(client: PrometheusClient, query: InstantVector, atMs: number): Promise<void> {
  await waitFor(async () => (await client.instantQuery(query, atMs)).series.length > 0, { what: 'the first series' });
}

const stores = [
  ['Prometheus', () => sharedServers().prometheus()],
  ['Thanos', () => sharedServers().thanos()],
] as const;

describe.each(stores)('over %s', (_name, storeOf) => {
  let store: StoreAddress;
  let client: PrometheusClient;
  const tenantId = randomTenant();
  const up = selector({ tenantId, metric: 'test_up' });

  beforeAll(async () => {
    store = await storeOf();
    client = clientOf({ url: store.queryUrl });
    const times = [0, 1, 2, 3, 4, 5].map((index) => nowMs - (5 - index) * minute + index);
    await push(store, tenantId, [
      [{ __name__: 'test_up', odd: 'a' }, times.map((timestampMs, index) => [timestampMs, index] as const)],
      [
        { __name__: 'test_up', odd: 'values' },
        [
          [nowMs - minute, Number.POSITIVE_INFINITY],
          [nowMs, Number.NaN],
        ],
      ],
    ]);
    await untilSeen(client, up, nowMs + 5);
  });

  it('gives every sample of a range with its true time', async () => {
    const odd = { label: 'odd', operator: '=', value: 'a' } as const;
    const query = range(selector({ tenantId, metric: 'test_up', matchers: [odd] }), 10 * minute);
    const { series } = await client.instantQuery(query, nowMs + 5);
    expect(series).toEqual([
      {
        labels: { __name__: 'test_up', odd: 'a', tenant_id: tenantId },
        timestampsMs: [0, 1, 2, 3, 4, 5].map((index) => nowMs - (5 - index) * minute + index),
        values: [0, 1, 2, 3, 4, 5],
      },
    ]);
  });

  it('gives NaN and infinities as numbers', async () => {
    const odd = oneOf('odd', ['values']);
    const query = range(selector({ tenantId, metric: 'test_up', matchers: [odd] }), 10 * minute);
    const { series } = await client.instantQuery(query, nowMs + 5);
    expect(series[0]?.values).toEqual([Infinity, NaN]);
  });

  it('evaluates a range query at each step, both ends included', async () => {
    const odd = { label: 'odd', operator: '=', value: 'a' } as const;
    const query = selector({ tenantId, metric: 'test_up', matchers: [odd] });
    const { series } = await client.rangeQuery(query, {
      startMs: nowMs - 2 * minute + 5,
      endMs: nowMs + 5,
      stepMs: minute,
    });
    expect(series[0]).toMatchObject({
      timestampsMs: [nowMs - 2 * minute + 5, nowMs - minute + 5, nowMs + 5],
      values: [3, 4, 5],
    });
  });

  it('tells the values of a label in the series of a selector, of one tenant only', async () => {
    const owner = randomTenant();
    const sample = [[nowMs, 1]] as const;
    const series = (name: string, pod: string) => [{ __name__: name, pod }, sample] as const;
    await push(store, owner, [series('test_pods', 'b.1'), series('test_pods', 'a-ü'), series('test_other', 'c')]);
    await push(store, randomTenant(), [series('test_pods', 'd')]);
    const pods = selector({ tenantId: owner, metric: 'test_pods' });
    await untilSeen(client, pods, nowMs + 5);
    const window = { startMs: nowMs - minute, endMs: nowMs + minute };
    expect([...(await client.labelValues('pod', pods, window))].sort()).toEqual(['a-ü', 'b.1']);
    expect(await client.labelValues('exported_pod', pods, window)).toEqual([]);
    expect(await client.labelValues('pod', selector({ tenantId: randomTenant(), metric: 'x' }), window)).toEqual([]);
  });

  it('is understood in everything that the builders make', async () => {
    const usage = subquery(rate(range(up, 2 * minute)), 10 * minute, minute);
    const { series } = await client.instantQuery(usage, nowMs + 5);
    expect(series.length).toBeGreaterThan(0);
    expect((await client.instantQuery(scalar(1), nowMs)).series[0]?.values).toEqual([1]);
  });

  it('finds any label value again by `=` and by a quoted pattern, and nothing else', async () => {
    const tricky = ['"} or {__name__=~".+"', '\\', '\\"', 'a\nb', '\0', '\uFFFD', '`', '.*', 'a|b', '日本', '😀', '$^'];
    const generated = fc.sample(fc.string({ unit: 'binary', minLength: 1, maxLength: 30 }), 80);
    const values = [...new Set([...tricky, ...generated].map((text) => Buffer.from(text).toString()))];
    const owner = randomTenant();
    await push(
      store,
      owner,
      values.map((value) => [{ __name__: 'test_label', value }, [[nowMs, 1]]] as const),
    );
    await untilSeen(client, selector({ tenantId: owner, metric: 'test_label' }), nowMs);

    const found = async (operator: '=' | '=~', value: string): Promise<(string | undefined)[]> => {
      const matchers = [{ label: 'value', operator, value }];
      const { series } = await client.instantQuery(
        selector({ tenantId: owner, metric: 'test_label', matchers }),
        nowMs,
      );
      return series.map(({ labels }) => labels['value']);
    };
    for (const value of values) {
      expect(await found('=', value)).toEqual([value]);
      expect(await found('=~', quoteRegex(value))).toEqual([value]);
    }
  });

  it('never shows another tenant, whatever the tenant is called', async () => {
    for (const attack of [randomUUID(), `${tenantId}"} or {tenant_id="${tenantId}`, '.*', `${tenantId}\\`]) {
      expect(
        (await client.instantQuery(selector({ tenantId: attack, metricPattern: '.+' }), nowMs + 5)).series,
      ).toEqual([]);
    }
  });

  it('stops reading an answer that is larger than allowed', async () => {
    const small = clientOf({ url: store.queryUrl, maxResponseBytes: 200 });
    await expect(small.instantQuery(up, nowMs + 5)).rejects.toMatchObject({ code: 'metrics-query-too-large' });
  });

  it('calls more points than the store gives a query that is too large', async () => {
    const asked = client.rangeQuery(up, { startMs: nowMs - 24 * 3_600_000, endMs: nowMs, stepMs: 1000 });
    await expect(asked).rejects.toMatchObject({ code: 'metrics-query-too-large' });
  });
});

describe('an outage', () => {
  const query = selector({ tenantId: randomTenant(), metric: 'test_up' });

  it.each([
    ['Prometheus', () => startPrometheus({ storeReceiver: true })],
    ['Thanos Query', () => startThanos()],
  ] as const)('of %s is told apart from "no data", and ends without a new client', async (_name, start) => {
    const server = await start();
    try {
      const client = clientOf({ url: server.queryUrl, timeoutMs: 1_000 });
      await expect(client.instantQuery(query, nowMs)).resolves.toEqual({ series: [], remarks: [] });
      await server.pause();
      await expect(client.instantQuery(query, nowMs)).rejects.toMatchObject({ code: 'metrics-store-timeout' });
      await server.resume();
      await expect(client.instantQuery(query, nowMs)).resolves.toEqual({ series: [], remarks: [] });
      await server.kill();
      await expect(client.instantQuery(query, nowMs)).rejects.toMatchObject({ code: 'metrics-store-unavailable' });
      await server.restart();
      await expect(client.instantQuery(query, nowMs)).resolves.toEqual({ series: [], remarks: [] });
    } finally {
      await server.stop();
    }
  });

  it('of Thanos Receive behind Query is an error, not an empty answer', async () => {
    const thanos = await startThanos();
    try {
      const tenantId = randomTenant();
      const up = selector({ tenantId, metric: 'test_up' });
      const client = clientOf({ url: thanos.queryUrl, timeoutMs: 5_000 });
      await push(thanos, tenantId, [[{ __name__: 'test_up' }, [[nowMs, 1]]]]);
      await untilSeen(client, up, nowMs);
      await thanos.receive.kill();
      await expect(client.instantQuery(up, nowMs)).rejects.toMatchObject({ code: 'metrics-store-unavailable' });
    } finally {
      await thanos.stop();
    }
  });
});

describe('a connection', () => {
  const query = selector({ tenantId: randomTenant(), metric: 'test_up' });

  async function answering(respond: Parameters<typeof createServer>[1]): Promise<{ url: string; server: Server }> {
    const server = createServer(respond);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`, server };
  }

  it('that is accepted and never answered ends at the time limit', async () => {
    const silent = await startSilentServer();
    const client = clientOf({ url: `http://127.0.0.1:${String(silent.port)}`, timeoutMs: 200 });
    await expect(client.instantQuery(query, nowMs)).rejects.toMatchObject({ code: 'metrics-store-timeout' });
    await silent.close();
  });

  it('is dropped when the caller cancels', async () => {
    let dropped: () => void = () => undefined;
    const gone = new Promise<void>((resolve) => (dropped = resolve));
    let arrived: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => (arrived = resolve));
    const { url, server } = await answering((request) => {
      request.on('close', dropped);
      arrived();
    });
    const cancel = new AbortController();
    const answer = clientOf({ url }).instantQuery(query, nowMs, { signal: cancel.signal });
    const refusal = expect(answer).rejects.toThrow('enough');
    await asked;
    cancel.abort(new Error('enough'));
    await refusal;
    await gone;
    server.close();
  });

  it('that breaks in the middle of an answer is unavailability', async () => {
    const { url, server } = await answering((_request, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('{"status":"success","data":');
      setImmediate(() => response.destroy());
    });
    await expect(clientOf({ url }).instantQuery(query, nowMs)).rejects.toMatchObject({
      code: 'metrics-store-unavailable',
    });
    server.close();
  });

  it('asks by form, tells Thanos to refuse partial answers, and keeps a path of the base URL', async () => {
    let seen = '';
    const { url, server } = await answering((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        seen = `${request.method ?? ''} ${request.url ?? ''} ${body}`;
        response.end('{"status":"success","data":{"resultType":"vector","result":[]}}');
      });
    });
    await clientOf({ url: `${url}/thanos/`, timeoutMs: 9_000 }).instantQuery(query, 1_700_000_000_500);
    expect(seen).toMatch(/^POST \/thanos\/api\/v1\/query query=/);
    const form = new URLSearchParams(seen.split(' ')[2]);
    expect(Object.fromEntries(form)).toMatchObject({
      query: query.toString(),
      time: '1700000000.500',
      timeout: '9000ms',
      partial_response: 'false',
      dedup: 'true',
    });
    server.close();
  });
});
