import { exampleNames, notes, runTool, refusal, render } from './helm';
import { containerOf, find, ofKind, workloadsOf, type KubernetesObject } from './kubernetes-objects';
import { failureOf } from './workspace';

jest.setTimeout(60_000);

const chart = 'cloudtuner';
const examples = new Map<string, readonly KubernetesObject[]>();
const example = (name: string): readonly KubernetesObject[] => examples.get(name) ?? [];

beforeAll(async () => {
  for (const name of exampleNames(chart)) examples.set(name, await render(chart, { example: name }));
});

describe('names and ports that operators know', () => {
  it.each([
    ['diproxy', 80, 8935],
    ['metroculus', 80, 8969],
    ['restapi', 80, 8999],
    ['thanos-query', 10902, 10902],
  ])('svc/%s has port %d, which leads to %d', (name, port, containerPort) => {
    const http = find(example('one-node'), 'Service', name).spec.ports?.find((entry) => entry.name === 'http');
    expect(http).toMatchObject({ port, targetPort: 'http' });
    const container = containerOf(find(example('one-node'), 'Deployment', name));
    expect(container.ports).toContainEqual({ name: 'http', containerPort });
  });

  it('keeps the secret of the services as cluster_secret in cluster-secret', () => {
    expect(find(example('one-node'), 'Secret', 'cluster-secret').stringData).toEqual({
      cluster_secret: 'only-for-this-example-0123456789',
    });
    expect(ofKind(example('production'), 'Secret')).toEqual([]);
  });

  it('takes a diproxy out of its Service only when it is dead, not when a store is away', () => {
    for (const name of ['diproxy', 'metroculus', 'restapi', 'kubecost-worker']) {
      const { readinessProbe } = containerOf(find(example('production'), 'Deployment', name));
      expect(readinessProbe?.httpGet?.path).toBe('/healthz');
    }
  });
});

it('the notes tell how to reach the services and to see whether data arrives', async () => {
  const text = await notes(chart, 'production');
  expect(text).toContain('port-forward svc/metroculus 8969:80');
  expect(text).toContain('https://cloudtuner.example.com/storage/api/v2/write');
  expect(text).toContain('Does data arrive?');
});

describe('what is missing', () => {
  it.each([
    ['clusterSecret.value=', 'clusterSecret.value (or clusterSecret.existingSecret) is needed'],
    ['clusterSecret.value=short', 'at least 16 characters'],
    ['connections.mongodb.url=', 'connections.mongodb.url (or connections.mongodb.existingSecret) is needed'],
    ['connections.redis.url=', 'connections.redis.url (or connections.redis.existingSecret) is needed'],
    ['connections.clickhouse.url=', 'connections.clickhouse.url is needed'],
    ['clickhouse.replicas=0', 'replicas'],
    ['clickhouse.keeper.replicas=2', 'keeper'],
    ['clickhouse.image=clickhouse/clickhouse-server:latest', 'image'],
    ['thanos.enabled=false', 'connections.metricsWrite.url is needed'],
    ['thanos.objectStore.config=null', 'thanos.objectStore.config (or thanos.objectStore.existingSecret) is needed'],
    ['thanos.receive.replicationFactor=2', 'replicationFactor is above thanos.receive.replicas'],
    ['image.tag=latest', 'image'],
  ])('with --set %s it says: %s', async (set, message) => {
    expect(await refusal(chart, { example: 'one-node', set: [set] })).toContain(message);
  });
});

describe('ClickHouse by operator', () => {
  const operators = 'clickhouse-operator';
  const installation = (objects: readonly KubernetesObject[], kind: string) => find(objects, kind, 'cloudtuner').spec;

  it('is not there unless asked for', () => {
    for (const name of exampleNames(chart).filter((each) => each !== operators))
      expect(example(name).filter(({ apiVersion }) => apiVersion.includes('altinity'))).toEqual([]);
  });

  it('makes two replicas that agree in three members of Keeper, with the user and the password of the services', () => {
    const { configuration } = installation(example(operators), 'ClickHouseInstallation');
    expect(configuration).toMatchObject({
      clusters: [{ name: 'cloudtuner', layout: { shardsCount: 1, replicasCount: 2 } }],
      zookeeper: { nodes: [{ host: 'keeper-cloudtuner', port: 2181 }] },
    });
    expect(installation(example(operators), 'ClickHouseKeeperInstallation').configuration?.clusters).toMatchObject([
      { layout: { replicasCount: 3 } },
    ]);
    const secretKeyRef = { name: 'clickhouse-user', key: 'clickhouse_password' };
    expect(configuration?.users).toMatchObject({ 'cloudtuner/password': { valueFrom: { secretKeyRef } } });
    for (const name of ['kubecost-worker', 'restapi']) {
      const password = containerOf(find(example(operators), 'Deployment', name)).env?.find(
        (variable) => variable.name === 'CLICKHOUSE_PASSWORD',
      );
      expect(password?.valueFrom?.secretKeyRef).toMatchObject(secretKeyRef);
    }
  });

  it('is asked at one replica, and migrated as a cluster', () => {
    const environment = {
      CLICKHOUSE_URL: 'http://chi-cloudtuner-cloudtuner-0-0:8123',
      CLICKHOUSE_USERNAME: 'cloudtuner',
    };
    for (const name of ['kubecost-worker', 'restapi'])
      expect(find(example(operators), 'ConfigMap', name).data).toMatchObject(environment);
    expect(find(example(operators), 'ConfigMap', 'kubecost-worker').data).toMatchObject({
      CLICKHOUSE_CLUSTER: 'cloudtuner',
    });
    const migrate = containerOf(find(example(operators), 'Job', 'clickhouse-migrations')).env ?? [];
    expect(migrate).toContainEqual({ name: 'CLICKHOUSE_CLUSTER', value: 'cloudtuner' });
  });

  it('uses the templates that it has, with volumes that outlive it', () => {
    for (const kind of ['ClickHouseInstallation', 'ClickHouseKeeperInstallation']) {
      const { defaults, templates } = installation(example(operators), kind);
      expect(templates?.podTemplates.map(({ name }) => name)).toEqual([defaults?.templates.podTemplate]);
      expect(templates?.volumeClaimTemplates).toMatchObject([
        {
          name: defaults?.templates.dataVolumeClaimTemplate,
          reclaimPolicy: 'Retain',
          spec: { storageClassName: 'gp3', accessModes: ['ReadWriteOnce'] },
        },
      ]);
      const [pod] = templates?.podTemplates ?? [];
      expect(pod).toMatchObject({
        spec: { securityContext: { runAsNonRoot: true, runAsUser: 101, fsGroup: 101 } },
      });
      expect(pod?.spec.containers.map(({ image }) => image)).toEqual([expect.stringMatching(/:25\.8$/)]);
    }
  });

  it('is one server without Keeper and without a cluster for one replica, and turns to another replica when told', async () => {
    const one = await render(chart, { example: operators, set: ['clickhouse.replicas=1'] });
    expect(ofKind(one, 'ClickHouseKeeperInstallation')).toEqual([]);
    expect(installation(one, 'ClickHouseInstallation').configuration?.zookeeper).toBeUndefined();
    expect(find(one, 'ConfigMap', 'kubecost-worker').data?.['CLICKHOUSE_CLUSTER']).toBeUndefined();
    const other = await render(chart, { example: operators, set: ['clickhouse.activeReplica=1'] });
    expect(find(other, 'ConfigMap', 'restapi').data?.['CLICKHOUSE_URL']).toBe(
      'http://chi-cloudtuner-cloudtuner-0-1:8123',
    );
    expect(await refusal(chart, { example: operators, set: ['clickhouse.activeReplica=2'] })).toContain(
      'clickhouse.activeReplica is not below clickhouse.replicas',
    );
    expect(
      await refusal(chart, { example: operators, set: ['connections.clickhouse.url=http://clickhouse:8123'] }),
    ).toContain('exclude each other');
    expect(await refusal(chart, { example: operators, set: ['connections.clickhouse.existingSecret='] })).toContain(
      'connections.clickhouse.password (or connections.clickhouse.existingSecret) is needed',
    );
  });
});

describe('Thanos', () => {
  const argumentsOf = (name: string, workload: string): readonly string[] =>
    containerOf(workloadsOf(example(name)).find(({ metadata }) => metadata.name === workload) ?? fail(workload)).args ??
    [];

  it.each(['thanos-receive', 'thanos-query', 'thanos-store', 'thanos-compactor'])(
    '%s is started with arguments that Thanos itself takes',
    async (workload) => {
      const args = argumentsOf('production', workload);
      expect(args.length).toBeGreaterThan(4);
      // Arguments are read before the help is printed: an unknown one is an error.
      expect(failureOf(await runTool('thanos', [...args, '--help']))).toBe('');
      const unknown = await runTool('thanos', [...args, '--no-such-argument', '--help']);
      expect(unknown.exitCode).not.toBe(0);
    },
  );

  it('takes samples 12 hours late, and so compacts blocks that overlap', () => {
    expect(argumentsOf('one-node', 'thanos-receive')).toContain('--tsdb.out-of-order.time-window=12h');
    expect(argumentsOf('one-node', 'thanos-compactor')).toContain('--compact.enable-vertical-compaction');
    expect(find(example('production'), 'StatefulSet', 'thanos-compactor').spec.replicas).toBe(1);
  });

  it('names in the hashring, and asks strictly, every member of Receive and the Store', () => {
    const members = [0, 1, 2, 3, 4, 5].map((index) => `thanos-receive-${String(index)}.thanos-receive-members:10901`);
    expect(find(example('production'), 'StatefulSet', 'thanos-receive').spec.replicas).toBe(members.length);
    const hashring = find(example('production'), 'ConfigMap', 'thanos-receive').data?.['hashring.json'] ?? '';
    expect(JSON.parse(hashring)).toEqual([{ hashring: 'default', endpoints: members.map((address) => ({ address })) }]);
    expect(argumentsOf('production', 'thanos-receive')).toContain('--receive.replication-factor=3');
    const query = argumentsOf('production', 'thanos-query');
    expect(query.filter((argument) => argument.startsWith('--endpoint'))).toEqual(
      [...members, 'thanos-store:10901'].map((address) => `--endpoint-strict=${address}`),
    );
    expect(query).toContain('--no-query.partial-response');
  });

  it('is where diproxy writes and metroculus asks, or not there at all', () => {
    expect(find(example('one-node'), 'ConfigMap', 'diproxy').data).toMatchObject({
      METRICS_STORE: 'thanos',
      METRICS_WRITE_URL: 'http://thanos-receive:19291/api/v1/receive',
    });
    expect(find(example('one-node'), 'ConfigMap', 'metroculus').data).toMatchObject({
      METRICS_QUERY_URL: 'http://thanos-query:10902',
    });
    expect(example('external-stores').filter(({ metadata }) => metadata.name.startsWith('thanos'))).toEqual([]);
    expect(find(example('external-stores'), 'ConfigMap', 'diproxy').data).toMatchObject({
      METRICS_STORE: 'prometheus',
      METRICS_WRITE_URL: 'http://prometheus.monitoring:9090/api/v1/write',
    });
  });
});

describe('spot nodes', () => {
  it('carry every pod, on volumes of no zone, and a budget guards every workload that has copies', () => {
    const workloads = workloadsOf(example('spot'));
    for (const { spec } of workloads) {
      expect(spec.template.spec).toMatchObject({
        nodeSelector: { 'node.example.com/group': 'spot' },
        tolerations: [{ key: 'node.example.com/spot', value: 'true', effect: 'NoSchedule' }],
      });
      for (const claim of spec.volumeClaimTemplates ?? []) expect(claim.spec.storageClassName).toBe('efs-cross-zone');
    }
    const guarded = ofKind(example('spot'), 'PodDisruptionBudget').map(({ metadata }) => metadata.name);
    const copied = workloads.filter(({ spec }) => (spec.replicas ?? 1) > 1).map(({ metadata }) => metadata.name);
    expect(guarded).toEqual(expect.arrayContaining(copied));
  });
});

describe('production', () => {
  it('scales every service by its own autoscaler, which alone sets the number of pods', () => {
    const scaled = ofKind(example('production'), 'HorizontalPodAutoscaler').map(
      ({ spec }) => spec.scaleTargetRef?.name,
    );
    expect(scaled).toEqual(['diproxy', 'kubecost-worker', 'metroculus', 'restapi']);
    for (const name of scaled)
      expect(find(example('production'), 'Deployment', name ?? '').spec.replicas).toBeUndefined();
  });

  it('publishes by TLS the write path and restapi, and nothing else', () => {
    const [ingress] = ofKind(example('production'), 'Ingress');
    expect(ingress?.spec).toMatchObject({ tls: [{ hosts: ['cloudtuner.example.com'], secretName: 'cloudtuner-tls' }] });
    const paths = ingress?.spec.rules?.flatMap((rule) => rule.http.paths) ?? [];
    expect(paths.map(({ path, backend }) => [path, backend.service.name])).toEqual([
      ['/storage/api/v2/write', 'diproxy'],
      ['/api/v1/write', 'diproxy'],
      ['/write', 'diproxy'],
      ['/restapi', 'restapi'],
      ['/api/v1/costs', 'restapi'],
      ['/model', 'restapi'],
    ]);
    for (const { backend } of paths) expect(backend.service.port.name).toBe('http');
  });

  it('lets nobody but the worker and restapi ask metroculus', () => {
    const rules = find(example('production'), 'NetworkPolicy', 'metroculus').spec.ingress ?? [];
    expect(rules.find((rule) => rule.ports[0]?.port === 'http')?.from).toEqual(
      ['kubecost-worker', 'restapi'].map((name) => ({
        podSelector: { matchLabels: { 'app.kubernetes.io/name': name } },
      })),
    );
  });
});

function fail(name: string): never {
  throw new Error(`there is no workload ${name}`);
}
