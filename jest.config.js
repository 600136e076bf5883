/**
 * One run for the whole workspace: `unit` (pure), `int` (against real servers) and `gates` (the checkers themselves).
 * Types are the business of tsc, so files are only transpiled.
 */

const transpile = {
  tsconfig: {
    module: 'commonjs',
    moduleResolution: 'node10',
    ignoreDeprecations: '6.0',
    target: 'ES2023',
    esModuleInterop: true,
    isolatedModules: true,
  },
  diagnostics: false,
};

/** The same for packages that come as JavaScript modules. */
const transpileModules = { ...transpile, tsconfig: { ...transpile.tsconfig, allowJs: true } };

const project = (displayName, testMatch, extra = {}) => ({
  displayName,
  testMatch,
  testEnvironment: 'node',
  // Packages resolve to their TypeScript sources: no build is needed before a test.
  testEnvironmentOptions: { customExportConditions: ['source', 'node', 'require', 'default'] },
  transform: {
    '^.+\\.ts$': ['ts-jest', transpile],
    '(hyparquet|jose|oauth4webapi|openid-client).*\\.js$': ['ts-jest', transpileModules],
  },
  moduleNameMapper: { '^fast-check$': '<rootDir>/tooling/jest/fast-check.cjs' },
  // These come as ES modules alone, which Jest loads as CommonJS only when they are transpiled.
  transformIgnorePatterns: ['/node_modules/(?!(\\.pnpm/)?(hyparquet|jose|oauth4webapi|openid-client))'],
  modulePathIgnorePatterns: ['<rootDir>/.*/dist/', '<rootDir>/.local/', '<rootDir>/tooling/check/fixtures/'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/', '<rootDir>/.local/', '<rootDir>/tooling/check/fixtures/'],
  ...extra,
});

const serverSetup = '<rootDir>/libs/test-kit/src/jest';
const sources = '<rootDir>/{libs,services,deploy,bench}/**/src/**';

module.exports = {
  projects: [
    project('unit', [`${sources}/*.test.ts`, '!**/*.int.test.ts']),
    project('int', [`${sources}/*.int.test.ts`], {
      globalSetup: `${serverSetup}/global-setup.ts`,
      globalTeardown: `${serverSetup}/global-teardown.ts`,
      // Jest reads `testTimeout` of the whole run only, not of a project.
      setupFilesAfterEnv: [`${serverSetup}/timeout.ts`],
    }),
    project('gates', ['<rootDir>/tooling/**/*.test.ts']),
  ],
  maxWorkers: 2,
  reporters: ['<rootDir>/tooling/jest/suite-reporter.cjs'],
  // A run without a test is a failure like any other: the reporter says so, in its last line.
  passWithNoTests: true,
};
