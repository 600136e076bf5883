import { AppError } from '@cloudtuner/errors';
import {
  freePort,
  randomDatabase,
  randomTenant,
  sharedServers,
  startClickhouse,
  startSilentServer,
  waitFor,
} from '@cloudtuner/test-kit';
import { z } from 'zod';
import { connectClickhouse } from './client';
import type { ClickhouseClient } from './client-port';

const tag = { surface: 'test', route: 'client.int' };
const tenant = randomTenant();
const closing: (() => Promise<unknown>)[] = [];
let client: ClickhouseClient;

async function ask<Row>(sql: string, schema: z.ZodType<Row>, more: object = {}): Promise<Row[]> {
  return client.query({ sql, schema, tag, tenant, ...more });
}
const run = (sql: string): Promise<void> => client.command({ sql, tag, tenant });

beforeAll(async () => {
  const { url, username, password } = await sharedServers().clickhouse();
  client = connectClickhouse({ url, username, password, database: randomDatabase() });
  await client.server().command({ sql: `CREATE DATABASE ${client.database}`, tag, tenant });
});

afterAll(async () => {
  await client.server().command({ sql: `DROP DATABASE ${client.database}`, tag, tenant });
  await client.close();
});

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

describe('a query', () => {
  it('brings 64-bit integers and decimals without loss', async () => {
    const rows = await ask(
      "SELECT toInt64(9007199254740993) AS big, toDecimal64('123456789.123456789', 9) AS cost",
      z.object({ big: z.string(), cost: z.string() }),
    );
    expect(rows).toEqual([{ big: '9007199254740993', cost: '123456789.123456789' }]);
  });

  it('takes every value as a parameter, whatever it looks like', async () => {
    const text = "'; DROP DATABASE default; -- \\ \n \t {x:String} é";
    const rows = await ask(
      'SELECT {text:String} AS text, {list:Array(UInt32)} AS list, {none:Nullable(String)} AS none, (7, {text:String}) IN {pairs:Array(Tuple(UInt32, String))} AS found',
      z.object({ text: z.string(), list: z.array(z.number()), none: z.null(), found: z.number() }),
      { params: { text, list: [1, 2], none: null, pairs: [{ tuple: [7, text] }] } },
    );
    expect(rows).toEqual([{ text, list: [1, 2], none: null, found: 1 }]);
  });

  it('fails when a row has another form than its schema', async () => {
    await expect(ask('SELECT 1 AS one', z.object({ one: z.string() }))).rejects.toMatchObject({
      code: 'clickhouse-unexpected-row',
    });
  });

  it('ends at its time limit, its row limit and its memory limit, each with a code of its own', async () => {
    const any = z.object({});
    await expect(
      ask('SELECT sum(sleepEachRow(1)) AS s FROM numbers(30) SETTINGS max_block_size = 1', any, {
        limits: { maxExecutionSeconds: 1 },
      }),
    ).rejects.toMatchObject({ code: 'clickhouse-query-timeout', kind: 'timeout' });
    await expect(ask('SELECT number FROM numbers(100)', any, { limits: { maxResultRows: 10 } })).rejects.toMatchObject({
      code: 'clickhouse-query-too-large',
      kind: 'unprocessable',
    });
    await expect(
      ask(
        'SELECT groupArray(toString(number)) AS g FROM numbers(50000000) FORMAT Null'.replace(' FORMAT Null', ''),
        any,
        {
          limits: { maxMemoryBytes: 50_000_000 },
        },
      ),
    ).rejects.toMatchObject({ code: 'clickhouse-query-too-large' });
  });

  it('can be cancelled', async () => {
    const abort = new AbortController();
    const slow = ask('SELECT sum(sleepEachRow(1)) AS s FROM numbers(3) SETTINGS max_block_size = 1', z.object({}), {
      signal: abort.signal,
    });
    setTimeout(() => {
      abort.abort();
    }, 100);
    const startedAt = performance.now();
    await expect(slow).rejects.toBeInstanceOf(AppError);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });

  it('is ended in the server when it is cancelled', async () => {
    const marker = randomTenant();
    const abort = new AbortController();
    const endless = client.query({
      sql: 'SELECT count() AS n FROM numbers(1000000000000) WHERE sipHash64(number) = 1',
      schema: z.object({}),
      tag,
      tenant: marker,
      limits: { maxExecutionSeconds: 100 },
      signal: abort.signal,
    });
    const ended = endless.catch((error: unknown) => error);
    const running = async (): Promise<number | undefined> => {
      const sql = `SELECT count() AS count FROM system.processes WHERE position(Settings['log_comment'], {marker:String}) > 0`;
      const [row] = await ask(sql, z.object({ count: z.coerce.number() }), { params: { marker } });
      return row?.count;
    };
    await waitFor(async () => (await running()) === 1, { what: 'the query to run', timeoutMs: 30_000 });
    abort.abort();
    expect(await ended).toBeInstanceOf(AppError);
    await waitFor(async () => (await running()) === 0, { what: 'the query to end', timeoutMs: 30_000 });
  });

  it('cannot write', async () => {
    await run('CREATE TABLE kept (a UInt32) ENGINE = MergeTree ORDER BY a');
    await expect(ask('INSERT INTO kept SELECT 1', z.object({}))).rejects.toMatchObject({ code: 'clickhouse-rejected' });
  });

  it('names a statement that is wrong, and a table that is not there', async () => {
    await expect(ask('SELEKT 1', z.object({}))).rejects.toMatchObject({
      code: 'clickhouse-rejected',
      kind: 'internal',
    });
    await expect(ask('SELECT 1 FROM nowhere', z.object({}))).rejects.toMatchObject({
      code: 'clickhouse-schema-missing',
      kind: 'upstream-unavailable',
    });
  });

  it('tells who asks', async () => {
    const rows = await ask("SELECT getSetting('log_comment') AS comment", z.object({ comment: z.string() }));
    expect(JSON.parse(rows[0]?.comment ?? '')).toEqual({ surface: 'test', route: 'client.int', tenant });
  });
});

describe('an insert', () => {
  const count = z.object({ count: z.coerce.number() });

  it('is one part, whatever its size, so that it is seen as a whole or not at all', async () => {
    await run('CREATE TABLE big (a UInt32, text String) ENGINE = MergeTree ORDER BY a');
    // 30,000 rows of about 1 kB: several times the size at which ClickHouse cuts a body to read it in parallel.
    const rows = Array.from({ length: 30_000 }, (_none, a) => ({ a, text: `${String(a)}-${'x'.repeat(1_000)}` }));
    await client.insert({ table: 'big', rows, tag, tenant });
    expect(await ask('SELECT count() AS count FROM big', count)).toEqual([{ count: 30_000 }]);
    const parts = await ask(
      'SELECT count() AS count FROM system.parts WHERE database = {database:String} AND table = {table:String} AND level = 0',
      count,
      { params: { database: client.database, table: 'big' } },
    );
    expect(parts).toEqual([{ count: 1 }]);
  });

  it('with a token that was seen before is dropped, also when its rows differ', async () => {
    await run(
      'CREATE TABLE once (a UInt32) ENGINE = MergeTree ORDER BY a SETTINGS non_replicated_deduplication_window = 100',
    );
    for (const [a, token] of [
      [1, 't'],
      [1, 't'],
      [2, 't'],
      [3, 'u'],
    ] as const) {
      await client.insert({ table: 'once', rows: [{ a }], token, tag, tenant });
    }
    expect(await ask('SELECT a FROM once ORDER BY a', z.object({ a: z.number() }))).toEqual([{ a: 1 }, { a: 3 }]);
  });

  it('keeps both halves of a correction until they are merged', async () => {
    await run('CREATE TABLE signed (a UInt32, sign Int8) ENGINE = CollapsingMergeTree(sign) ORDER BY a');
    await run('SYSTEM STOP MERGES signed');
    await client.insert({
      table: 'signed',
      rows: [
        { a: 1, sign: -1 },
        { a: 1, sign: 1 },
      ],
      tag,
      tenant,
    });
    expect(await ask('SELECT sign FROM signed', z.object({ sign: z.number() }))).toEqual([{ sign: -1 }, { sign: 1 }]);
  });
});

describe('while ClickHouse is away', () => {
  const clientOf = (url: string, requestTimeoutMs = 500): ClickhouseClient => {
    const away = connectClickhouse({ url, database: 'any', requestTimeoutMs });
    closing.push(() => away.close());
    return away;
  };
  const one = { sql: 'SELECT 1', schema: z.object({}), tag, tenant };

  it('every call says so', async () => {
    const away = clientOf(`http://127.0.0.1:${String(await freePort())}`);
    for (const call of [
      () => away.query(one),
      () => away.insert({ table: 't', rows: [{ a: 1 }], tag, tenant }),
      () => away.command({ sql: 'SELECT 1', tag, tenant }),
      () => away.ping(),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'clickhouse-unavailable' });
    }
  });

  it('a call to one that never answers ends at its time limit', async () => {
    const silent = await startSilentServer();
    closing.push(() => silent.close());
    const away = clientOf(`http://127.0.0.1:${String(silent.port)}`);
    const startedAt = performance.now();
    await expect(away.query(one)).rejects.toMatchObject({ code: 'clickhouse-unavailable' });
    expect(performance.now() - startedAt).toBeLessThan(2_500);
  });

  it('the same client works again when the server is back, after a kill and after a pause', async () => {
    const server = await startClickhouse();
    closing.push(() => server.stop());
    const own = connectClickhouse({ ...server, database: 'default', requestTimeoutMs: 1_000 });
    closing.push(() => own.close());
    await own.ping();
    await server.kill();
    await expect(own.ping()).rejects.toMatchObject({ code: 'clickhouse-unavailable' });
    await server.restart();
    expect(await own.query(one)).toHaveLength(1);
    await server.pause();
    await expect(own.query(one)).rejects.toMatchObject({ code: 'clickhouse-unavailable' });
    await server.resume();
    await waitFor(async () => (await own.query(one)).length === 1);
  });
});
