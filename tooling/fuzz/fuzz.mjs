/**
 * `npm run fuzz [-- --seconds 600 --seed N]`: runs generated and damaged bodies through the decompressor, the scanner, the
 * rewriter and the translator, and holds every outcome against references (`libs/remote-write/src/testing/`). The inputs are
 * made and run in a worker; here it is watched that it goes on (no hang) and that memory stays bounded. What is found is
 * printed as a line for `fuzz.test.ts`; the exit code is then 1.
 */
import { clearInterval, setInterval } from 'node:timers';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '600' }, seed: { type: 'string' } } });
const seconds = Number(values.seconds);
const seed = Number(values.seed ?? Date.now() % 2 ** 31);
if (!(seconds > 0) || !Number.isInteger(seed)) {
  console.error('usage: npm run fuzz [-- --seconds 600 --seed N]');
  process.exit(64);
}

const hangMs = 10_000;
const maxRssBytes = 1024 * 1024 * 1024;
const sharedBytes = 4 * 1024 * 1024;
const kinds = ['v1', 'v2', 'snappy'];
// Executions, behaviours seen, and the input that is being run: its kind, variant, length, then its bytes.
const shared = new SharedArrayBuffer(sharedBytes);
const counters = new Int32Array(shared, 0, 5);

const worker = new Worker(fileURLToPath(new URL('fuzz-worker.cjs', import.meta.url)), { workerData: { shared, seed } });
const startedMs = performance.now();
let executionsBefore = 0;
let progressMs = startedMs;
let maxRss = 0;

/** Prints the input that is being run as a line for the regression tests, and ends. */
function fail(what) {
  const [, , kind = 0, variant = 0, length = 0] = counters;
  const hex = Buffer.from(new Uint8Array(shared, 20, length)).toString('hex');
  console.error(`fuzz: ${what}\n  ['…', '${kinds[kind]}', ${variant}, '${hex}'],`);
  process.exit(1);
}

function report() {
  const [executions = 0, behaviours = 0] = counters;
  const elapsed = (performance.now() - startedMs) / 1000;
  return `${executions} inputs in ${elapsed.toFixed(0)} s, ${behaviours} kinds of behaviour, at most ${(maxRss / 2 ** 20).toFixed(0)} MiB, seed ${seed}`;
}

worker.on('error', (error) => fail(error.stack ?? String(error)));
let ticks = 0;
const watch = setInterval(() => {
  const [executions = 0] = counters;
  const nowMs = performance.now();
  maxRss = Math.max(maxRss, process.memoryUsage.rss());
  if (executions !== executionsBefore) progressMs = nowMs;
  executionsBefore = executions;
  if (nowMs - progressMs > hangMs) fail(`one input takes more than ${hangMs / 1000} s`);
  if (maxRss > maxRssBytes) fail(`memory grew to ${maxRss} bytes`);
  if (++ticks % 60 === 0) console.error(`fuzz: ${report()}`);
  if (nowMs - startedMs > seconds * 1000) {
    clearInterval(watch);
    void worker.terminate().then(() => console.log(`fuzz: nothing found. ${report()}`));
  }
}, 500);
