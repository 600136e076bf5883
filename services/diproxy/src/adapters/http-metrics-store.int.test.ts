import { createServer, type Server } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { freePort, startSilentServer, waitFor } from '@cloudtuner/test-kit';
import type { OutgoingWrite } from '../ports';
import { startSink, type Sink } from '../testing/sink';
import { createHttpMetricsStore } from './http-metrics-store';
import { validBody } from '../testing/gateway';

const write: OutgoingWrite = { accountId: 'a', body: validBody(), protocol: '1' };
const nobodyLeft = new AbortController().signal;

function storeAt(port: number | string, overrides: Partial<Parameters<typeof createHttpMetricsStore>[0]> = {}) {
  const events: string[] = [];
  const store = createHttpMetricsStore({
    writeUrl: typeof port === 'string' ? port : `http://127.0.0.1:${String(port)}/w`,
    tenantHeader: 'Cloud-Account-Id',
    timeoutMs: 5_000,
    connectTimeoutMs: 5_000,
    maxConnections: 1,
    tls: undefined,
    onAnswer: (status) => events.push(status),
    onRetry: () => events.push('retry'),
    ...overrides,
  });
  return { store, events };
}

describe('the HTTP metrics store', () => {
  let sink: Sink;
  beforeAll(async () => {
    sink = await startSink();
  });
  afterAll(() => sink.stop());
  afterEach(() => {
    sink.answer({ status: 204 });
  });

  it('tries once more when there was no connection, and no third time', async () => {
    const { store, events } = storeAt(await freePort());
    await expect(store.write(write, nobodyLeft)).rejects.toMatchObject({ code: 'metrics-store-unavailable' });
    expect(events).toEqual(['retry', 'connection']);
    await store.close();
  });

  it('reaches with its second attempt a store that has just come back', async () => {
    const port = await freePort();
    const server: Server = createServer((request, response) => {
      request.resume().on('end', () => response.writeHead(200).end());
    });
    const { store, events } = storeAt(port, { onRetry: () => server.listen(port) });
    expect((await store.write(write, nobodyLeft)).status).toBe(200);
    expect(events).toEqual(['200']);
    await store.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it('does not send again what may have arrived: one connection, one request', async () => {
    let requests = 0;
    const server = createTcpServer((socket) => {
      socket.once('data', () => {
        requests += 1;
        socket.destroy();
      });
      socket.on('error', () => undefined);
    });
    const port = await freePort();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    const { store, events } = storeAt(port);
    await expect(store.write(write, nobodyLeft)).rejects.toMatchObject({ code: 'metrics-store-unavailable' });
    expect([requests, events]).toEqual([1, ['connection']]);
    await store.close();
    await new Promise((resolve) => server.close(resolve));
  });

  it('gives up a write that was not sent when its sender leaves, and finishes one that was', async () => {
    const { store, events } = storeAt(sink.url);
    sink.answer('hang');
    const seen = sink.writes.length;
    const [first, second] = [new AbortController(), new AbortController()];
    const sent = store.write(write, first.signal).catch((error: unknown) => error);
    await waitFor(() => sink.writes.length === seen + 1, { what: 'the first to be sent' });
    // The one connection is taken.
    const waiting = store.write(write, second.signal);
    second.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'request-aborted' });
    first.abort();
    expect(events).toEqual(['given_up']);
    await sink.stop();
    expect(await sent).toMatchObject({ code: 'metrics-store-unavailable' });
    sink = await startSink();
    await store.close();
  });

  it('does not begin what nobody waits for any more', async () => {
    const { store } = storeAt(sink.url);
    const seen = sink.writes.length;
    await expect(store.write(write, AbortSignal.abort())).rejects.toMatchObject({ code: 'request-aborted' });
    expect((await store.write(write, nobodyLeft)).status).toBe(204);
    expect(sink.writes).toHaveLength(seen + 1);
    await store.close();
  });

  it('keeps its time limit while it waits for an answer and while it waits for a connection', async () => {
    const silent = await startSilentServer();
    const { store, events } = storeAt(silent.port, { timeoutMs: 300 });
    const outcomes = await Promise.allSettled([store.write(write, nobodyLeft), store.write(write, nobodyLeft)]);
    expect(outcomes).toMatchObject(Array(2).fill({ reason: { code: 'metrics-store-timeout' } }));
    expect(events).toEqual(['timeout', 'timeout']);
    await silent.close();
    await store.close();
  });

  it('reads the beginning of an endless answer only', async () => {
    const server = createServer((request, response) => {
      request.resume();
      response.writeHead(400);
      const timer = setInterval(() => response.write('x'.repeat(1_000)), 1);
      response.on('close', () => {
        clearInterval(timer);
      });
    });
    const port = await freePort();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    const { store } = storeAt(port);
    const answer = await store.write(write, nobodyLeft);
    expect([answer.status, answer.text]).toEqual([400, 'x'.repeat(2_048)]);
    await store.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
});
