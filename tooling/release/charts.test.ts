import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { chartNames, exampleNames, helm, kubernetesVersion, refusal, render, runTool } from './helm';
import { ofKind, workloadsOf, type KubernetesObject, type PodTemplate } from './kubernetes-objects';
import { failureOf, readText, root, temporaryFolder } from './workspace';

jest.setTimeout(60_000);

const folder = temporaryFolder('charts');
const examples = chartNames.flatMap((chart) => exampleNames(chart).map((example) => ({ chart, example })));
const isOperators = ({ apiVersion }: KubernetesObject): boolean => apiVersion.startsWith('monitoring.coreos.com/');

/** Objects of Altinity's operator: no package registry has its schemas, so `cloudtuner-chart.test.ts` looks at their fields. */
const isUnknown = ({ apiVersion }: KubernetesObject): boolean =>
  /^clickhouse(-keeper)?\.altinity\.com\//.test(apiVersion);

/** What the schemas of the Kubernetes API, and of the Prometheus operator, say against these objects. */
async function problemsOf(name: string, objects: readonly KubernetesObject[]): Promise<string> {
  const file = path.join(folder, `${name}.yaml`);
  const documents = objects
    .filter((object) => !isOperators(object) && !isUnknown(object))
    .map((object) => JSON.stringify(object));
  writeFileSync(file, documents.join('\n---\n'));
  const native = await runTool('kubectl-validate', [file, '--version', kubernetesVersion]);
  if (!objects.some(isOperators)) return failureOf(native);
  const operators = spawnSync(process.execPath, ['tooling/release/operator-objects.mjs'], {
    cwd: root,
    input: JSON.stringify(objects.filter(isOperators)),
    encoding: 'utf8',
  });
  if (operators.status !== 0) throw new Error(operators.stderr);
  return failureOf(native) + operators.stdout;
}

it('there are charts, each with examples', () => {
  expect(chartNames).toContain('cloudtuner');
  for (const chart of chartNames) expect(exampleNames(chart).length).toBeGreaterThan(1);
});

describe.each(examples)('helm/$chart with its $example values', ({ chart, example }) => {
  let objects: readonly KubernetesObject[];
  beforeAll(async () => {
    objects = await render(chart, { example });
  });

  it('passes helm lint --strict', async () => {
    expect(failureOf(await helm('lint', chart, { example }))).toBe('');
  });

  it('renders objects that the Kubernetes API takes, each once', async () => {
    expect(await problemsOf(`${chart}-${example}`, objects)).toBe('');
    const names = objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  it('runs containers without rights, on a read-only root, with probes, requests and a memory limit', () => {
    const amounts = { cpu: expect.anything() as unknown, memory: expect.anything() as unknown };
    for (const { kind, spec, metadata } of workloadsOf(objects)) {
      const pod = spec.template.spec;
      expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
      for (const container of pod.containers) {
        expect({ workload: metadata.name, ...container }).toMatchObject({
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          },
          resources: { requests: amounts, limits: { memory: amounts.memory } },
          image: expect.stringMatching(/^[^:@]+(:(?!latest)[\w.-]+|@sha256:[0-9a-f]{64})$/) as unknown,
        });
        const probes = Object.keys(container).filter((name) => /^(liveness|readiness)Probe$/.test(name));
        expect(probes).toHaveLength(kind === 'Job' ? 0 : 2);
      }
    }
  });

  it('selects by Services, policies and budgets the pods of one workload, and names ports that these have', () => {
    const pods = workloadsOf(objects).map(({ spec }) => spec.template);
    for (const { kind, metadata, spec } of ofKind(objects, 'Service', 'NetworkPolicy', 'PodDisruptionBudget')) {
      const labels = kind === 'Service' ? spec.selector : (spec.podSelector ?? spec.selector)?.matchLabels;
      const found = pods.filter((pod) => hasLabels(pod, labels ?? {}));
      expect({ kind, name: metadata.name, pods: found.length }).toMatchObject({ pods: 1 });
      const ports = found.flatMap((pod) => pod.spec.containers.flatMap((container) => container.ports ?? []));
      const used = (spec.ports ?? []).map(({ targetPort }) => targetPort);
      const admitted = (spec.ingress ?? []).flatMap((rule) => rule.ports.map(({ port }) => port));
      expect(ports.map(({ name }) => name)).toEqual(expect.arrayContaining([...used, ...admitted]));
      for (const { appProtocol } of spec.ports ?? []) expect(appProtocol).toMatch(/^(http|grpc)$/);
    }
  });
});

function hasLabels({ metadata }: PodTemplate, labels: object): boolean {
  return Object.entries(labels).every(([name, value]) => metadata.labels[name] === value);
}

describe.each(chartNames)('helm/%s', (chart) => {
  it('refuses a value that it does not know, and its schema is closed at every level that it describes', async () => {
    const [example = ''] = exampleNames(chart);
    expect(await refusal(chart, { example, set: ['nonsense=1'] })).toContain("'nonsense' not allowed");
    const schema = JSON.parse(readText(`helm/${chart}/values.schema.json`)) as unknown;
    expect(openObjects(schema, '')).toEqual([]);
  });
});

/** Where a schema describes properties and lets others pass. */
function openObjects(schema: unknown, at: string): readonly string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const isOpen =
    'properties' in schema && (!('additionalProperties' in schema) || schema.additionalProperties !== false);
  const below = Object.entries(schema).flatMap(([name, value]) => openObjects(value, `${at}/${name}`));
  return isOpen && !at.endsWith('/properties') ? [at, ...below] : below;
}

it('what checks objects refuses a field that Kubernetes does not know, and a ServiceMonitor without endpoints', async () => {
  const objects = await render('cloudtuner', { example: 'production' });
  const [deployment] = ofKind(objects, 'Deployment');
  const [monitor] = ofKind(objects, 'ServiceMonitor');
  if (deployment === undefined || monitor === undefined) throw new Error('nothing to break');
  const broken = [
    { ...deployment, spec: { ...deployment.spec, replicaz: 1 } },
    { ...monitor, spec: { ...monitor.spec, endpoints: 1 } },
  ];
  const problems = await problemsOf('broken', broken);
  expect(problems).toContain('replicaz');
  expect(problems).toContain('endpoints must be array');
});
