import { randomUUID } from 'node:crypto';
import { request as httpsRequest } from 'node:https';
import { randomDatabase, sharedServers, temporaryFolder, waitFor, type StoreAddress } from '@cloudtuner/test-kit';
import { createApp } from './app';
import {
  createAuthority,
  startTerminator,
  type Authority,
  type Certificate,
  type Terminator,
} from './testing/certificates';
import { bodyOf, headersOf, openAccounts, seriesOf, startGateway, type TestAccount } from './testing/gateway';

describe('diproxy: TLS on every connection', () => {
  const database = randomDatabase('diproxy');
  const folder = temporaryFolder('tls');
  const stops: (() => Promise<void>)[] = [];
  let ours: Authority;
  let foreign: Authority;
  let client: Certificate;
  let server: Certificate;
  let thanos: StoreAddress;
  let store: Terminator;
  let mongo: Terminator;
  let accounts: ReturnType<typeof openAccounts>;
  let account: TestAccount;

  beforeAll(async () => {
    [ours, foreign] = [await createAuthority(folder.path, 'ours'), await createAuthority(folder.path, 'foreign')];
    [server, client] = [await ours.issue('server'), await ours.issue('client')];
    thanos = await sharedServers().thanos();
    const mongodbUrl = await sharedServers().mongodbUrl();
    const mutual = { cert: server.cert, key: server.key, ca: ours.cert, requestCert: true, rejectUnauthorized: true };
    store = await startTerminator(Number(new URL(thanos.writeUrl).port), mutual);
    mongo = await startTerminator(Number(new URL(mongodbUrl).port), mutual);
    accounts = openAccounts(mongodbUrl, database);
    account = await accounts.create();
  }, 120_000);

  afterAll(async () => {
    await accounts.close();
    await store.stop();
    await mongo.stop();
    folder.remove();
  });

  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop();
  });

  /** Its own listener, the store and MongoDB: all by TLS, the last two with a client certificate. */
  const environment = (): Record<string, string> => ({
    MONGODB_URL: `mongodb://127.0.0.1:${String(mongo.port)}/?directConnection=true`,
    MONGODB_DATABASE: database,
    MONGODB_TLS_CA_FILE: ours.certFile,
    MONGODB_TLS_CERT_FILE: client.certFile,
    MONGODB_TLS_KEY_FILE: client.keyFile,
    METRICS_STORE: 'thanos',
    METRICS_WRITE_URL: `https://127.0.0.1:${String(store.port)}${new URL(thanos.writeUrl).pathname}`,
    METRICS_WRITE_TLS_CA_FILE: ours.certFile,
    METRICS_WRITE_TLS_CERT_FILE: client.certFile,
    METRICS_WRITE_TLS_KEY_FILE: client.keyFile,
    TLS_CERT_FILE: server.certFile,
    TLS_KEY_FILE: server.keyFile,
  });
  const start = async (changes: Record<string, string> = {}): Promise<number> => {
    const gateway = await startGateway(createApp, { ...environment(), ...changes });
    stops.push(gateway.stop);
    return gateway.port;
  };
  const send = (
    port: number,
    name: string,
    tls: { readonly ca?: string; readonly cert?: string; readonly key?: string } = { ca: ours.cert },
  ): Promise<{ status: number | undefined; code: unknown }> =>
    new Promise((resolve, reject) => {
      const request = httpsRequest(
        { port, host: '127.0.0.1', method: 'POST', path: '/write', headers: headersOf(account), agent: false, ...tls },
        (response) => {
          response.resume();
          response.once('end', () => resolve({ status: response.statusCode, code: response.headers['x-error-code'] }));
        },
      );
      request.on('error', reject);
      request.end(bodyOf({ timeseries: [seriesOf({ __name__: name }, Date.now(), 42)] }));
    });
  const metricName = (): string => `m_${randomUUID().replaceAll('-', '')}`;

  it('stores a write that came by TLS in a store that asks for a certificate, known by a MongoDB that does too', async () => {
    const port = await start();
    const name = metricName();
    const [before, mongoBefore] = [store.connections, mongo.connections];
    expect((await send(port, name)).status).toBe(200);
    expect(store.connections).toBeGreaterThan(before);
    expect(mongo.connections).toBeGreaterThan(mongoBefore);
    const url = `${thanos.queryUrl}/api/v1/query?${new URLSearchParams({ query: name }).toString()}`;
    await waitFor(async () => (await (await fetch(url)).text()).includes('"42"'), { what: name, timeoutMs: 30_000 });
  }, 60_000);

  it('is refused by a sender that does not know its CA, and does not speak plain HTTP', async () => {
    const port = await start();
    await expect(send(port, metricName(), { ca: foreign.cert })).rejects.toMatchObject({
      code: expect.stringMatching(/CERT|VERIFY|SELF_SIGNED/),
    });
    await expect(fetch(`http://127.0.0.1:${String(port)}/healthz`)).rejects.toThrow();
  });

  it('asks senders for a certificate of its CA when it is told to', async () => {
    const port = await start({ TLS_CLIENT_CA_FILE: ours.certFile });
    const other = await foreign.issue('client');
    await expect(send(port, metricName())).rejects.toThrow();
    await expect(send(port, metricName(), { ca: ours.cert, cert: other.cert, key: other.key })).rejects.toThrow();
    const own = { ca: ours.cert, cert: client.cert, key: client.key };
    expect((await send(port, metricName(), own)).status).toBe(200);
  });

  const without = (...names: string[]): Record<string, string> => Object.fromEntries(names.map((name) => [name, '']));
  it.each<[string, string, () => Record<string, string>]>([
    [
      'the store without a client certificate',
      'metrics-store-unavailable',
      () => without('METRICS_WRITE_TLS_CERT_FILE', 'METRICS_WRITE_TLS_KEY_FILE'),
    ],
    ['a store of another CA', 'metrics-store-unavailable', () => ({ METRICS_WRITE_TLS_CA_FILE: foreign.certFile })],
    [
      'MongoDB without a client certificate',
      'account-lookup-unavailable',
      () => without('MONGODB_TLS_CERT_FILE', 'MONGODB_TLS_KEY_FILE'),
    ],
    ['a MongoDB of another CA', 'account-lookup-unavailable', () => ({ MONGODB_TLS_CA_FILE: foreign.certFile })],
  ])('cannot reach %s: senders keep their data', async (_what, code, changes) => {
    const port = await start(changes());
    expect(await send(port, metricName())).toEqual({ status: 503, code });
  });

  it('does not start with half of a certificate', async () => {
    await expect(start({ TLS_KEY_FILE: '' })).rejects.toThrow(/TLS_CERT_FILE and TLS_KEY_FILE/);
  });
});
