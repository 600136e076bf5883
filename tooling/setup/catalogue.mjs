import { versionCheck } from './path-binary.mjs';

const redisVersion = versionCheck({ args: ['--version'], pattern: /v=(\d+\.\d+\.\d+)/, minimum: '6.2' });
const mongodVersion = versionCheck({ args: ['--version'], pattern: /db version v(\d+\.\d+\.\d+)/, minimum: '5.0' });
const prometheusVersion = versionCheck({ args: ['--version'], pattern: /version (\d+\.\d+\.\d+)/, minimum: '2.40' });
const prometheus3Version = versionCheck({ args: ['--version'], pattern: /version (\d+\.\d+\.\d+)/, minimum: '3.0' });
const thanosVersion = versionCheck({ args: ['--version'], pattern: /version (\d+\.\d+\.\d+)/, minimum: '0.35' });

const influxVersion = versionCheck({
  args: ['version'],
  pattern: /InfluxDB v(\d+\.\d+(?:\.\d+)?)/,
  minimum: '1.6',
  below: '2',
});
const etcdVersion = versionCheck({ args: ['--version'], pattern: /etcd Version: (\d+\.\d+\.\d+)/, minimum: '3.4' });
const helmVersion = versionCheck({ args: ['version'], pattern: /Version:"v(\d+\.\d+)/, minimum: '3.14', below: '4' });

const prometheusTool = {
  module: 'prometheus',
  requires: 'github.com/prometheus/prometheus',
  target: 'github.com/prometheus/prometheus/cmd/prometheus',
  usually: '6 to 11 min',
};

/**
 * Every backing server and where it can come from. Each source is tried in this order: `url` (environment), `image`
 * (a Docker engine), `path` (a binary on PATH), `debian` (a Debian package, unpacked), `go` (a Go module, built once).
 * `engine` tells the starters which program answers where several can.
 */
export const servers = {
  redis: {
    title: 'Redis 6.2 or later',
    url: { required: { url: 'REDIS_URL' } },
    image: { image: 'redis:7.4.7-alpine' },
    path: [{ command: 'redis-server', check: redisVersion }],
    debian: { package: 'redis-server', binary: 'usr/bin/redis-server', check: redisVersion },
  },
  mongodb: {
    title: 'the MongoDB protocol (mongod 5 or later, or FerretDB)',
    url: { required: { url: 'MONGODB_URL' } },
    image: { image: 'mongo:7.0.28', engine: 'mongod' },
    path: [{ command: 'mongod', check: mongodVersion, engine: 'mongod' }],
    go: {
      module: 'ferretdb',
      requires: 'github.com/FerretDB/FerretDB',
      target: '.',
      usually: '1.5 min',
      engine: 'ferretdb',
    },
  },
  prometheus: {
    title: 'Prometheus 2.40 or later',
    image: { image: 'prom/prometheus:v3.5.0' },
    path: [{ command: 'prometheus', check: prometheusVersion }],
    debian: { package: 'prometheus', binary: 'usr/bin/prometheus', check: prometheusVersion },
    go: prometheusTool,
  },
  prometheus3: {
    title: 'Prometheus 3 (a sender whose remote_write sends headers)',
    image: { image: 'prom/prometheus:v3.5.0' },
    path: [
      { command: 'prometheus3', check: prometheus3Version },
      { command: 'prometheus', check: prometheus3Version },
    ],
    go: prometheusTool,
  },
  thanos: {
    title: 'Thanos 0.35 or later (Receive and Query)',
    image: { image: 'quay.io/thanos/thanos:v0.39.2' },
    path: [{ command: 'thanos', check: thanosVersion }],
    go: {
      module: 'thanos',
      requires: 'github.com/thanos-io/thanos',
      target: 'github.com/thanos-io/thanos/cmd/thanos',
      // Without slicelabels Receive panics on the first write.
      tags: 'slicelabels,netgo',
      usually: '6 to 8 min',
    },
  },
  clickhouse: {
    title: 'ClickHouse',
    url: {
      required: { url: 'CLICKHOUSE_URL' },
      optional: { username: 'CLICKHOUSE_USERNAME', password: 'CLICKHOUSE_PASSWORD' },
    },
    // The npm package chdb, behind our own HTTP process: pnpm has installed it already.
    embedded: true,
  },
  influxdb: {
    title: 'InfluxDB 1.6 or later of 1.x, for the export of costs',
    image: { image: 'influxdb:1.8.10-alpine' },
    path: [{ command: 'influxd', check: influxVersion }],
    debian: { package: 'influxdb', binary: 'usr/bin/influxd', check: influxVersion },
  },
  etcd: {
    title: 'etcd 3.4 or later, for settings that are read from it',
    image: { image: 'quay.io/coreos/etcd:v3.5.21' },
    path: [{ command: 'etcd', check: etcdVersion }],
    debian: { package: 'etcd-server', binary: 'usr/bin/etcd', check: etcdVersion },
  },
  helm: {
    title: 'Helm 3.14 or later, which renders the charts',
    path: [{ command: 'helm', check: helmVersion }],
    go: {
      module: 'helm',
      requires: 'helm.sh/helm/v3',
      target: 'helm.sh/helm/v3/cmd/helm',
      usually: '3 min',
    },
  },
  'kubectl-validate': {
    title: 'kubectl-validate, which holds rendered charts against the Kubernetes API',
    go: {
      module: 'kubectl-validate',
      requires: 'sigs.k8s.io/kubectl-validate',
      target: 'sigs.k8s.io/kubectl-validate',
      usually: '3 min',
    },
  },
  'openmetrics-parser': {
    title: "prometheus-client's parser of OpenMetrics, which holds what we expose against the format",
    pypi: { package: 'prometheus-client', version: '0.21.1', module: 'prometheus_client.openmetrics.parser' },
  },
  schemathesis: {
    title: 'schemathesis, which holds what restapi answers against its API document',
    pypi: {
      package: 'schemathesis',
      version: '4.32.5',
      module: 'schemathesis.cli',
      requirements: 'tooling/setup/schemathesis.txt',
    },
  },
  store: {
    title: 'a metrics store',
    url: {
      required: { writeUrl: 'METRICS_WRITE_URL', queryUrl: 'METRICS_QUERY_URL' },
      optional: { store: 'METRICS_STORE' },
    },
  },
};

/**
 * The servers that a purpose cannot do without, and those that it takes when they cost nothing.
 * `storeUrlGiven` says that the environment names a metrics store: then none is started.
 */
export function needsOf(purpose, { store, storeUrlGiven }) {
  switch (purpose) {
    case 'check':
      return { required: [], wanted: [] };
    case 'test':
      return {
        required: [
          ...['redis', 'mongodb', 'prometheus', 'prometheus3', 'thanos', 'clickhouse', 'influxdb', 'etcd'],
          ...['helm', 'kubectl-validate', 'openmetrics-parser', 'schemathesis'],
        ],
        wanted: [],
      };
    case 'demo': {
      const stores = store === 'thanos' ? ['thanos'] : [];
      return {
        required: ['redis', 'mongodb', 'prometheus', 'clickhouse', ...(storeUrlGiven ? ['store'] : stores)],
        wanted: storeUrlGiven || store === 'prometheus' ? ['prometheus3'] : ['prometheus3', 'thanos'],
      };
    }
    case 'stack': {
      const own = store === 'thanos' ? ['thanos'] : ['prometheus'];
      return {
        required: ['redis', 'mongodb', 'clickhouse', ...(storeUrlGiven ? ['store'] : own)],
        wanted: storeUrlGiven || store !== undefined ? [] : ['thanos'],
      };
    }
    default:
      throw new Error(`unknown purpose ${purpose}`);
  }
}
