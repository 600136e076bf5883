import { writeFileSync } from 'node:fs';
import path from 'node:path';
import YAML from 'yaml';
import { exampleNames, notes, promtool, refusal, render } from './helm';
import { containerOf, find, ofKind, type KubernetesObject } from './kubernetes-objects';
import { failureOf, readText, readVariables, temporaryFolder } from './workspace';

jest.setTimeout(60_000);

const chart = 'kubecost-integration';
const account = '3d4b1c1e-6f9a-4d0e-9b53-5c1c9d2f8a11';
const examples = new Map<string, readonly KubernetesObject[]>();
const example = (name: string): readonly KubernetesObject[] => examples.get(name) ?? [];
const folder = temporaryFolder('kubecost-integration');

interface RemoteWrite {
  readonly write_relabel_configs: readonly { readonly regex: string; readonly action: string }[];
}
interface PrometheusFile {
  readonly remote_write: readonly RemoteWrite[];
  readonly scrape_configs?: readonly {
    readonly job_name: string;
    readonly kubernetes_sd_configs?: readonly { readonly role: string }[];
  }[];
  readonly global?: { readonly external_labels?: object };
}

interface RuleTest {
  readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts?: readonly unknown[] }[];
}

beforeAll(async () => {
  for (const name of exampleNames(chart)) examples.set(name, await render(chart, { example: name }));
});

const textOf = (name: string, configMap: string, key: string): string =>
  find(example(name), 'ConfigMap', configMap).data?.[key] ?? '';
const sources: readonly (readonly [string, string, string])[] = [
  ['bundled', 'cloudtuner-prometheus', 'prometheus.yml'],
  ['opencost', 'cloudtuner-prometheus', 'prometheus.yml'],
  ['snippet', 'cloudtuner-remote-write', 'remote_write.yml'],
];

describe('what is missing', () => {
  it.each([
    ['cloudAccountId=', 'cloudAccountId is needed'],
    ['cloudAccountId=my-cluster', 'is not a UUID'],
    ['credentials.password=', 'credentials.password (or credentials.existingSecret) is needed'],
    ['prometheus.mode=agent', 'prometheus/mode'],
  ])('with --set %s it says: %s', async (set, message) => {
    expect(await refusal(chart, { example: 'snippet', set: [set] })).toContain(message);
  });
});

describe.each(sources)('the configuration of Prometheus (%s)', (name, configMap, key) => {
  it('is one that Prometheus takes, with its rules', async () => {
    // Files of a pod, where promtool looks for them. Debian's has no discovery in Kubernetes: the rest of a job is checked.
    const text = textOf(name, configMap, key)
      .replace('/etc/prometheus/rules.yml', path.join(folder, `${name}-rules.yml`))
      .replace('/etc/prometheus/exporter-alerts.yml', path.join(folder, `${name}-alerts.yml`))
      .replaceAll('/etc/cloudtuner', folder)
      .replaceAll('/var/run/secrets/kubernetes.io/serviceaccount', folder);
    const file = YAML.parse(text) as PrometheusFile;
    const scrape_configs = file.scrape_configs?.map(({ kubernetes_sd_configs: _discovery, ...job }) => job);
    const config = path.join(folder, `${name}.yml`);
    writeFileSync(config, JSON.stringify({ ...file, ...(scrape_configs === undefined ? {} : { scrape_configs }) }));
    for (const secret of ['password', 'token', 'ca.crt']) writeFileSync(path.join(folder, secret), '');
    writeFileSync(path.join(folder, `${name}-rules.yml`), readText(`helm/${chart}/files/recording-rules.yaml`));
    writeFileSync(path.join(folder, `${name}-alerts.yml`), readText(`helm/${chart}/files/exporter-alerts.yaml`));
    expect(failureOf(await promtool('check', 'config', '--syntax-only', config))).toBe('');
  });

  it('finds targets by Services’ Endpoints and by nodes', () => {
    const { scrape_configs = [] } = YAML.parse(textOf(name, configMap, key)) as PrometheusFile;
    const found = scrape_configs.flatMap((job) => job.kubernetes_sd_configs ?? []);
    for (const discovery of found) {
      expect(['endpoints', 'node']).toContain(discovery.role);
      expect(Object.keys(discovery).filter((field) => !['role', 'namespaces'].includes(field))).toEqual([]);
    }
    expect(found.length > 0).toBe(name !== 'snippet');
  });

  it('names the account in header and user name, keeps the password in a file and sends again on 429', () => {
    const { remote_write } = YAML.parse(textOf(name, configMap, key)) as PrometheusFile;
    expect(remote_write).toHaveLength(1);
    expect(remote_write[0]).toMatchObject({
      url: 'https://cloudtuner.example.com/storage/api/v2/write',
      headers: { 'Cloud-Account-Id': account },
      basic_auth: { username: account, password_file: '/etc/cloudtuner/password' },
      queue_config: { retry_on_http_429: true },
    });
  });
});

describe('what is sent', () => {
  const kept = (metric: string): boolean => {
    const { remote_write } = YAML.parse(
      textOf('snippet', 'cloudtuner-remote-write', 'remote_write.yml'),
    ) as PrometheusFile;
    const [keep] = remote_write[0]?.write_relabel_configs ?? [];
    return keep?.action === 'keep' && new RegExp(`^(?:${keep.regex})$`).test(metric);
  };

  it.each([
    'node_cpu_hourly_cost',
    'node_total_hourly_cost',
    'node_gpu_count',
    'pv_hourly_cost',
    'kubecost_load_balancer_cost',
    'kubecost_cluster_cpu_usage',
    'container_cpu_allocation',
    'container_memory_allocation_bytes',
    'pod_pvc_allocation',
    'kube_pod_container_resource_requests',
    'kube_persistentvolumeclaim_info',
    'container_cpu_usage_seconds_total',
    'container_memory_working_set_bytes',
    'container_network_receive_bytes_total',
    'kubelet_volume_stats_used_bytes',
    'statefulSet_match_labels',
  ])('%s, which costs are computed from', (metric) => {
    expect(kept(metric)).toBe(true);
  });

  it.each(['up', 'go_goroutines', 'apiserver_request_total', 'container_fs_reads_total', 'node_cpu_seconds_total'])(
    'not %s',
    (metric) => {
      expect(kept(metric)).toBe(false);
    },
  );

  it('is what the README of the product says', () => {
    const { remoteWrite } = YAML.parse(readText(`helm/${chart}/values.yaml`)) as {
      remoteWrite: { keepMetrics: string };
    };
    expect(readText('README.md')).toContain(`regex: ${remoteWrite.keepMetrics}\n`);
  });
});

describe('the objects', () => {
  it('bring Kubecost only when asked, without a Prometheus and Grafana of its own', () => {
    const values = JSON.parse(textOf('bundled', 'stub-cost-analyzer', 'values')) as { global: object };
    expect(values.global).toMatchObject({ prometheus: { enabled: false }, grafana: { enabled: false } });
    expect(() => textOf('opencost', 'stub-cost-analyzer', 'values')).toThrow('there is no ConfigMap');
  });

  it('have no right but to find targets and read the kubelets’ metrics', () => {
    expect(find(example('bundled'), 'ClusterRole', 'cloudtuner-prometheus')).toMatchObject({
      rules: [
        { resources: ['nodes', 'services', 'endpoints', 'pods'], verbs: ['get', 'list', 'watch'] },
        { resources: ['nodes/metrics'], verbs: ['get'] },
      ],
    });
    expect(ofKind(example('operator'), 'ClusterRole', 'StatefulSet')).toEqual([]);
  });

  it('scrape the cost model, kube-state-metrics and the kubelets', () => {
    const file = YAML.parse(textOf('bundled', 'cloudtuner-prometheus', 'prometheus.yml')) as PrometheusFile;
    expect(file.scrape_configs?.map((job) => job.job_name)).toEqual([
      'cost-model',
      'kube-state-metrics',
      'cadvisor',
      'kubelet',
    ]);
    expect(file.global?.external_labels).toEqual({ cluster_id: 'example' });
  });

  it('mount the Secret that holds the password, also one that was there', () => {
    expect(find(example('bundled'), 'Secret', 'cloudtuner-remote-write').stringData).toEqual({
      username: account,
      password: 'only-for-this-example-0123456789',
    });
    expect(ofKind(example('opencost'), 'Secret')).toEqual([]);
    const pod = JSON.stringify(find(example('opencost'), 'StatefulSet', 'cloudtuner-prometheus').spec.template.spec);
    expect(pod).toContain('"secretName":"cloudtuner-credentials"');
    expect(containerOf(find(example('opencost'), 'StatefulSet', 'cloudtuner-prometheus')).image).toMatch(/:v\d/);
  });

  it('hand the recording rules to the operator as they are', () => {
    const { groups } = YAML.parse(readText(`helm/${chart}/files/recording-rules.yaml`)) as { groups: unknown };
    expect(find(example('operator'), 'PrometheusRule', 'cloudtuner-recording-rules').spec.groups).toEqual(groups);
  });
});

it('hands the dashboards to Grafana as they are, when it is told to', () => {
  const { data, metadata } = find(example('opencost'), 'ConfigMap', 'cloudtuner-dashboard-costs');
  expect(data?.['costs.json']).toBe(readText(`helm/${chart}/files/dashboards/costs.json`));
  expect(metadata.labels).toMatchObject({ grafana_dashboard: '1' });
  expect(() => find(example('bundled'), 'ConfigMap', 'cloudtuner-dashboard-costs')).toThrow('there is no ConfigMap');
});

describe('the allocation-exporter', () => {
  const name = 'cloudtuner-allocation-exporter';

  it('is there only when it is switched on, with no right in the cluster and its port for the Prometheus alone', () => {
    expect(() => find(example('bundled'), 'Deployment', name)).toThrow('there is no Deployment');
    const objects = example('opencost');
    expect(find(objects, 'ServiceAccount', name)).toMatchObject({ automountServiceAccountToken: false });
    expect(JSON.stringify(ofKind(objects, 'Role', 'RoleBinding', 'ClusterRoleBinding'))).not.toContain(name);
    expect(find(objects, 'NetworkPolicy', name).spec.ingress).toEqual([
      {
        ports: [{ port: 'http' }, { port: 'http-admin' }],
        from: [{ podSelector: { matchLabels: { 'app.kubernetes.io/name': 'cloudtuner-prometheus' } } }],
      },
    ]);
  });

  it('starts with its environment, and listens at the ports that are named', () => {
    const variables = readVariables()['allocation-exporter'];
    for (const each of ['opencost', 'operator', 'snippet']) {
      const { data = {} } = find(example(each), 'ConfigMap', name);
      expect(Object.keys(data).filter((key) => !variables.some((variable) => variable.name === key))).toEqual([]);
    }
    expect(find(example('opencost'), 'ConfigMap', name).data).toEqual({
      KUBECOST_URL: 'http://opencost.opencost.svc:9003',
      FOLD_BELOW_HOURLY_COST: '0.0001',
      POD_LABELS: 'team,app',
      STATE_FILE: '/var/lib/allocation-exporter/closed-hours.json',
    });
    const { volumeMounts = [] } = containerOf(find(example('opencost'), 'Deployment', name));
    expect(volumeMounts.map(({ mountPath }) => mountPath)).toEqual(['/var/lib/allocation-exporter']);
    const ports = containerOf(find(example('opencost'), 'Deployment', name)).ports ?? [];
    const defaults = ['PORT', 'ADMIN_PORT'].map((key) => variables.find((variable) => variable.name === key)?.default);
    expect(ports.map(({ containerPort }) => String(containerPort))).toEqual(defaults);
  });

  it('is scraped with its own labels, and watched, in every mode', () => {
    const ownLabels = { honor_labels: true, static_configs: [{ targets: [`${name}.cloudtuner.svc:8979`] }] };
    for (const [each, map, key] of [
      ['opencost', 'cloudtuner-prometheus', 'prometheus.yml'],
      ['snippet', 'cloudtuner-remote-write', 'allocation-exporter.yml'],
    ] as const) {
      const { scrape_configs = [] } = YAML.parse(textOf(each, map, key)) as PrometheusFile;
      expect(scrape_configs.find((job) => job.job_name === 'allocation-exporter')).toMatchObject(ownLabels);
    }
    const rules = readText(`helm/${chart}/files/exporter-alerts.yaml`);
    expect(textOf('opencost', 'cloudtuner-prometheus', 'exporter-alerts.yml')).toBe(rules);
    expect(textOf('snippet', 'cloudtuner-remote-write', 'cloudtuner-exporter-alerts.yml')).toBe(rules);
    const { groups } = YAML.parse(rules) as { groups: unknown };
    expect(find(example('operator'), 'PrometheusRule', name).spec.groups).toEqual(groups);
    expect(JSON.stringify(find(example('operator'), 'ServiceMonitor', name))).toContain('"honorLabels":true');
  });

  it('is watched by alerts that fire and stay silent as their tests say, each seen firing', async () => {
    const tests = `helm/${chart}/files/tests/exporter-alerts.yaml`;
    expect(failureOf(await promtool('test', 'rules', tests))).toBe('');
    const names = [...readText(`helm/${chart}/files/exporter-alerts.yaml`).matchAll(/- alert: (\w+)/g)].map(
      ([, alert]) => alert,
    );
    const fired = (YAML.parse(readText(tests)) as { tests: readonly RuleTest[] }).tests.flatMap(({ alert_rule_test }) =>
      alert_rule_test.filter(({ exp_alerts = [] }) => exp_alerts.length > 0).map(({ alertname }) => alertname),
    );
    expect(names.length).toBeGreaterThan(3);
    expect(names.filter((alert) => !fired.includes(alert ?? ''))).toEqual([]);
  });
});

it('the recording rules record what their tests say', async () => {
  expect(failureOf(await promtool('test', 'rules', `helm/${chart}/files/tests/recording-rules.yaml`))).toBe('');
});

it('the notes tell how to check that data arrives', async () => {
  for (const name of exampleNames(chart)) {
    const text = await notes(chart, name);
    expect(text).toContain('Does data arrive?');
    expect(text).toContain(account);
  }
});
