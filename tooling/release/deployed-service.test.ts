import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, lstatSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { deployArguments, readStages } from './dockerfile';
import { demoName, imageNames, readText, readVariables, root, run, temporaryFolder, type ImageName } from './workspace';

// pnpm copies some thousand files for each service.
jest.setTimeout(180_000);

const stages = readStages();
const variables = readVariables();
const parent = temporaryFolder('deployed-service');
const mebibyte = 1024 * 1024;
const startDeadlineMs = 60_000;

/** Does what the image's build does, by the command of its Dockerfile, from pnpm's store alone. */
async function deploy(service: ImageName | typeof demoName): Promise<string> {
  const { packageManager } = JSON.parse(readText('package.json')) as { packageManager: string };
  const pnpm = path.join(root, '.local', packageManager.replace('@', '-'), 'node_modules/pnpm/bin/pnpm.cjs');
  const folder = path.join(parent, service);
  const { exitCode, stdout, stderr } = await run(process.execPath, [pnpm, ...deployArguments(stages, service, folder)]);
  if (exitCode !== 0) throw new Error(`pnpm deploy of ${service} failed:\n${stdout}\n${stderr}`);
  return folder;
}

interface Entry {
  readonly file: string;
  readonly isLink: boolean;
  readonly bytes: number;
  readonly changedMs: number;
}

function entriesBelow(folder: string): readonly Entry[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => {
      const file = path.join(entry.parentPath, entry.name);
      const { size, mtimeMs } = lstatSync(file);
      return { file, isLink: entry.isSymbolicLink(), bytes: size, changedMs: mtimeMs };
    });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** A value for each variable that has no default. Nobody listens at the addresses: services start while their peers are away. */
function requiredEnvironment(service: ImageName): Record<string, string> {
  const valueOf = (name: string, type: string): string => {
    if (name.startsWith('MONGODB')) return 'mongodb://127.0.0.1:1/cloudtuner';
    if (name.startsWith('REDIS')) return 'redis://127.0.0.1:1';
    if (type === 'secret') return 'a-secret-of-enough-characters';
    return type === 'URL' ? 'http://127.0.0.1:1' : (type.split(' | ')[0] ?? '');
  };
  const required = variables[service].filter((variable) => variable.required);
  return Object.fromEntries(required.map(({ name, type }) => [name, valueOf(name, type)]));
}

/** Starts the service as its image does and asks by the image's own health check until it answers; then ends it. */
async function runDeployed(service: ImageName, folder: string): Promise<{ log: string; exitCode: number | null }> {
  const adminPort = String(await freePort());
  const env = {
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    PORT: '0',
    ADMIN_PORT: adminPort,
    TMPDIR: '/nowhere',
    ...requiredEnvironment(service),
  };
  const child = spawn(process.execPath, ['--enable-source-maps', 'dist/main.js'], { cwd: folder, env });
  let log = '';
  child.stdout.on('data', (chunk: Buffer) => (log += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  const ended = once(child, 'close') as Promise<[number | null]>;

  const healthCheck = path.join(root, 'deploy/docker/health-check.mjs');
  const deadlineMs = Date.now() + startDeadlineMs;
  let healthy = false;
  // Health is there first; what a service has beside its admin port is ready a little later.
  while ((!healthy || !log.includes('"ready"')) && child.exitCode === null && Date.now() < deadlineMs) {
    if (!healthy) {
      const { exitCode } = await run(process.execPath, [healthCheck], { env: { ADMIN_PORT: adminPort } });
      healthy = exitCode === 0;
    }
    await sleep(50);
  }
  child.kill('SIGTERM');
  const [exitCode] = await ended;
  if (!healthy) throw new Error(`${service} never answered its health check:\n${log}`);
  return { log, exitCode };
}

describe.each([...imageNames, demoName] as const)('%s, deployed alone', (service) => {
  let folder: string;

  beforeAll(async () => {
    folder = await deploy(service);
    const files = entriesBelow(folder);
    const size = files.reduce((sum, { bytes }) => sum + bytes, 0) / mebibyte;
    process.stdout.write(`  ${service}: ${String(files.length)} files, ${size.toFixed(1)} MiB\n`);
  });

  it('links to nothing outside its folder', () => {
    const links = entriesBelow(folder).filter(({ isLink }) => isLink);
    expect(links.length).toBeGreaterThan(10);
    const inside = `${realpathSync(folder)}${path.sep}`;
    expect(links.map(({ file }) => realpathSync(file)).filter((target) => !target.startsWith(inside))).toEqual([]);
  });

  it('has every dependency of its package.json and no dev dependency', () => {
    const { dependencies, devDependencies } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
      devDependencies: Record<string, string>;
    };
    const isThere = (name: string): boolean => existsSync(path.join(folder, 'node_modules', name));
    expect(Object.keys(dependencies).filter((name) => !isThere(name))).toEqual([]);
    expect(Object.keys(devDependencies).filter((name) => !(name in dependencies) && isThere(name))).toEqual([]);
    const store = readdirSync(path.join(folder, 'node_modules/.pnpm')).join('\n');
    expect(store).not.toMatch(/^(@cloudtuner\+test-kit|jest|typescript|eslint|chdb)@/m);
  });

  it('carries what its libraries read from their folders: the migrations of ClickHouse', () => {
    const sources = readdirSync(path.join(root, 'libs/clickhouse/migrations'));
    expect(sources.length).toBeGreaterThan(0);
    const library = path.join(folder, 'node_modules/@cloudtuner/clickhouse');
    expect(existsSync(library) ? readdirSync(path.join(library, 'migrations')) : sources).toEqual(sources);
  });

  if (service === demoName) {
    it('starts, and says what it was not told', async () => {
      const { exitCode, stderr } = await run(process.execPath, ['dist/compose-demo-main.js'], { cwd: folder, env: {} });
      expect([exitCode, stderr]).toEqual([1, expect.stringContaining('RESTAPI_URL')]);
    });
    return;
  }

  it('starts, answers its health check, ends on SIGTERM with 0 and writes no file', async () => {
    const before = entriesBelow(folder);
    const { log, exitCode } = await runDeployed(service, folder);
    expect({ exitCode, log }).toMatchObject({ exitCode: 0 });
    expect(log).toContain('ready');
    expect(entriesBelow(folder)).toEqual(before);
  });
});
