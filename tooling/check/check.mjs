/**
 * `npm run check`: every gate of the workspace, two at a time, one line each, all problems shown.
 * Exits with 1 when any gate failed.
 */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const tool = (name) => path.join(root, 'node_modules/.bin', name);

/**
 * The longest come first, so that the short ones fill the other place. `after` names a gate whose output this one reads.
 *
 * @type {readonly { name: string, command: readonly string[], after?: string }[]}
 */
const gates = [
  { name: 'lint', command: [tool('eslint'), '--max-warnings', '0', '.'] },
  { name: 'types', command: [tool('tsc'), '-b'] },
  { name: 'dependencies', command: [process.execPath, 'tooling/check/dependencies.mjs'] },
  { name: 'format', command: [tool('prettier'), '--check', '.', '--log-level', 'warn'] },
  { name: 'dead code', command: [tool('knip'), '--no-progress', '--treat-config-hints-as-errors'] },
  { name: 'workspace', command: [process.execPath, 'tooling/check/workspace.mjs'] },
  { name: 'escape hatches', command: [process.execPath, 'tooling/check/escape-hatches.mjs'] },
  { name: 'docs', command: [process.execPath, 'tooling/docs/generate.mjs', '--check'], after: 'types' },
];

/** Runs one gate; resolves with its whole output, and whether it passed. */
function run({ name, command }) {
  const [program, ...args] = command;
  const startedMs = performance.now();
  return new Promise((resolve) => {
    const chunks = [];
    const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.on('data', (chunk) => chunks.push(chunk));
    child.stderr.on('data', (chunk) => chunks.push(chunk));
    const finish = (passed, problem = '') => {
      const seconds = (performance.now() - startedMs) / 1000;
      resolve({ name, passed, seconds, output: (Buffer.concat(chunks).toString() + problem).trim() });
    };
    child.on('error', (error) => finish(false, `could not be started: ${error.message}`));
    child.on('close', (code, signal) =>
      finish(code === 0, signal === null ? '' : `\nended by ${signal}; its output may be cut short`),
    );
  });
}

function report({ name, passed, seconds, output }) {
  console.log(`${passed ? 'ok  ' : 'FAIL'} ${name} (${seconds.toFixed(1)} s)`);
  if (!passed) console.log(`${output.replaceAll(/^/gm, '  ')}\n`);
}

/** Runs all gates, `width` at a time, and reports each as it ends. */
async function runAll(width) {
  const waiting = [...gates];
  const finished = new Map();
  const worker = async () => {
    for (;;) {
      const gate = waiting.find(({ after }) => after === undefined || finished.has(after));
      if (gate === undefined) return;
      waiting.splice(waiting.indexOf(gate), 1);
      const result = await run(gate);
      finished.set(gate.name, result.passed);
      report(result);
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  // A worker that found nothing to do may have left while another finished what the last gate waits for.
  if (waiting.length > 0) await worker();
  return [...finished.values()];
}

const results = await runAll(Math.min(2, availableParallelism()));
const failed = results.filter((passed) => !passed).length;
console.log(`check: ${results.length - failed} gates passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
