import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

// npm itself takes seconds to start on a busy machine.
jest.setTimeout(60_000);

const folders: string[] = [];

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Runs `.ci/run` in a folder whose two commands are these shell lines. */
function runCi(check: string, test: string): { passed: boolean; last: string | undefined } {
  const folder = mkdtempSync(path.join(tmpdir(), 'ci-run-'));
  folders.push(folder);
  cpSync(path.resolve(__dirname, '../../.ci'), path.join(folder, '.ci'), { recursive: true });
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ scripts: { check, test } }));
  const { status, stdout } = spawnSync(path.join(folder, '.ci/run'), { cwd: tmpdir() });
  return { passed: status === 0, last: stdout.toString().trimEnd().split('\n').at(-1) };
}

describe('.ci/run', () => {
  it('passes when the gates and the tests pass, with the count of the tests last', () => {
    expect(runCi('echo gates', 'echo 3 passed, 0 failed')).toEqual({ passed: true, last: '3 passed, 0 failed' });
  });

  it('runs the tests and fails when a gate fails', () => {
    expect(runCi('exit 1', 'echo 3 passed, 0 failed')).toEqual({ passed: false, last: '3 passed, 0 failed' });
  });

  it('fails when a test fails', () => {
    expect(runCi('true', 'echo 2 passed, 1 failed; exit 1')).toEqual({ passed: false, last: '2 passed, 1 failed' });
  });

  it.each(['exit 1', 'echo no server', 'exit 0'])('counts one failure when the tests never counted (%s)', (test) => {
    expect(runCi('true', test)).toEqual({ passed: false, last: '0 passed, 1 failed' });
  });
});
