import { randomUUID } from 'node:crypto';
import { staleMarker } from '@cloudtuner/remote-write';
import { randomDatabase, sharedServers, waitFor, type StoreAddress } from '@cloudtuner/test-kit';
import { createApp } from './app';
import {
  bodyOf,
  headersOf,
  openAccounts,
  post,
  seriesOf,
  startGateway,
  type TestAccount,
  type TestGateway,
} from './testing/gateway';

interface InstantVector {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

describe.each(['thanos', 'prometheus'] as const)('diproxy before %s', (kind) => {
  const database = randomDatabase('diproxy');
  let store: StoreAddress;
  let gateway: TestGateway;
  let accounts: ReturnType<typeof openAccounts>;
  let accountA: TestAccount;
  let accountB: TestAccount;

  beforeAll(async () => {
    const servers = sharedServers();
    store = kind === 'thanos' ? await servers.thanos() : await servers.prometheus();
    const mongodbUrl = await servers.mongodbUrl();
    accounts = openAccounts(mongodbUrl, database);
    [accountA, accountB] = [await accounts.create(), await accounts.create()];
    gateway = await startGateway(createApp, {
      MONGODB_URL: mongodbUrl,
      MONGODB_DATABASE: database,
      METRICS_STORE: kind,
      METRICS_WRITE_URL: store.writeUrl,
    });
  }, 120_000);

  afterAll(async () => {
    await gateway.stop();
    await accounts.close();
  });

  const query = async (promql: string): Promise<InstantVector[]> => {
    const response = await fetch(`${store.queryUrl}/api/v1/query?${new URLSearchParams({ query: promql }).toString()}`);
    const answer = (await response.json()) as { data?: { result: InstantVector[] } };
    return answer.data?.result ?? [];
  };
  const metricName = (): string => `m_${randomUUID().replaceAll('-', '')}`;
  const of = (account: TestAccount, name: string): string => `${name}{tenant_id="${account.id}"}`;
  const untilFound = (promql: string): Promise<InstantVector[]> =>
    waitFor(
      async () => {
        const found = await query(promql);
        return found.length > 0 && found;
      },
      { what: promql, timeoutMs: 30_000 },
    );
  const write = (account: TestAccount, ...timeseries: ReturnType<typeof seriesOf>[]) =>
    post(gateway, { headers: headersOf(account), body: bodyOf({ timeseries }) });

  it('stores an accepted write under the account of its credentials', async () => {
    const name = metricName();
    expect((await write(accountA, seriesOf({ __name__: name, job: 'j' }, Date.now(), 42))).status).toBeLessThan(300);
    const [found] = await untilFound(of(accountA, name));
    expect(found?.metric).toMatchObject({ __name__: name, job: 'j', tenant_id: accountA.id });
    expect(found?.value[1]).toBe('42');
    expect(await query(of(accountB, name))).toEqual([]);
  }, 60_000);

  it('renames a pushed tenant_id and never shows it under the other tenant', async () => {
    const name = metricName();
    const spoofed = { __name__: name, __tenant_id__: accountB.id, tenant_id: accountB.id };
    expect((await write(accountA, seriesOf(spoofed))).status).toBeLessThan(300);
    const [found] = await untilFound(of(accountA, name));
    expect(found?.metric).toMatchObject({
      exported_tenant_id: accountB.id,
      exported___tenant_id__: accountB.id,
      tenant_id: accountA.id,
    });
    expect(await query(of(accountB, name))).toEqual([]);
  }, 60_000);

  it('stores nothing for an account whose credentials were not sent', async () => {
    const name = metricName();
    const body = bodyOf({ timeseries: [seriesOf({ __name__: name })] });
    const foreignHeader = { ...headersOf(accountA), 'cloud-account-id': accountB.id };
    expect((await post(gateway, { headers: foreignHeader, body })).status).toBe(401);
    const foreignPassword = headersOf({ id: accountB.id, password: accountA.password });
    expect((await post(gateway, { headers: foreignPassword, body })).status).toBe(401);
    expect(await query(name)).toEqual([]);
  });

  it('sends nothing on that could move the tenant: query, other tenant headers, replica headers', async () => {
    const name = metricName();
    const headers = {
      ...headersOf(accountA),
      'thanos-tenant': accountB.id,
      'thanos-replica': '1',
      'x-scope-orgid': accountB.id,
    };
    const body = bodyOf({ timeseries: [seriesOf({ __name__: name })] });
    const path = `/api/v1/write?cloud_account_id=${accountB.id}&tenant=${accountB.id}`;
    expect((await post(gateway, { path, headers, body })).status).toBeLessThan(300);
    await untilFound(of(accountA, name));
    expect(await query(of(accountB, name))).toEqual([]);
  }, 60_000);

  it('stores an exact replay once', async () => {
    const name = metricName();
    const body = bodyOf({ timeseries: [seriesOf({ __name__: name })] });
    for (let time = 0; time < 3; time += 1) {
      expect((await post(gateway, { headers: headersOf(accountA), body })).status).toBeLessThan(300);
    }
    const [found] = await untilFound(`count_over_time(${of(accountA, name)}[5m])`);
    expect(found?.value[1]).toBe('1');
  }, 60_000);

  it('stores unsorted labels, and the good series beside a bad one', async () => {
    const name = metricName();
    const reply = await write(
      accountA,
      seriesOf({ zone: 'z', __name__: name, area: 'a' }),
      seriesOf({ __name__: name, 'bad.name': 'x' }),
      seriesOf({ __name__: name, future: 'x' }, Date.now() + 3_600_000),
    );
    expect(reply.status).toBe(400);
    expect(reply.code).toBe('label-name-invalid');
    expect(reply.text).toContain('2 of 3 series refused, the others are stored');
    expect(reply.text).toContain('sample-too-far-in-future: 1 series with 1 samples');
    const found = await untilFound(of(accountA, name));
    expect(found).toHaveLength(1);
    expect(found[0]?.metric).toMatchObject({ zone: 'z', area: 'a' });
  }, 60_000);

  it('carries a stale marker that ends its series at once', async () => {
    const name = metricName();
    const nowMs = Date.now();
    const labels = [{ name: '__name__', value: name }];
    const samples = [{ value: 1, timestampMs: nowMs - 60_000 }, staleMarker(nowMs - 30_000)];
    const body = bodyOf({ timeseries: [{ labels, samples }] });
    expect((await post(gateway, { headers: headersOf(accountA), body })).status).toBeLessThan(300);
    // The raw sample is there, and an instant query finds the series ended: the NaN kept its bits.
    await untilFound(`count_over_time(${of(accountA, name)}[5m])`);
    expect(await query(of(accountA, name))).toEqual([]);
  }, 60_000);

  it('accepts a request of metadata alone', async () => {
    const metadata = [{ type: 'gauge', metricFamilyName: metricName(), help: 'h', unit: '' } as const];
    const body = bodyOf({ timeseries: [], metadata });
    expect((await post(gateway, { headers: headersOf(accountA), body })).status).toBeLessThan(300);
  });
});
