import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createSetupSandbox, type SetupSandbox } from './setup-sandbox';

const redisServer = (version: string): string => `echo "Redis server v=${version} sha=0 malloc=libc"`;
const dockerAnswers = 'echo "docker $1" >> $CALLS; echo 28.0';
const dockerDown = 'echo "Cannot connect to the Docker daemon"; exit 1';
const aptGet = `echo "apt-get $1" >> $CALLS
case " $* " in
  *" -s "*) echo "Inst libjemalloc2 (5.3.0-1 Debian [amd64])"; echo "Inst redis-server (5:7.0.15-1 Debian [amd64])"; echo "Conf redis-server (5:7.0.15-1 Debian [amd64])";;
  *" download "*) touch redis-server.deb libjemalloc2.deb;;
esac`;
const dpkgDeb = `mkdir -p "$3/usr/bin" "$3/usr/lib/any"; touch "$3/usr/lib/any/libjemalloc.so.2"
printf '#!/bin/sh\\necho "Redis server v=7.0.15 $LD_LIBRARY_PATH"\\n' > "$3/usr/bin/redis-server"; chmod +x "$3/usr/bin/redis-server"`;
const go = `case "$1" in
  env) echo go1.26.8;;
  build) echo "go build in $(basename "$PWD")" >> $CALLS
    while [ "$1" != -o ]; do shift; done
    echo '#!/bin/sh' > "$2"; chmod +x "$2";;
esac`;

describe('the search for a backing server', () => {
  let machine: SetupSandbox;

  beforeEach(() => {
    machine = createSetupSandbox();
    machine.file('deploy/local/tools/ferretdb/go.mod', 'module x\n\nrequire github.com/FerretDB/FerretDB v1.24.0\n');
    machine.file('deploy/local/embedded-clickhouse/node_modules/chdb/package.json', '{}');
  });
  afterEach(() => {
    machine.remove();
  });

  /** Looks for some of the catalogue's servers as `npm run stack` would. */
  const find = (names: string[], env: Record<string, string> = {}): Promise<unknown> =>
    machine.evaluate(
      'find-servers.mjs',
      `{
        const { servers } = await import(${JSON.stringify(join(__dirname, 'catalogue.mjs'))});
        const needs = () => ({ required: ${JSON.stringify(names)}, wanted: [] });
        return setup.findServers({ purpose: 'stack', servers, needs, ...context });
      }`,
      env,
    );

  const everything: Record<string, string> = {
    docker: dockerAnswers,
    'redis-server': redisServer('7.4.0'),
    'apt-get': aptGet,
    'dpkg-deb': dpkgDeb,
  };
  const url = { REDIS_URL: 'redis://db:6379' };

  it.each([
    ['a URL in the environment', everything, url, { kind: 'url', url: 'redis://db:6379' }],
    ['then a Docker engine', everything, {}, { kind: 'docker' }],
    ['then a binary on PATH, when no engine answers', { ...everything, docker: dockerDown }, {}, { from: 'path' }],
    [
      "then Debian's package, when the binary on PATH is too old",
      { ...everything, docker: dockerDown, 'redis-server': redisServer('6.0.16') },
      {},
      { from: 'debian', version: '7.0.15' },
    ],
  ])('takes %s', async (_what, programs, env, expected) => {
    for (const [name, script] of Object.entries(programs)) machine.program(name, script);
    expect(await find(['redis'], env)).toMatchObject({ redis: expected });
  });

  it('gives up on a Docker engine that hangs after 3 s', async () => {
    machine.program('docker', 'exec sleep 60');
    machine.program('redis-server', redisServer('7.4.0'));
    expect(await find(['redis'])).toMatchObject({ redis: { kind: 'binary', from: 'path' } });
  });

  it("unpacks Debian's package with the libraries it needs, and downloads it once", async () => {
    machine.program('apt-get', aptGet);
    machine.program('dpkg-deb', dpkgDeb);
    const first = await find(['redis']);
    const folder = join(machine.root, '.local/debian/redis-server-5_7.0.15-1');
    expect(first).toEqual({
      redis: {
        kind: 'binary',
        path: join(folder, 'usr/bin/redis-server'),
        env: { LD_LIBRARY_PATH: join(folder, 'usr/lib/any') },
        version: '7.0.15',
        from: 'debian',
      },
    });
    const calls = machine.calls();
    expect(calls).not.toContain('apt-get update');
    expect(await find(['redis'])).toEqual(first);
    expect(machine.calls()).toEqual(calls);
  });

  it('reads package lists into a folder of ours when the machine has none', async () => {
    machine.program('apt-get', `case "$*" in *lists=*) ${aptGet};; *) exit 100;; esac`);
    machine.program('dpkg-deb', dpkgDeb);
    expect(await find(['redis'])).toMatchObject({ redis: { from: 'debian' } });
    expect(machine.calls()).toContain('apt-get update');
    expect(existsSync(join(machine.root, '.local/debian/apt/lists'))).toBe(true);
  });

  it('builds a Go module last, and once, until its sources change', async () => {
    machine.program('go', go);
    const first = await find(['mongodb']);
    expect(first).toMatchObject({ mongodb: { from: 'go', version: 'v1.24.0', engine: 'ferretdb' } });
    expect(await find(['mongodb'])).toEqual(first);
    expect(machine.calls()).toEqual(['go build in ferretdb']);
    machine.file('deploy/local/tools/ferretdb/main.go', 'package main');
    await find(['mongodb']);
    expect(machine.calls()).toHaveLength(2);
  });

  it('says what cannot be had in one error, with every way to provide it, before it builds anything', async () => {
    machine.program('go', go);
    machine.program('redis-server', redisServer('5.0.3'));
    const { error, kind } = (await find(['mongodb', 'redis'])) as { error: string; kind: string };
    expect(kind).toBe('SetupError');
    expect(error.split('\n')).toEqual([
      'redis: Redis 6.2 or later is needed and could not be had. Provide it in one of these ways:',
      '  - set REDIS_URL',
      expect.stringMatching(/^ {2}- start a Docker engine, for the image redis:\S+ \(no Docker engine answers\)$/),
      `  - put redis-server on PATH (${join(machine.bin, 'redis-server')} is 5.0.3, 6.2 or later is needed)`,
      '  - on Debian or Ubuntu, have apt-get reach the package redis-server (no apt-get on this machine)',
    ]);
    expect(machine.calls()).toEqual([]);
  });

  it('names every server that is missing', async () => {
    const { error } = (await find(['mongodb', 'redis'])) as { error: string };
    expect(error).toMatch(/^mongodb: /m);
    expect(error).toMatch(/^redis: /m);
    expect(error).toContain('- set MONGODB_URL');
    expect(error).toContain('- put mongod on PATH');
    expect(error).toMatch(
      /put Go 1\.21 or later on PATH, to build github\.com\/FerretDB\/FerretDB \(.*\) \(no go on PATH\)/,
    );
  });

  it('uses the embedded ClickHouse unless a URL names another', async () => {
    expect(await find(['clickhouse'])).toEqual({ clickhouse: { kind: 'embedded' } });
    const env = { CLICKHOUSE_URL: 'http://db:8123', CLICKHOUSE_PASSWORD: 'p' };
    expect(await find(['clickhouse'], env)).toEqual({
      clickhouse: { kind: 'url', url: 'http://db:8123', password: 'p' },
    });
  });
});

describe('what a purpose needs', () => {
  let machine: SetupSandbox;

  beforeAll(() => {
    machine = createSetupSandbox();
  });
  afterAll(() => {
    machine.remove();
  });

  it.each([
    ['check', {}, []],
    ['demo', {}, ['redis', 'mongodb', 'prometheus', 'clickhouse']],
    ['demo', { store: 'thanos' }, ['redis', 'mongodb', 'prometheus', 'clickhouse', 'thanos']],
    ['demo', { storeUrlGiven: true }, ['redis', 'mongodb', 'prometheus', 'clickhouse', 'store']],
    ['stack', {}, ['redis', 'mongodb', 'clickhouse', 'prometheus']],
    ['stack', { store: 'thanos' }, ['redis', 'mongodb', 'clickhouse', 'thanos']],
    ['stack', { storeUrlGiven: true }, ['redis', 'mongodb', 'clickhouse', 'store']],
    [
      'test',
      {},
      [
        'redis',
        'mongodb',
        'prometheus',
        'prometheus3',
        'thanos',
        'clickhouse',
        'influxdb',
        'etcd',
        'helm',
        'kubectl-validate',
        'openmetrics-parser',
        'schemathesis',
      ],
    ],
  ])('%s with %j', async (purpose, choice, required) => {
    const needs = await machine.evaluate(
      'catalogue.mjs',
      `setup.needsOf(${JSON.stringify(purpose)}, ${JSON.stringify(choice)})`,
    );
    expect(needs).toMatchObject({ required });
  });
});
