import { compressSnappy, encodeWriteRequest } from '@cloudtuner/remote-write';
import { randomDatabase, sharedServers } from '@cloudtuner/test-kit';
import { createApp } from './app';
import { headersOf, openAccounts, post, seriesOf, startGateway, validBody, type TestGateway } from './testing/gateway';
import { startSink, type Sink } from './testing/sink';

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
    const known = encodeWriteRequest({ timeseries: [seriesOf({ zone: 'z', __name__: 'up', tenant_id: 'b' })] });
    // Field 100 of the request, three bytes of text.
    const body = compressSnappy(Buffer.concat([known, Buffer.from('a20603616263', 'hex')]));
    expect((await post(gateway, { headers: headersOf(account), body })).status).toBe(204);
    const names = sink.writes.at(-1)?.request.timeseries[0]?.labels.map(({ name }) => name);
    expect(names).toEqual(['__name__', 'exported_tenant_id', 'tenant_id', 'zone']);
  });
});
