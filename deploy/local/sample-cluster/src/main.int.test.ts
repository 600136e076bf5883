import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { waitFor } from '@cloudtuner/test-kit';

const MAIN = join(__dirname, '..', 'dist', 'main.js');

interface Listening {
  readonly listening: number;
  readonly pid: number;
}

async function firstLine(stream: NodeJS.ReadableStream): Promise<Listening> {
  const [line] = (await once(createInterface({ input: stream }), 'line')) as [string];
  return JSON.parse(line) as Listening;
}

const isThere = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('the exporter as its own process', () => {
  it('tells its port in one JSON line, serves, and ends with exit code 0 on SIGTERM', async () => {
    const child = spawn(process.execPath, [MAIN, '--profile', 'shop', '--cluster-id', 'shop-9'], { stdio: 'pipe' });
    const exited = once(child, 'exit');
    try {
      const { listening, pid } = await firstLine(child.stdout);
      const text = await (await fetch(`http://127.0.0.1:${String(listening)}/metrics`)).text();

      expect(pid).toBe(child.pid);
      expect(/^kubecost_cluster_info\{.*cluster_id="shop-9"/m.test(text)).toBe(true);
      child.kill('SIGTERM');
      expect(await exited).toEqual([0, null]);
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('ends when its parent was killed, with --exit-with-parent', async () => {
    const script = `require('node:child_process').spawn(process.execPath, ${JSON.stringify([MAIN, '--profile', 'shop', '--exit-with-parent'])}, { stdio: ['ignore', 'inherit', 'inherit'] });`;
    const parent = spawn(process.execPath, ['-e', script], { stdio: 'pipe' });
    const { pid } = await firstLine(parent.stdout);

    expect(isThere(pid)).toBe(true);
    parent.kill('SIGKILL');
    await waitFor(() => !isThere(pid), { what: 'the exporter to end', timeoutMs: 5000 });
  });

  it('exits with code 1 and its usage when an argument is wrong', async () => {
    const child = spawn(process.execPath, [MAIN, '--profile', 'bank'], { stdio: 'pipe' });
    const exited = once(child, 'exit');
    const errors: Buffer[] = [];
    child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));

    expect(await exited).toEqual([1, null]);
    expect(Buffer.concat(errors).toString()).toContain('Usage: main.js');
  });
});
