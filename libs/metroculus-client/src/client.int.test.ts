import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createMetroculusClient, type MetroculusClient, type MetroculusClientOptions } from './index';

const window = { cloudAccountId: '7f6c2c1e-0000-4000-8000-000000000001', startSeconds: 3600, endSeconds: 7200 };
const secret = 'a-cluster-secret-for-tests';
const nothing = {
  end: true,
  rows: 0,
  sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  measured_seconds: 0,
  expected_seconds: 3600,
  last_sample_at: null,
  flags: [],
};
const emptyHour = `${JSON.stringify(nothing)}\n`;
const emptyAllocations = `${JSON.stringify({ ...nothing, asset_rows: 0 })}\n`;

type Answer = (response: ServerResponse, request: IncomingMessage) => void;

/** A server that gives one answer after the other, the last one again and again. */
async function serve(...answers: Answer[]): Promise<{ server: Server; url: string; requests: IncomingMessage[] }> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    answers[Math.min(requests.length, answers.length) - 1]?.(response, request);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  servers.push(server);
  return { server, requests, url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}` };
}

const servers: Server[] = [];
const clients: MetroculusClient[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

function clientOf(baseUrl: string, options: Partial<MetroculusClientOptions> = {}): MetroculusClient {
  const client = createMetroculusClient({ baseUrl, secret, ...options });
  clients.push(client);
  return client;
}

const ok =
  (body: string): Answer =>
  (response) =>
    response.writeHead(200, { 'content-type': 'application/x-ndjson' }).end(body);
const problem =
  (status: number, code: string, more: object = {}): Answer =>
  (response) =>
    response
      .writeHead(status, { 'content-type': 'application/problem+json' })
      .end(JSON.stringify({ status, code, detail: `about ${code}`, ...more }));

describe('a call that reads a stream', () => {
  const row = '{"kind":"container",';

  it('asks for allocations of the window', async () => {
    const { url, requests } = await serve(ok(emptyAllocations));
    const hour = await clientOf(url).getKubecostAllocations(window);
    expect(hour).toEqual({ assets: [], allocations: [], end: { ...nothing, asset_rows: 0 } });
    expect(requests[0]?.url).toBe(
      `/metroculus/v2/kubecost_allocations?cloud_account_id=${window.cloudAccountId}&start_date=3600&end_date=7200`,
    );
    expect(requests[0]?.headers).toMatchObject({ secret });
  });

  it('is made again when the stream breaks or ends too early', async () => {
    const cut: Answer = (response) => {
      response.writeHead(200);
      response.write(row);
      setImmediate(() => response.destroy());
    };
    const { url, requests } = await serve(cut, ok(''), ok(emptyAllocations));
    await expect(clientOf(url).getKubecostAllocations(window)).resolves.toMatchObject({ allocations: [] });
    expect(requests).toHaveLength(3);
    const broken = await serve(cut);
    await expect(clientOf(broken.url).getKubecostAllocations(window)).rejects.toMatchObject({
      code: 'metroculus-incomplete-stream',
    });
  });

  it('tells a refusal by its problem', async () => {
    const { url } = await serve(problem(422, 'metrics-query-too-large', { details: { limit: 7 } }));
    await expect(clientOf(url).getKubecostAllocations(window)).rejects.toMatchObject({
      code: 'metrics-query-too-large',
      details: { limit: 7 },
    });
    const busy = await serve((response) => response.writeHead(503, { 'retry-after': '7' }).end());
    await expect(clientOf(busy.url, { maxAttempts: 1 }).getKubecostAllocations(window)).rejects.toMatchObject({
      code: 'metroculus-unavailable',
      retryAfterMs: 7_000,
    });
  });

  it('ends in the middle of the stream when its time is over or it is cancelled', async () => {
    const closed: Promise<void>[] = [];
    const { url } = await serve((response) => {
      response.writeHead(200);
      response.write(row);
      closed.push(new Promise((resolve) => response.once('close', resolve)));
    });
    await expect(clientOf(url, { timeoutMs: 150 }).getKubecostAllocations(window)).rejects.toMatchObject({
      code: 'metroculus-timeout',
    });
    const caller = new AbortController();
    const call = clientOf(url).getKubecostAllocations({ ...window, signal: caller.signal });
    setTimeout(() => caller.abort(new Error('enough')), 100);
    await expect(call).rejects.toThrow('enough');
    // The server hears of both.
    await Promise.all(closed);
    expect(closed).toHaveLength(2);
  });
});

describe('a call', () => {
  it('carries the secret, the window and the request id', async () => {
    const { url, requests } = await serve(ok(emptyHour));
    await clientOf(`${url}/`, { requestId: () => 'r-1' }).getKubecostAssets(window);
    expect(requests[0]?.method).toBe('GET');
    expect(requests[0]?.url).toBe(
      `/metroculus/v2/kubecost_assets?cloud_account_id=${window.cloudAccountId}&start_date=3600&end_date=7200`,
    );
    expect(requests[0]?.headers).toMatchObject({ secret, 'x-request-id': 'r-1' });
  });

  it('names metrics and step when they are asked for', async () => {
    const answer = { cloud_account_id: window.cloudAccountId, start_date: 3600, end_date: 7200, step: 60, metrics: {} };
    const { url, requests } = await serve(ok(JSON.stringify(answer)));
    const request = { ...window, metrics: ['up', 'node:x'], stepSeconds: 60 };
    expect(await clientOf(url).getKubecostMetrics(request)).toEqual(answer);
    expect(new URL(requests[0]?.url ?? '', url).searchParams.get('metrics')).toBe('up,node:x');
    expect(new URL(requests[0]?.url ?? '', url).searchParams.get('step')).toBe('60');
  });

  it.each([502, 503, 504])('that is answered %d is made again, at most three times', async (status) => {
    const recovering = await serve(problem(status, 'x'), problem(status, 'x'), ok(emptyHour));
    await expect(clientOf(recovering.url).getKubecostAssets(window)).resolves.toMatchObject({ rows: [] });
    expect(recovering.requests).toHaveLength(3);

    const broken = await serve(problem(status, 'x'));
    await expect(clientOf(broken.url).getKubecostAssets(window)).rejects.toMatchObject({
      code: 'metroculus-unavailable',
    });
    expect(broken.requests).toHaveLength(3);
  });

  it('whose connection or stream breaks is made again', async () => {
    const cut: Answer = (response) => {
      response.writeHead(200);
      response.write('{"asset_type":');
      setImmediate(() => response.destroy());
    };
    const { url, requests } = await serve((response) => response.destroy(), cut, ok(emptyHour));
    await expect(clientOf(url).getKubecostAssets(window)).resolves.toMatchObject({ rows: [] });
    expect(requests).toHaveLength(3);
  });

  it('whose stream ends cleanly but too early is made again, and refused in the end', async () => {
    const { url, requests } = await serve(ok(''));
    await expect(clientOf(url).getKubecostAssets(window)).rejects.toMatchObject({
      code: 'metroculus-incomplete-stream',
    });
    expect(requests).toHaveLength(3);
  });

  it.each([
    [400, 'invalid-request', 'metroculus-rejected'],
    [401, 'unauthenticated', 'metroculus-rejected'],
    [404, 'not-found', 'metroculus-rejected'],
    [422, 'range-too-long', 'range-too-long'],
    [422, 'too-many-points', 'too-many-points'],
    [422, 'metrics-query-too-large', 'metrics-query-too-large'],
    [500, 'internal-error', 'metroculus-unavailable'],
  ])('that is answered %d %s is not made again: %s', async (status, code, ours) => {
    const { url, requests } = await serve(problem(status, code, { details: { limit: 31 } }));
    await expect(clientOf(url).getKubecostClusterCosts(window)).rejects.toMatchObject({ code: ours });
    expect(requests).toHaveLength(1);
  });

  it('tells the caller when to come back', async () => {
    const { url } = await serve((response) => response.writeHead(503, { 'retry-after': '7' }).end());
    await expect(clientOf(url, { maxAttempts: 1 }).ping()).rejects.toMatchObject({ retryAfterMs: 7_000 });
  });

  it('that is not answered, or only drips, ends at the time limit and is not made again', async () => {
    for (const answer of [
      () => undefined,
      (response: ServerResponse) => {
        response.writeHead(200);
        const drip = setInterval(() => response.write(' '), 20);
        response.on('close', () => clearInterval(drip));
      },
    ]) {
      const { url, requests } = await serve(answer);
      await expect(clientOf(url, { timeoutMs: 150 }).getKubecostSavings(window)).rejects.toMatchObject({
        code: 'metroculus-timeout',
      });
      expect(requests).toHaveLength(1);
    }
  });

  it('whose answer is not of the contract is refused', async () => {
    const { url, requests } = await serve(ok('{"cloud_account_id":1}'));
    await expect(clientOf(url).getKubecostClusterCosts(window)).rejects.toMatchObject({
      code: 'metroculus-unavailable',
    });
    expect(requests).toHaveLength(1);
  });

  it('ends when it is cancelled, also while it waits to be made again', async () => {
    const { url, requests } = await serve((response) => response.writeHead(503, { 'retry-after': '60' }).end());
    const caller = new AbortController();
    const call = clientOf(url).getKubecostAssets({ ...window, signal: caller.signal });
    const refusal = expect(call).rejects.toThrow();
    setTimeout(() => caller.abort(new Error('enough')), 50);
    await refusal;
    expect(requests).toHaveLength(1);
  });

  it('keeps the secret out of its errors', async () => {
    const { url } = await serve(problem(401, 'unauthenticated'));
    const error: unknown = await clientOf(url)
      .getKubecostAssets(window)
      .catch((reason: unknown) => reason);
    const told = (something: unknown): string =>
      something instanceof Error
        ? `${JSON.stringify(Object.entries(something))} ${something.message} ${told(something.cause)}`
        : '';
    expect(told(error)).toContain('metroculus-rejected');
    expect(told(error)).not.toContain(secret);
  });
});
