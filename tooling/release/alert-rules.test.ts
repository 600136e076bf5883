import { readdirSync } from 'node:fs';
import path from 'node:path';
import YAML from 'yaml';
import { promtool, render } from './helm';
import { find, ofKind } from './kubernetes-objects';
import { failureOf, readText, root } from './workspace';

jest.setTimeout(60_000);

const folder = 'helm/cloudtuner/files/alerts';
const files = readdirSync(path.join(root, folder)).filter((name) => name.endsWith('.yaml'));

interface Rules {
  readonly groups: readonly { readonly rules: readonly { readonly alert?: string }[] }[];
}
interface RuleTests {
  readonly tests: readonly {
    readonly alert_rule_test: readonly { alertname: string; exp_alerts?: readonly unknown[] }[];
  }[];
}
const parse = (file: string): unknown => YAML.parse(readText(file));

it('there are rules', () => {
  expect(files).toContain('worker.yaml');
});

describe.each(files)('alerts/%s', (file) => {
  it('fires and stays silent as its tests say', async () => {
    expect(failureOf(await promtool('test', 'rules', `${folder}/tests/${file}`))).toBe('');
  });

  it('has for each alert a test where it fires', () => {
    const alerts = (parse(`${folder}/${file}`) as Rules).groups.flatMap(({ rules }) => rules.map(({ alert }) => alert));
    const fired = (parse(`${folder}/tests/${file}`) as RuleTests).tests
      .flatMap((test) => test.alert_rule_test)
      .filter((test) => (test.exp_alerts ?? []).length > 0)
      .map(({ alertname }) => alertname);
    expect(alerts.length).toBeGreaterThan(0);
    expect(alerts.filter((alert) => alert !== undefined && !fired.includes(alert))).toEqual([]);
  });
});

it('the chart hands them to the Prometheus operator as they are, one PrometheusRule per file', async () => {
  const objects = await render('cloudtuner', { example: 'production' });
  expect(ofKind(objects, 'PrometheusRule')).toHaveLength(files.length);
  for (const file of files) {
    const { spec } = find(objects, 'PrometheusRule', `cloudtuner-${path.basename(file, '.yaml')}`);
    expect(spec.groups).toEqual((parse(`${folder}/${file}`) as Rules).groups);
  }
});

describe('what watches the worker', () => {
  const names = (text: string): readonly string[] => [
    ...new Set([...text.matchAll(/\bkubecost_worker_\w+/g)].map(([name]) => name.replace(/_(bucket|sum|count)$/, ''))),
  ];

  it.each([`${folder}/worker.yaml`, 'helm/cloudtuner/files/dashboards/worker.json'])(
    '%s asks for metrics that the worker has',
    (file) => {
      const asked = names(readText(file));
      expect(asked.length).toBeGreaterThan(3);
      const known = names(readText('services/kubecost-worker/README.md'));
      expect(asked.filter((name) => !known.includes(name))).toEqual([]);
    },
  );

  it.each([`${folder}/restapi.yaml`, 'helm/cloudtuner/files/dashboards/restapi.json'])(
    '%s asks for metrics that restapi has',
    (file) => {
      const asked = [...readText(file).matchAll(/\brestapi_\w+/g)].map(([name]) =>
        name.replace(/_(bucket|sum|count)$/, ''),
      );
      expect(new Set(asked).size).toBeGreaterThan(4);
      const known = readText('services/restapi/README.md');
      expect(asked.filter((name) => !known.includes(`\`${name}`))).toEqual([]);
    },
  );

  it.each([`${folder}/extraction.yaml`, 'helm/cloudtuner/files/dashboards/extraction.json'])(
    '%s asks for metrics of extraction that the worker has',
    (file) => {
      const asked = [...readText(file).matchAll(/\bcloudtuner_extraction_\w+/g)].map(([name]) =>
        name.replace(/_(bucket|sum|count)$/, ''),
      );
      expect(new Set(asked).size).toBeGreaterThan(2);
      const known = readText('services/kubecost-worker/README.md');
      expect(asked.filter((name) => !known.includes(`\`${name}{`))).toEqual([]);
    },
  );

  it('the chart hands the dashboards to Grafana as they are', async () => {
    const objects = await render('cloudtuner', { example: 'production' });
    const { data, metadata } = find(objects, 'ConfigMap', 'cloudtuner-dashboard-worker');
    expect(data?.['worker.json']).toBe(readText('helm/cloudtuner/files/dashboards/worker.json'));
    expect(metadata.labels).toMatchObject({ grafana_dashboard: '1' });
  });
});
