import { PlantedWorkspace, type Outcome, type Plants } from './planted-workspace';

// A gate starts a compiler or a linter of its own, on whatever else the machine does.
jest.setTimeout(180_000);

const workspaces: PlantedWorkspace[] = [];

function plant(plants: Plants): PlantedWorkspace {
  const workspace = new PlantedWorkspace(plants);
  workspaces.push(workspace);
  return workspace;
}

afterAll(() => {
  for (const workspace of workspaces) workspace.remove();
});

/** Joins what must not stand in this file in one piece, because the ratchet counts it here too. */
const inPieces = (...pieces: string[]): string => pieces.join('');

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');

/** A package that may import what it lists. */
const manifest = (name: string, ...dependencies: string[]): string =>
  JSON.stringify({
    name: `@cloudtuner/${name}`,
    version: '0.0.0',
    private: true,
    exports: { '.': { source: './src/index.ts', types: './dist/index.d.ts', default: './dist/index.js' } },
    dependencies: Object.fromEntries(
      dependencies.map((dependency) => [
        dependency,
        dependency.startsWith('@cloudtuner/') ? 'workspace:*' : 'catalog:',
      ]),
    ),
  });

describe('npm run check', () => {
  const gates = ['dead code', 'dependencies', 'docs', 'escape hatches', 'format', 'lint', 'types', 'workspace'];
  const gatesWith = (word: string, { output }: Outcome): string[] =>
    lines(output)
      .filter((line) => line.startsWith(word))
      .map((line) => line.replace(/^\S+ +(.*) \(.*$/, '$1'))
      .sort();

  it('passes every gate on a clean workspace', async () => {
    const workspace = plant({});
    await workspace.run('node', 'tooling/docs/generate.mjs');

    const outcome = await workspace.run('node', 'tooling/check/check.mjs');

    expect(gatesWith('FAIL', outcome)).toEqual([]);
    expect(gatesWith('ok', outcome)).toEqual(gates);
    expect(outcome).toMatchObject({
      exitCode: 0,
      output: expect.stringMatching(/\ncheck: 8 gates passed, 0 failed\n$/),
    });
  });

  it('shows the problems of every gate, not only those of the first that fails', async () => {
    const workspace = plant({
      'libs/errors/src/wrong.test.ts':
        "it('counts', () => {\n  const count: number = 'three';\n  expect(count).toBe(3);\n});\n",
      'services/restapi/src/domain/dead.ts': 'export const parse = (text: string): any => JSON.parse(text);\n',
      'services/restapi/src/domain/escape.test.ts': `// ${inPieces('eslint', '-disable')}-next-line eqeqeq\nexport   const same = 1;\n`,
      'libs/queues/package.json': manifest('queues'),
    });

    const outcome = await workspace.run('node', 'tooling/check/check.mjs');

    expect(gatesWith('FAIL', outcome)).toEqual(gates);
    expect(outcome).toMatchObject({
      exitCode: 1,
      output: expect.stringMatching(/\ncheck: 0 gates passed, 8 failed\n$/),
    });
    for (const problem of [
      "libs/errors/src/wrong.test.ts(2,9): error TS2322: Type 'string' is not assignable to type 'number'.",
      '@typescript-eslint/no-explicit-any',
      'no-orphan: services/restapi/src/domain/dead.ts',
      'services/restapi/src/domain/dead.ts',
      '[warn] services/restapi/src/domain/escape.test.ts',
      'escape.test.ts:1',
      'libs/queues has no tsconfig.spec.json',
      'libs/errors/ERRORS.md is not what the code says',
    ]) {
      expect(outcome.output).toContain(problem);
    }
  });
});

describe('lint', () => {
  const faults: readonly { file: string; text: string; rules: readonly string[] }[] = [
    {
      file: 'libs/errors/src/any.ts',
      text: 'export const parse = (text: string): any => JSON.parse(text);',
      rules: ['@typescript-eslint/no-explicit-any'],
    },
    {
      file: 'libs/errors/src/non-null.ts',
      text: 'export const first = (list: readonly number[]): number => list[0]!;',
      rules: ['@typescript-eslint/no-non-null-assertion'],
    },
    {
      file: 'libs/errors/src/floating-promise.ts',
      text: 'export function save(write: () => Promise<void>): void {\n  write();\n}',
      rules: ['@typescript-eslint/no-floating-promises'],
    },
    {
      file: 'libs/errors/src/default-export.ts',
      text: 'export default function one() {}',
      rules: ['no-restricted-syntax'],
    },
    {
      file: 'libs/errors/src/default-specifier.ts',
      text: 'const one = 1;\nexport { one as default };',
      rules: ['no-restricted-syntax'],
    },
    { file: 'libs/errors/src/enumeration.ts', text: 'export enum Level {\n  low,\n}', rules: ['no-restricted-syntax'] },
    {
      file: 'libs/errors/src/double-assertion.ts',
      text: `export const wrong = 'text' as ${inPieces('unknown', ' as')} number;`,
      rules: ['no-restricted-syntax'],
    },
    {
      file: 'libs/errors/src/environment.ts',
      text: "export const home = (): string | undefined => process.env['HOME'];",
      rules: ['no-restricted-globals'],
    },
    {
      file: 'services/restapi/src/environment.ts',
      text: "import { env } from 'node:process';\n\nexport const home = (): string | undefined => env['HOME'];",
      rules: ['no-restricted-imports'],
    },
    {
      file: 'libs/errors/src/loading.ts',
      text: 'globalThis.setTimeout(() => 1, 1);\nexport {};',
      rules: ['no-restricted-syntax'],
    },
    {
      file: 'libs/errors/src/printing.ts',
      text: "export const greet = (): void => {\n  console.log('hello');\n};",
      rules: ['no-console'],
    },
    { file: 'libs/errors/src/utils.ts', text: 'export const one = 1;', rules: ['cloudtuner/file-name'] },
    { file: 'libs/errors/src/string-helpers.ts', text: 'export const one = 1;', rules: ['cloudtuner/file-name'] },
    { file: 'libs/errors/src/common/one.ts', text: 'export const one = 1;', rules: ['cloudtuner/file-name'] },
    { file: 'libs/errors/src/camelCase.ts', text: 'export const one = 1;', rules: ['cloudtuner/file-name'] },
    {
      file: 'libs/errors/src/many-parameters.ts',
      text: 'export const sum = (a: number, b: number, c: number, d: number, e: number): number => a + b + c + d + e;',
      rules: ['max-params'],
    },
    {
      file: 'libs/errors/src/interface-name.ts',
      text: 'export interface IClock {\n  readonly timestampMs: number;\n}',
      rules: ['@typescript-eslint/naming-convention'],
    },
    {
      file: 'libs/errors/src/unused-escape.ts',
      text: `// ${inPieces('eslint', '-disable')}-next-line eqeqeq\nexport const one = 1;`,
      rules: ['unused directive'],
    },
    {
      file: 'libs/cost-model/src/clock.ts',
      text: 'export const now = (): number => Date.now();',
      rules: ['no-restricted-syntax'],
    },
    {
      file: 'services/restapi/src/domain/chance.ts',
      text: 'export const chance = (): number => Math.random();',
      rules: ['no-restricted-syntax'],
    },
    {
      file: 'libs/cost-model/src/index.ts',
      text: "export { bare, Documented } from './documentation';",
      rules: ['cloudtuner/documented-exports'],
    },
    {
      file: 'libs/cost-model/src/documentation.ts',
      text: 'export const bare = (): number => 1;\n\n/** One. */\nexport class Documented {\n  readonly one = 1;\n}',
      rules: [],
    },
    { file: 'libs/queues/src/index.ts', text: "export * from './one';", rules: ['cloudtuner/barrel'] },
    {
      file: 'libs/queues/src/one.ts',
      text: '/** @parm one - wrong */\nexport const one = 1;',
      rules: ['jsdoc/check-tag-names'],
    },
    {
      file: 'libs/errors/src/skipped.test.ts',
      text: `${inPieces('it', '.skip')}('adds', () => {\n  expect(1).toBe(1);\n});`,
      rules: ['no-restricted-syntax'],
    },
    {
      file: 'libs/errors/src/lonely.test.ts',
      text: `${inPieces('describe', '.only')}.each([1])('adds %d', () => {\n  expect(1).toBe(1);\n});`,
      rules: ['no-restricted-syntax'],
    },
    { file: 'libs/errors/src/retried.test.ts', text: 'jest.retryTimes(3);', rules: ['no-restricted-syntax'] },
    { file: 'libs/errors/src/module-mock.test.ts', text: "jest.mock('node:fs');", rules: ['no-restricted-syntax'] },
    {
      file: 'libs/errors/src/global-mock.test.ts',
      text: "it('fetches', () => {\n  jest.spyOn(globalThis, 'fetch');\n});",
      rules: ['no-restricted-syntax'],
    },
  ];

  interface FileReport {
    readonly filePath: string;
    readonly messages: readonly { readonly ruleId: string | null; readonly message: string }[];
  }

  it('finds each planted fault by its own rule, and nothing else', async () => {
    const workspace = plant(Object.fromEntries(faults.map(({ file, text }) => [file, `${text}\n`])));

    const { exitCode, output } = await workspace.run('eslint', '--format', 'json', '.');
    const reports = JSON.parse(output) as FileReport[];
    const found = reports
      .filter(({ messages }) => messages.length > 0)
      .map(({ filePath, messages }) => ({
        file: filePath.slice(workspace.root.length + 1),
        rules: messages.map(
          ({ ruleId, message }) => ruleId ?? message.replace(/^Unused .*directive.*$/s, 'unused directive'),
        ),
      }));

    const byFile = (a: { file: string }, b: { file: string }): number => (a.file < b.file ? -1 : 1);
    expect(exitCode).toBe(1);
    expect(found.sort(byFile)).toEqual(
      faults
        .filter(({ rules }) => rules.length > 0)
        .map(({ file, rules }) => ({ file, rules }))
        .sort(byFile),
    );
  });
});

describe('dependencies', () => {
  const one = 'export const one = 1;\n';
  const uses = (module: string): string => `import { connect } from '${module}';\n\nexport const used = connect();\n`;

  /** The lines of the violations, without the reasons that follow them. */
  const violations = (output: string): string[] => lines(output).filter((line) => !line.startsWith('('));

  it('lets no import cross a layer, whatever the layer', async () => {
    const restapi = 'services/restapi/src';
    const workspace = plant({
      // Services and libs
      [`${restapi}/other-service.ts`]: "export { config } from '../../diproxy/src/config';\n",
      'libs/errors/src/service-import.ts': "export { config } from '../../../services/diproxy/src/config';\n",
      'libs/errors/src/upwards.ts': "export { defineConfig } from '../../service-kit/src/index';\n",
      'libs/service-kit/src/deep.ts': "export { httpStatusOf } from '../../errors/src/kind';\n",
      'libs/queues/package.json': manifest('queues', '@cloudtuner/service-kit', 'ioredis'),
      'libs/queues/src/index.ts':
        "export { defineConfig } from '@cloudtuner/service-kit';\nexport { used } from './redis';\n",
      'libs/queues/src/redis.ts': uses('ioredis'),
      'libs/cost-model/package.json': manifest('cost-model', 'zod'),
      'libs/cost-model/src/index.ts': "export { used } from './allowed';\nexport { read } from './disk';\n",
      'libs/cost-model/src/allowed.ts': uses('zod'),
      'libs/cost-model/src/disk.ts': "export { readFileSync as read } from 'node:fs';\n",
      [`${restapi}/deploys.ts`]: "export { statusOfMissing } from '../../../deploy/local/launcher/src/index';\n",
      // Inside a service
      [`${restapi}/domain/upwards.ts`]: "export { costRoute } from '../http/cost-route';\n",
      [`${restapi}/usecases/adapted.ts`]: "export { systemClock } from '../adapters/clock/system-clock';\n",
      [`${restapi}/http/adapted.ts`]: "export { systemClock } from '../adapters/clock/system-clock';\n",
      [`${restapi}/http/sideways.ts`]: "export { job } from '../jobs/job';\n",
      [`${restapi}/jobs/job.ts`]: "export { currentHour as job } from '../usecases/current-hour';\n",
      [`${restapi}/adapters/upwards.ts`]: "export { currentHour } from '../usecases/current-hour';\n",
      [`${restapi}/http/whole-app.ts`]: "export { createApp } from '../app';\n",
      [`${restapi}/http/wired.ts`]: "export { systemClock } from '../wiring/clocks';\n",
      [`${restapi}/wiring/clocks.ts`]: "export { systemClock } from '../adapters/clock/system-clock';\n",
      [`${restapi}/runs.ts`]: "export * from './main';\n",
      [`${restapi}/ports.ts`]:
        "import type { costRoute } from './http/cost-route';\n\nexport type Ports = typeof costRoute;\n",
      'libs/metroculus-client/package.json': manifest('metroculus-client', '@cloudtuner/restapi-client'),
      'libs/metroculus-client/src/index.ts': "export { one } from '@cloudtuner/restapi-client';\n",
      'libs/restapi-client/package.json': manifest('restapi-client'),
      'libs/restapi-client/src/index.ts': one,
      'deploy/local/servers/package.json': manifest('local-servers'),
      'deploy/local/servers/src/index.ts': one,
      'deploy/local/sample-cluster/package.json': manifest('sample-cluster', '@cloudtuner/local-servers'),
      'deploy/local/sample-cluster/src/index.ts': "export { one } from '@cloudtuner/local-servers';\n",
      // Modules
      [`${restapi}/domain/chicken.ts`]: "import { egg } from './egg';\n\nexport const chicken = (): number => egg();\n",
      [`${restapi}/domain/egg.ts`]:
        "import { chicken } from './chicken';\n\nexport const egg = (): number => chicken();\n",
      [`${restapi}/domain/a-type.ts`]:
        "import type { B } from './b-type';\n\nexport interface A {\n  readonly b: B;\n}\n",
      [`${restapi}/domain/b-type.ts`]:
        "import type { A } from './a-type';\n\nexport interface B {\n  readonly a: A;\n}\n",
      [`${restapi}/domain/alone.ts`]: one,
      [`${restapi}/domain/lost.ts`]: "export { one } from './nowhere';\n",
      [`${restapi}/with-testing.ts`]: "export { one } from './testing/world';\n",
      [`${restapi}/testing/world.ts`]: one,
      'libs/errors/src/from-test.ts': "export { two } from './two.test';\n",
      'libs/errors/src/two.test.ts': "export const two = 2;\n\nit('is', () => {\n  expect(two).toBe(2);\n});\n",
    });

    const { exitCode, output } = await workspace.run('node', 'tooling/check/dependencies.mjs');

    expect(exitCode).toBe(1);
    expect(violations(output)).toEqual([
      `adapters-from-app: ${restapi}/http/adapted.ts → ${restapi}/adapters/clock/system-clock.ts`,
      `adapters-from-app: ${restapi}/usecases/adapted.ts → ${restapi}/adapters/clock/system-clock.ts`,
      `adapters-implement-ports: ${restapi}/adapters/upwards.ts → ${restapi}/usecases/current-hour.ts`,
      `app-from-main: ${restapi}/http/whole-app.ts → ${restapi}/app.ts`,
      'cost-model-is-pure: libs/cost-model/src/disk.ts → fs',
      `domain-is-alone: ${restapi}/domain/upwards.ts → ${restapi}/http/cost-route.ts`,
      `edges-apart: ${restapi}/http/sideways.ts → ${restapi}/jobs/job.ts`,
      'lib-layer-base: libs/errors/src/upwards.ts → libs/service-kit/src/index.ts',
      'lib-layer-clients: libs/metroculus-client/src/index.ts → libs/restapi-client/src/index.ts',
      'lib-layer-middle: libs/queues/src/index.ts → libs/service-kit/src/index.ts',
      'libs-below-services: libs/errors/src/service-import.ts → services/diproxy/src/config.ts',
      'local-servers-on-one-machine: deploy/local/sample-cluster/src/index.ts → deploy/local/servers/src/index.ts',
      `main-is-the-top: ${restapi}/runs.ts → ${restapi}/main.ts`,
      'no-deep-import: libs/service-kit/src/deep.ts → libs/errors/src/kind.ts',
      'no-import-of-a-test: libs/errors/src/from-test.ts → libs/errors/src/two.test.ts',
      `no-orphan: ${restapi}/domain/alone.ts`,
      `no-runtime-cycle: ${restapi}/domain/chicken.ts → ${restapi}/domain/egg.ts → ${restapi}/domain/chicken.ts`,
      `no-unresolvable: ${restapi}/domain/lost.ts → ./nowhere`,
      `ports-are-words: ${restapi}/ports.ts → ${restapi}/http/cost-route.ts`,
      `service-to-service: ${restapi}/other-service.ts → services/diproxy/src/config.ts`,
      `services-below-deploy: ${restapi}/deploys.ts → deploy/local/launcher/src/index.ts`,
      `testing-in-tests: ${restapi}/with-testing.ts → ${restapi}/testing/world.ts`,
      `usecases-see-ports-and-domain: ${restapi}/usecases/adapted.ts → ${restapi}/adapters/clock/system-clock.ts`,
      `wiring-from-app: ${restapi}/http/wired.ts → ${restapi}/wiring/clocks.ts`,
    ]);
  });

  it('lets a driver be known only behind its fence', async () => {
    const drivers = {
      '@clickhouse/client': 'fence-clickhouse',
      chdb: 'fence-chdb',
      mongodb: 'fence-mongodb',
      bullmq: 'fence-redis',
      ioredis: 'fence-redis',
      express: 'fence-express',
      undici: 'fence-undici',
      axios: 'fence-axios',
      snappy: 'fence-wire',
      protobufjs: 'fence-wire',
    };
    const names = Object.keys(drivers);
    const fileOf = (name: string): string =>
      `services/restapi/src/domain/${name.replace(/\W/g, '-').replace(/^-/, '')}.ts`;
    const workspace = plant({
      'services/restapi/package.json': manifest('restapi', '@cloudtuner/service-kit', ...names),
      ...Object.fromEntries(names.map((name) => [fileOf(name), uses(name)])),
      // And where it belongs, it may be used.
      'libs/metadata/package.json': manifest('metadata', 'mongodb'),
      'libs/metadata/src/index.ts': "export { used } from './database';\n",
      'libs/metadata/src/database.ts': uses('mongodb'),
      'services/diproxy/package.json': manifest('diproxy', '@cloudtuner/service-kit', 'express'),
      'services/diproxy/src/http/router.ts': uses('express'),
    });

    const { exitCode, output } = await workspace.run('node', 'tooling/check/dependencies.mjs');

    expect(exitCode).toBe(1);
    expect(violations(output).map((line) => line.replace(/ → .*$/, ''))).toEqual(
      Object.entries(drivers)
        .map(([name, rule]) => `${rule}: ${fileOf(name)}`)
        .sort(),
    );
  });

  it('keeps test servers out of sources, devDependencies out of images and undeclared packages out of both', async () => {
    const workspace = plant({
      'libs/test-kit/package.json': manifest('test-kit'),
      'libs/test-kit/src/index.ts': one,
      'services/restapi/package.json': JSON.stringify({
        name: '@cloudtuner/restapi',
        dependencies: { '@cloudtuner/service-kit': 'workspace:*' },
        devDependencies: { '@cloudtuner/test-kit': 'workspace:*', 'fast-check': 'catalog:' },
      }),
      'services/restapi/src/domain/with-servers.ts': "export { one } from '@cloudtuner/test-kit';\n",
      'services/restapi/src/domain/with-servers.test.ts': "export { one } from '@cloudtuner/test-kit';\n",
      'services/restapi/src/domain/random.ts': uses('fast-check'),
      'services/restapi/src/domain/random.test.ts': uses('fast-check'),
      'services/restapi/src/domain/undeclared.ts': "export { format } from 'prettier';\n",
    });

    const { exitCode, output } = await workspace.run('node', 'tooling/check/dependencies.mjs');

    expect(exitCode).toBe(1);
    expect(violations(output).map((line) => line.replace(/ → .*$/, ''))).toEqual([
      'declared-dependencies: services/restapi/src/domain/undeclared.ts',
      'no-dev-dependency-in-source: services/restapi/src/domain/random.ts',
      'test-kit-in-tests: services/restapi/src/domain/with-servers.ts',
    ]);
  });

  it('fails when an edge between packages ends in build output, where no layer rule sees it', async () => {
    const workspace = plant({
      'libs/service-kit/package.json': manifest('service-kit', '@cloudtuner/errors').replace('"source":', '"other":'),
      'libs/service-kit/dist/index.d.ts': 'export {};\n',
    });

    const { exitCode, output } = await workspace.run('node', 'tooling/check/dependencies.mjs');

    expect(exitCode).toBe(1);
    expect(violations(output)).toEqual([
      'no-build-output: services/diproxy/src/config.ts → libs/service-kit/dist/index.d.ts',
      'no-build-output: services/restapi/src/config.ts → libs/service-kit/dist/index.d.ts',
      'services/diproxy/src/config.ts imports another package, but the graph does not have that edge',
      'services/restapi/src/config.ts imports another package, but the graph does not have that edge',
    ]);
  });

  it('fails on a graph without an edge between packages', async () => {
    const workspace = plant({
      'libs/service-kit/src/config.ts': 'export const defineConfig = (): number => 1;\n',
      'deploy/local/launcher/src/status.ts': 'export const statusOfMissing = (): number => 404;\n',
      'deploy/e2e/src/demo.test.ts': "it('is', () => {\n  expect(1).toBe(1);\n});\n",
      'services/diproxy/src/config.ts': 'export const config = { read: (): number => 1 };\n',
      'services/restapi/src/config.ts': 'export const config = { read: (): number => 1 };\n',
    });

    const { exitCode, output } = await workspace.run('node', 'tooling/check/dependencies.mjs');

    expect(exitCode).toBe(1);
    expect(lines(output)).toEqual([
      'the graph has no edge between two packages: it is not the graph of this workspace',
    ]);
  });

  it('fails on an empty graph, naming the files that no rule was applied to', async () => {
    const workspace = plant({
      '.dependency-cruiser.cjs': "module.exports = { forbidden: [], options: { exclude: { path: '[.]ts$' } } };\n",
    });

    const { exitCode, output } = await workspace.run('node', 'tooling/check/dependencies.mjs');

    expect(exitCode).toBe(1);
    expect(lines(output)).toContain(
      'services/restapi/src/domain/instant.ts is not in the graph: no rule was applied to it',
    );
  });
});

describe('dead code', () => {
  it('is every file, export and dependency that nothing leads to', async () => {
    const workspace = plant({
      'libs/errors/src/dead-file.ts': 'export const dead = 1;\n',
      'services/restapi/src/ports.ts': [
        "import type { Instant } from './domain/instant';",
        'export interface Ports {\n  readonly clock: { now(): Instant };\n}',
        'export const dead = 2;',
        'export interface Dead {\n  readonly dead: true;\n}',
        '',
      ].join('\n\n'),
      'services/diproxy/package.json': JSON.stringify({
        name: '@cloudtuner/diproxy',
        scripts: { start: 'node dist/main.js' },
        dependencies: { '@cloudtuner/service-kit': 'workspace:*', undici: '7.30.2' },
      }),
    });

    const { exitCode, output } = await workspace.run('knip', '--reporter', 'compact');

    expect(exitCode).toBe(1);
    expect(lines(output)).toEqual([
      'Unused files (1)',
      'libs/errors/src/dead-file.ts: libs/errors/src/dead-file.ts',
      'Unused dependencies (1)',
      'services/diproxy/package.json: undici',
      'Unused exports (1)',
      'services/restapi/src/ports.ts: dead',
      'Unused exported types (1)',
      'services/restapi/src/ports.ts: Dead',
    ]);
  });
});

describe('format', () => {
  it('names the file that prettier would write otherwise', async () => {
    const workspace = plant({ 'libs/errors/src/ugly.ts': 'export   const ugly = "double"\n' });

    const { exitCode, output } = await workspace.run('prettier', '--check', '--log-level', 'warn', '.');

    expect(exitCode).toBe(1);
    expect(output).toMatch(/^\[warn\] libs\/errors\/src\/ugly\.ts\n\[warn\] Code style issues found in the above file/);
  });
});

describe('escape hatches', () => {
  it('are counted one by one, with their places', async () => {
    const workspace = plant({
      'libs/errors/src/escapes.ts': [
        `// ${inPieces('eslint', '-disable')}-next-line eqeqeq`,
        `// ${inPieces('@ts', '-ignore')}`,
        `// ${inPieces('@ts', '-expect-error')}`,
        `export const wrong = 1 as ${inPieces('unknown', ' as')} string;`,
        `// ${inPieces('prettier', '-ignore')}`,
      ].join('\n'),
      'libs/errors/src/skipped.test.ts': `${inPieces('it', '.skip')}('adds', () => 1);\n`,
    });

    const { exitCode, output } = await workspace.run('node', 'tooling/check/escape-hatches.mjs');

    expect(exitCode).toBe(1);
    expect(lines(output)).toEqual([
      `${inPieces('eslint', '-disable')}: 1, allowed 0`,
      '  libs/errors/src/escapes.ts:1',
      `${inPieces('@ts', '-ignore')}: 1, allowed 0`,
      '  libs/errors/src/escapes.ts:2',
      `${inPieces('@ts', '-expect-error')}: 1, allowed 0`,
      '  libs/errors/src/escapes.ts:3',
      `as ${inPieces('unknown', ' as')}: 1, allowed 0`,
      '  libs/errors/src/escapes.ts:4',
      `${inPieces('prettier', '-ignore')}: 1, allowed 0`,
      '  libs/errors/src/escapes.ts:5',
      'skipped or lonely test: 1, allowed 0',
      '  libs/errors/src/skipped.test.ts:1',
    ]);
  });
});

describe('docs', () => {
  it('are compared with the catalogue and the configurations, and written from them', async () => {
    const workspace = plant({});
    const check = (): Promise<Outcome> => workspace.run('node', 'tooling/docs/generate.mjs', '--check');
    await workspace.run('node', 'tooling/docs/generate.mjs');
    expect(await check()).toEqual({ exitCode: 0, output: '' });
    expect(workspace.read('libs/errors/ERRORS.md')).toContain('## not-found\n\nThere is nothing at this address');
    expect(workspace.read('services/diproxy/README.md')).toContain(
      '| `CLUSTER_SECRET` or `CLUSTER_SECRET_FILE` | secret |',
    );

    workspace.write(
      'libs/errors/ERRORS.md',
      workspace.read('libs/errors/ERRORS.md').replace('## not-found', '## gone'),
    );
    const readme = workspace.read('services/diproxy/README.md');
    workspace.write('services/diproxy/README.md', readme.replace('MONGODB_URL', 'MONGO_URL'));
    workspace.write('services/restapi/README.md', '# restapi\n');

    const { exitCode, output } = await check();
    expect(exitCode).toBe(1);
    expect(lines(output)).toEqual([
      'libs/errors/ERRORS.md is not what the code says: run `npm run docs`',
      'services/diproxy/README.md is not what the code says: run `npm run docs`',
      'services/restapi/README.md has no <!-- env:start --> … <!-- env:end --> for the variables',
    ]);
  });

  it('of a Helm chart are its values and the variables of its services', async () => {
    const workspace = plant({
      'helm/shop/Chart.yaml': 'name: shop\n',
      'helm/shop/values.yaml': '# -- How many\nreplicas: 2\nimage:\n  # -- Which one\n  tag: a\n',
      'helm/shop/README.md': '# shop\n\n<!-- values:start -->\n<!-- values:end -->\n',
      'helm/shop/values.schema.json': '{ "$defs": { "diproxy-environment": {} } }\n',
    });
    const check = (): Promise<Outcome> => workspace.run('node', 'tooling/docs/generate.mjs', '--check');
    await workspace.run('node', 'tooling/docs/generate.mjs');
    expect(await check()).toEqual({ exitCode: 0, output: '' });
    expect(workspace.read('helm/shop/README.md')).toMatch(/\| `image\.tag` +\| `"a"` +\| Which one \|/);
    // What templates set themselves, such as addresses and secrets, is not free to set.
    expect(workspace.read('helm/shop/values.schema.json')).not.toMatch(/MONGODB_URL|CLUSTER_SECRET/);

    workspace.write('helm/shop/values.yaml', '# -- How many\nreplicas: 3\nimage:\n  tag: a\n');
    workspace.write('helm/shop/values.schema.json', '{ "$defs": { "diproxy-environment": { "type": "string" } } }\n');
    const { exitCode, output } = await check();
    expect(exitCode).toBe(1);
    expect(lines(output)).toEqual([
      'helm/shop/values.yaml: image.tag has no comment "# -- …" that says what it is',
      'helm/shop/values.schema.json is not what the code says: run `npm run docs`',
    ]);
  });
});

describe('workspace', () => {
  it('finds a project that is not built, a reference that is missing and a version of its own', async () => {
    const workspace = plant({
      'libs/queues/package.json': manifest('queues', '@cloudtuner/errors', 'ioredis').replace('catalog:', '6.0.0'),
      'libs/queues/tsconfig.json': '{ "references": [{ "path": "../service-kit" }] }\n',
    });

    const { exitCode, output } = await workspace.run('node', 'tooling/check/workspace.mjs');

    expect(exitCode).toBe(1);
    expect(lines(output)).toEqual([
      'libs/queues/tsconfig.json lacks a reference to libs/errors/tsconfig.json',
      'libs/queues/tsconfig.json refers to libs/service-kit/tsconfig.json, which its package.json does not list as a dependency',
      'tsconfig.json lacks a reference to libs/queues/tsconfig.json',
      'libs/queues has no tsconfig.spec.json: its tests have no types',
      'libs/queues/package.json: ioredis is "6.0.0", not "catalog:"',
    ]);
  });
});
