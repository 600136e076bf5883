import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

// Each test starts a Jest of its own.
jest.setTimeout(60_000);

const repository = path.resolve(__dirname, '../..');
const folders: string[] = [];

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Runs Jest with the reporter over these files; the answer is what a caller of `npm test` sees. */
function runJest(files: Readonly<Record<string, string>>): { status: number | null; lines: string[]; text: string } {
  const folder = mkdtempSync(path.join(tmpdir(), 'suite-reporter-'));
  folders.push(folder);
  const configuration = {
    rootDir: folder,
    reporters: [[path.join(__dirname, 'suite-reporter.cjs'), { leakDeadlineMs: 2000 }]],
    passWithNoTests: true,
    ...('teardown.cjs' in files ? { globalTeardown: '<rootDir>/teardown.cjs' } : {}),
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
  writeFileSync(path.join(folder, 'jest.config.json'), JSON.stringify(configuration));
  const program = path.join(repository, 'node_modules/.bin/jest');
  const { status, stdout, stderr } = spawnSync(program, ['--config', 'jest.config.json'], { cwd: folder });
  const text = `${stderr.toString()}${stdout.toString()}`;
  return { status, text, lines: stdout.toString().trimEnd().split('\n') };
}

const passing = "it('adds', () => expect(1 + 1).toBe(2));\n";
const failing = "it('adds', () => expect(1 + 1).toBe(3));\n";

it('prints a line per suite, what failed in full, and the count of the tests last', () => {
  const { status, text, lines } = runJest({
    'good.test.js': `${passing}${passing.replace('adds', 'adds again')}`,
    'bad.test.js': `console.log('about to add');\n${failing}`,
  });

  expect(status).toBe(1);
  expect(lines).toContainEqual(expect.stringMatching(/^PASS good\.test\.js \(2 tests, \d+\.\d s\)$/));
  expect(lines).toContainEqual(expect.stringMatching(/^FAIL bad\.test\.js \(1 test, \d+\.\d s\)$/));
  expect(text).toContain('Expected: 3');
  expect(text).toContain('console.log: about to add');
  expect(lines.at(-1)).toBe('2 passed, 1 failed');
});

it('exits with 0 when every test passed', () => {
  const { status, lines } = runJest({ 'good.test.js': passing });

  expect({ status, last: lines.at(-1) }).toEqual({ status: 0, last: '1 passed, 0 failed' });
});

it('counts a suite that cannot be loaded as one failed test', () => {
  const { status, text, lines } = runJest({ 'good.test.js': passing, 'broken.test.js': "require('./nowhere');\n" });

  expect({ status, last: lines.at(-1) }).toEqual({ status: 1, last: '1 passed, 1 failed' });
  expect(text).toContain("Cannot find module './nowhere'");
});

it('fails when there is no test at all', () => {
  const { status, lines } = runJest({ 'unrelated.js': '' });

  expect({ status, last: lines.at(-1) }).toEqual({ status: 1, last: '0 passed, 1 failed' });
});

it('says how many tests were skipped', () => {
  const { status, lines } = runJest({
    'some.test.js': `${passing}${passing.replace('it(', ['it', 'skip('].join('.'))}\n`,
  });

  expect({ status, last: lines.at(-1) }).toEqual({ status: 0, last: '1 passed, 0 failed, 1 skipped' });
});

it('keeps its last line last when the teardown speaks', () => {
  const { status, lines } = runJest({
    'good.test.js': passing,
    'teardown.cjs': "module.exports = async () => console.log('servers are down');\n",
  });

  expect(lines).toContain('servers are down');
  expect({ status, last: lines.at(-1) }).toEqual({ status: 0, last: '1 passed, 0 failed' });
});

it('names what keeps the process alive, and fails, instead of hanging', () => {
  const { status, text, lines } = runJest({
    'good.test.js': passing,
    'teardown.cjs': "module.exports = async () => void require('node:net').createServer().listen(0, '127.0.0.1');\n",
  });

  expect(text).toContain('Still open 2 s after the last test: TCPServerWrap');
  expect({ status, last: lines.at(-1) }).toEqual({ status: 1, last: '1 passed, 1 failed' });
});
