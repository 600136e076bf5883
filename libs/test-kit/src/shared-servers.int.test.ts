import { brokerVariable } from './jest/broker-address';
import { sharedServers } from './shared-servers';

describe('shared servers', () => {
  it('starts a server once, however many ask', async () => {
    const servers = sharedServers();
    const urls = await Promise.all([servers.redisUrl(), servers.redisUrl(), sharedServers().redisUrl()]);
    expect(new Set(urls).size).toBe(1);
  });

  it('serves Prometheus and Thanos with their write and query addresses', async () => {
    const servers = sharedServers();
    for (const store of [await servers.prometheus(), await servers.thanos()]) {
      const answer = await fetch(`${store.queryUrl}/api/v1/query?query=1`);
      expect(answer.status).toBe(200);
      const write = await fetch(store.writeUrl, { method: 'POST', body: 'not snappy' });
      expect(write.status).toBe(400);
    }
  });

  it('serves ClickHouse over HTTP', async () => {
    const { url, username, password } = await sharedServers().clickhouse();
    const answer = await fetch(`${url}/?query=SELECT%206*7`, {
      headers: { Authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` },
    });
    expect(await answer.text()).toBe('42\n');
  });

  it('says which server there is not', async () => {
    const broker = process.env[brokerVariable] ?? '';
    expect(await (await fetch(`${broker}/postgres`)).text()).toBe('There is no shared server postgres.');
  });

  it('gives the MongoDB protocol an address of this machine', async () => {
    expect(await sharedServers().mongodbUrl()).toMatch(/^mongodb:\/\//);
  });
});
