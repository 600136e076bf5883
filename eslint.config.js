const js = require('@eslint/js');
const jsdoc = require('eslint-plugin-jsdoc');
const tseslint = require('typescript-eslint');
const cloudtuner = require('./tooling/eslint/plugin.cjs');

const typescript = ['**/*.ts'];
const scripts = ['**/*.{js,cjs,mjs}'];
const tests = [
  '**/*.test.ts',
  '**/src/testing/**/*.ts',
  'deploy/e2e/**/*.ts',
  'libs/test-kit/src/**/*.ts',
  'tooling/**/*.ts',
];
// The composition of a process: here it reads its environment, takes signals and exits.
const mains = [
  'services/*/src/main.ts',
  'deploy/local/*/src/{main,*-main}.ts',
  'bench/src/{main,*-main}.ts',
  'deploy/local/servers/src/this-process.ts',
];
// Only these may depend on the time or on chance: what they compute must come from their arguments alone.
const pure = ['libs/cost-model/src/**/*.ts', 'services/*/src/domain/**/*.ts'];

/** A named code shape that is forbidden: `no-restricted-syntax` knows one list per file, so lists are put together here. */
const shapes = {
  everywhere: [
    {
      selector: 'ExportDefaultDeclaration, ExportSpecifier[exported.name="default"]',
      message: 'No default exports: a name that is the same everywhere can be searched.',
    },
    { selector: 'TSEnumDeclaration', message: 'No enums: use a constant object and a union of its values.' },
    {
      selector: 'TSAsExpression > TSAsExpression[typeAnnotation.type="TSUnknownKeyword"]',
      message: 'No assertion by way of unknown: parse the value, or give the function a type that says what it does.',
    },
  ],
  source: [
    {
      selector: 'Program > ExpressionStatement:not([directive])',
      message: 'No side effects when a module is loaded: export a function and call it from main.',
    },
  ],
  pure: [
    {
      selector:
        'CallExpression[callee.object.name=/^(Date|performance)$/][callee.property.name="now"], NewExpression[callee.name="Date"][arguments.length=0]',
      message: 'This code is pure: take the time as an argument.',
    },
    {
      selector: 'CallExpression[callee.object.name="Math"][callee.property.name="random"]',
      message: 'This code is pure: take a seed as an argument.',
    },
  ],
  tests: [
    {
      selector: 'MemberExpression[object.name=/^(it|test|describe)$/][property.name=/^(skip|only|todo|failing)$/]',
      message: 'Every test runs: none is skipped or run alone.',
    },
    {
      selector:
        'MemberExpression[object.object.name=/^(it|test|describe)$/][property.name=/^(skip|only|failing)$/], CallExpression[callee.name=/^(xit|xtest|xdescribe|fit|fdescribe)$/]',
      message: 'Every test runs: none is skipped or run alone.',
    },
    {
      selector: 'MemberExpression[object.name="jest"][property.name="retryTimes"]',
      message: 'No retries: a test that fails now and then is a fault to be found.',
    },
    {
      selector:
        'MemberExpression[object.name="jest"][property.name=/^(mock|doMock|setMock|unstable_mockModule|createMockFromModule)$/]',
      message: 'No module mocks: pass a fake of a port, or use the real server of the test-kit.',
    },
    {
      selector:
        'CallExpression[callee.object.name="jest"][callee.property.name="spyOn"][arguments.0.name=/^(global|globalThis)$/], AssignmentExpression[left.object.name=/^(global|globalThis)$/]',
      message: 'No global mocks: pass a fake of a port, or use the real server of the test-kit.',
    },
  ],
};
const forbid = (...lists) => ({ 'no-restricted-syntax': ['error', ...shapes.everywhere, ...lists.flat()] });

const processMessage = 'Only main reads the environment, takes signals and exits: take what you need as an argument.';

module.exports = tseslint.config(
  { ignores: ['**/node_modules/', '**/dist/', '**/.local/', '**/coverage/', 'tooling/check/fixtures/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' }, plugins: { cloudtuner, jsdoc } },
  js.configs.recommended,
  {
    files: [...typescript, ...scripts],
    rules: {
      'cloudtuner/file-name': 'error',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'max-params': ['error', { max: 4 }],
      'no-param-reassign': 'error',
      'object-shorthand': 'error',
      'prefer-template': 'error',
    },
  },
  {
    files: typescript,
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { project: 'tooling/eslint/tsconfig.json', tsconfigRootDir: __dirname } },
    rules: {
      ...forbid(shapes.source),
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/naming-convention': [
        'error',
        {
          selector: ['interface', 'typeAlias'],
          format: ['PascalCase'],
          custom: { regex: '^[IT][A-Z][a-z]', match: false },
        },
        { selector: ['class', 'typeParameter'], format: ['PascalCase'] },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-import-type-side-effects': 'error',
      // There are no enums here, and looking for them costs a tenth of the whole time.
      '@typescript-eslint/no-unsafe-enum-assignment': 'off',
      '@typescript-eslint/no-unsafe-enum-comparison': 'off',
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      'jsdoc/check-param-names': ['error', { checkDestructured: false, disableMissingParamChecks: true }],
      'jsdoc/check-tag-names': ['error', { typed: true, definedTags: ['remarks', 'typeParam'] }],
      'jsdoc/empty-tags': 'error',
      'jsdoc/no-types': 'error',
      'jsdoc/require-throws-description': 'error',
      'no-console': 'error',
      'no-restricted-globals': ['error', { name: 'process', message: processMessage }],
      'no-restricted-imports': [
        'error',
        { paths: ['process', 'node:process'].map((name) => ({ name, message: processMessage })) },
      ],
    },
  },
  { files: ['libs/*/src/index.ts'], rules: { 'cloudtuner/documented-exports': 'error', 'cloudtuner/barrel': 'error' } },
  { files: pure, rules: forbid(shapes.source, shapes.pure) },
  {
    files: mains,
    rules: { ...forbid(), 'no-console': 'off', 'no-restricted-globals': 'off', 'no-restricted-imports': 'off' },
  },
  {
    files: tests,
    rules: {
      ...forbid(shapes.tests),
      // A fake implements an asynchronous port without waiting for anything, `expect(port.method)` binds nothing, Jest's
      // matchers are typed `any`, and a flag that a callback sets looks constant to the compiler.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/unbound-method': 'off',
      'no-restricted-globals': 'off',
      'no-restricted-imports': 'off',
    },
  },
  {
    files: scripts,
    languageOptions: {
      globals: {
        console: 'readonly',
        process: 'readonly',
        Buffer: 'readonly',
        URL: 'readonly',
        performance: 'readonly',
        setTimeout: 'readonly',
      },
    },
    rules: { 'no-unused-vars': ['error', { argsIgnorePattern: '^_' }] },
  },
  {
    files: ['**/*.{js,cjs}'],
    languageOptions: {
      sourceType: 'commonjs',
      globals: { __dirname: 'readonly', module: 'writable', require: 'readonly' },
    },
  },
);
