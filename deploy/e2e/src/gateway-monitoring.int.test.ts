import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { readServers, workspaceRoot } from '@cloudtuner/local-servers';
import { freePort, startService, sharedServers, type LocalService } from '@cloudtuner/test-kit';

const run = promisify(execFile);
const files = join(workspaceRoot(), 'helm/cloudtuner/files');
const rulesFile = join(files, 'alerts/gateway.yaml');
const dashboardFile = join(files, 'dashboards/gateway.json');

/** The tool that comes with Prometheus. */
function promtool(): string {
  const { prometheus, prometheus3 } = readServers();
  for (const program of [prometheus, prometheus3]) {
    const beside = program?.kind === 'binary' ? join(dirname(program.path), 'promtool') : '';
    if (existsSync(beside)) return beside;
  }
  // Where Prometheus comes as an image.
  return 'promtool';
}

interface Dashboard {
  readonly panels: readonly { readonly title: string; readonly targets?: readonly { readonly expr: string }[] }[];
}

/** The names of metrics in an expression: what is followed by a selector, a range, or is left over. */
function metricNames(expression: string): string[] {
  const bare = expression
    .replace(/\{[^}]*\}/g, ' ')
    .replace(/\[[^\]]*\]/g, ' ')
    .replace(/\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, ' ')
    .replace(/\boffset\s+\w+/g, ' ')
    .replace(/[a-z_]+\s*\(/g, '(')
    .replace(/\b(?:and|or|unless|bool)\b/g, ' ');
  return bare.match(/[a-zA-Z_:][\w:]*/g) ?? [];
}

/** Every expression of the rules; YAML of this one form: `expr: …` or `expr: |` with deeper lines. */
function expressionsOf(yaml: string): string[] {
  return [...yaml.matchAll(/^( +)expr: (?:\|\n((?:\1 +.*\n)+)|(.*)\n)/gm)].map(
    ([, , block, line]) => block ?? line ?? '',
  );
}

describe('what watches the gateway', () => {
  const rules = readFileSync(rulesFile, 'utf8');
  const dashboard = JSON.parse(readFileSync(dashboardFile, 'utf8')) as Dashboard;
  let gateway: LocalService;
  let exposed: ReadonlySet<string>;

  beforeAll(async () => {
    gateway = await startService('diproxy', {
      MONGODB_URL: await sharedServers().mongodbUrl(),
      METRICS_STORE: 'thanos',
      METRICS_WRITE_URL: `http://127.0.0.1:${String(await freePort())}/api/v1/receive`,
      SHUTDOWN_DELAY_SECONDS: '0',
    });
    const text = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
    const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)];
    exposed = new Set(
      types.flatMap(([, name = '', type]) =>
        type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
      ),
    );
  }, 60_000);

  afterAll(() => gateway.stop());

  it('alerts by metrics that the gateway has', () => {
    const expressions = expressionsOf(rules);
    expect(expressions).toHaveLength([...rules.matchAll(/- alert:/g)].length);
    for (const expression of expressions) {
      const names = metricNames(expression);
      expect({ expression, known: names.length > 0 }).toEqual({ expression, known: true });
      expect({ expression, unknown: names.filter((name) => !exposed.has(name)) }).toEqual({ expression, unknown: [] });
    }
  });

  it('shows panels of metrics that the gateway has', () => {
    const panels = dashboard.panels.filter(({ targets }) => targets !== undefined);
    expect(panels.length).toBeGreaterThan(0);
    for (const { title, targets = [] } of panels) {
      for (const { expr } of targets) {
        const names = metricNames(expr.replaceAll('$__rate_interval', '5m'));
        expect({ title, expr, known: names.length > 0 }).toEqual({ title, expr, known: true });
        expect({ title, unknown: names.filter((name) => !exposed.has(name)) }).toEqual({ title, unknown: [] });
      }
    }
  });

  it('has no metric of its own that nobody looks at', () => {
    const watched = new Set([
      ...expressionsOf(rules).flatMap(metricNames),
      ...dashboard.panels.flatMap(({ targets = [] }) => targets.flatMap(({ expr }) => metricNames(expr))),
    ]);
    const own = [...exposed].filter((name) => name.startsWith('diproxy_') && !/_(sum|count)$/.test(name));
    expect(own.filter((name) => !watched.has(name))).toEqual([]);
  });

  it('fires each alert when it should and not before', async () => {
    await run(promtool(), ['check', 'rules', rulesFile]);
    const { stdout } = await run(promtool(), ['test', 'rules', join(files, 'alerts/tests/gateway.yaml')]);
    expect(stdout).toContain('SUCCESS');
    const tested = readFileSync(join(files, 'alerts/tests/gateway.yaml'), 'utf8');
    for (const [, alert = ''] of rules.matchAll(/- alert: (\w+)/g)) {
      expect(tested).toMatch(new RegExp(`alertname: ${alert}\\n\\s+exp_alerts:`));
    }
  });

  it('has panel expressions that Prometheus can parse', async () => {
    const { queryUrl } = await sharedServers().prometheus();
    for (const { targets = [] } of dashboard.panels) {
      for (const { expr } of targets) {
        const query = expr.replaceAll('$__rate_interval', '5m').replaceAll('$instance', '.*');
        const answer = await fetch(`${queryUrl}/api/v1/query?${new URLSearchParams({ query }).toString()}`);
        expect({ query, status: answer.status }).toEqual({ query, status: 200 });
      }
    }
  });
});
