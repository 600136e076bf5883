import { randomUUID } from 'node:crypto';
import {
  compressSnappy,
  encodeWriteRequest,
  encodeWriteRequestV2,
  staleMarker,
  type Label,
  type WriteRequestV2,
} from '@cloudtuner/remote-write';
import { randomDatabase, sharedServers, startPrometheus, waitFor } from '@cloudtuner/test-kit';
import { createApp } from './app';
import { headersOf, openAccounts, post, seriesOf, startGateway, type Reply } from './testing/gateway';
import type { TestAccount, TestGateway } from './testing/gateway';
import { startSink, type Sink } from './testing/sink';

const version2Type = 'application/x-protobuf;proto=io.prometheus.write.v2.Request';

const labels = (pairs: Readonly<Record<string, string>>): Label[] =>
  Object.entries(pairs).map(([name, value]) => ({ name, value }));
/** Three samples, one of them a stale marker, one exemplar, one float series of another family. */
function requestOf(nowMs: number): WriteRequestV2 {
  return {
    timeseries: [
      {
        labels: labels({ __name__: 'requests_total', job: 'a' }),
        samples: [{ value: 1, timestampMs: nowMs - 1_000 }, staleMarker(nowMs)],
        exemplars: [{ labels: labels({ trace_id: 't' }), value: 1, timestampMs: nowMs - 1_000 }],
      },
      { labels: labels({ __name__: 'up', job: 'a' }), samples: [{ value: 1, timestampMs: nowMs }] },
    ],
  };
}
const badSeries: WriteRequestV2['timeseries'][number] = {
  labels: labels({ __name__: 'up', 'bad.name': 'x' }),
  samples: [{ value: 1, timestampMs: Date.now() }],
};
const bodyOf = (request: WriteRequestV2): Buffer => compressSnappy(encodeWriteRequestV2(request));
const written = ({ headers }: Reply): (string | null)[] =>
  ['samples', 'histograms', 'exemplars'].map((what) => headers.get(`x-prometheus-remote-write-${what}-written`));

describe('diproxy: Remote Write 2.0', () => {
  const database = randomDatabase('diproxy');
  const stops: (() => Promise<void>)[] = [];
  let mongodbUrl: string;
  let account: TestAccount;
  let accounts: ReturnType<typeof openAccounts>;

  beforeAll(async () => {
    mongodbUrl = await sharedServers().mongodbUrl();
    accounts = openAccounts(mongodbUrl, database);
    account = await accounts.create();
  }, 60_000);

  afterAll(() => accounts.close());

  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop();
  });

  const start = async (speaks: '1' | '2', environment: Record<string, string> = {}) => {
    const sink = await startSink();
    if (speaks === '2') sink.speakVersion2();
    const gateway = await startGateway(createApp, {
      MONGODB_URL: mongodbUrl,
      MONGODB_DATABASE: database,
      METRICS_STORE: 'thanos',
      METRICS_WRITE_URL: sink.url,
      ...environment,
    });
    stops.push(gateway.stop, sink.stop);
    return { sink, gateway };
  };
  const untilKnown = (gateway: TestGateway, version: '1' | '2' | 'unknown'): Promise<unknown> =>
    waitFor(
      async () =>
        new RegExp(`^diproxy_store_protocol\\{version="${version}".*\\} 1$`, 'm').test(await gateway.metricsText()),
      { what: `version ${version} to be known`, timeoutMs: 10_000 },
    );
  const send = (gateway: TestGateway, body: Uint8Array, headers: Record<string, string> = {}): Promise<Reply> => {
    const own = { ...headersOf(account), 'content-type': version2Type, 'x-prometheus-remote-write-version': '2.0.0' };
    return post(gateway, { headers: { ...own, ...headers }, body });
  };
  const lastOf = (sink: Sink) => {
    const last = sink.writes.at(-1);
    if (last === undefined) throw new Error('nothing has reached the store');
    return last;
  };

  it('translates for a store that speaks 1.0, with its own counts', async () => {
    const { sink, gateway } = await start('1');
    await untilKnown(gateway, '1');
    sink.answer({ status: 200 });
    const nowMs = Date.now();
    const reply = await send(gateway, bodyOf(requestOf(nowMs)));
    expect([reply.status, reply.text]).toEqual([204, '']);
    expect(written(reply)).toEqual(['3', '0', '1']);
    const { headers, request } = lastOf(sink);
    expect(headers['content-type']).toBe('application/x-protobuf');
    expect(headers['x-prometheus-remote-write-version']).toBe('0.1.0');
    expect(request.timeseries.map((series) => [series.labels, series.samples])).toEqual([
      [
        labels({ __name__: 'requests_total', job: 'a' }),
        [{ value: 1, timestampMs: nowMs - 1_000 }, staleMarker(nowMs)],
      ],
      [labels({ __name__: 'up', job: 'a' }), [{ value: 1, timestampMs: nowMs }]],
    ]);
    expect(request.timeseries[0]?.exemplars).toHaveLength(1);
  });

  it('passes the sender`s own bytes on to a store that speaks 2.0, with headers of one spelling', async () => {
    const { sink, gateway } = await start('2');
    await untilKnown(gateway, '2');
    const body = bodyOf(requestOf(Date.now()));
    const odd = { 'content-type': 'Application/X-Protobuf ; proto="io.prometheus.write.v2.Request"' };
    const reply = await send(gateway, body, { ...odd, 'x-prometheus-remote-write-version': '2.0.0-rc.3' });
    expect(reply.status).toBe(204);
    expect(written(reply)).toEqual(['3', '0', '1']);
    expect(lastOf(sink).body.equals(body)).toBe(true);
    expect(lastOf(sink).headers).toMatchObject({
      'content-type': version2Type,
      'content-encoding': 'snappy',
      'x-prometheus-remote-write-version': '2.0.0',
      'cloud-account-id': account.id,
    });
  });

  it('renames a reserved label in 2.0 and injects the tenant', async () => {
    const { sink, gateway } = await start('2', { METRICS_STORE: 'prometheus' });
    await untilKnown(gateway, '2');
    const spoofed = { labels: labels({ __name__: 'up', tenant_id: 'other' }), samples: badSeries.samples };
    expect((await send(gateway, bodyOf({ timeseries: [spoofed] }))).status).toBe(204);
    expect(lastOf(sink).requestV2?.timeseries[0]?.labels).toEqual(
      labels({ __name__: 'up', exported_tenant_id: 'other', tenant_id: account.id }),
    );
  });

  it.each(['1', '2'] as const)(
    'stores the good series before a store of %s and answers 400 with counts',
    async (speaks) => {
      const { sink, gateway } = await start(speaks);
      await untilKnown(gateway, speaks);
      const request = { timeseries: [badSeries, ...requestOf(Date.now()).timeseries] };
      const reply = await send(gateway, bodyOf(request));
      expect([reply.status, reply.code]).toEqual([400, 'label-name-invalid']);
      expect(written(reply)).toEqual(['3', '0', '1']);
      const { request: version1, requestV2 } = lastOf(sink);
      expect((requestV2 ?? version1).timeseries).toHaveLength(2);
      const nothing = await send(gateway, bodyOf({ timeseries: [badSeries] }));
      expect([nothing.status, ...written(nothing)]).toEqual([400, '0', '0', '0']);
    },
  );

  it('sends counts with 2.0 answers only, zeros with those that stored nothing, and 400 for the store`s 409', async () => {
    const { sink, gateway } = await start('1');
    const nowMs = Date.now();
    const version1 = compressSnappy(encodeWriteRequest({ timeseries: [seriesOf({ __name__: 'up' }, nowMs)] }));
    const plain = await post(gateway, { headers: headersOf(account), body: version1 });
    expect([plain.status, ...written(plain)]).toEqual([204, null, null, null]);
    sink.answer({ status: 409, text: 'out of order' });
    expect((await post(gateway, { headers: headersOf(account), body: version1 })).status).toBe(409);
    const refused = await send(gateway, bodyOf(requestOf(nowMs)));
    expect([refused.status, refused.code, ...written(refused)]).toEqual([400, 'metrics-store-rejected', '0', '0', '0']);
    sink.answer({ status: 500 });
    const failed = await send(gateway, bodyOf(requestOf(nowMs)));
    expect([failed.status, ...written(failed)]).toEqual([503, '0', '0', '0']);
    const malformed = await send(gateway, compressSnappy(Buffer.from([0x22, 0x05, 0x61])));
    expect([malformed.status, malformed.code, ...written(malformed)]).toEqual([
      400,
      'protobuf-malformed',
      '0',
      '0',
      '0',
    ]);
  });

  it('passes on what a 2.0 store counts when it refuses a part', async () => {
    const { sink, gateway } = await start('2');
    await untilKnown(gateway, '2');
    const headers = { 'X-Prometheus-Remote-Write-Samples-Written': '1' };
    sink.answer({ status: 400, headers, text: 'one was too old' });
    const request = { timeseries: requestOf(Date.now()).timeseries.map((series) => ({ ...series, exemplars: [] })) };
    const reply = await send(gateway, bodyOf(request));
    expect([reply.status, ...written(reply)]).toEqual([400, '1', '0', '0']);
    expect(reply.text).toContain('one was too old');
  });

  it('never says 2xx when a store it took for 2.0 has not understood the body, and does not trust it any more', async () => {
    const { sink, gateway } = await start('1', { METRICS_WRITE_PROTOCOL: '2' });
    const body = bodyOf(requestOf(Date.now()));
    const misled = await send(gateway, body);
    expect([misled.status, misled.code, ...written(misled)]).toEqual([503, 'metrics-store-unavailable', '0', '0', '0']);
    expect(sink.probes).toBe(0);

    const { sink: changing, gateway: watching } = await start('2');
    await untilKnown(watching, '2');
    // Another version of the store has taken over at the same address.
    await changing.stop();
    expect((await send(watching, body)).status).toBe(503);
    await untilKnown(watching, 'unknown');
  });

  it('refuses a body of 2.0 that says it is 1.0: it would be empty', async () => {
    const { sink, gateway } = await start('1');
    const type = { 'content-type': 'application/x-protobuf' };
    const reply = await send(gateway, bodyOf(requestOf(Date.now())), type);
    expect([reply.status, reply.code]).toEqual([415, 'unsupported-media-type']);
    const version1 = compressSnappy(encodeWriteRequest({ timeseries: [seriesOf({ __name__: 'up' })] }));
    expect((await send(gateway, version1, type)).status).toBe(204);
    expect(sink.writes).toHaveLength(1);
  });

  it('finds out what Thanos and Prometheus speak, and stores a 2.0 write in each', async () => {
    const servers = sharedServers();
    const prometheus3 = await startPrometheus({ binary: 'prometheus3', storeReceiver: true });
    stops.push(() => prometheus3.stop());
    for (const [kind, version, store] of [
      ['thanos', '1', await servers.thanos()],
      ['prometheus', '1', await servers.prometheus()],
      ['prometheus', '2', prometheus3],
    ] as const) {
      const { gateway } = await start('1', { METRICS_STORE: kind, METRICS_WRITE_URL: store.writeUrl });
      await untilKnown(gateway, version);
      const name = `m_${randomUUID().replaceAll('-', '')}`;
      const series = { labels: labels({ __name__: name }), samples: [{ value: 42, timestampMs: Date.now() }] };
      const reply = await send(gateway, bodyOf({ timeseries: [series] }));
      expect([reply.status, ...written(reply)]).toEqual([204, '1', '0', '0']);
      const url = `${store.queryUrl}/api/v1/query?${new URLSearchParams({ query: name }).toString()}`;
      await waitFor(async () => (await (await fetch(url)).text()).includes(account.id), {
        what: `${name} in ${kind} of version ${version}`,
        timeoutMs: 30_000,
      });
    }
  }, 120_000);
});
