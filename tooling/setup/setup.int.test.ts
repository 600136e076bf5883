import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createSetupSandbox, type SetupSandbox } from './setup-sandbox';

// A pnpm that notes its calls, as npm would install it.
const npm = `echo "npm $1" >> $CALLS
mkdir -p "$3/node_modules/pnpm/bin"
cat > "$3/node_modules/pnpm/bin/pnpm.cjs" <<'END'
const fs = require('fs');
fs.appendFileSync(process.env.CALLS, 'pnpm ' + process.argv.slice(2).join(' ') + '\\n');
fs.mkdirSync('node_modules', { recursive: true });
END`;

describe('the setup', () => {
  let machine: SetupSandbox;

  beforeEach(() => {
    machine = createSetupSandbox();
    machine.program('npm', npm);
    machine.file('package.json', '{"packageManager": "pnpm@10.34.8"}');
    machine.file('pnpm-workspace.yaml', 'packages: []');
    machine.file('pnpm-lock.yaml', 'one');
    machine.file('libs/errors/package.json', '{}');
    machine.file('.local/keep', '');
  });
  afterEach(() => {
    machine.remove();
  });

  const install = (): Promise<unknown> => machine.evaluate('packages.mjs', 'setup.installPackages(context)');

  it('installs pnpm through npm, and the packages from the lock file, once', async () => {
    expect(await install()).toBe(true);
    expect(await install()).toBe(false);
    expect(machine.calls()).toEqual(['npm install', 'pnpm install --frozen-lockfile']);
  });

  it.each([
    ['the lock file changed', (): void => machine.file('pnpm-lock.yaml', 'two')],
    ['a package needs something else', (): void => machine.file('libs/errors/package.json', '{"a": 1}')],
    ['node_modules is gone', (): void => rmSync(join(machine.root, 'node_modules'), { recursive: true })],
  ])('installs the packages again when %s', async (_what, change) => {
    await install();
    change();
    expect(await install()).toBe(true);
    expect(machine.calls().filter((call) => call.startsWith('pnpm'))).toHaveLength(2);
  });

  it('says why packages could not be installed', async () => {
    machine.program('npm', 'echo "ENOTFOUND the registry" >&2; exit 1');
    expect(await install()).toEqual({
      kind: 'SetupError',
      error: 'npm could not install pnpm 10.34.8:\nENOTFOUND the registry',
    });
  });

  it('builds the programs, not the libraries, and shows what the compiler says', async () => {
    for (const folder of ['services/diproxy', 'deploy/local/servers', 'libs/errors']) {
      machine.file(`${folder}/package.json`, '{}');
      machine.file(`${folder}/tsconfig.json`, '{}');
    }
    const tsc = `console.log('main.ts(1,1): error in', process.argv.slice(2).join(' ')); process.exit(2);`;
    machine.file('node_modules/typescript/bin/tsc', tsc);
    expect(await machine.evaluate('build.mjs', 'setup.buildPrograms(context)')).toEqual({
      kind: 'SetupError',
      error: 'The build failed:\nmain.ts(1,1): error in -b deploy/local/servers services/diproxy',
    });
  });

  it('keeps binaries that another purpose found, but not URLs, nor binaries that are gone', async () => {
    const write = (entries: object): Promise<unknown> =>
      machine.evaluate('servers-file.mjs', `setup.writeServersFile(context.localDir, ${JSON.stringify(entries)})`);
    const thanos = { kind: 'binary', path: join(machine.root, 'package.json') };
    await write({ thanos, mongodb: { kind: 'binary', path: '/gone' }, redis: { kind: 'url', url: 'redis://a' } });
    await write({ clickhouse: { kind: 'embedded' } });
    const file: unknown = JSON.parse(readFileSync(join(machine.root, '.local/servers.json'), 'utf8'));
    expect(file).toEqual({ thanos, clickhouse: { kind: 'embedded' } });
  });

  it('does not wait for a setup that was killed', async () => {
    machine.file('.local/setup.lock', '999999999');
    const held = machine.evaluate(
      'setup-lock.mjs',
      `setup.withSetupLock(context.localDir, context.report, () => 'mine')`,
    );
    expect(await held).toBe('mine');
  });

  it('runs once at a time in a checkout', async () => {
    const hold = `setup.withSetupLock(context.localDir, context.report, async () => {
      const fs = await import('node:fs');
      fs.appendFileSync(process.env.CALLS, 'in\\n');
      await new Promise((resolve) => setTimeout(resolve, 100));
      fs.appendFileSync(process.env.CALLS, 'out\\n');
    })`;
    await Promise.all([1, 2].map(() => machine.evaluate('setup-lock.mjs', hold)));
    expect(machine.calls()).toEqual(['in', 'out', 'in', 'out']);
  });

  it.each([
    [['--for', 'demo'], { purpose: 'demo' }],
    [['--for=test', '--store=thanos'], { purpose: 'test', store: 'thanos' }],
    [['--for', 'stack', '--store', 'prometheus'], { purpose: 'stack', store: 'prometheus' }],
    [[], { kind: 'SetupError' }],
    [['--for', 'fun'], { kind: 'SetupError' }],
    [['--for', 'demo', '--store=influx'], { kind: 'SetupError' }],
    [['--what'], { kind: 'SetupError' }],
  ])('reads %j', async (args, expected) => {
    const read = machine.evaluate('arguments.mjs', `setup.parseArguments(${JSON.stringify(args)})`);
    expect(await read).toMatchObject(expected);
  });
});
