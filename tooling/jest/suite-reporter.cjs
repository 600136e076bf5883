const path = require('node:path');

// How long servers and sockets may take to go away after the last test, in milliseconds.
const defaultLeakDeadlineMs = 60_000;
// Open for as long as the process lives.
const standardStreams = new Set(['PipeWrap', 'TTYWrap']);

/**
 * One line per suite, what failed in full below its line, and `N passed, N failed` as the very last line of the run.
 *
 * A suite that cannot be loaded counts as one failed test, and so does a run without a single test.
 */
module.exports = class SuiteReporter {
  #passed = 0;
  #failed = 0;
  #skipped = 0;
  #rootDir;
  #leakDeadlineMs;

  constructor(globalConfig, { leakDeadlineMs = defaultLeakDeadlineMs } = {}) {
    this.#rootDir = globalConfig.rootDir;
    this.#leakDeadlineMs = leakDeadlineMs;
  }

  onTestFileResult(test, result) {
    const failed = result.testExecError === undefined ? result.numFailingTests : Math.max(1, result.numFailingTests);
    const count = result.numPassingTests + result.numFailingTests;
    this.#passed += result.numPassingTests;
    this.#failed += failed;
    this.#skipped += result.numPendingTests + result.numTodoTests;
    const seconds = ((result.perfStats.runtime || 0) / 1000).toFixed(1);
    const file = path.relative(this.#rootDir, test.path);
    this.#print(`${failed === 0 ? 'PASS' : 'FAIL'} ${file} (${count} ${count === 1 ? 'test' : 'tests'}, ${seconds} s)`);
    if (failed > 0) this.#explain(result);
  }

  onRunComplete(_contexts, results) {
    if (results.runExecError) this.#fail(`The run broke off: ${results.runExecError.message}`);
    else if (results.wasInterrupted) this.#fail('The run was interrupted.');
    else if (this.#passed + this.#failed === 0) this.#fail('No test ran.');
    // Global teardown and Jest's own remarks come after this; the last line has to wait for them.
    process.once('exit', () => {
      const skipped = this.#skipped === 0 ? '' : `, ${this.#skipped} skipped`;
      this.#print(`\n${this.#passed} passed, ${this.#failed} failed${skipped}`);
    });
    setTimeout(() => this.#endLeak(), this.#leakDeadlineMs).unref();
  }

  /** Jest turns an error here into a failed run. */
  getLastError() {
    return this.#failed === 0 ? undefined : new Error(`${this.#failed} failed`);
  }

  /** Something keeps the process alive that a test or the teardown should have closed: name it and fail instead of hanging. */
  #endLeak() {
    const open = [...new Set(process.getActiveResourcesInfo())].filter((name) => !standardStreams.has(name)).join(', ');
    this.#fail(`Still open ${this.#leakDeadlineMs / 1000} s after the last test: ${open}`);
    process.exit(1);
  }

  #fail(message) {
    this.#failed += 1;
    this.#print(message);
  }

  #explain({ failureMessage, console: printed }) {
    if (failureMessage) this.#print(failureMessage.trimEnd());
    for (const { type, message } of printed ?? []) this.#print(`console.${type}: ${message}`);
    this.#print('');
  }

  #print(text) {
    process.stdout.write(`${text}\n`);
  }
};
