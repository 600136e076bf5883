import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startService, waitFor, workspaceRoot } from './index';

const log = `const log = (record) => console.log(JSON.stringify(record));`;
const listening = `${log}
require('http').createServer((_, answer) => answer.end(JSON.stringify(process.env)))
  .listen(Number(process.env.PORT), process.env.HOST, () => log({ msg: 'ready' }));`;

describe('a service as its own process', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'cloudtuner-service-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  const script = (name: string, source: string): string => {
    const path = join(folder, `${name}.cjs`);
    writeFileSync(path, source);
    return path;
  };

  it('gets the environment that is given, its ports, and nothing of ours but PATH and HOME', async () => {
    const service = await startService('echo', { COLOUR: 'blue' }, { script: script('echo', listening) });
    const seen = (await (await fetch(service.url)).json()) as Record<string, string>;
    expect(seen).toMatchObject({ COLOUR: 'blue', HOST: '127.0.0.1', PORT: String(service.port) });
    expect(seen.ADMIN_PORT).toBe(String(service.adminPort));
    expect(Object.keys(seen).filter((name) => !/^(PATH|HOME|COLOUR|HOST|PORT|ADMIN_PORT)$/.test(name))).toEqual([]);
    expect(service.logRecords()).toEqual([{ msg: 'ready' }]);
    await service.restart();
    expect(service.logRecords()).toEqual([{ msg: 'ready' }]);
    await service.stop();
  });

  it('that ends at its start is an error with its last lines', async () => {
    const path = script('broken', `console.error('METRICS_STORE is missing'); process.exit(78);`);
    await expect(startService('broken', {}, { script: path })).rejects.toThrow(
      'broken ended at its start (exit 78). Its last lines:\n  METRICS_STORE is missing',
    );
  });

  it('that never gets ready is an error, and is ended', async () => {
    const path = script('slow', `${log} log({ msg: 'waiting', pid: process.pid }); setInterval(() => {}, 1000);`);
    const error: unknown = await startService('slow', {}, { script: path, startDeadlineMs: 500 }).catch(
      (reason: unknown) => reason,
    );
    expect(String(error)).toContain('slow was not ready in time');
    const pid = Number(/"pid":(\d+)/.exec(String(error))?.[1]);
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });

  it('that does not stop when asked is ended hard', async () => {
    const stubborn = `process.on('SIGTERM', () => {}); ${listening}`;
    const service = await startService('stubborn', {}, { script: script('stubborn', stubborn), stopDeadlineMs: 200 });
    await service.stop();
    expect((await service.exited).signal).toBe('SIGKILL');
  });

  it('does not outlive the process that started it, even when that one is killed hard', async () => {
    const starters = join(workspaceRoot(), 'deploy/local/servers/dist/index.js');
    const parent = script(
      'parent',
      `require(${JSON.stringify(starters)})
        .startService('child', {}, { script: ${JSON.stringify(script('child', listening))}, dataDir: ${JSON.stringify(folder)} })
        .then((service) => console.log(service.pid));`,
    );
    const running = spawn(process.execPath, [parent], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [chunk] = (await once(running.stdout, 'data')) as [Buffer];
    const pid = Number(chunk.toString());
    expect(process.kill(pid, 0)).toBe(true);
    running.kill('SIGKILL');
    await waitFor(
      () => {
        try {
          return !process.kill(pid, 0);
        } catch {
          return true;
        }
      },
      { what: 'the end of the child' },
    );
  });
});
