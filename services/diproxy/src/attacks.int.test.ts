import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import {
  randomDatabase,
  sharedServers,
  startService,
  waitFor,
  type LocalService,
  type StoreAddress,
} from '@cloudtuner/test-kit';
import { attackBodies, attackedMetric } from './testing/attack-bodies';
import { attackBytes, attackHeads } from './testing/attack-heads';
import {
  bodyOf,
  exchangeRaw,
  headersOf,
  openAccounts,
  post,
  seriesOf,
  validBody,
  type Reply,
  type TestAccount,
} from './testing/gateway';

const maxResidentMebibytes = 256;
// Longer than any test: only the gateway ends such an exchange.
const neverMs = 600_000;
const version2Type = 'application/x-protobuf;proto=io.prometheus.write.v2.Request';
// What an answer must never tell: stack frames, drivers, addresses, where something lies.
const inside = /\n\s+at |mongo|undici|node_modules|\.js:\d|127\.0\.0\.1|localhost|password=/i;

function residentMebibytes(pid: number | undefined): number {
  const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}

describe.each(['thanos', 'prometheus'] as const)('diproxy under attack, before %s', (kind) => {
  const database = randomDatabase('attacks');
  let store: StoreAddress;
  let gateway: LocalService;
  let accounts: ReturnType<typeof openAccounts>;
  let account: TestAccount;
  let neighbour: TestAccount;
  let slowHeads: Promise<string>[];

  beforeAll(async () => {
    const servers = sharedServers();
    store = kind === 'thanos' ? await servers.thanos() : await servers.prometheus();
    const mongodbUrl = await servers.mongodbUrl();
    accounts = openAccounts(mongodbUrl, database);
    [account, neighbour] = [await accounts.create(), await accounts.create()];
    gateway = await startService('diproxy', {
      MONGODB_URL: mongodbUrl,
      MONGODB_DATABASE: database,
      METRICS_STORE: kind,
      METRICS_WRITE_URL: store.writeUrl,
      BODY_TIMEOUT_SECONDS: '0.5',
      SHUTDOWN_DELAY_SECONDS: '0',
      // All attacks come from one address.
      LIMIT_AUTH_FAILURES_PER_MINUTE: '0',
    });
    // They stay open while everything else goes on, until the gateway has had enough.
    slowHeads = Array.from({ length: 50 }, () => exchangeRaw(gateway.port, 'POST /write HTTP/1.1\r\nHost: g', neverMs));
  }, 120_000);

  afterAll(async () => {
    await gateway.stop();
    await accounts.close();
  });

  // Whatever came before: a proper write is stored, the process is the same and has not grown out of bounds.
  let pid: number | undefined;
  afterEach(async () => {
    expect((await send(headersOf(account))).status).toBeLessThan(300);
    pid ??= gateway.pid;
    expect(gateway.pid).toBe(pid);
    expect(residentMebibytes(pid)).toBeLessThan(maxResidentMebibytes);
  });

  const send = async (headers: Readonly<Record<string, string>>, body: Uint8Array = validBody()): Promise<Reply> => {
    const reply = await post(gateway, { headers, body });
    expect(reply.text).not.toMatch(inside);
    return reply;
  };
  const query = async (promql: string): Promise<{ metric: Record<string, string>; value: [number, string] }[]> => {
    const search = new URLSearchParams({ query: promql }).toString();
    const answer = (await (await fetch(`${store.queryUrl}/api/v1/query?${search}`)).json()) as {
      data?: { result: { metric: Record<string, string>; value: [number, string] }[] };
    };
    return answer.data?.result ?? [];
  };
  const of = (owner: TestAccount, name: string): string => `${name}{tenant_id="${owner.id}"}`;
  const metricName = (): string => `m_${randomUUID().replaceAll('-', '')}`;
  const untilFound = (promql: string, count = 1) =>
    waitFor(
      async () => {
        const found = await query(promql);
        return found.length >= count && found;
      },
      { what: promql, timeoutMs: 30_000, intervalMs: 100 },
    );

  it.each(attackHeads)('refuses $name with $status', async ({ status, code, headers }) => {
    const reply = await send(headers(account));
    expect([reply.status, reply.code]).toEqual([status, code]);
    expect(reply.headers.get('content-type')).toContain('text/plain');
    expect(reply.headers.has('www-authenticate')).toBe(status === 401);
  });

  it.each(attackBodies)('refuses $name with $status', async ({ status, code, version, body }) => {
    const headers = { ...headersOf(account), ...(version === '2' ? { 'content-type': version2Type } : {}) };
    const reply = await send(headers, body());
    expect([reply.status, reply.code]).toEqual([status, code]);
    if (version === '2') expect(reply.headers.get('x-prometheus-remote-write-samples-written')).toBe('0');
  });

  it('has stored nothing of all that', async () => {
    // What is stored last is visible, so what came before would be.
    const name = metricName();
    await send(headersOf(account), bodyOf({ timeseries: [seriesOf({ __name__: name })] }));
    await untilFound(of(account, name));
    expect(await query(of(account, attackedMetric))).toEqual([]);
  }, 60_000);

  it.each(attackBytes)('answers $name with $statuses and closes', async ({ statuses, bytes }) => {
    const answer = await exchangeRaw(gateway.port, bytes(account));
    const ok = kind === 'thanos' ? '200' : '204';
    const expected = statuses.map((status) => (status === '204' ? ok : status));
    expect([...answer.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status)).toEqual(expected);
    expect(answer).not.toMatch(inside);
  });

  it('answers an unknown account and a wrong password in the same words', async () => {
    const wrong = await send(headersOf({ ...account, password: 'wrong' }));
    const unknown = await send(headersOf({ ...account, id: randomUUID() }));
    expect(unknown.text).toBe(wrong.text);
    expect([...unknown.headers.keys()].sort()).toEqual([...wrong.headers.keys()].sort());
  });

  it('answers 422 for a deleted account and one that is no cluster, to their own credentials only', async () => {
    const deleted = await accounts.create();
    await accounts.remove(deleted);
    const bill = await accounts.create('aws_cnr');
    const replies = [
      await send(headersOf(deleted)),
      await send(headersOf(bill)),
      await send(headersOf({ ...deleted, password: 'x' })),
    ];
    expect(replies.map(({ status, code }) => [status, code])).toEqual([
      [422, 'account-deleted'],
      [422, 'account-not-kubernetes'],
      [401, 'unauthenticated'],
    ]);
  });

  it('answers other methods with 405 and other paths with 404', async () => {
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const response = await fetch(`${gateway.url}/api/v1/write`, { method });
      expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
    }
    const elsewhere = { path: '/elsewhere', headers: headersOf(account), body: validBody() };
    expect((await post(gateway, elsewhere)).status).toBe(404);
  });

  it('keeps a series in its own tenant whatever its labels and headers claim', async () => {
    const name = metricName();
    const claims = {
      tenant_id: neighbour.id,
      __tenant_id__: neighbour.id,
      receive_replica: '7',
      tenant: neighbour.id,
      replica: '1',
      __replica__: 'b',
      __proto__x: 'p',
      constructor: 'c',
    };
    const timeseries = [
      seriesOf({ __name__: name, ...claims }),
      seriesOf({ __name__: name, plain: 'yes' }),
      seriesOf({ __name__: name, empty: 'yes', tenant_id: '' }),
    ];
    const headers = {
      ...headersOf(account),
      connection: 'close, Cloud-Account-Id',
      'thanos-tenant': neighbour.id,
      'x-tenant-id': neighbour.id,
    };
    const reply = await exchangeHeaders(gateway.port, headers, bodyOf({ timeseries }));
    expect(reply).toMatch(/^HTTP\/1\.1 20[04] /);
    const found = await untilFound(of(account, name), 3);
    const claimed = found.find(({ metric }) => 'exported_tenant_id' in metric)?.metric;
    expect(claimed).toMatchObject({
      exported_tenant_id: neighbour.id,
      exported___tenant_id__: neighbour.id,
      exported_receive_replica: '7',
      tenant: neighbour.id,
      replica: '1',
      constructor: 'c',
    });
    expect(await query(of(neighbour, name))).toEqual([]);
    expect(await query(`count(${name}) by (tenant_id)`)).toHaveLength(1);
  }, 60_000);

  it('takes a label named __proto__ as a label and nothing else', async () => {
    const name = metricName();
    const labels = [
      { name: '__name__', value: name },
      { name: '__proto__', value: 'polluted' },
    ];
    const body = bodyOf({ timeseries: [{ labels, samples: [{ value: 1, timestampMs: Date.now() }] }] });
    expect((await send(headersOf(account), body)).status).toBeLessThan(300);
    await untilFound(`${name}{tenant_id="${account.id}",__proto__="polluted"}`);
  }, 60_000);

  it('answers another value for a stored time, and an old sample, with 2xx or 4xx, and keeps the first value', async () => {
    const name = metricName();
    const nowMs = Date.now();
    const at = (timestampMs: number, value: number) =>
      send(headersOf(account), bodyOf({ timeseries: [seriesOf({ __name__: name }, timestampMs, value)] }));
    expect((await at(nowMs, 1)).status).toBeLessThan(300);
    expect((await at(nowMs, 2)).status).toBeLessThan(500);
    // Within the window that every store has for late samples, and beyond it.
    expect((await at(nowMs - 3_600_000, 3)).status).toBeLessThan(300);
    const old = await at(nowMs - 40 * 86_400_000, 4);
    expect(old.status).toBeGreaterThanOrEqual(400);
    expect(old.status).toBeLessThan(500);
    const [found] = await untilFound(of(account, name));
    expect(found?.value[1]).toBe('1');
  }, 60_000);

  it('stores every burst that it answers with 2xx, and asks for the others again', async () => {
    const name = metricName();
    const replies = await Promise.all(
      Array.from({ length: 200 }, (_, request) => {
        const timeseries = Array.from({ length: 20 }, (_series, index) =>
          seriesOf({ __name__: name, series: String(request * 20 + index) }),
        );
        return send(headersOf(account), bodyOf({ timeseries }));
      }),
    );
    const refused = replies.filter(({ status }) => status >= 300);
    for (const { status, retryAfter } of refused) {
      expect([429, 503]).toContain(status);
      expect(Number(retryAfter)).toBeGreaterThan(0);
    }
    const stored = (replies.length - refused.length) * 20;
    expect(stored).toBeGreaterThan(0);
    await waitFor(async () => (await query(`count(${of(account, name)})`))[0]?.value[1] === String(stored), {
      what: `${String(stored)} series to be stored`,
      timeoutMs: 30_000,
      intervalMs: 100,
    });
  }, 60_000);

  it('survives a client that goes away in the middle of its body', async () => {
    const socket = connect(gateway.port, '127.0.0.1');
    const lines = ['POST /write HTTP/1.1', 'Host: gateway', ...headerLines(headersOf(account)), 'Content-Length: 99'];
    socket.write([...lines, '', 'x'].join('\r\n'), () => socket.destroy());
    await once(socket, 'close');
  });

  it('serves others while a hundred uploads stall', async () => {
    const announced = [
      'POST /write HTTP/1.1',
      'Host: gateway',
      ...headerLines(headersOf(account)),
      'Content-Length: 99',
    ];
    const stalled = Array.from({ length: 100 }, () => exchangeRaw(gateway.port, [...announced, '', 'x'].join('\r\n')));
    expect((await send(headersOf(neighbour))).status).toBeLessThan(300);
    expect(await Promise.all(stalled)).toEqual(stalled.map(() => ''));
  }, 30_000);

  it('has closed the connections whose heads came too slowly', async () => {
    for (const answer of await Promise.all(slowHeads)) expect(answer).toBe('');
  }, 60_000);
});

function headerLines(headers: Readonly<Record<string, string>>): string[] {
  return Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
}

/** `fetch` sets some headers itself: these go as they are. */
function exchangeHeaders(port: number, headers: Readonly<Record<string, string>>, body: Buffer): Promise<string> {
  const lines = ['POST /write HTTP/1.1', 'Host: gateway', ...headerLines(headers)];
  const head = [...lines, `Content-Length: ${String(body.length)}`, '', ''].join('\r\n');
  return exchangeRaw(port, Buffer.concat([Buffer.from(head), body]));
}
