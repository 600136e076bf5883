/** Makes and runs inputs for ever; started by fuzz.mjs. TypeScript is only transpiled, as in Jest. */
const { readFileSync } = require('node:fs');
const path = require('node:path');
const { workerData } = require('node:worker_threads');
const typescript = require('typescript');

const { shared, seed } = workerData;
const counters = new Int32Array(shared, 0, 5);
const current = new Uint8Array(shared, 20);
const kinds = ['v1', 'v2', 'snappy'];
const compilerOptions = {
  module: typescript.ModuleKind.CommonJS,
  target: typescript.ScriptTarget.ES2023,
  esModuleInterop: true,
};

require.extensions['.ts'] = (module, file) => {
  module._compile(typescript.transpileModule(readFileSync(file, 'utf8'), { compilerOptions }).outputText, file);
};

/**
 * @typedef {{ kind: string, variant: number, bytes: Uint8Array }} Input
 * @type {{
 *   FuzzInputs: new (seed: number) => { next(): Input, note(behaviour: string): void, behaviourCount: number },
 *   FuzzTarget: new () => { run(input: Input): string },
 * }}
 */
const { FuzzInputs, FuzzTarget } = require(path.resolve(__dirname, '../../libs/remote-write/src/testing/fuzz.ts'));
const inputs = new FuzzInputs(seed);
const target = new FuzzTarget();
for (;;) {
  const input = inputs.next();
  current.set(input.bytes);
  counters[2] = kinds.indexOf(input.kind);
  counters[3] = input.variant;
  counters[4] = input.bytes.length;
  inputs.note(target.run(input));
  counters[1] = inputs.behaviourCount;
  Atomics.add(counters, 0, 1);
}
