import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRestapiClient, type RestapiClient, type RestapiClientOptions } from './restapi-client';

const accountId = '0b9f3c58-6a0e-4a39-8f0c-0d5f4a1f8f11';
const organizationId = '4d3f9a66-19b6-4f0b-8b57-7a3f9d8d2a10';
const token = { token: 'ct_0123456789abcdef_x', expires_at: 1_700_000_000, user_id: accountId };

let answer: (request: IncomingMessage, response: ServerResponse) => void = () => undefined;
const seen: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[] = [];
let server: Server;
let baseUrl: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      seen.push({ method, url, headers, body: Buffer.concat(chunks).toString() });
      answer(request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  baseUrl = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
beforeEach(() => {
  seen.length = 0;
});

const client = (options: Partial<RestapiClientOptions> = {}): RestapiClient =>
  createRestapiClient({ baseUrl, token: () => 'ct_secret', timeoutMs: 2000, ...options });

function json(status: number, body: unknown, headers: Record<string, string> = {}): typeof answer {
  return (_request, response) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

describe('createRestapiClient', () => {
  it('puts parameters into the path, the query and the body, and hands on token and request id', async () => {
    answer = json(201, {
      credentials: { username: accountId, password: 'p' },
      previous_expires_at: 1_700_000_000,
    });
    const api = client({ requestId: () => 'req-1' });
    await api.rotateCredentials({ params: { cloud_account_id: accountId }, body: { overlap_seconds: 60 } });
    answer = json(200, { currency: 'USD', window: { start: 0, end: 3600 }, clusters: [], warnings: [] });
    await api.listClusters({ params: { organization_id: organizationId }, query: { money: 'string' } });
    expect(seen.map(({ method, url, body }) => [method, url, body])).toEqual([
      ['POST', `/restapi/v2/cloud_accounts/${accountId}/rotate_credentials`, '{"overlap_seconds":60}'],
      ['GET', `/restapi/v2/organizations/${organizationId}/kubecost/clusters?money=string`, ''],
    ]);
    expect(seen[0]?.headers).toMatchObject({ authorization: 'Bearer ct_secret', 'x-request-id': 'req-1' });
  });

  it('sends the token to no public operation, and the cluster secret only to the operator’s', async () => {
    answer = json(201, token);
    const api = client({ secret: 'cluster secret' });
    await api.createToken({ body: { email: 'a@example.org', password: 'p' } });
    expect(seen[0]?.headers).not.toHaveProperty('authorization');
    expect(seen[0]?.headers).not.toHaveProperty('secret');
  });

  it('cannot be led to another path by a parameter', async () => {
    answer = json(404, { code: 'not-found', detail: 'no' });
    await client()
      .getBackfill({ params: { cloud_account_id: accountId, backfill_id: '../../x?y' } })
      .catch(() => undefined);
    expect(seen[0]?.url).toBe(`/restapi/v2/cloud_accounts/${accountId}/backfills/..%2F..%2Fx%3Fy`);
  });

  it('answers undefined where there is no content', async () => {
    answer = (_request, response) => response.writeHead(204).end();
    await expect(client().revokeCurrentToken({})).resolves.toBeUndefined();
  });

  it('turns problem JSON into an error with its code, details, request id and Retry-After', async () => {
    answer = json(
      503,
      { code: 'clickhouse-unavailable', detail: 'later', details: { a: 1 } },
      { 'retry-after': '5', 'x-request-id': 'req-9' },
    );
    await expect(client().listOrganizations({})).rejects.toMatchObject({
      code: 'clickhouse-unavailable',
      message: 'later',
      status: 503,
      details: { a: 1 },
      requestId: 'req-9',
      retryAfterMs: 5000,
    });
  });

  it('refuses an answer that is not the contract’s, a success of another status, and a proxy’s HTML', async () => {
    answer = json(201, { ...token, expires_at: 'soon' });
    const body = { email: 'a@example.org', password: 'p' };
    await expect(client().createToken({ body })).rejects.toMatchObject({ code: 'unexpected-answer', status: 201 });
    answer = json(200, token);
    await expect(client().createToken({ body })).rejects.toMatchObject({ code: 'unexpected-answer', status: 200 });
    answer = (_request, response) => response.writeHead(502).end('<html>');
    await expect(client().createToken({ body })).rejects.toMatchObject({ code: 'unexpected-answer', status: 502 });
  });

  it('gives up on a server that does not answer in time, and on one that is not there', async () => {
    answer = () => undefined;
    await expect(client({ timeoutMs: 100 }).listOrganizations({})).rejects.toMatchObject({ code: 'timeout' });
    const nobody = createRestapiClient({ baseUrl: 'http://127.0.0.1:1' });
    await expect(nobody.listOrganizations({})).rejects.toMatchObject({ code: 'network', status: undefined });
  });

  it('ends a call when its signal says so', async () => {
    answer = () => undefined;
    const abort = new AbortController();
    const call = client().listOrganizations({}, { signal: abort.signal });
    abort.abort();
    await expect(call).rejects.toMatchObject({ code: 'network' });
  });
});
