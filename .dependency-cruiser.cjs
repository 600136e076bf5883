/** Which module may import which. The reasons are in the comments; the layers are explained in tooling/README.md. */

const tests = '\\.test\\.ts$|/src/testing/|^deploy/e2e/|^libs/test-kit/';
const npm = (...names) => `(^|/)node_modules/(${names.join('|')})(/|$)`;

/** One driver, and the only places that may know it. */
const fence = (name, packages, allowed) => ({
  name: `fence-${name}`,
  severity: 'error',
  comment: `${packages.join(', ')} only in ${allowed.join(', ')}: everybody else uses the port in front of it`,
  from: { path: '^(libs|services|deploy)/', pathNot: allowed },
  to: { path: npm(...packages) },
});

/** A forbidden edge between folders of one service: `from` and `to` are relative to its `src/`. */
const inService = (name, comment, from, to) => ({
  name,
  severity: 'error',
  comment,
  from: { path: `^services/([^/]+)/src/${from}`, pathNot: tests },
  to: { path: `^services/$1/src/${to}` },
});

const forbidden = [
  {
    name: 'no-runtime-cycle',
    severity: 'error',
    comment:
      'modules that need each other to load depend on the order they are loaded in; a cycle of types alone is fine',
    from: {},
    to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
  },
  {
    name: 'no-orphan',
    severity: 'error',
    comment: 'nobody imports it and it imports nothing: dead, or not wired up yet',
    from: {
      orphan: true,
      path: '^(libs|services|deploy)/',
      pathNot: [
        ...['\\.test\\.ts$', '\\.d\\.ts$', '/src/(main|[^/]+-main|index)\\.ts$'],
        ...['^libs/test-kit/src/jest/', '^libs/remote-write/assembly/', '^deploy/docker/'],
      ],
    },
    to: {},
  },
  {
    name: 'no-unresolvable',
    severity: 'error',
    comment: 'an import that leads nowhere is an edge no other rule can see',
    from: { path: '^(libs|services|deploy)/' },
    to: { couldNotResolve: true },
  },
  {
    name: 'no-build-output',
    severity: 'error',
    comment:
      'imports lead to sources; one that leads to dist is an edge no other rule can see (is the `source` condition missing?)',
    from: {},
    to: { path: '^(libs|services|deploy)/.*/?dist/' },
  },
  {
    name: 'declared-dependencies',
    severity: 'error',
    comment: 'what a package imports stands in its own package.json',
    from: { path: '^(libs|services|deploy)/' },
    to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
  },
  {
    name: 'no-dev-dependency-in-source',
    severity: 'error',
    comment: 'an image carries no devDependencies; their types may be used',
    from: { path: '^(libs|services|deploy)/', pathNot: tests },
    to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
  },
  {
    name: 'no-import-of-a-test',
    severity: 'error',
    comment: 'what two tests share is a module of its own in src/testing',
    from: {},
    to: { path: '\\.test\\.ts$' },
  },
  {
    name: 'testing-in-tests',
    severity: 'error',
    comment: 'what serves tests alone stays out of the sources',
    from: { path: '^(libs|services|deploy)/', pathNot: tests },
    to: { path: '/src/testing/' },
  },

  // Packages among each other
  {
    name: 'service-to-service',
    severity: 'error',
    comment: 'services talk by HTTP through a client in libs, never by import',
    from: { path: '^services/([^/]+)/' },
    to: { path: '^services/', pathNot: '^services/$1/' },
  },
  {
    name: 'libs-below-services',
    severity: 'error',
    comment: 'a lib knows no service and nothing of a deployment',
    from: { path: '^libs/', pathNot: '^libs/test-kit/' },
    to: { path: '^(services|deploy)/' },
  },
  {
    name: 'services-below-deploy',
    severity: 'error',
    comment: 'a service does not know where it is deployed',
    from: { path: '^services/' },
    to: { path: '^deploy/' },
  },
  {
    name: 'no-deep-import',
    severity: 'error',
    comment: 'another package is used through its index only',
    from: { path: '^((?:libs|services|deploy/local|deploy)/[^/]+)/' },
    to: { path: '^(libs|deploy/local)/[^/]+/', pathNot: ['^$1/', '^[^/]+(/local)?/[^/]+/src/index\\.ts$', '/dist/'] },
  },
  {
    name: 'lib-layer-base',
    severity: 'error',
    comment: 'errors and cost-model are the ground: errors imports no lib, cost-model only errors',
    from: { path: '^libs/(errors|cost-model)/', pathNot: tests },
    to: { path: '^libs/', pathNot: ['^libs/$1/', '^libs/errors/'] },
  },
  {
    name: 'cost-model-is-pure',
    severity: 'error',
    comment: 'cost-model does no I/O: of the outside world it knows zod',
    from: { path: '^libs/cost-model/', pathNot: tests },
    to: { path: ['(^|/)node_modules/', '^node:', '^[a-z_/]+$'], pathNot: npm('zod') },
  },
  {
    name: 'lib-layer-middle',
    severity: 'error',
    comment: 'libs of the middle layer stand side by side on errors and cost-model',
    from: {
      path: '^libs/(service-kit|queues|clickhouse|metadata|prometheus-client|remote-write)/',
      pathNot: tests,
    },
    to: { path: '^libs/', pathNot: '^libs/($1|errors|cost-model)/' },
  },
  {
    name: 'lib-layer-clients',
    severity: 'error',
    comment: 'the client of one service does not need the client of another',
    from: { path: '^libs/(kubecost-client|metroculus-client|restapi-client)/', pathNot: tests },
    to: { path: '^libs/(kubecost-client|metroculus-client|restapi-client|test-kit)/', pathNot: '^libs/$1/' },
  },
  {
    name: 'test-kit-in-tests',
    severity: 'error',
    comment: 'test-kit starts servers: only tests may',
    from: { path: '^(libs|services|deploy)/', pathNot: tests },
    to: { path: '^libs/test-kit/' },
  },
  {
    name: 'local-servers-on-one-machine',
    severity: 'error',
    comment: 'only the launcher and tests start backing servers',
    from: { path: '^(libs|services|deploy)/', pathNot: [tests, '^deploy/local/(servers|launcher)/'] },
    to: { path: '^deploy/local/servers/' },
  },

  // Inside a service: http | jobs -> usecases -> domain; adapters -> ports, domain; app.ts puts them together, a large one in wiring/
  inService('domain-is-alone', 'domain imports no sibling folder', 'domain/', '(?!domain/)'),
  inService(
    'usecases-see-ports-and-domain',
    'a use case says what it needs in ports.ts (or <what>-ports.ts) and knows no transport, driver or configuration',
    'usecases/',
    '(?!usecases/|domain/|[a-z-]*ports\\.ts$)',
  ),
  inService(
    'ports-are-words',
    'ports are written in domain words',
    '[a-z-]*ports\\.ts$',
    '(?!domain/|[a-z-]*ports\\.ts$)',
  ),
  inService(
    'adapters-implement-ports',
    'an adapter implements a port; it does not call upwards',
    'adapters/',
    '(http/|jobs/|usecases/|(app|main)\\.ts$)',
  ),
  inService('edges-apart', 'http and jobs are two edges of the same use cases', 'http/', 'jobs/'),
  inService('edges-apart', 'http and jobs are two edges of the same use cases', 'jobs/', 'http/'),
  inService(
    'adapters-from-app',
    'only app.ts and its wiring see adapters',
    '(?!app\\.ts$|wiring/|adapters/)',
    'adapters/',
  ),
  inService('wiring-from-app', 'wiring/ is what app.ts is put together from', '(?!app\\.ts$|wiring/)', 'wiring/'),
  inService('app-from-main', 'app.ts is put together by main.ts', '(?!main\\.ts$)', 'app\\.ts$'),
  inService('main-is-the-top', 'main.ts is run, not imported', '', 'main\\.ts$'),

  // Drivers
  fence(
    'clickhouse',
    ['@clickhouse/client'],
    ['^libs/clickhouse/', '^deploy/local/embedded-clickhouse/src/[^/]+\\.test\\.ts$'],
  ),
  fence('chdb', ['chdb', '@chdb/[^/]+'], ['^deploy/local/embedded-clickhouse/']),
  fence('mongodb', ['mongodb'], ['^libs/(metadata|test-kit)/']),
  fence(
    'redis',
    ['bullmq', 'ioredis'],
    ['^libs/(queues|test-kit|touched-hours)/', '^services/[^/]+/src/adapters/redis/'],
  ),
  fence('express', ['express', '@types/express'], ['^libs/service-kit/', '^services/[^/]+/src/http/']),
  fence(
    'undici',
    ['undici'],
    [
      '^libs/(kubecost|prometheus)-client/',
      '^libs/remote-write/src/[^/]*sender[^/]*$',
      '^services/diproxy/src/adapters/',
    ],
  ),
  fence('kubecost', ['cockatiel', '@streamparser/json'], ['^libs/kubecost-client/']),
  fence('influxdb', ['@influxdata/[^/]+'], ['^services/kubecost-worker/src/adapters/influxdb/']),
  fence('etcd', ['etcd3'], ['^libs/service-kit/src/etcd/']),
  fence('axios', ['axios'], ['^libs/[^/]+-client/']),
  fence('wire', ['snappy', 'snappyjs', 'protobufjs'], ['^libs/remote-write/', '\\.test\\.ts$']),
];

module.exports = {
  forbidden,
  options: {
    doNotFollow: { path: ['node_modules', '/dist/'] },
    exclude: { path: ['^tooling/check/fixtures/'] },
    // Types count: a service that imports a service's types is coupled to it.
    tsPreCompilationDeps: 'specify',
    combinedDependencies: false,
    parser: 'tsc',
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      // `source` first: without it every edge between packages would end in dist and could be dropped without a word.
      conditionNames: ['source', 'import', 'require', 'node', 'default', 'types'],
      mainFields: ['main', 'types'],
      extensions: ['.ts', '.d.ts', '.js', '.cjs', '.mjs', '.json'],
    },
  },
};
