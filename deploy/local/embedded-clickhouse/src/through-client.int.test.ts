import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  ClickHouseError,
  createClient,
  TupleParam,
  type ClickHouseClient,
  type ClickHouseSettings,
} from '@clickhouse/client';
import { randomDatabase, sharedServers, waitFor, type ClickhouseAddress } from '@cloudtuner/test-kit';

/** What the services ask of ClickHouse, through the stock client: the same against a real server (`CLICKHOUSE_URL`). */
const clickhouseUnderTest = (): Promise<ClickhouseAddress> => sharedServers().clickhouse();

const exactNumbers: ClickHouseSettings = {
  output_format_json_quote_64bit_integers: 1,
  output_format_json_quote_decimals: 1,
};

let address: ClickhouseAddress;
let client: ClickHouseClient;
const database = randomDatabase('client');

function connect(
  target: string,
  options: { compression?: { request: boolean; response: boolean } } = {},
): ClickHouseClient {
  return createClient({
    ...address,
    database: target,
    clickhouse_settings: exactNumbers,
    log: { level: 127 },
    max_open_connections: 20,
    ...options,
  });
}

async function rows<Row>(query: string, query_params: Record<string, unknown> = {}, by = client): Promise<Row[]> {
  return (await by.query({ query, query_params, format: 'JSONEachRow' })).json<Row>();
}

async function failure(work: Promise<unknown>): Promise<{ code: string; type: string | undefined }> {
  const error: unknown = await work.then(
    () => new Error('no failure'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ClickHouseError)) throw error;
  return { code: error.code, type: error.type };
}

beforeAll(async () => {
  address = await clickhouseUnderTest();
  const first = createClient({ ...address });
  await first.command({ query: 'CREATE DATABASE {name:Identifier}', query_params: { name: database } });
  await first.close();
  client = connect(database);
});

afterAll(async () => {
  await client.command({ query: `DROP DATABASE ${database}` });
  await client.close();
});

describe('tables', () => {
  it('take every column type that the services use, exactly', async () => {
    await client.command({
      query: `CREATE TABLE kinds (
        id UUID, hour DateTime('UTC'), kind LowCardinality(String), labels Map(String, String), cost Nullable(Decimal(18, 9)),
        total Decimal(18, 9), count UInt64, flags Array(String), share Nullable(Float64), closed Bool, day Date, sign Int8
      ) ENGINE = MergeTree PARTITION BY toYYYYMM(hour) ORDER BY (id, hour) TTL hour + INTERVAL 10 YEAR`,
    });
    const row = {
      id: randomUUID(),
      hour: '2026-02-03 04:00:00',
      kind: 'node',
      labels: { zone: 'a', "quo'te": 'back\\slash\nline\té😀' },
      cost: '0.123456789',
      total: '999999999.999999999',
      count: '9007199254740993',
      flags: ['a,b', "c'd", ''],
      share: 0.1,
      closed: true,
      day: '2026-02-03',
      sign: -1,
    };
    await client.insert({ table: 'kinds', values: [row, { ...row, cost: null, share: null }], format: 'JSONEachRow' });
    const stored = await rows('SELECT * FROM kinds WHERE id = {id:UUID} ORDER BY cost NULLS LAST', { id: row.id });
    expect(stored).toEqual([row, { ...row, cost: null, share: null }]);
  });

  it('drop rows whose time to live has passed', async () => {
    await client.command({
      query: "CREATE TABLE fading (at DateTime('UTC'), n UInt8) ENGINE = MergeTree ORDER BY n TTL at + INTERVAL 1 DAY",
    });
    const values = [
      { at: '2020-01-01 00:00:00', n: 1 },
      { at: '2090-01-01 00:00:00', n: 2 },
    ];
    await client.insert({ table: 'fading', values, format: 'JSONEachRow' });
    await client.command({ query: 'OPTIMIZE TABLE fading FINAL' });
    expect(await rows('SELECT n FROM fading')).toEqual([{ n: 2 }]);
  });

  it('keep the newest row of ReplacingMergeTree, with FINAL and by argMax', async () => {
    await client.command({
      query: 'CREATE TABLE versions (k String, v String, at UInt64) ENGINE = ReplacingMergeTree(at) ORDER BY k',
    });
    for (const [v, at] of [
      ['old', 1],
      ['new', 3],
      ['middle', 2],
    ] as const) {
      await client.insert({ table: 'versions', values: [{ k: 'a', v, at }], format: 'JSONEachRow' });
    }
    expect(await rows('SELECT v FROM versions FINAL')).toEqual([{ v: 'new' }]);
    expect(await rows('SELECT k, argMax(v, at) AS v FROM versions GROUP BY k')).toEqual([{ k: 'a', v: 'new' }]);
  });

  it('take back rows of CollapsingMergeTree by their opposite sign', async () => {
    await client.command({
      query: `CREATE TABLE expenses (resource String, date Date, cost Decimal(18, 9), sign Int8)
        ENGINE = CollapsingMergeTree(sign) PARTITION BY toYYYYMM(date) ORDER BY (resource, date)`,
    });
    const row = { resource: 'r', date: '2026-01-31' };
    await client.insert({ table: 'expenses', values: [{ ...row, cost: '1.1', sign: 1 }], format: 'JSONEachRow' });
    const change = [
      { ...row, cost: '1.1', sign: -1 },
      { ...row, cost: '2.000000003', sign: 1 },
    ];
    await client.insert({ table: 'expenses', values: change, format: 'JSONEachRow' });
    expect(await rows('SELECT sum(cost * sign) AS cost FROM expenses')).toEqual([{ cost: '2.000000003' }]);
    expect(await rows('SELECT cost FROM expenses FINAL')).toEqual([{ cost: '2.000000003' }]);
  });

  it('insert once what is sent twice with one deduplication token', async () => {
    await client.command({
      query:
        'CREATE TABLE once (n UInt8) ENGINE = MergeTree ORDER BY n SETTINGS non_replicated_deduplication_window = 100',
    });
    const insert = (token: string): Promise<unknown> =>
      client.insert({
        table: 'once',
        values: [{ n: 1 }],
        format: 'JSONEachRow',
        clickhouse_settings: { insert_deduplication_token: token },
      });
    await insert('first');
    await insert('first');
    expect(await rows('SELECT count() AS count FROM once')).toEqual([{ count: '1' }]);
    await insert('second');
    expect(await rows('SELECT count() AS count FROM once')).toEqual([{ count: '2' }]);
  });

  it('lose the rows of a lightweight DELETE at once', async () => {
    await client.command({ query: 'CREATE TABLE shrinking (n UInt8) ENGINE = MergeTree ORDER BY n' });
    await client.insert({ table: 'shrinking', values: [{ n: 1 }, { n: 2 }, { n: 3 }], format: 'JSONEachRow' });
    await client.command({ query: 'DELETE FROM shrinking WHERE n = {n:UInt8}', query_params: { n: 2 } });
    expect(await rows('SELECT n FROM shrinking ORDER BY n')).toEqual([{ n: 1 }, { n: 3 }]);
  });

  it('are filled from a query, and by VALUES', async () => {
    await client.command({ query: 'CREATE TABLE filled (n UInt64, s String) ENGINE = MergeTree ORDER BY n' });
    await client.command({ query: "INSERT INTO filled VALUES (1, 'a;b'), (2, upper('é--x'))" });
    await client.command({ query: "INSERT INTO filled (n, s) SELECT number + 3, 'c' FROM numbers(2)" });
    await client.command({
      query: 'INSERT INTO filled VALUES ({n:UInt64}, {s:String})',
      query_params: { n: 5, s: "d'" },
    });
    expect(await rows('SELECT * FROM filled ORDER BY n')).toEqual([
      { n: '1', s: 'a;b' },
      { n: '2', s: 'é--X' },
      { n: '3', s: 'c' },
      { n: '4', s: 'c' },
      { n: '5', s: "d'" },
    ]);
  });
});

describe('query parameters', () => {
  it.each([
    ["it's"],
    ["back\\slash \\n \\' \\\\"],
    ['line\nfeed\r\ttab'],
    ["'; DROP TABLE x; --"],
    ['{x:String} ${x}'],
    ['é 日本 😀'],
    [''],
    ['\\N'],
  ])('bring the text %j through unchanged', async (text) => {
    const [row] = await rows<{ value: string; list: string[]; map: Record<string, string> }>(
      'SELECT {text:String} AS value, {list:Array(String)} AS list, {map:Map(String, String)} AS map',
      { text, list: [text, 'x'], map: { [text]: text } },
    );
    expect(row).toEqual({ value: text, list: [text, 'x'], map: { [text]: text } });
  });

  it('have the types that the query gives them', async () => {
    const at = new Date('2026-03-04T05:06:07.000Z');
    const query = `SELECT {int:Int64} AS int, {dec:Decimal(18, 9)} AS dec, {none:Nullable(String)} AS none, {yes:Bool} AS yes,
      {at:DateTime('UTC')} AS at, {ids:Array(UUID)} AS ids, {pair:Tuple(UInt8, String)} AS pair, {f:Float64} AS f`;
    const id = randomUUID();
    const int = 9007199254740993n;
    const parameters = {
      int,
      dec: '0.000000001',
      none: null,
      yes: true,
      at,
      ids: [id],
      pair: new TupleParam([7, 'x']),
      f: 0.1,
    };
    expect(await rows(query, parameters)).toEqual([
      {
        int: '9007199254740993',
        dec: '0.000000001',
        none: null,
        yes: true,
        at: '2026-03-04 05:06:07',
        ids: [id],
        pair: [7, 'x'],
        f: 0.1,
      },
    ]);
  });

  it('name tables and databases', async () => {
    await client.command({
      query: 'CREATE TABLE {t:Identifier} (n UInt8) ENGINE = Memory',
      query_params: { t: 'odd`name' },
    });
    await client.insert({ table: '`odd\\`name`', values: [{ n: 4 }], format: 'JSONEachRow' });
    expect(await rows('SELECT n FROM {d:Identifier}.{t:Identifier}', { d: database, t: 'odd`name' })).toEqual([
      { n: 4 },
    ]);
  });

  it('that are long come as a form', async () => {
    const list = Array.from({ length: 2000 }, (_, index) => `value-${String(index)}`);
    const result = await client.query({
      query: 'SELECT length({list:Array(String)}) AS n, {list:Array(String)}[2000] AS last',
      query_params: { list },
      format: 'JSONEachRow',
      use_multipart_params: true,
    });
    expect(await result.json()).toEqual([{ n: '2000', last: 'value-1999' }]);
  });

  it('that are missing or of another type are refused, also after a query that had them', async () => {
    expect(await rows('SELECT {x:UInt8} AS x', { x: 1 })).toEqual([{ x: 1 }]);
    expect(await failure(rows('SELECT {x:UInt8} AS x'))).toEqual({ code: '456', type: 'UNKNOWN_QUERY_PARAMETER' });
    expect(await failure(rows('SELECT {x:UInt8} AS x', { x: '1; DROP' }))).toEqual({
      code: '457',
      type: 'BAD_QUERY_PARAMETER',
    });
  });
});

describe('settings', () => {
  it('keep 64-bit integers and decimals exact in JSON, and hold for their own query only', async () => {
    const query = 'SELECT toInt64(9007199254740993) AS n, toDecimal64(0.1, 9) AS d';
    expect(await rows(query)).toEqual([{ n: '9007199254740993', d: '0.1' }]);
    const unquoted = await client.query({
      query,
      format: 'JSONEachRow',
      clickhouse_settings: { output_format_json_quote_64bit_integers: 0, output_format_json_quote_decimals: 0 },
    });
    expect(await unquoted.text()).toBe('{"n":9007199254740993,"d":0.1}\n');
    expect(await rows(query)).toEqual([{ n: '9007199254740993', d: '0.1' }]);
  });

  it('reach the query: log_comment, and those of the SETTINGS clause', async () => {
    const comment = JSON.stringify({ surface: 'api', tenant: "it's" });
    const result = await client.query({
      query:
        "SELECT getSetting('log_comment') AS comment, toString(getSetting('max_threads')) AS threads SETTINGS max_threads = 3",
      format: 'JSONEachRow',
      clickhouse_settings: { log_comment: comment },
    });
    expect(await result.json()).toEqual([{ comment, threads: '3' }]);
    expect(await rows("SELECT getSetting('log_comment') AS comment")).toEqual([{ comment: '' }]);
  });

  it('that do not exist are refused', async () => {
    const query = client.query({ query: 'SELECT 1', clickhouse_settings: { max_threadz: 1 } });
    expect(await failure(query)).toEqual({ code: '115', type: 'UNKNOWN_SETTING' });
  });

  it('limit the time, the memory and the rows of a query with the codes of ClickHouse', async () => {
    const limited = (query: string, clickhouse_settings: ClickHouseSettings): Promise<{ code: string }> =>
      failure(client.query({ query, clickhouse_settings, format: 'JSONEachRow' }).then((result) => result.json()));
    const endless = 'SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1';
    expect(await limited(endless, { max_execution_time: 0.3 })).toMatchObject({ code: '159' });
    const large = 'SELECT groupArray(number) FROM numbers(100000000)';
    expect(await limited(large, { max_memory_usage: '50000000' })).toMatchObject({ code: '241' });
    expect(await limited('SELECT number FROM numbers(1000000)', { max_result_rows: '10' })).toMatchObject({
      code: '396',
    });
  });
});

describe('errors', () => {
  it.each([
    ['SELECT * FROM missing', '60', 'UNKNOWN_TABLE'],
    ['SELECT * FROM missing_database.t', '81', 'UNKNOWN_DATABASE'],
    ['SELECT missing', '47', 'UNKNOWN_IDENTIFIER'],
    ['SELECT missing()', '46', 'UNKNOWN_FUNCTION'],
    ['SELECT FROM WHERE', '62', 'SYNTAX_ERROR'],
    ['SELECT 1; SELECT 2', '62', 'SYNTAX_ERROR'],
    ["SELECT toUInt8('x')", '6', 'CANNOT_PARSE_TEXT'],
  ])('of %s have the code %s', async (query, code, type) => {
    expect(await failure(rows(query))).toEqual({ code, type });
  });

  it('of an insert store nothing of it', async () => {
    await client.command({ query: 'CREATE TABLE strict (n UInt8) ENGINE = MergeTree ORDER BY n' });
    const values = Readable.from([{ n: 1 }, { n: 2 }, { n: 'many' }]);
    expect(await failure(client.insert({ table: 'strict', values, format: 'JSONEachRow' }))).toMatchObject({
      code: '27',
    });
    expect(await failure(client.insert({ table: 'missing', values: [{ n: 1 }], format: 'JSONEachRow' }))).toMatchObject(
      { code: '60' },
    );
    expect(await rows('SELECT count() AS count FROM strict')).toEqual([{ count: '0' }]);
  });

  it('in the middle of a streamed result reach the reader after the rows before it', async () => {
    const result = await client.query({
      query: "SELECT throwIf(number = 400000, 'too far') AS n FROM numbers(5000000)",
      format: 'JSONEachRow',
      clickhouse_settings: { max_block_size: '8192' },
    });
    let read = 0;
    const reading = (async (): Promise<void> => {
      for await (const chunk of result.stream()) read += chunk.length;
    })();
    expect(await failure(reading)).toMatchObject({ code: '395' });
    expect(read).toBeGreaterThan(0);
  });
});

describe('streams', () => {
  it('bring 200,000 objects in as one part, and tell how many', async () => {
    await client.command({ query: 'CREATE TABLE many (n UInt64, s String) ENGINE = MergeTree ORDER BY n' });
    function* objects(): Generator<{ n: number; s: string }> {
      for (let n = 0; n < 200_000; n += 1) yield { n, s: `row ${String(n)}` };
    }
    const { summary } = await client.insert({ table: 'many', values: Readable.from(objects()), format: 'JSONEachRow' });
    expect(summary?.written_rows).toBe('200000');
    expect(await rows('SELECT count() AS count, uniqExact(_part) AS parts, sum(n) AS sum FROM many')).toEqual([
      { count: '200000', parts: '1', sum: '19999900000' },
    ]);
  });

  it('bring 500,000 rows out, every one once', async () => {
    const result = await client.query({ query: 'SELECT number AS n FROM numbers(500000)', format: 'JSONEachRow' });
    let [count, sum] = [0, 0];
    for await (const chunk of result.stream<{ n: string }>()) {
      for (const row of chunk) sum += Number(row.json().n);
      count += chunk.length;
    }
    expect({ count, sum }).toEqual({ count: 500_000, sum: 124_999_750_000 });
  });

  it('are compressed with gzip both ways when the client asks for it', async () => {
    const gzip = connect(database, { compression: { request: true, response: true } });
    await gzip.command({ query: 'CREATE TABLE zipped (n UInt64) ENGINE = MergeTree ORDER BY n' });
    const values = Array.from({ length: 10_000 }, (_, n) => ({ n }));
    await gzip.insert({ table: 'zipped', values, format: 'JSONEachRow' });
    const result = await gzip.query({ query: 'SELECT n FROM zipped ORDER BY n', format: 'JSONEachRow' });
    expect(result.response_headers['content-encoding']).toBe('gzip');
    expect(await result.json()).toEqual(values.map(({ n }) => ({ n: String(n) })));
    expect(await failure(rows('SELECT missing', {}, gzip))).toMatchObject({ code: '47' });
    await gzip.close();
  });

  it.each(['JSON', 'JSONCompact'] as const)('in the format %s are one document', async (format) => {
    const result = await client.query({ query: 'SELECT number AS n FROM numbers(200000)', format });
    const document = await result.json<unknown>();
    expect(document).toMatchObject({ rows: 200_000, meta: [{ name: 'n', type: 'UInt64' }] });
  });

  it('in formats with a header have it once, and in binary formats are whole', async () => {
    const text = async (query: string): Promise<string> => {
      const { stream } = await client.exec({ query });
      const chunks: Buffer[] = [];
      for await (const chunk of stream) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks).toString('latin1');
    };
    const csv = await text('SELECT number AS n FROM numbers(200000) FORMAT CSVWithNames');
    expect(csv.split('"n"\n')).toHaveLength(2);
    const binary = await text('SELECT number AS n FROM numbers(100000) FORMAT RowBinary');
    expect(binary).toHaveLength(800_000);
  });

  it.each(['JSONEachRow', 'CSV', 'TabSeparated'] as const)('in the format %s may be empty', async (format) => {
    const result = await client.query({ query: 'SELECT number FROM numbers(0)', format });
    expect(await result.text()).toBe('');
  });
});

describe('many at once', () => {
  it('each query runs in its own database with its own parameters and settings', async () => {
    const databases = Array.from({ length: 4 }, () => randomDatabase('beside'));
    const clients = databases.map((name) => connect(name));
    for (const name of databases) {
      await client.command({ query: `CREATE DATABASE ${name}` });
      await client.command({ query: `CREATE TABLE ${name}.own (name String) ENGINE = MergeTree ORDER BY name` });
      await client.insert({ table: `${name}.own`, values: [{ name }], format: 'JSONEachRow' });
    }
    const asks = Array.from({ length: 60 }, async (_, n) => {
      const [by, name] = [clients[n % 4] ?? client, databases[n % 4]];
      const query = "SELECT name, currentDatabase() AS db, {n:UInt32} AS n, getSetting('log_comment') AS tag FROM own";
      const settings = { log_comment: `tag ${String(n)}` };
      const result = await by.query({
        query,
        query_params: { n },
        format: 'JSONEachRow',
        clickhouse_settings: settings,
      });
      expect(await result.json()).toEqual([{ name, db: name, n, tag: settings.log_comment }]);
    });
    await Promise.all(asks);
    await Promise.all(clients.map((each) => each.close()));
    for (const name of databases) await client.command({ query: `DROP DATABASE ${name}` });
  });

  it('a client that leaves in the middle of a query ends it, and the next query runs', async () => {
    const marker = `gone ${randomUUID()}`;
    const leaving = new AbortController();
    const running = "SELECT count() AS n FROM system.processes WHERE Settings['log_comment'] = {marker:String}";
    const asked = client.query({
      query: 'SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1',
      clickhouse_settings: { log_comment: marker, max_execution_time: 60 },
      abort_signal: leaving.signal,
    });
    const left = asked.catch((error: unknown) => error);
    const inEngine = async (): Promise<unknown> => (await rows<{ n: string }>(running, { marker }))[0]?.n;
    await waitFor(async () => (await inEngine()) === '1', { what: 'the query in the engine' });
    leaving.abort();
    expect(await left).toBeInstanceOf(Error);
    await waitFor(async () => (await inEngine()) === '0', { what: 'the end of the query' });
  });
});

describe('the client', () => {
  it('pings, with and without a query, and gets its query id back', async () => {
    expect(await client.ping()).toEqual({ success: true });
    expect(await client.ping({ select: true })).toEqual({ success: true });
    const query_id = randomUUID();
    const result = await client.query({ query: 'SELECT 1', query_id, format: 'JSONEachRow' });
    expect(result.response_headers['x-clickhouse-query-id']).toBe(query_id);
    await result.text();
  });

  it('is told when its database is not there', async () => {
    const lost = connect(randomDatabase('nowhere'));
    expect(await failure(rows('SELECT 1', {}, lost))).toEqual({ code: '81', type: 'UNKNOWN_DATABASE' });
    await lost.close();
  });
});
