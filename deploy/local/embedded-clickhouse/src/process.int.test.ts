import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { get, request, type IncomingMessage } from 'node:http';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createClient, type ClickHouseClient } from '@clickhouse/client';
import { temporaryFolder, waitFor, type TemporaryFolder } from '@cloudtuner/test-kit';

/** The embedded process itself: how it starts, ends, is killed, and what it takes of the machine. */

const script = resolve(__dirname, '../dist/main.js');
const MEBIBYTE = 1024 * 1024;

interface Running {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly url: string;
  readonly client: ClickHouseClient;
  readonly log: () => string;
  /** Exit code and signal. */
  readonly exited: Promise<unknown[]>;
}

interface StartWith {
  readonly args?: readonly string[];
  readonly env?: Record<string, string>;
}

let folder: TemporaryFolder;
const started: ChildProcess[] = [];
const clients: ClickHouseClient[] = [];

beforeEach(() => {
  if (!existsSync(script)) throw new Error('The embedded ClickHouse is not built: run `npm run build`.');
  folder = temporaryFolder('embedded-clickhouse');
});

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  for (const child of started.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  folder.remove();
});

function launch({ args = [], env = {} }: StartWith = {}): { child: ChildProcess; log: () => string } {
  const child = spawn(process.execPath, [script, '--path', join(folder.path, 'data'), ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  started.push(child);
  let log = '';
  child.stderr?.on('data', (chunk: Buffer) => (log += chunk.toString('utf8')));
  return { child, log: () => log };
}

async function start(options: StartWith = {}): Promise<Running> {
  const { child, log } = launch(options);
  if (child.stdout === null) throw new Error('No standard output');
  const exited = once(child, 'exit');
  const line = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line').then(([text]) => String(text)),
    exited.then(() => Promise.reject(new Error(`It has ended: ${log()}`))),
  ]);
  const { listening, pid } = JSON.parse(line) as { listening: number; pid: number };
  const url = `http://127.0.0.1:${String(listening)}`;
  const [username, password] = [options.env?.['CLICKHOUSE_USER'], options.env?.['CLICKHOUSE_PASSWORD']];
  const client = createClient({
    url,
    log: { level: 127 },
    max_open_connections: 100,
    request_timeout: 120_000,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
  });
  clients.push(client);
  return { child, pid, url, client, log, exited };
}

async function rows<Row>(
  client: ClickHouseClient,
  query: string,
  query_params: Record<string, unknown> = {},
): Promise<Row[]> {
  return (await client.query({ query, query_params, format: 'JSONEachRow' })).json<Row>();
}

async function count(
  client: ClickHouseClient,
  query: string,
  query_params: Record<string, unknown> = {},
): Promise<number> {
  const [row] = await rows<{ n: string }>(client, query, query_params);
  return Number(row?.n);
}

/** Memory that is this process's own or mapped by it, in MiB. */
function residentMib(pid: number, kind: 'VmRSS' | 'RssAnon'): number {
  const line = new RegExp(`${kind}:\\s+(\\d+) kB`).exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'));
  return Number(line?.[1]) / 1024;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const inEngine = (client: ClickHouseClient, pattern: string): Promise<number> =>
  count(
    client,
    'SELECT count() AS n FROM system.processes WHERE query ILIKE {pattern:String} AND query NOT ILIKE {not:String}',
    {
      pattern,
      not: '%system.processes%',
    },
  );

const endless = 'SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1';

async function post(url: string, query: string, body: string): Promise<number> {
  const response = await fetch(`${url}/?query=${encodeURIComponent(query)}`, { method: 'POST', body });
  await response.text();
  return response.status;
}

describe('a start', () => {
  it('says in one line each where it listens and what it is for, and takes less than 350 MiB', async () => {
    const { child, log, pid, client } = await start();
    expect(pid).toBe(child.pid);
    expect(log().trimEnd().split('\n')).toEqual([
      expect.stringContaining('for one machine (demo, tests, small installations)'),
    ]);
    expect(await client.ping()).toEqual({ success: true });
    expect(residentMib(pid, 'VmRSS')).toBeLessThan(350);
  });

  it('on a folder that is in use ends with one line that names the folder and its user', async () => {
    const first = await start();
    const second = launch();
    const [code] = await once(second.child, 'exit');
    expect(code).toBe(1);
    const complaint = `The folder ${join(folder.path, 'data')} is in use by process ${String(first.pid)}`;
    expect(second.log().trimEnd().split('\n').slice(1)).toEqual([expect.stringContaining(complaint)]);
    expect(await count(first.client, 'SELECT 1 AS n')).toBe(1);
  });

  it('on a port that is taken, or with a wrong flag, ends and names it', async () => {
    const { url } = await start();
    const { port } = new URL(url);
    const other = spawn(process.execPath, [script, '--path', join(folder.path, 'other'), '--port', port]);
    started.push(other);
    let log = '';
    other.stderr.on('data', (chunk: Buffer) => (log += chunk.toString('utf8')));
    expect((await once(other, 'exit'))[0]).toBe(1);
    expect(log).toContain(port);
    const wrong = launch({ args: ['--port', 'x'] });
    expect((await once(wrong.child, 'exit'))[0]).toBe(64);
    expect(wrong.log()).toContain('--port must be a whole number');
  });

  it('with a password lets in only those who have it', async () => {
    const env = { CLICKHOUSE_USER: 'worker', CLICKHOUSE_PASSWORD: "pass'wörd" };
    const { client, url } = await start({ env });
    expect(await count(client, 'SELECT 1 AS n')).toBe(1);
    const ask = async (headers: Record<string, string>, query = ''): Promise<[number, string | null]> => {
      const response = await fetch(`${url}/?query=SELECT%201${query}`, { headers });
      await response.text();
      return [response.status, response.headers.get('x-clickhouse-exception-code')];
    };
    const key = Buffer.from(env.CLICKHOUSE_PASSWORD, 'utf8').toString('latin1');
    expect(await ask({ 'X-ClickHouse-User': 'worker', 'X-ClickHouse-Key': 'guess' })).toEqual([403, '516']);
    expect(await ask({ 'X-ClickHouse-User': 'default', 'X-ClickHouse-Key': key })).toEqual([403, '516']);
    expect(await ask({})).toEqual([403, '516']);
    expect(await ask({}, `&user=worker&password=${encodeURIComponent(env.CLICKHOUSE_PASSWORD)}`)).toEqual([200, null]);
    expect((await fetch(`${url}/ping`)).status).toBe(200);
  });
});

describe('an end', () => {
  it('by SIGTERM closes the folder, and the next start finds all that was in it', async () => {
    const first = await start();
    await first.client.command({ query: 'CREATE DATABASE kept' });
    await first.client.command({ query: 'CREATE TABLE kept.t (n UInt64) ENGINE = MergeTree ORDER BY n' });
    await first.client.command({ query: 'CREATE TABLE t (n UInt64) ENGINE = MergeTree ORDER BY n' });
    await first.client.insert({ table: 'kept.t', values: [{ n: 1 }, { n: 2 }], format: 'JSONEachRow' });
    await first.client.insert({ table: 't', values: [{ n: 3 }], format: 'JSONEachRow' });
    first.child.kill('SIGTERM');
    expect(await first.exited).toEqual([0, null]);
    const second = await start();
    expect(await count(second.client, 'SELECT sum(n) AS n FROM kept.t')).toBe(3);
    expect(await count(second.client, 'SELECT sum(n) AS n FROM t')).toBe(3);
  });

  it('by SIGTERM lets a running query finish and its answer arrive', async () => {
    const { child, client, exited } = await start();
    const slow = count(client, "SELECT sleepEachRow(1) + 7 AS n, 'slow' AS tag");
    await waitFor(() => inEngine(client, '%sleepEachRow%'));
    child.kill('SIGTERM');
    expect(await slow).toBe(7);
    expect(await exited).toEqual([0, null]);
  });

  it('by SIGTERM stops a query that does not finish before the deadline', async () => {
    const { child, client, exited } = await start({ args: ['--shutdown-deadline-seconds', '0'] });
    const failed = rows(client, endless).catch((error: unknown) => error);
    await waitFor(() => inEngine(client, '%1000000000000%'));
    child.kill('SIGTERM');
    expect(await failed).toMatchObject({ code: '394' });
    expect(await exited).toEqual([0, null]);
  });

  it('comes by itself when its parent has been killed', async () => {
    const parentCode = `
      const child = require('node:child_process').spawn(process.execPath,
        [${JSON.stringify(script)}, '--path', ${JSON.stringify(join(folder.path, 'data'))}, '--exit-with-parent'],
        { stdio: ['ignore', 'inherit', 'ignore'] });
      setInterval(() => child.pid, 1000);`;
    const parent = spawn(process.execPath, ['-e', parentCode], { stdio: ['ignore', 'pipe', 'ignore'] });
    started.push(parent);
    const [line] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string];
    const { pid } = JSON.parse(line) as { pid: number };
    parent.kill('SIGKILL');
    await waitFor(() => !isAlive(pid), { what: 'the end of the process whose parent is gone' });
  });

  it('comes by itself when its standard input is closed', async () => {
    const { child, exited } = await start({ args: ['--exit-with-parent'] });
    child.stdin?.end();
    expect(await exited).toEqual([0, null]);
  });
});

describe('a kill -9', () => {
  const batch = 200_000;
  const body = (round: number): string =>
    Array.from({ length: batch }, (_, n) => `${String(round)}\t${String(n)}\trow ${String(n)}\n`).join('');

  it('keeps every insert that was answered, and of one under way all or nothing', async () => {
    let running = await start();
    await running.client.command({
      query: 'CREATE TABLE t (round UInt8, n UInt32, s String) ENGINE = MergeTree ORDER BY (round, n)',
    });
    await running.client.command({ query: 'CREATE TABLE answered (round UInt8) ENGINE = MergeTree ORDER BY round' });
    const kept: number[] = [];
    const [table] = await rows<{ path: string }>(
      running.client,
      "SELECT data_paths[1] AS path FROM system.tables WHERE database = 'default' AND name = 't'",
    );
    const parts = (kind: RegExp): number => readdirSync(table?.path ?? '').filter((name) => kind.test(name)).length;
    const moments = ['in the engine', 'being written', 'being written', 'stored in part', 'answered'] as const;
    for (const [round, moment] of moments.entries()) {
      const { client, url, child, exited } = running;
      await client.insert({ table: 'answered', values: [{ round }], format: 'JSONEachRow' });
      const before = parts(/^all_/);
      let answered = false;
      const insert = post(url, 'INSERT INTO t FORMAT TSV', body(round)).then(
        (status) => (answered = status === 200),
        () => undefined,
      );
      const isReached = async (): Promise<boolean> => {
        if (moment === 'answered') return answered;
        if (moment === 'being written') return parts(/^tmp_insert_/) > 0;
        if (moment === 'stored in part') return parts(/^all_/) > before;
        return (await inEngine(client, 'INSERT INTO t%INFILE%')) > 0;
      };
      while (!answered && !(await isReached())) await nextTurn();
      child.kill('SIGKILL');
      await exited;
      await insert;
      running = await start();
      expect(await count(running.client, 'SELECT count() AS n FROM answered')).toBe(round + 1);
      const n = await count(running.client, 'SELECT count() AS n FROM t WHERE round = {round:UInt8}', { round });
      expect([0, batch]).toContain(n);
      if (answered) expect(n).toBe(batch);
      kept.push(n);
    }
    expect(await count(running.client, 'SELECT count() AS n FROM t')).toBe(kept.reduce((sum, n) => sum + n, 0));
  }, 180_000);

  it('during an upload leaves nothing behind', async () => {
    const first = await start();
    await first.client.command({ query: 'CREATE TABLE t (n UInt8) ENGINE = MergeTree ORDER BY n' });
    const spool = join(folder.path, 'data', 'http');
    const target = `${first.url}/?query=INSERT%20INTO%20t%20FORMAT%20TSV`;
    const uploading = request(target, { method: 'POST', headers: { 'Transfer-Encoding': 'chunked' } });
    const broken = once(uploading, 'error');
    // More than the statement could be in, so that it is being written to the folder; and no end.
    uploading.write(Buffer.alloc(3 * MEBIBYTE, '1\n'));
    await waitFor(() => readdirSync(spool).some((name) => name.startsWith('rows-')));
    first.child.kill('SIGKILL');
    await broken;
    const second = await start();
    expect(await count(second.client, 'SELECT count() AS n FROM t')).toBe(0);
    expect(readdirSync(spool).filter((name) => name.startsWith('rows-'))).toEqual([]);
  });
});

describe('load', () => {
  it('of a million wide rows in one insert becomes one part', async () => {
    const { client, url, pid } = await start();
    await client.command({
      query: 'CREATE TABLE t (n UInt32, s String, m Map(String, String)) ENGINE = MergeTree ORDER BY n',
    });
    const padding = 'x'.repeat(200);
    const lines = Array.from({ length: 2_000 }, (_, n) => `${String(n)}\t${padding}\t{'k':'v${String(n)}'}\n`);
    const piece = Buffer.from(lines.join(''));
    function* upload(): Generator<Buffer> {
      for (let sent = 0; sent < 1_000_000; sent += lines.length) yield piece;
    }
    const uploading = request(`${url}/?query=INSERT%20INTO%20t%20FORMAT%20TSV`, { method: 'POST' });
    const answered = once(uploading, 'response') as Promise<[IncomingMessage]>;
    await pipeline(Readable.from(upload()), uploading);
    const [response] = await answered;
    expect([response.statusCode, (await response.toArray()).join('')]).toEqual([200, '']);
    const parts = "SELECT name, rows FROM system.parts WHERE table = 't' AND active";
    expect(await rows(client, parts)).toEqual([{ name: expect.any(String) as string, rows: 1_000_000 }]);
    expect(residentMib(pid, 'VmRSS')).toBeLessThan(1536);
  });

  it('of a large result is streamed in a fraction of its size, and held back while nobody reads', async () => {
    const { client, url, pid } = await start();
    const before = residentMib(pid, 'RssAnon');
    const query = 'SELECT number, repeat(toString(number), 20) FROM numbers(3000000) FORMAT JSONEachRow';
    const [response] = (await once(get(`${url}/?query=${encodeURIComponent(query)}`), 'response')) as [IncomingMessage];
    let [highest, received, last] = [0, 0, ''];
    const sample = (): void => {
      highest = Math.max(highest, residentMib(pid, 'RssAnon') - before);
    };
    // Nothing is read at first: the query comes to a halt when the buffers on the way are full.
    const progress =
      "SELECT read_rows AS n FROM system.processes WHERE query LIKE '%repeat(toString%' AND query NOT LIKE '%processes%'";
    let [rowsRead, unchanged] = [0, 0];
    while (unchanged < 20) {
      const now = await count(client, progress);
      unchanged = now === rowsRead ? unchanged + 1 : 0;
      rowsRead = now;
      sample();
    }
    expect(rowsRead).toBeGreaterThan(0);
    expect(rowsRead).toBeLessThan(3_000_000);
    const stalled = highest;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      received += chunk.length;
      last = chunk.toString('latin1').slice(-200);
      if (received % 100 < 5) sample();
    }
    expect(last).toContain('"number":2999999,');
    expect(received).toBeGreaterThan(500 * MEBIBYTE);
    expect(stalled).toBeLessThan(300);
    expect(highest).toBeLessThan(400);
  });

  it('of a query that computes does not keep the process from answering', async () => {
    const { client, url } = await start();
    // A scalar subquery: the engine computes it while it prepares the query.
    const computing = rows(client, `SELECT (${endless}) AS n SETTINGS max_execution_time = 2`).catch(
      (error: unknown) => error,
    );
    await waitFor(() => inEngine(client, '%1000000000000%'));
    let [pings, done] = [0, false];
    const ended = computing.then((error) => {
      done = true;
      return error;
    });
    for (; !done; pings += 1) expect(await fetch(`${url}/ping`).then((response) => response.text())).toBe('Ok.\n');
    expect(await ended).toMatchObject({ code: '159' });
    expect(pings).toBeGreaterThan(20);
  });

  it('above what may run and wait is refused with code 202, and all that was admitted is answered', async () => {
    const { client } = await start({ args: ['--max-concurrent-queries', '1'] });
    const outcomes = await Promise.all(
      Array.from({ length: 60 }, (_, n) =>
        count(client, 'SELECT {n:UInt8} + sleep(0.05) AS n', { n }).catch(
          (error: unknown) => (error as { code: string }).code,
        ),
      ),
    );
    // One runs and 32 wait.
    const refused = outcomes.filter((outcome) => outcome === '202');
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.length).toBeLessThanOrEqual(27);
    outcomes.forEach((outcome, n) => expect(['202', n]).toContain(outcome));
    expect(await count(client, 'SELECT 1 AS n')).toBe(1);
  });

  it('of requests that were given up, waiting or running, frees its places', async () => {
    const { client, url } = await start({ args: ['--max-concurrent-queries', '3'] });
    const leaving = new AbortController();
    const giveUp = (): Promise<unknown> =>
      client.query({ query: endless, abort_signal: leaving.signal }).catch((error: unknown) => error);
    const running = [giveUp(), giveUp()];
    await waitFor(async () => (await inEngine(client, '%1000000000000%')) === 2);
    // One of these takes the last place, the others wait; this one has to wait for its turn after them.
    const waiting = Array.from({ length: 8 }, giveUp);
    for (let pings = 0; pings < 5; pings += 1) await fetch(`${url}/ping`).then((response) => response.text());
    const next = count(client, 'SELECT 5 AS n');
    leaving.abort();
    await Promise.all([...running, ...waiting]);
    expect(await next).toBe(5);
    expect(await inEngine(client, '%1000000000000%')).toBe(0);
  });
});
