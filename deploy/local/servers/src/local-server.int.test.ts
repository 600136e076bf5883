import { existsSync } from 'node:fs';
import { startClickhouse, startMongo, startRedis, waitFor, type LocalServer } from './index';
import { exchange } from './tcp-exchange';

describe('a server of this machine', () => {
  let redis: LocalServer;

  beforeEach(async () => {
    redis = await startRedis();
  });
  afterEach(async () => {
    await redis.stop();
  });

  const ask = async (command: string): Promise<string> => {
    return (await exchange(redis.port, Buffer.from(`${command}\r\n`))).toString();
  };

  it('answers when its start resolves, and keeps port and data over a restart and a kill', async () => {
    const { port, pid } = redis;
    expect(await ask('SET account 42')).toBe('+OK\r\n');
    await redis.restart();
    expect(redis.port).toBe(port);
    expect(redis.pid).not.toBe(pid);
    expect(await ask('GET account')).toContain('42');
    await ask('BGREWRITEAOF');
    await redis.kill();
    expect((await redis.exited).signal).toBe('SIGKILL');
    await expect(ask('PING')).rejects.toThrow();
    await redis.restart();
    expect(await ask('PING')).toBe('+PONG\r\n');
  });

  it('takes connections but says nothing while it is paused', async () => {
    await redis.pause();
    await expect(ask('PING')).rejects.toThrow('no answer in time');
    await redis.resume();
    expect(await ask('PING')).toBe('+PONG\r\n');
  });

  it('ends although it is paused, and takes its temporary folder with it', async () => {
    const { dataDir = '' } = redis;
    expect(existsSync(dataDir)).toBe(true);
    await redis.pause();
    await redis.stop();
    expect(await redis.exited).toEqual({ code: 0, signal: null });
    expect(existsSync(dataDir)).toBe(false);
  });

  it('says whose port is busy', async () => {
    await expect(startRedis({ port: redis.port })).rejects.toThrow(`Port ${redis.port} for redis is busy.`);
  });

  it('keeps the tables of ClickHouse over a restart and a kill', async () => {
    const clickhouse = await startClickhouse();
    const query = async (sql: string): Promise<string> =>
      (await fetch(clickhouse.url, { method: 'POST', body: sql })).text();
    await query('CREATE TABLE hours (hour UInt8) ENGINE = MergeTree ORDER BY hour');
    await query('INSERT INTO hours VALUES (7)');
    await clickhouse.restart();
    await clickhouse.kill();
    await clickhouse.restart();
    expect(await query('SELECT hour FROM hours')).toBe('7\n');
    await clickhouse.stop();
  });

  it('serves the MongoDB protocol too', async () => {
    const mongodb = await startMongo();
    expect(mongodb.url).toBe(`mongodb://127.0.0.1:${mongodb.port}`);
    await mongodb.restart();
    await mongodb.stop();
  });

  it('leaves a server that somebody else runs alone', async () => {
    const other = await startRedis({ servers: { redis: { kind: 'url', url: redis.url } } });
    await other.kill();
    await other.stop();
    expect(other.pid).toBeUndefined();
    expect(await waitFor(() => ask('PING'))).toBe('+PONG\r\n');
  });
});
