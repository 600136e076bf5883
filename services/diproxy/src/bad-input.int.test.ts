import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { compressSnappy } from '@cloudtuner/remote-write';
import { randomDatabase, sharedServers } from '@cloudtuner/test-kit';
import { createApp } from './app';
import {
  basic,
  bodyOf,
  exchangeRaw,
  headersOf,
  openAccounts,
  post,
  seriesOf,
  startGateway,
  validBody,
  type TestAccount,
  type TestGateway,
} from './testing/gateway';
import { startSink, type Sink } from './testing/sink';

const mebibyte = 1024 * 1024;

describe('diproxy: bad input', () => {
  const database = randomDatabase('diproxy');
  let sink: Sink;
  let gateway: TestGateway;
  let accounts: ReturnType<typeof openAccounts>;
  let account: TestAccount;
  let writesBefore: number;

  beforeAll(async () => {
    const mongodbUrl = await sharedServers().mongodbUrl();
    accounts = openAccounts(mongodbUrl, database);
    account = await accounts.create();
    sink = await startSink();
    gateway = await startGateway(createApp, {
      MONGODB_URL: mongodbUrl,
      MONGODB_DATABASE: database,
      METRICS_STORE: 'thanos',
      METRICS_WRITE_URL: sink.url,
      BODY_TIMEOUT_SECONDS: '0.5',
    });
  }, 60_000);

  afterAll(async () => {
    await gateway.stop();
    await accounts.close();
    await sink.stop();
  });

  beforeEach(() => {
    writesBefore = sink.writes.length;
  });

  // Whatever came before, the store saw none of it, and a proper write is taken.
  afterEach(async () => {
    expect(sink.writes).toHaveLength(writesBefore);
    const reply = await post(gateway, { headers: headersOf(account), body: validBody() });
    expect(reply.status).toBe(204);
  });

  const send = (headers: Record<string, string>, body: Uint8Array = validBody()) => post(gateway, { headers, body });
  const without = (name: string): Record<string, string> =>
    Object.fromEntries(Object.entries(headersOf(account)).filter(([key]) => key !== name));
  const withHeaders = (headers: Record<string, string>) => ({ ...headersOf(account), ...headers });

  it.each<[string, number, string, () => Record<string, string>]>([
    ['no account and no credentials', 400, 'account-id-missing', () => ({})],
    [
      'a user name that is no account id',
      400,
      'account-id-missing',
      () => ({ authorization: `Basic ${btoa('me:secret')}` }),
    ],
    [
      'an account id with a path in it',
      400,
      'account-id-malformed',
      () => withHeaders({ 'cloud-account-id': '../../etc' }),
    ],
    [
      'an account id that is a MongoDB operator',
      400,
      'account-id-malformed',
      () => withHeaders({ 'cloud-account-id': '{"$gt":""}' }),
    ],
    [
      'an account id named __proto__',
      400,
      'account-id-malformed',
      () => withHeaders({ 'cloud-account-id': '__proto__' }),
    ],
    [
      'a list of account ids',
      400,
      'account-id-malformed',
      () => withHeaders({ 'cloud-account-id': `${account.id}, ${account.id}` }),
    ],
    ['no credentials', 401, 'unauthenticated', () => without('authorization')],
    ['a Bearer token', 401, 'unauthenticated', () => withHeaders({ authorization: `Bearer ${account.password}` })],
    ['a wrong password', 401, 'unauthenticated', () => headersOf({ ...account, password: 'wrong' })],
    ['an empty password', 401, 'unauthenticated', () => headersOf({ ...account, password: '' })],
    ['an unknown account', 401, 'unauthenticated', () => headersOf({ ...account, id: randomUUID() })],
    ['a user name of another account', 401, 'unauthenticated', () => withHeaders({ 'cloud-account-id': randomUUID() })],
    ['JSON', 415, 'unsupported-media-type', () => withHeaders({ 'content-type': 'application/json' })],
    [
      'an unknown message',
      415,
      'unsupported-media-type',
      () => withHeaders({ 'content-type': 'application/x-protobuf;proto=x.Y' }),
    ],
    [
      'Remote Write 2.0',
      415,
      'remote-write-version-unsupported',
      () => withHeaders({ 'content-type': 'application/x-protobuf;proto=io.prometheus.write.v2.Request' }),
    ],
    ['gzip', 415, 'unsupported-media-type', () => withHeaders({ 'content-encoding': 'gzip' })],
    ['snappy twice', 415, 'unsupported-media-type', () => withHeaders({ 'content-encoding': 'snappy, snappy' })],
  ])('refuses %s with %i', async (_what, status, code, headers) => {
    const reply = await send(headers());
    expect([reply.status, reply.code]).toEqual([status, code]);
    expect(reply.headers.get('content-type')).toContain('text/plain');
    if (status === 401) expect(reply.headers.get('www-authenticate')).toMatch(/^Basic /);
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

  const label = (name: string, value: string): Record<string, string> => ({ __name__: 'up', [name]: value });
  const badSeries = (labels: Record<string, string>): Buffer => bodyOf({ timeseries: [seriesOf(labels)] });
  const twice = bodyOf({
    timeseries: [
      {
        labels: [
          ['__name__', 'up'],
          ['tenant_id', 'a'],
          ['tenant_id', 'b'],
        ].map(([name = '', value = '']) => ({ name, value })),
        samples: [],
      },
    ],
  });
  const declaring = (bytes: number[]): Buffer => Buffer.from([...bytes, 0, 0]);
  it.each<[string, number, string, Buffer]>([
    ['4 GiB declared in seven bytes', 413, 'decoded-body-too-large', declaring([0xff, 0xff, 0xff, 0xff, 0x0f])],
    ['256 MiB of zeros in 12 MiB', 413, 'body-too-large', Buffer.from(compressSnappy(Buffer.alloc(256 * mebibyte)))],
    ['40 MiB of zeros in 2 MiB', 413, 'decoded-body-too-large', compressSnappy(Buffer.alloc(40 * mebibyte))],
    ['a body that is not snappy', 400, 'snappy-malformed', Buffer.from('hello world')],
    ['framed snappy', 400, 'snappy-malformed', Buffer.from('ff060000734e61507059', 'hex')],
    ['an empty body', 400, 'snappy-malformed', Buffer.alloc(0)],
    ['snappy cut in the middle', 400, 'snappy-malformed', validBody().subarray(0, -3)],
    ['protobuf cut in the middle', 400, 'protobuf-malformed', compressSnappy(Buffer.from([0x0a, 0x20, 0x0a]))],
    ['200,000 nested groups', 400, 'protobuf-malformed', compressSnappy(Buffer.alloc(200_000, 0x23))],
    ['no metric name', 400, 'metric-name-missing', badSeries({ job: 'x' })],
    ['an empty label set', 400, 'metric-name-missing', badSeries({})],
    ['an empty label name', 400, 'label-name-empty', badSeries(label('', 'x'))],
    ['a label twice', 400, 'label-name-duplicate', twice],
    ['a label name of 64 KiB', 400, 'label-name-too-long', badSeries(label('n'.repeat(65_536), 'x'))],
    ['a label value of 1 MiB', 400, 'label-value-too-long', badSeries(label('n', 'v'.repeat(mebibyte)))],
    [
      '100,000 labels',
      400,
      'too-many-labels',
      badSeries(Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`l${String(i)}`, 'v']))),
    ],
    [
      'a sample of next year',
      400,
      'sample-too-far-in-future',
      bodyOf({ timeseries: [seriesOf({ __name__: 'up' }, Date.now() + 365 * 86_400_000)] }),
    ],
    [
      'a sample at zero',
      400,
      'sample-timestamp-not-positive',
      bodyOf({ timeseries: [seriesOf({ __name__: 'up' }, 0)] }),
    ],
    [
      '20,001 series',
      413,
      'too-many-series',
      bodyOf({ timeseries: Array.from({ length: 20_001 }, () => seriesOf({ __name__: 'up' })) }),
    ],
  ])('refuses %s with %i', async (_what, status, code, body) => {
    const startedMs = performance.now();
    const reply = await send(headersOf(account), body);
    expect([reply.status, reply.code]).toEqual([status, code]);
    expect(performance.now() - startedMs).toBeLessThan(3_000);
  });

  it('answers other methods with 405 and other paths with 404', async () => {
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const response = await fetch(`${gateway.url}/api/v1/write`, { method });
      expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
    }
    expect((await post(gateway, { path: '/elsewhere', headers: headersOf(account), body: validBody() })).status).toBe(
      404,
    );
  });

  const head = (lines: string[], path = '/write'): string =>
    [`POST ${path} HTTP/1.1`, 'Host: gateway', ...lines, '', ''].join('\r\n');
  const statuses = (text: string): string[] =>
    [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status = '']) => status);

  it.each([['Cloud-Account-Id'], ['Authorization']])('refuses the header %s twice with 400', async (name) => {
    const own = [`Cloud-Account-Id: ${account.id}`, `Authorization: ${basic(account)}`];
    const repeated = name === 'Authorization' ? own[1] : `Cloud-Account-Id: ${randomUUID()}`;
    for (const lines of [
      [...own, repeated ?? ''],
      [repeated ?? '', ...own],
    ]) {
      const answer = await exchangeRaw(gateway.port, head([...lines, 'Content-Length: 0']), 1_000);
      expect(statuses(answer)).toEqual(['400']);
      expect(answer).toContain('header-duplicated');
    }
  });

  it.each([
    ['two ways to say where the body ends', ['Content-Length: 3', 'Transfer-Encoding: chunked']],
    ['an unknown transfer encoding', ['Transfer-Encoding: xchunked']],
    ['chunked that is not last', ['Transfer-Encoding: chunked, identity']],
    ['two lengths', ['Content-Length: 3', 'Content-Length: 4']],
    ['a blank before the colon', ['Content-Length : 3']],
  ])('refuses %s', async (_what, lines) => {
    const own = [`Cloud-Account-Id: ${account.id}`, `Authorization: ${basic(account)}`];
    const answer = await exchangeRaw(gateway.port, `${head([...own, ...lines])}0\r\n\r\n`, 1_000);
    expect(statuses(answer)).toEqual(['400']);
  });

  it('asks every request on a connection for credentials', async () => {
    const body = validBody();
    const common = [`Cloud-Account-Id: ${account.id}`, `Content-Length: ${String(body.length)}`];
    const first = Buffer.concat([Buffer.from(head([...common, `Authorization: ${basic(account)}`])), body]);
    const second = Buffer.concat([Buffer.from(head(common)), body]);
    const answer = await exchangeRaw(gateway.port, Buffer.concat([first, second]), 2_000);
    expect(statuses(answer)).toEqual(['204', '401']);
    writesBefore += 1;
  });

  it('answers 401 before it has read the body, and then closes', async () => {
    const lines = [`Cloud-Account-Id: ${account.id}`, 'Content-Length: 1073741824'];
    const startedMs = performance.now();
    const answer = await exchangeRaw(gateway.port, Buffer.concat([Buffer.from(head(lines)), Buffer.alloc(65_536)]));
    expect(statuses(answer)).toEqual(['401']);
    expect(answer).toMatch(/^connection: close\r$/im);
    expect(performance.now() - startedMs).toBeLessThan(3_000);
  });

  it('answers 413 to a length above the limit before the body comes, and to a stream without end', async () => {
    const own = [`Cloud-Account-Id: ${account.id}`, `Authorization: ${basic(account)}`];
    const announced = await exchangeRaw(gateway.port, head([...own, 'Content-Length: 1073741824']));
    expect(statuses(announced)).toEqual(['413']);
    const chunk = Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(mebibyte), Buffer.from('\r\n')]);
    const endless = Buffer.concat([
      Buffer.from(head([...own, 'Transfer-Encoding: chunked'])),
      ...Array.from({ length: 11 }, () => chunk),
    ]);
    expect(statuses(await exchangeRaw(gateway.port, endless))).toEqual(['413']);
  }, 20_000);

  it('closes on a body that comes too slowly, without a status that makes senders drop it', async () => {
    const own = [`Cloud-Account-Id: ${account.id}`, `Authorization: ${basic(account)}`];
    const stalled = Array.from({ length: 50 }, () =>
      exchangeRaw(gateway.port, `${head([...own, 'Content-Length: 100'])}x`),
    );
    // Others are served meanwhile.
    expect((await send(headersOf(account))).status).toBe(204);
    writesBefore += 1;
    expect(await Promise.all(stalled)).toEqual(Array.from({ length: 50 }, () => ''));
  }, 20_000);

  it('survives a client that goes away in the middle of its body', async () => {
    const own = [`Cloud-Account-Id: ${account.id}`, `Authorization: ${basic(account)}`];
    await new Promise<void>((resolve) => {
      const socket = connect(gateway.port, '127.0.0.1', () => {
        socket.write(`${head([...own, 'Content-Length: 100'])}x`, () => socket.destroy());
      });
      socket.on('close', () => {
        resolve();
      });
    });
  });
});

describe('diproxy: input that is unusual and fine', () => {
  const database = randomDatabase('diproxy');
  let sink: Sink;
  let gateway: TestGateway;
  let accounts: ReturnType<typeof openAccounts>;

  beforeAll(async () => {
    const mongodbUrl = await sharedServers().mongodbUrl();
    accounts = openAccounts(mongodbUrl, database);
    sink = await startSink();
    gateway = await startGateway(createApp, {
      MONGODB_URL: mongodbUrl,
      MONGODB_DATABASE: database,
      METRICS_STORE: 'prometheus',
      METRICS_WRITE_URL: sink.url,
      ACCOUNT_CACHE_SECONDS: '1',
    });
  }, 60_000);

  afterAll(async () => {
    await gateway.stop();
    await accounts.close();
    await sink.stop();
  });

  it('takes the account from the Basic user name alone, in any case of its letters', async () => {
    const account = await accounts.create();
    const { authorization = '' } = headersOf({ ...account, id: account.id.toUpperCase() });
    const reply = await post(gateway, { path: '/write', headers: { authorization }, body: validBody() });
    expect(reply.status).toBe(204);
    const labels = sink.writes.at(-1)?.request.timeseries[0]?.labels;
    expect(labels).toContainEqual({ name: 'tenant_id', value: account.id });
    expect(sink.writes.at(-1)?.headers['cloud-account-id']).toBeUndefined();
  });

  it('takes content types with blanks, quotes and the message of 1.0, and none at all', async () => {
    const account = await accounts.create();
    const types = [
      'application/x-protobuf; proto=prometheus.WriteRequest',
      'Application/X-Protobuf;proto="prometheus.WriteRequest"',
    ];
    for (const type of types) {
      const headers = { ...headersOf(account), 'content-type': type };
      expect((await post(gateway, { headers, body: validBody() })).status).toBe(204);
    }
  });

  it('accepts the old password until the overlap of a rotation ends, and the new one at once', async () => {
    const account = await accounts.create();
    const rotated = await accounts.rotate(account, 1);
    const send = (password: string) =>
      post(gateway, { headers: headersOf({ ...account, password }), body: validBody() });
    expect((await send(account.password)).status).toBe(204);
    expect((await send(rotated?.password ?? '')).status).toBe(204);
    await new Promise((resolve) =>
      setTimeout(resolve, Math.max(0, (rotated?.previousExpiresAt.getTime() ?? 0) - Date.now()) + 10),
    );
    expect((await send(account.password)).status).toBe(401);
    expect((await send(rotated?.password ?? '')).status).toBe(204);
  });

  it('keeps a body of unknown fields and unsorted labels as the store can take it', async () => {
    const account = await accounts.create();
    const body = bodyOf({ timeseries: [seriesOf({ zone: 'z', __name__: 'up', tenant_id: 'b' })] });
    expect((await post(gateway, { headers: headersOf(account), body })).status).toBe(204);
    const names = sink.writes.at(-1)?.request.timeseries[0]?.labels.map(({ name }) => name);
    expect(names).toEqual(['__name__', 'exported_tenant_id', 'tenant_id', 'zone']);
  });
});
