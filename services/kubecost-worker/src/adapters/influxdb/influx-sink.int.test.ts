import { randomUUID } from 'node:crypto';
import { startInflux, startSilentServer, type LocalServer } from '@cloudtuner/test-kit';
import type { ExportPoint } from '../../domain/export-points';
import type { CostSink, InfluxOptions } from '../../export-ports';
import { askInflux, openTestSink, type TestSink } from '../../testing/influx';
import { connectInflux } from './influx-connection';
import { createInfluxSink } from './influx-sink';

const { signal } = new AbortController();
const hour = Date.UTC(2026, 2, 1, 5) / 1_000;

const accountOf = (organizationId: string = randomUUID()) => ({ id: randomUUID(), organizationId, name: 'prod' });
const pointOf = (
  account: { id: string },
  pod: string,
  nanos: bigint,
  tags: Record<string, string> = {},
): ExportPoint => ({
  measurement: 'cost_allocations',
  tags: { cloud_account_id: account.id, cluster: 'prod', namespace: 'shop', pod, resource_type: 'deployment', ...tags },
  floats: { cpu_cost: 0.25, total_cost: Number(nanos) / 1e9 },
  integers: { total_cost_nanos: nanos },
});

describe('points in InfluxDB', () => {
  let influx: TestSink;

  beforeAll(async () => {
    influx = await openTestSink();
  });

  const pods = async (account: { id: string }): Promise<unknown[]> =>
    (
      await influx.ask(`SELECT total_cost_nanos, pod FROM cost_allocations WHERE cloud_account_id = '${account.id}'`)
    ).map((row) => [row.time, row.pod, row.total_cost_nanos]);

  it('are overwritten by the same ones', async () => {
    const account = accountOf();
    await influx.sink.write(account, hour, [pointOf(account, 'a', 1n), pointOf(account, 'b', 2n)], signal);
    await influx.sink.write(account, hour, [pointOf(account, 'a', 3n)], signal);
    expect(await pods(account)).toEqual([
      [hour, 'a', 3],
      [hour, 'b', 2],
    ]);
  });

  it('carry dollars as the nearest double, and nano-dollars as an integer', async () => {
    const account = accountOf();
    await influx.sink.write(account, hour, [pointOf(account, 'a', 123_456_789_000_000_001n / 1_000n)], signal);
    const [row] = await influx.ask(
      `SELECT total_cost, total_cost_nanos, cpu_cost FROM cost_allocations WHERE cloud_account_id = '${account.id}'`,
    );
    expect(row).toMatchObject({ total_cost: 123_456.789, total_cost_nanos: 123_456_789_000_000, cpu_cost: 0.25 });
  });

  it('go hour by hour and account by account', async () => {
    const [one, other] = [accountOf(), accountOf()];
    for (const account of [one, other])
      for (const at of [hour - 3_600, hour, hour + 3_600])
        await influx.sink.write(account, at, [pointOf(account, 'a', 1n)], signal);
    await influx.sink.removeHour(one, hour, signal);
    expect(await pods(one)).toEqual([
      [hour - 3_600, 'a', 1],
      [hour + 3_600, 'a', 1],
    ]);
    expect(await pods(other)).toHaveLength(3);
  });

  it('can be written again where they were taken away, and stay so when InfluxDB is killed', async () => {
    const server = await startInflux();
    try {
      const own = await openTestSink({ url: server.url });
      const account = accountOf();
      await own.sink.write(account, hour, [pointOf(account, 'a', 1n), pointOf(account, 'gone', 1n)], signal);
      await own.sink.removeHour(account, hour, signal);
      await own.sink.write(account, hour, [pointOf(account, 'a', 2n)], signal);
      await server.kill();
      await server.restart();
      expect(await own.ask('SELECT total_cost_nanos, pod FROM cost_allocations')).toEqual([
        { time: hour, pod: 'a', total_cost_nanos: 2 },
      ]);
    } finally {
      await server.stop();
    }
  });

  it.each([
    ['a separator', 'a,team=x b=1 c'],
    ['a line break', 'a\ncost_allocations,pod=forged total_cost=9 1'],
    ['a backslash at its end', 'a\\'],
    ['a quote', `a"b'c`],
    ['letters of another script', 'größe-é-日本'],
  ])('name a cluster with %s, and nothing else comes of it', async (_what, name) => {
    const account = accountOf();
    await influx.sink.write(account, hour, [pointOf(account, 'a', 1n, { cluster: name, team: 'real' })], signal);
    const rows = await influx.ask(`SELECT * FROM cost_allocations WHERE cloud_account_id = '${account.id}'`);
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({
      cluster: name.replaceAll(/[\\\n]/g, '_'),
      team: 'real',
      pod: 'a',
      total_cost_nanos: 1,
    });
    expect(await influx.ask(`SELECT * FROM cost_allocations WHERE pod = 'forged'`)).toEqual([]);
  });

  it('come in requests that InfluxDB takes, however many there are', async () => {
    const account = accountOf();
    const many = Array.from({ length: 12_001 }, (_none, index) => pointOf(account, `pod-${String(index)}`, 1n));
    await influx.sink.write(account, hour, many, signal);
    const [sum] = await influx.ask(
      `SELECT sum(total_cost_nanos) FROM cost_allocations WHERE cloud_account_id = '${account.id}'`,
    );
    expect(sum?.sum).toBe(12_001);
  });

  it('have receipts by hour', async () => {
    const [account, other] = [accountOf(), accountOf()];
    await influx.sink.putReceipt(account, hour, { version: 'v"1', complete: false, points: 1 }, signal);
    await influx.sink.putReceipt(account, hour, { version: 'v"2', complete: true, points: 0 }, signal);
    await influx.sink.putReceipt(account, hour + 3_600, { version: 'v3', complete: false, points: 0 }, signal);
    await influx.sink.putReceipt(other, hour, { version: 'v4', complete: true, points: 0 }, signal);
    const window = { from: hour, to: hour + 7_200 };
    expect([...(await influx.sink.receipts(account, window, signal))]).toEqual([
      [hour, { version: 'v"2', complete: true, points: 0 }],
      [hour + 3_600, { version: 'v3', complete: false, points: 0 }],
    ]);
    expect((await influx.sink.receipts(accountOf(), window, signal)).size).toBe(0);
  });

  it('are counted: a receipt of more than there are, of both measurements together, is not complete', async () => {
    const account = accountOf();
    const asset: ExportPoint = {
      ...pointOf(account, '', 1n),
      measurement: 'asset_costs',
      tags: { cloud_account_id: account.id },
    };
    await influx.sink.write(account, hour, [pointOf(account, 'a', 1n), asset], signal);
    await influx.sink.putReceipt(account, hour, { version: 'v', complete: true, points: 2 }, signal);
    const isComplete = async () =>
      (await influx.sink.receipts(account, { from: hour, to: hour + 3_600 }, signal)).get(hour)?.complete;
    expect(await isComplete()).toBe(true);
    await influx.ask(`DELETE FROM asset_costs WHERE cloud_account_id = '${account.id}'`);
    expect(await isComplete()).toBe(false);
  });

  it('lie in the database that is named after their organization, each in its own', async () => {
    const organizations = [randomUUID(), randomUUID()] as const;
    const prefix = influx.database;
    for (const id of organizations) await askInflux(influx.url, `CREATE DATABASE "${prefix}_${id}"`);
    const sink = createInfluxSink(connectInflux({ url: influx.url, timeoutMs: 20_000 }), `${prefix}_{organization_id}`);
    for (const id of organizations) {
      const account = accountOf(id);
      await sink.write(account, hour, [pointOf(account, `of-${id}`, 1n)], signal);
    }
    for (const id of organizations) {
      const rows = await askInflux(influx.url, 'SELECT total_cost, pod FROM cost_allocations', {
        database: `${prefix}_${id}`,
      });
      expect(rows.map(({ pod }) => pod)).toEqual([`of-${id}`]);
    }
  });

  it('are refused for good when a field has another type there', async () => {
    const [account, own] = [accountOf(), await openTestSink()];
    await fetch(`${own.url}/write?db=${own.database}`, {
      method: 'POST',
      body: `asset_costs,cloud_account_id=${account.id} total_cost="text" ${String(hour)}000000000`,
    });
    const point: ExportPoint = { ...pointOf(account, 'a', 1n), measurement: 'asset_costs' };
    await expect(own.sink.write(account, hour, [point], signal)).rejects.toMatchObject({
      code: 'influxdb-rejected',
      message: expect.stringContaining('field type conflict') as unknown,
    });
  });

  it('are said to be too old when the database keeps nothing of their hour', async () => {
    await influx.ask(`CREATE DATABASE "${influx.database}_short" WITH DURATION 1d`);
    const sink = createInfluxSink(connectInflux({ url: influx.url, timeoutMs: 20_000 }), `${influx.database}_short`);
    const old = { version: 'v', complete: false, points: 0 };
    expect(await sink.putReceipt(accountOf(), hour, old, signal)).toBe('too-old');
    expect(await sink.putReceipt(accountOf(), Math.floor(Date.now() / 3_600_000) * 3_600, old, signal)).toBe('written');
  });
});

describe('an InfluxDB that asks who comes', () => {
  let server: LocalServer;
  const account = accountOf();
  const admin = 'root:a-password-of-a-test';

  beforeAll(async () => {
    server = await startInflux({ authentication: true });
    await askInflux(server.url, `CREATE USER root WITH PASSWORD 'a-password-of-a-test' WITH ALL PRIVILEGES`);
    await askInflux(server.url, `CREATE USER writer WITH PASSWORD 'pä:ss'`, { user: admin });
    await askInflux(server.url, 'CREATE DATABASE costs', { user: admin });
    await askInflux(server.url, 'GRANT ALL ON costs TO writer', { user: admin });
  });
  afterAll(() => server.stop());

  const sinkOf = (options: Partial<InfluxOptions>, database = 'costs'): CostSink =>
    createInfluxSink(connectInflux({ url: server.url, timeoutMs: 20_000, ...options }), database);
  const write = (sink: CostSink) => sink.write(account, hour, [pointOf(account, 'a', 1n)], signal);
  const remove = (sink: CostSink) => sink.removeHour(account, hour, signal);
  const read = (sink: CostSink) => sink.receipts(account, { from: hour, to: hour + 3_600 }, signal);

  it('lets a user of one database read, write and take away', async () => {
    const sink = sinkOf({ username: 'writer', password: 'pä:ss' });
    await write(sink);
    await remove(sink);
    expect((await read(sink)).size).toBe(0);
  });

  it.each([
    ['without credentials', {}],
    ['with a wrong password', { username: 'writer', password: 'guessed' }],
    ['with a token that 1.x does not know', { token: 'a-token' }],
  ])('makes the export wait %s, and the secret is not in what it says', async (_what, options) => {
    const sink = sinkOf(options);
    for (const attempt of [write, remove, read]) {
      const error: unknown = await attempt(sink).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).toMatchObject({ code: 'influxdb-unavailable' });
      expect(String(error)).not.toMatch(/guessed|a-token/);
    }
  });

  it('makes the export wait for a database that is not there, or not ours', async () => {
    const mine = { username: 'writer', password: 'pä:ss' };
    await askInflux(server.url, 'CREATE DATABASE foreign_costs', { user: admin });
    for (const database of ['nowhere', 'foreign_costs'])
      for (const attempt of [write, remove, read])
        await expect(attempt(sinkOf(mine, database))).rejects.toMatchObject({ code: 'influxdb-unavailable' });
  });
});

describe('an InfluxDB that is not well', () => {
  const account = accountOf();
  const sinkAt = (url: string, timeoutMs = 20_000) => createInfluxSink(connectInflux({ url, timeoutMs }), 'costs');
  const write = (sink: CostSink) => sink.write(account, hour, [pointOf(account, 'a', 1n)], signal);

  it('is unavailable while it is down, and takes points again afterwards', async () => {
    const server = await startInflux();
    try {
      await askInflux(server.url, 'CREATE DATABASE costs');
      const sink = sinkAt(server.url);
      await server.kill();
      await expect(write(sink)).rejects.toMatchObject({ code: 'influxdb-unavailable' });
      await server.restart();
      await write(sink);
    } finally {
      await server.stop();
    }
  });

  it('times out when it takes a request and says nothing', async () => {
    const silent = await startSilentServer();
    try {
      await expect(write(sinkAt(`http://127.0.0.1:${String(silent.port)}`, 200))).rejects.toMatchObject({
        code: 'influxdb-timeout',
      });
    } finally {
      await silent.close();
    }
  });
});
