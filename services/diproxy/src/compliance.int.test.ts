import { randomDatabase, sharedServers, startPrometheus, waitFor, type StoreAddress } from '@cloudtuner/test-kit';
import { createApp } from './app';
import { complianceCases, type ComplianceRequest } from './testing/compliance-cases';
import { combinedCases } from './testing/compliance-combined';
import { observationsOf, version1Body, version2Body, type ComplianceSeries } from './testing/compliance-request';
import { headersOf, openAccounts, post, startGateway, type Reply, type TestAccount } from './testing/gateway';

/**
 * The receiver suite of prometheus/compliance, case by case, in both versions of the protocol, through the gateway to each
 * kind of store: two that read 1.0 only, and one that reads 2.0. It is stricter than the original, which lets a receiver
 * answer 400 to anything: what the store takes has to be stored, with exact counts.
 */
const stores = {
  thanos: { kind: 'thanos', names: 'legacy', open: async () => given(await sharedServers().thanos()) },
  prometheus: { kind: 'prometheus', names: 'legacy', open: async () => given(await sharedServers().prometheus()) },
  'prometheus 3': {
    kind: 'prometheus',
    names: 'utf8',
    open: () => startPrometheus({ binary: 'prometheus3', storeReceiver: true, name: 'compliance-store' }),
  },
} as const;

type OpenStore = StoreAddress & { stop(): Promise<void> };
type Version = '1.0' | '2.0';

function given(address: StoreAddress): OpenStore {
  return { ...address, stop: () => Promise.resolve() };
}

const version2Type = 'application/x-protobuf;proto=io.prometheus.write.v2.Request';
const matrix = (Object.keys(stores) as (keyof typeof stores)[]).flatMap((store) => [
  [store, '1.0'] as const,
  [store, '2.0'] as const,
]);

interface Written {
  readonly samples: number;
  readonly histograms: number;
  readonly exemplars: number;
}

const nothing: Written = { samples: 0, histograms: 0, exemplars: 0 };

function contentOf(series: readonly ComplianceSeries[]): Written {
  const having = (has: (each: ComplianceSeries) => boolean): number => series.filter(has).length;
  return {
    samples: having(({ value, valueBits }) => value !== undefined || valueBits !== undefined),
    histograms: having(({ histogram }) => histogram !== undefined),
    exemplars: having(({ exemplar }) => exemplar !== undefined),
  };
}

/** The counts of an answer; a missing header is 0, as senders read it. */
function writtenOf({ headers }: Reply): Written {
  const count = (name: string): number => Number(headers.get(`x-prometheus-remote-write-${name}-written`) ?? '0');
  return { samples: count('samples'), histograms: count('histograms'), exemplars: count('exemplars') };
}

describe.each(matrix)('prometheus/compliance through diproxy to %s, Remote Write %s', (storeName, version) => {
  const { kind, names, open } = stores[storeName];
  const database = randomDatabase('compliance');
  let store: OpenStore;
  let gateway: Awaited<ReturnType<typeof startGateway>>;
  let accounts: ReturnType<typeof openAccounts>;
  let account: TestAccount;

  beforeAll(async () => {
    store = await open();
    const mongodbUrl = await sharedServers().mongodbUrl();
    accounts = openAccounts(mongodbUrl, database);
    account = await accounts.create();
    gateway = await startGateway(createApp, {
      MONGODB_URL: mongodbUrl,
      MONGODB_DATABASE: database,
      METRICS_STORE: kind,
      METRICS_WRITE_URL: store.writeUrl,
      METRICS_WRITE_LABEL_NAMES: names,
    });
  }, 120_000);

  afterAll(async () => {
    await gateway.stop();
    await accounts.close();
    await store.stop();
  });

  // Every request has a time of its own, or it would repeat an earlier one with another value.
  let nowMs = Date.now() - 60_000;
  const headersFor = (asked: Version): Record<string, string> => {
    const { 'x-prometheus-remote-write-version': _v, ...headers } = headersOf(account);
    // The suite sends no version with 1.0.
    if (asked === '1.0') return headers;
    return { ...headers, 'content-type': version2Type, 'x-prometheus-remote-write-version': '2.0.0' };
  };
  const bodyFor = (series: readonly ComplianceSeries[]): Buffer => {
    nowMs += 10;
    return version === '1.0' ? version1Body(series, nowMs) : version2Body(series, nowMs);
  };
  const send = async ({ series }: Pick<ComplianceRequest, 'series'>): Promise<Reply> =>
    post(gateway, { headers: headersFor(version), body: bodyFor(series) });

  /** What the answer has to be, by the specification. */
  const verdict = (request: ComplianceRequest): { status: number; written: Written } => {
    const takes = request.stored && (request.utf8Names !== true || names === 'utf8');
    const kept = { ...nothing, samples: request.samplesKept ?? 0 };
    const written = takes ? contentOf(request.series) : kept;
    return { status: takes ? 204 : 400, written: version === '2.0' ? written : nothing };
  };

  it.each([...complianceCases, ...combinedCases])('$name', async ({ requests }) => {
    for (const request of requests) {
      const reply = await send(request);
      const expected = verdict(request);
      // 1.0 has no preference among 2xx: the store's own is passed on.
      const status = version === '1.0' && reply.status === 200 ? 204 : reply.status;
      const answer = { what: request.what, status, written: writtenOf(reply), text: reply.text };
      if (request.mayBeRefused === true && status === 400) {
        expect(answer.written).toEqual(nothing);
        continue;
      }
      expect(answer).toMatchObject({ what: request.what, ...expected });
    }
  });

  const series: readonly ComplianceSeries[] = [{ labels: { __name__: 'up' }, value: 1 }];
  const corrupt = (): Buffer => {
    const body = bodyFor(series);
    body[0] = 0x30;
    return body;
  };

  it('bad content types', async () => {
    for (const type of ['application/json', 'image/png']) {
      const headers = { ...headersFor(version), 'content-type': type };
      expect((await post(gateway, { headers, body: corrupt() })).status).toBe(415);
    }
  });

  it('bad content encodings', async () => {
    for (const encoding of ['gzip', 'deflate']) {
      const headers = { ...headersFor(version), 'content-encoding': encoding };
      expect((await post(gateway, { headers, body: corrupt() })).status).toBe(415);
    }
  });

  it('corrupt request body', async () => {
    const reply = await post(gateway, { headers: headersFor(version), body: corrupt() });
    expect([reply.status, writtenOf(reply)]).toEqual([400, nothing]);
  });

  it('1.0 basic compatibility', async () => {
    nowMs += 10;
    const body = version1Body([...series, { labels: { __name__: 'http_requests_total' }, value: 100 }], nowMs);
    const reply = await post(gateway, { headers: headersFor('1.0'), body });
    expect(reply.status).toBeLessThan(300);
    expect([...reply.headers.keys()].filter((name) => name.endsWith('-written'))).toEqual([]);
  });

  it('1.0 error handling', async () => {
    const body = version1Body(series, nowMs);
    body[0] = 0xff;
    const reply = await post(gateway, { headers: headersFor('1.0'), body });
    expect(reply.status).toBe(400);
  });

  it('shows the stored samples and histograms to a reader', async () => {
    const read = async (promql: string): Promise<string | undefined> => {
      const search = new URLSearchParams({ query: promql }).toString();
      const response = await fetch(`${store.queryUrl}/api/v1/query?${search}`);
      const answer = (await response.json()) as { data?: { result: { value: [number, string] }[] } };
      return answer.data?.result[0]?.value[1];
    };
    const wanted = {
      [`counter_metric_49{tenant_id="${account.id}"}`]: '4900',
      [`histogram_count(histogram_metric_48{tenant_id="${account.id}"})`]: String(
        observationsOf({ sum: 0, positive: true, negative: true, zero: true }),
      ),
      [`histogram_count(custom_latency_hist{tenant_id="${account.id}"})`]: '30',
    };
    for (const [promql, value] of Object.entries(wanted)) {
      await waitFor(async () => (await read(promql)) === value, {
        what: `${promql} to be ${value}`,
        timeoutMs: 30_000,
        intervalMs: 100,
      });
    }
  }, 60_000);
});
