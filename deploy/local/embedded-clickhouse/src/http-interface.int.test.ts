import { randomUUID } from 'node:crypto';
import { Agent, request, type IncomingHttpHeaders } from 'node:http';
import { gunzipSync, gzipSync } from 'node:zlib';
import { randomDatabase, sharedServers, type ClickhouseAddress } from '@cloudtuner/test-kit';

/** ClickHouse's HTTP interface as curl and tools see it: the same against a real server (`CLICKHOUSE_URL`). */
const clickhouseUnderTest = (): Promise<ClickhouseAddress> => sharedServers().clickhouse();

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
}

interface Ask {
  readonly method?: string;
  readonly path?: string;
  readonly url?: Record<string, string>;
  readonly headers?: Record<string, string>;
  readonly agent?: Agent;
  readonly body?: string | Buffer | readonly (string | Buffer)[];
}

let address: ClickhouseAddress;
const database = randomDatabase('http');

function ask({ method = 'POST', path = '/', url = {}, headers = {}, agent, body = '' }: Ask): Promise<Answer> {
  const target = new URL(path, address.url);
  for (const [name, value] of Object.entries(url)) target.searchParams.set(name, value);
  const authorization = `Basic ${Buffer.from(`${address.username}:${address.password}`).toString('base64')}`;
  return new Promise((resolve, reject) => {
    const options = { method, headers: { authorization, ...headers }, ...(agent === undefined ? {} : { agent }) };
    const asking = request(target, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const whole = Buffer.concat(chunks);
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: whole,
          text: whole.toString('utf8'),
        });
      });
    });
    asking.on('error', reject);
    const parts = Array.isArray(body) ? (body as readonly (string | Buffer)[]) : [body as string | Buffer];
    for (const part of parts) if (part.length > 0) asking.write(part);
    asking.end();
  });
}

const inDatabase = (body: string, url: Record<string, string> = {}): Promise<Answer> =>
  ask({ url: { database, ...url }, body });

beforeAll(async () => {
  address = await clickhouseUnderTest();
  await ask({ body: `CREATE DATABASE ${database}` });
  await inDatabase('CREATE TABLE t (n UInt64, s String) ENGINE = MergeTree ORDER BY n');
});

afterAll(async () => {
  await ask({ body: `DROP DATABASE ${database}` });
});

beforeEach(async () => {
  await inDatabase('TRUNCATE TABLE t');
});

const stored = async (): Promise<string> => (await inDatabase('SELECT n, s FROM t ORDER BY n')).text;

describe('paths', () => {
  it('GET /ping and GET / answer Ok.', async () => {
    expect(await ask({ method: 'GET', path: '/ping' })).toMatchObject({ status: 200, text: 'Ok.\n' });
    expect(await ask({ method: 'GET' })).toMatchObject({ status: 200, text: 'Ok.\n' });
  });

  it('that are not there are answered with 404', async () => {
    expect((await ask({ method: 'GET', path: '/nothing-here' })).status).toBe(404);
  });
});

describe('a query', () => {
  it('may be in the URL, in the body, or begin in the one and end in the other', async () => {
    expect((await ask({ method: 'GET', url: { query: 'SELECT 1' } })).text).toBe('1\n');
    expect((await ask({ body: 'SELECT 2' })).text).toBe('2\n');
    expect((await ask({ url: { query: 'SELECT' }, body: '3' })).text).toBe('3\n');
  });

  it('is answered with its id, its format and a summary', async () => {
    const query_id = randomUUID();
    const answer = await ask({ url: { query_id }, body: 'SELECT number FROM numbers(3) FORMAT JSONEachRow' });
    expect(answer.headers).toMatchObject({ 'x-clickhouse-query-id': query_id, 'x-clickhouse-format': 'JSONEachRow' });
    expect(answer.headers['content-type']).toMatch(/^application\/x-ndjson/);
    expect(JSON.parse(String(answer.headers['x-clickhouse-summary']))).toMatchObject({
      read_rows: expect.any(String) as string,
    });
    expect(answer.text).toBe('{"number":0}\n{"number":1}\n{"number":2}\n');
  });

  it('without a FORMAT has the default format of its request, else TabSeparated', async () => {
    expect((await ask({ body: "SELECT 1, 'a'" })).text).toBe('1\ta\n');
    expect((await ask({ url: { default_format: 'CSV' }, body: "SELECT 1, 'a'" })).text).toBe('1,"a"\n');
    expect((await ask({ headers: { 'X-ClickHouse-Format': 'CSV' }, body: "SHOW DATABASES LIKE 'system'" })).text).toBe(
      '"system"\n',
    );
    const both = await ask({ url: { default_format: 'CSV' }, body: "SELECT 1, 'a' FORMAT TSV" });
    expect(both).toMatchObject({ text: '1\ta\n', headers: { 'x-clickhouse-format': 'TSV' } });
  });

  it('by GET cannot write', async () => {
    const answer = await ask({ method: 'GET', url: { database, query: "INSERT INTO t SELECT 1, ''" } });
    expect(answer.headers['x-clickhouse-exception-code']).toBe('164');
    expect(answer.text).toContain('(READONLY)');
    expect(await stored()).toBe('');
  });

  it('waits for its end when asked to, so that a late failure has a status', async () => {
    const body = 'SELECT throwIf(number = 3000000) FROM numbers(4000000)';
    const answer = await ask({ url: { wait_end_of_query: '1', buffer_size: '20000000' }, body });
    expect(answer).toMatchObject({ status: 500, headers: { 'x-clickhouse-exception-code': '395' } });
    const whole = await ask({ url: { wait_end_of_query: '1' }, body: 'SELECT number FROM numbers(300000)' });
    expect(whole.text.trimEnd().split('\n')).toHaveLength(300_000);
    expect((await ask({ url: { wait_end_of_query: '1' }, body: 'SELECT 1 WHERE 0' })).text).toBe('');
  });

  it('with the id of one that is running is refused', async () => {
    const query_id = randomUUID();
    const twice = [1, 2].map(() => ask({ url: { query_id }, body: 'SELECT sleep(1)' }));
    const codes = (await Promise.all(twice)).map((answer) => answer.headers['x-clickhouse-exception-code'] ?? 'none');
    expect(codes.sort()).toEqual(['216', 'none']);
  });
});

describe('errors', () => {
  it.each([
    ['SELECT * FROM missing', 404, '60', 'UNKNOWN_TABLE'],
    ['SELECT 1 +', 400, '62', 'SYNTAX_ERROR'],
    ["SELECT toUInt8('x')", 400, '6', 'CANNOT_PARSE_TEXT'],
    ['SELECT throwIf(1)', 500, '395', 'FUNCTION_THROW_IF_VALUE_IS_NON_ZERO'],
    ['SELECT {x:UInt8}', 500, '456', 'UNKNOWN_QUERY_PARAMETER'],
    ['', 400, '62', 'SYNTAX_ERROR'],
  ])('%j is answered with %i and code %s', async (body, status, code, name) => {
    const answer = await inDatabase(body);
    expect(answer).toMatchObject({ status, headers: { 'x-clickhouse-exception-code': code } });
    expect(answer.text).toMatch(
      new RegExp(`^Code: ${code}\\. DB::Exception: .*\\(${name}\\) \\(version .*\\)\\n$`, 's'),
    );
    expect(answer.text).not.toContain("OUTFILE '");
  });

  it('name an unknown database with 404 and a wrong password with 403', async () => {
    const lost = await ask({ url: { database: randomDatabase('nowhere') }, body: 'SELECT 1' });
    expect(lost).toMatchObject({ status: 404, headers: { 'x-clickhouse-exception-code': '81' } });
    const stranger = await ask({
      headers: { authorization: `Basic ${Buffer.from('stranger:x').toString('base64')}` },
      body: 'SELECT 1',
    });
    expect(stranger).toMatchObject({ status: 403, headers: { 'x-clickhouse-exception-code': '516' } });
  });

  it('do not quote what was added to the query', async () => {
    const broken = await ask({ body: 'SELECT 1 FROM (SELECT' });
    expect(broken.text).not.toMatch(/OUTFILE '|result-\d/);
    await inDatabase('CREATE TABLE IF NOT EXISTS strict (n UInt8) ENGINE = Memory');
    const insert = await inDatabase('{"n":"x"}', { query: 'INSERT INTO strict FORMAT JSONEachRow' });
    expect(insert.headers['x-clickhouse-exception-code']).toBe('27');
    expect(insert.text).not.toMatch(/rows-\d|\/http\//);
  });
});

describe('rows of an INSERT', () => {
  it.each([
    ['in the body, statement in the URL', 'INSERT INTO t FORMAT CSV', '1,"a"\n2,"b"\n'],
    ['behind the statement in the body', '', 'INSERT INTO t FORMAT CSV\n1,"a"\n2,"b"\n'],
    [
      'as JSON with blank lines and a semicolon',
      'INSERT INTO t FORMAT JSONEachRow',
      '{"n":1,"s":"a"}\n\n\n{"n":2,"s":"b"};',
    ],
    ['as VALUES in the body', 'INSERT INTO t VALUES', "(1, 'a'), (2, lower('B'))"],
    ['as VALUES in both', "INSERT INTO t VALUES (1, 'a'),", "(2, 'b')"],
    [
      'with settings in the statement',
      'INSERT INTO t SETTINGS input_format_csv_skip_first_lines = 1 FORMAT CSV',
      'n,s\n1,a\n2,b\n',
    ],
  ])('come %s', async (_where, query, body) => {
    expect(await inDatabase(body.replace(/;$/, ''), query === '' ? {} : { query })).toMatchObject({
      status: 200,
      text: '',
    });
    expect(await stored()).toBe('1\ta\n2\tb\n');
  });

  it('keep every byte: quotes, semicolons, blank lines, other alphabets', async () => {
    const s = 'a;b\n\n-- "c" \'d\' \\ é😀';
    await inDatabase(JSON.stringify({ n: 1, s }), { query: 'INSERT INTO t FORMAT JSONEachRow' });
    expect((await inDatabase('SELECT s FROM t FORMAT RawBLOB')).text).toBe(s);
    const binary = Buffer.from([7, 0, 0, 0, 0, 0, 0, 0, 3, 0x00, 0xff, 0x0a]);
    await ask({ url: { database, query: 'INSERT INTO t FORMAT RowBinary' }, body: binary });
    expect((await inDatabase('SELECT s FROM t WHERE n = 7 FORMAT RawBLOB')).body).toEqual(binary.subarray(9));
  });

  it('may be none', async () => {
    expect((await inDatabase('', { query: 'INSERT INTO t FORMAT JSONEachRow' })).status).toBe(200);
    expect((await inDatabase('', { query: 'INSERT INTO missing FORMAT JSONEachRow' })).status).toBe(404);
    expect(await stored()).toBe('');
  });

  it('arrive in many pieces, of which the first may end within a character', async () => {
    const whole = Buffer.from(
      `INSERT INTO t FORMAT TSV\n${Array.from({ length: 50_000 }, (_, n) => `${String(n)}\té${String(n)}\n`).join('')}`,
    );
    const pieces: Buffer[] = [];
    for (let at = 0; at < whole.length; at += 9973) pieces.push(whole.subarray(at, at + 9973));
    await ask({ url: { database }, body: pieces });
    const check = "SELECT count(), sum(n), countIf(s = concat('é', toString(n))) FROM t";
    expect((await inDatabase(check)).text).toBe('50000\t1249975000\t50000\n');
  });

  it('of a refused insert are read to their end, so that the answer arrives and the connection goes on', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const many = Buffer.alloc(8 * 1024 * 1024, '1\n');
    const url = { database, max_threadz: '1', query: 'INSERT INTO t FORMAT TSV' };
    const refused = [
      await ask({ url: { database, query: 'SELECT 1; SELECT 2' }, body: many, agent }),
      await ask({ url, body: many, agent }),
      await ask({
        url: { ...url, query: 'INSERT INTO t FORMAT TSV' },
        headers: { 'Content-Encoding': 'gzip' },
        body: many,
        agent,
      }),
    ];
    expect(refused.map(({ status }) => status >= 400)).toEqual([true, true, true]);
    expect((await ask({ body: 'SELECT 1', agent })).text).toBe('1\n');
    agent.destroy();
  });

  it('of an upload that breaks off are not inserted', async () => {
    const target = new URL(address.url);
    target.searchParams.set('query', `INSERT INTO ${database}.t FORMAT TSV`);
    const auth = `${address.username}:${address.password}`;
    await new Promise<void>((resolve) => {
      const asking = request(target, { method: 'POST', auth, headers: { 'Transfer-Encoding': 'chunked' } });
      asking.on('error', () => undefined);
      asking.on('close', resolve);
      asking.write('1\ta\n2\tb\n', () => asking.destroy());
    });
    expect(await stored()).toBe('');
  });
});

describe('compression', () => {
  it('is undone for bodies in gzip, and reported when it is broken', async () => {
    const query = 'INSERT INTO t FORMAT TSV';
    const headers = { 'Content-Encoding': 'gzip' };
    const good = gzipSync('1\ta\n');
    expect((await ask({ url: { database, query }, headers, body: good })).status).toBe(200);
    const broken = await ask({ url: { database, query }, headers, body: good.subarray(0, good.length - 6) });
    expect(broken.status).toBeGreaterThanOrEqual(400);
    expect(await stored()).toBe('1\ta\n');
  });

  it('of answers is gzip when both the header and the setting ask for it', async () => {
    const headers = { 'Accept-Encoding': 'gzip' };
    const body = 'SELECT number FROM numbers(100000)';
    const zipped = await ask({ url: { enable_http_compression: '1' }, headers, body });
    expect(zipped.headers['content-encoding']).toBe('gzip');
    const plain = await ask({ headers, body });
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(gunzipSync(zipped.body).equals(plain.body)).toBe(true);
  });
});
