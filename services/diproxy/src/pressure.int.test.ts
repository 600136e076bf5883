import { connect, type Socket } from 'node:net';
import { randomDatabase, sharedServers, waitFor } from '@cloudtuner/test-kit';
import { createApp } from './app';
import {
  basic,
  exchangeRaw,
  headersOf,
  openAccounts,
  post,
  startGateway,
  validBody,
  type TestAccount,
  type TestGateway,
} from './testing/gateway';
import { startSink, type Sink } from './testing/sink';

const mebibyte = 1024 * 1024;

describe('diproxy under pressure', () => {
  const database = randomDatabase('diproxy');
  let sink: Sink;
  let gateway: TestGateway;
  let accounts: ReturnType<typeof openAccounts>;
  let account: TestAccount;

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
      METRICS_WRITE_TIMEOUT_SECONDS: '20',
      LIMIT_IN_FLIGHT_REQUESTS: '64',
      LIMIT_IN_FLIGHT_BYTES: String(8 * mebibyte),
      LIMIT_ACCOUNT_IN_FLIGHT_REQUESTS: '64',
      BODY_TIMEOUT_SECONDS: '30',
    });
    expect((await post(gateway, { headers: headersOf(account), body: validBody() })).status).toBe(204);
  }, 60_000);

  afterAll(async () => {
    await gateway.stop();
    await accounts.close();
    await sink.stop();
  });

  afterEach(async () => {
    sink.answer({ status: 204 });
    expect((await post(gateway, { headers: headersOf(account), body: validBody() })).status).toBe(204);
    const metrics = await gateway.metricsText();
    expect(metrics).toMatch(/^diproxy_in_flight_requests.* 0$/m);
    expect(metrics).toMatch(/^diproxy_in_flight_bytes.* 0$/m);
  });

  const credentials = (): string[] => [`Cloud-Account-Id: ${account.id}`, `Authorization: ${basic(account)}`];
  const head = (lines: string[]): string => ['POST /write HTTP/1.1', 'Host: gateway', ...lines, '', ''].join('\r\n');
  const statusOf = (text: string): string => /^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 'none';

  /** An open connection that collects what comes back. */
  const open = async (): Promise<{ socket: Socket; text(): string }> => {
    const chunks: Buffer[] = [];
    const socket = connect(gateway.port, '127.0.0.1');
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', () => undefined);
    await new Promise((resolve) => socket.once('connect', resolve));
    return { socket, text: () => Buffer.concat(chunks).toString('latin1') };
  };

  it('settles each of 2,000 connections that write at once: stored, or to be sent again', async () => {
    const body = validBody();
    const request = Buffer.concat([
      Buffer.from(head([...credentials(), `Content-Length: ${String(body.length)}`])),
      body,
    ]);
    const seen = sink.writes.length;
    const connections = await Promise.all(Array.from({ length: 2_000 }, () => open()));
    for (const { socket } of connections) socket.write(request);
    // On a machine that is slow enough, a head may count as late: a closed connection is sent again as well.
    await waitFor(() => connections.every(({ socket, text }) => statusOf(text()) !== 'none' || socket.destroyed), {
      what: 'an answer to each',
      timeoutMs: 45_000,
    });
    const statuses = connections.map(({ text }) => statusOf(text()));
    const stored = statuses.filter((status) => status === '204').length;
    expect(stored).toBeGreaterThan(0);
    expect(statuses.filter((status) => !['204', '503', 'none'].includes(status))).toEqual([]);
    expect(sink.writes.length - seen).toBeGreaterThanOrEqual(stored);
    // They stay open, and the next one is served.
    expect((await post(gateway, { headers: headersOf(account), body })).status).toBe(204);
    for (const { socket } of connections) socket.destroy();
  }, 90_000);

  it('holds no more than its budget before a store that hangs, and answers the rest', async () => {
    sink.answer('hang');
    const body = validBody();
    const request = Buffer.concat([
      Buffer.from(head([...credentials(), `Content-Length: ${String(body.length)}`])),
      body,
    ]);
    const seen = sink.writes.length;
    const connections = await Promise.all(Array.from({ length: 500 }, () => open()));
    for (const { socket } of connections) socket.write(request);
    const answers = (): string[] => connections.map(({ text }) => statusOf(text()));
    await waitFor(() => answers().filter((status) => status === '503').length === 500 - 64, {
      what: 'all but 64 to be refused',
      timeoutMs: 20_000,
    });
    expect(sink.writes.length - seen).toBe(64);
    expect(await gateway.metricsText()).toMatch(/^diproxy_in_flight_requests.* 64$/m);
    // The senders give up; what was sent is still waited for, until the store ends it.
    for (const { socket } of connections) socket.destroy();
    const url = sink.url;
    await sink.stop();
    await waitFor(async () => /^diproxy_in_flight_requests.* 0$/m.test(await gateway.metricsText()), {
      what: 'nothing to be in flight',
    });
    sink = await startSink(Number(new URL(url).port));
  }, 60_000);

  it('counts the bytes of uploads that stall: one account can take half of the budget, and no more', async () => {
    const announced = [...credentials(), `Content-Length: ${String(2 * mebibyte)}`];
    const uploads = await Promise.all(Array.from({ length: 4 }, () => open()));
    for (const { socket } of uploads)
      socket.write(Buffer.concat([Buffer.from(head(announced)), Buffer.alloc(mebibyte)]));
    const heldBytes = async (): Promise<number> =>
      Number(/^diproxy_in_flight_bytes.* (\d+)$/m.exec(await gateway.metricsText())?.[1]);
    await waitFor(async () => (await heldBytes()) === 4 * mebibyte, { what: '4 MiB to be held' });
    const fifth = await exchangeRaw(
      gateway.port,
      Buffer.concat([Buffer.from(head([...credentials(), 'Content-Length: 1000'])), Buffer.alloc(1_000)]),
    );
    expect(fifth).toMatch(/^HTTP\/1\.1 503/);
    expect(fifth).toContain('account-overloaded');
    const other = await accounts.create();
    expect((await post(gateway, { headers: headersOf(other), body: validBody() })).status).toBe(204);
    for (const { socket } of uploads) socket.destroy();
    await waitFor(async () => (await heldBytes()) === 0, { what: 'all bytes to be given back' });
  }, 30_000);

  it('invites a body (100 Continue) after authentication and admission only', async () => {
    const body = validBody();
    const expecting = ['Expect: 100-continue', `Content-Length: ${String(body.length)}`];
    const refused = await exchangeRaw(gateway.port, head(['Cloud-Account-Id: x', ...expecting]), 2_000);
    expect(refused).toMatch(/^HTTP\/1\.1 400/);
    const wrong = [`Cloud-Account-Id: ${account.id}`, `Authorization: ${basic({ ...account, password: 'x' })}`];
    const unauthenticated = await exchangeRaw(gateway.port, head([...wrong, ...expecting]), 2_000);
    expect(unauthenticated).toMatch(/^HTTP\/1\.1 401/);
    const large = ['Expect: 100-continue', 'Content-Length: 1073741824'];
    expect(await exchangeRaw(gateway.port, head([...credentials(), ...large]), 2_000)).toMatch(/^HTTP\/1\.1 413/);
    const type = ['Content-Type: application/json', ...expecting];
    expect(await exchangeRaw(gateway.port, head([...credentials(), ...type]), 2_000)).toMatch(/^HTTP\/1\.1 415/);

    const { socket, text } = await open();
    socket.write(head([...credentials(), ...expecting]));
    await waitFor(() => text().startsWith('HTTP/1.1 100'), { what: 'the invitation' });
    socket.write(body);
    await waitFor(() => text().includes('HTTP/1.1 204'), { what: 'the answer' });
    socket.destroy();
  }, 30_000);

  it('stores what it has sent even when the sender has left', async () => {
    sink.answer('hang');
    const body = validBody();
    const seen = sink.writes.length;
    const { socket } = await open();
    const request = head([...credentials(), `Content-Length: ${String(body.length)}`]);
    socket.write(Buffer.concat([Buffer.from(request), body]));
    await waitFor(() => sink.writes.length === seen + 1, { what: 'the write to reach the store' });
    socket.destroy();
    // On another connection, answered after the end of the first has been seen.
    sink.answer({ status: 204 });
    expect((await post(gateway, { headers: headersOf(account), body })).status).toBe(204);
    expect(await gateway.metricsText()).toMatch(/^diproxy_in_flight_requests.* 1$/m);
    // A status that nobody else gets.
    sink.release({ status: 206 });
    await waitFor(
      async () => /^diproxy_store_responses_total\{status="206".*\} 1$/m.test(await gateway.metricsText()),
      {
        what: 'the store`s answer to be taken',
      },
    );
    expect(await gateway.metricsText()).toMatch(/^diproxy_in_flight_requests.* 0$/m);
  });
});
