import { once } from 'node:events';
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { sharedServers, waitFor } from '@cloudtuner/test-kit';
import {
  createOrganization,
  startRestapi,
  type RestapiHarness,
  type TestOrganization,
} from './testing/restapi-harness';
import { startTestWorld, type TestWorld } from './testing/test-world';

// What a query may use, and what becomes of it when who asked has gone. Between restapi and the engine is a proxy that makes
// of any query one that uses too much; the limits are those that restapi has set, and what ends it is the engine.

let world: TestWorld;
let harness: RestapiHarness;
let organization: TestOrganization;
let cluster: string;
let proxy: Server;
type Forward = (url: URL, sql: string) => { readonly sql: string } | 'hold';
let forward: Forward = (_url, sql) => ({ sql });
/** Queries that came, and whether their connection has been closed since. */
const held: { readonly url: URL; closed: boolean }[] = [];

async function pass(target: string, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const url = new URL(incoming.url ?? '/', target);
  const body = await buffer(incoming);
  const sql = body.toString('utf8');
  // Statements that write, and long parameters, go on as they are. So does the stamp of the data: it is small, and read for everybody who
  // asks at the time, so that no one of them ends it.
  const isQuery =
    url.searchParams.has('max_result_rows') &&
    !/multipart/.test(incoming.headers['content-type'] ?? '') &&
    !sql.includes('AS pointers');
  const made = isQuery ? forward(url, sql) : { sql: body };
  if (made === 'hold') {
    const one = { url, closed: false };
    held.push(one);
    outgoing.once('close', () => {
      one.closed = true;
    });
    return;
  }
  const { 'content-length': _length, ...headers } = incoming.headers;
  const upstream = httpRequest(url, { method: incoming.method ?? 'POST', headers }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
    pipeline(answer, outgoing).catch(() => outgoing.destroy());
  });
  upstream.end(made.sql);
}

beforeAll(async () => {
  world = await startTestWorld(sharedServers());
  const { url: target } = world.stores.clickhouse;
  proxy = createServer((incoming, outgoing) => void pass(target, incoming, outgoing));
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const url = `http://127.0.0.1:${String((proxy.address() as AddressInfo).port)}`;
  harness = await startRestapi({
    ...world.stores,
    clickhouse: { ...world.stores.clickhouse, url },
    // A query has one second of them, so that the engine's word comes before ours.
    environment: { CLICKHOUSE_TIMEOUT_MS: '20000' },
  });
  organization = await createOrganization(harness);
  const params = { organization_id: organization.id };
  const body = { name: 'shop', type: 'kubernetes_cnr' as const };
  ({ id: cluster } = await harness.client(organization.owner.token).createCloudAccount({ params, body }));
}, 120_000);
afterAll(async () => {
  await harness.stop();
  proxy.closeAllConnections();
  proxy.close();
  await world.stop();
});
afterEach(() => {
  forward = (_url, sql) => ({ sql });
});

let day = 1_700_006_400;
/** Of another day each time: what was read before would be remembered. */
const costs = (signal?: AbortSignal): Promise<Response> => {
  day += 86_400;
  const query = `start_time=${String(day)}&end_time=${String(day + 86_400)}&source=stored`;
  return fetch(`${harness.url}/restapi/v2/kubecost/clusters/${cluster}/costs?${query}`, {
    headers: { authorization: `Bearer ${organization.owner.token}` },
    ...(signal === undefined ? {} : { signal }),
  });
};

const answer = async () => {
  const response = await costs();
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};

describe('a query', () => {
  it('is answered as long as it keeps within its limits', async () => {
    expect(await answer()).toMatchObject({ status: 200 });
  });

  it('that takes longer than it may is ended by the engine: 503', async () => {
    forward = (url) => {
      url.searchParams.set('max_execution_time', '1');
      return {
        sql: 'SELECT sum(sleepEachRow(1)) AS s FROM numbers(60) SETTINGS max_block_size = 1 FORMAT JSONEachRow',
      };
    };
    expect(await answer()).toMatchObject({ status: 503, body: { code: 'clickhouse-query-timeout' } });
  });

  it('that needs more memory than it may is ended by the engine: 422', async () => {
    const limits: string[] = [];
    forward = (url) => {
      limits.push(url.searchParams.get('max_memory_usage') ?? '');
      url.searchParams.set('max_memory_usage', '20000000');
      return { sql: 'SELECT groupArray(toString(number)) AS g FROM numbers(20000000) FORMAT JSONEachRow' };
    };
    expect(await answer()).toMatchObject({ status: 422, body: { code: 'clickhouse-query-too-large' } });
    // A gibibyte, for each query.
    expect(new Set(limits)).toEqual(new Set(['1073741824']));
  });

  it('whose client has gone is let go at once, and the server is told to end such queries', async () => {
    forward = () => 'hold';
    const leaving = new AbortController();
    const left = costs(leaving.signal).catch((error: unknown) => error);
    await waitFor(() => held.length > 0, { what: 'the query' });
    expect(held.every(({ closed }) => !closed)).toBe(true);
    leaving.abort();
    await left;
    await waitFor(() => held.every(({ closed }) => closed), { what: 'the end of the connection' });
    for (const { url } of held) {
      expect(url.searchParams.get('cancel_http_readonly_queries_on_client_close')).toBe('1');
      // Without it ClickHouse does not look whether its client is there.
      expect(url.searchParams.get('readonly')).toBe('2');
    }
  });
});
