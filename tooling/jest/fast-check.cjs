/**
 * fast-check as every suite gets it (`moduleNameMapper`): the same examples in every run, so that a commit that passed passes again.
 * `PROPERTY_RUNS=20` draws new ones instead, twenty times as many. See docs/adr/0016.
 */
const path = require('node:path');

const packageFolder = path.dirname(require.resolve('fast-check/package.json'));
const fastCheck = require(path.join(packageFolder, 'lib/cjs/fast-check.js'));

const sameSeed = 20_260_101;
const usualRuns = 100;

function withMoreRuns(factor) {
  const { assert } = fastCheck;
  // A time limit would end the longer run as if it had passed.
  return (property, parameters = {}) =>
    assert(property, {
      ...parameters,
      interruptAfterTimeLimit: undefined,
      numRuns: (parameters.numRuns ?? usualRuns) * factor,
    });
}

const factor = Number(process.env.PROPERTY_RUNS ?? 0);
if (!Number.isInteger(factor) || factor < 0)
  throw new Error(`PROPERTY_RUNS is a whole number, not "${process.env.PROPERTY_RUNS}"`);

if (factor === 0) {
  fastCheck.configureGlobal({ ...fastCheck.readConfigureGlobal(), seed: sameSeed });
  module.exports = fastCheck;
} else {
  const assert = withMoreRuns(factor);
  module.exports = { ...fastCheck, assert, default: { ...fastCheck.default, assert } };
}
