import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isAppError } from '@cloudtuner/errors';
import { decodeWriteRequest } from './decode';
import { decodeWriteRequestV2 } from './decode-v2';
import { createRemoteWriteClient, parseRetryAfter, type RemoteWriteClientOptions } from './sender';
import { decompressSnappy } from './snappy-decompress';
import type { WriteRequest } from './write-request';

const writeRequest: WriteRequest = {
  timeseries: [{ labels: [{ name: '__name__', value: 'up' }], samples: [{ value: 1, timestampMs: 5 }] }],
};

interface Received {
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** A receiver that answers with one function after the other, the last one for ever. */
async function startReceiver(...answers: ((response: ServerResponse) => void)[]) {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push({ headers: request.headers, body: Buffer.concat(chunks) });
      (answers[received.length - 1] ?? answers.at(-1))?.(response);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/write`;
  const stop = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url, received, stop };
}

const status =
  (code: number, headers: Record<string, string> = {}, text = '') =>
  (response: ServerResponse): void => {
    response.writeHead(code, headers).end(text);
  };

async function push(
  answers: ((response: ServerResponse) => void)[],
  options: Partial<RemoteWriteClientOptions> = {},
): Promise<{ received: Received[]; error: unknown; elapsedMs: number }> {
  const receiver = await startReceiver(...answers);
  const client = createRemoteWriteClient({ url: receiver.url, ...options });
  const startedMs = performance.now();
  try {
    const error: unknown = await client.push(writeRequest).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    return { received: receiver.received, error, elapsedMs: performance.now() - startedMs };
  } finally {
    await receiver.stop();
    await client.close();
  }
}

describe('createRemoteWriteClient', () => {
  it('sends one snappy block with the headers of Remote Write 1.0, the account and Basic credentials', async () => {
    const { received, error } = await push([status(204)], {
      username: 'user',
      password: 'p:w',
      accountId: 'acc',
      headers: { 'x-extra': '1' },
    });
    expect(error).toBeUndefined();
    expect(received).toHaveLength(1);
    const [{ headers, body } = { headers: {}, body: Buffer.alloc(0) }] = received;
    expect(headers).toMatchObject({
      'content-type': 'application/x-protobuf',
      'content-encoding': 'snappy',
      'x-prometheus-remote-write-version': '0.1.0',
      'cloud-account-id': 'acc',
      authorization: `Basic ${Buffer.from('user:p:w').toString('base64')}`,
      'x-extra': '1',
    });
    expect(decodeWriteRequest(decompressSnappy(body, { maxDecodedBytes: 1_000 }))).toEqual(writeRequest);
  });

  it('sends Remote Write 2.0 when told so, and gives what the receiver says it has written', async () => {
    const written = {
      'x-prometheus-remote-write-samples-written': '1',
      'x-prometheus-remote-write-histograms-written': '0',
    };
    const receiver = await startReceiver(status(204, written), status(400, written, 'half of it'));
    const client = createRemoteWriteClient({ url: receiver.url, protocol: '2.0' });
    expect(await client.push(writeRequest)).toEqual({ samples: 1, histograms: 0 });
    const error: unknown = await client.push(writeRequest).catch((thrown: unknown) => thrown);
    expect(isAppError(error) && error.details).toEqual({ status: 400, written: { samples: 1, histograms: 0 } });
    await receiver.stop();
    await client.close();
    const [{ headers, body } = { headers: {}, body: Buffer.alloc(0) }] = receiver.received;
    expect(headers).toMatchObject({
      'content-type': 'application/x-protobuf;proto=io.prometheus.write.v2.Request',
      'x-prometheus-remote-write-version': '2.0.0',
    });
    expect(decodeWriteRequestV2(decompressSnappy(body, { maxDecodedBytes: 1_000 }))).toEqual(writeRequest);
  });

  it('retries 5xx and 429 with the same body until it is stored', async () => {
    const { received, error } = await push([status(503), status(429), status(500), status(200)]);
    expect(error).toBeUndefined();
    expect(received).toHaveLength(4);
    expect(new Set(received.map(({ body }) => body.toString('hex'))).size).toBe(1);
    expect(received.map(({ headers }) => headers['retry-attempt'])).toEqual([undefined, '1', '2', '3']);
  });

  it('waits as long as Retry-After says', async () => {
    const { elapsedMs, error } = await push([status(503, { 'retry-after': '1' }), status(200)]);
    expect(error).toBeUndefined();
    expect(elapsedMs).toBeGreaterThanOrEqual(995);
  });

  it('retries after a reset connection and after a receiver that hangs', async () => {
    const { received, error } = await push([(response) => response.destroy(), () => undefined, status(200)], {
      timeoutMs: 200,
    });
    expect(error).toBeUndefined();
    expect(received).toHaveLength(3);
  });

  it('gives up on 400 at once, with what the receiver said', async () => {
    const { received, error } = await push([status(400, {}, 'out of bounds')]);
    expect(received).toHaveLength(1);
    expect(isAppError(error) && error.code).toBe('remote-write-rejected');
    expect(String(error)).toContain('400: out of bounds');
  });

  it('gives up when its attempts are used up', async () => {
    const { received, error } = await push([status(503)], { maxAttempts: 3 });
    expect(received).toHaveLength(3);
    expect(isAppError(error) && error.code).toBe('remote-write-unavailable');
  });

  it('stops waiting when it is aborted', async () => {
    const receiver = await startReceiver(status(503, { 'retry-after': '60' }));
    const client = createRemoteWriteClient({ url: receiver.url });
    await expect(client.push(writeRequest, { signal: AbortSignal.timeout(100) })).rejects.toThrow();
    await receiver.stop();
    await client.close();
  });

  it('reads Retry-After as seconds or as a date, in milliseconds', () => {
    const nowMs = Date.parse('2026-01-01T00:00:00Z');
    expect(parseRetryAfter('3', nowMs)).toBe(3_000);
    expect(parseRetryAfter('Thu, 01 Jan 2026 00:00:07 GMT', nowMs)).toBe(7_000);
    expect(parseRetryAfter('Thu, 01 Jan 2025 00:00:07 GMT', nowMs)).toBe(0);
    expect(parseRetryAfter('soon', nowMs)).toBeUndefined();
    expect(parseRetryAfter(undefined, nowMs)).toBeUndefined();
  });
});
