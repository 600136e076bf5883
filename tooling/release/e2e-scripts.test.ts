import { kubernetesVersion, runTool } from './helm';
import { failureOf, readText, run, serviceNames } from './workspace';

jest.setTimeout(60_000);

describe.each(['compose.sh', 'kind.sh'])('deploy/e2e/%s', (script) => {
  const text = readText(`deploy/e2e/${script}`);

  it('is a script that bash can read, and stops at the first thing that goes wrong', async () => {
    expect(failureOf(await run('bash', ['-n', `deploy/e2e/${script}`]))).toBe('');
    expect(text).toContain('\nset -euo pipefail\n');
  });

  it('builds every image, asks what the test suites ask, and cleans up', () => {
    for (const service of serviceNames) expect(text).toContain(service);
    expect(text).toContain('node deploy/local/launcher/dist/check-main.js');
    expect(text).toContain('trap finish EXIT');
  });
});

it('deploy/e2e/kind-values.yaml are values that the chart takes, with the images that kind.sh builds', async () => {
  const values = ['--values', 'deploy/e2e/kind-values.yaml', '--set', 'clusterSecret.value=0123456789abcdef'];
  const outcome = await runTool('helm', [
    ...['template', 'cloudtuner', 'helm/cloudtuner', '--kube-version', kubernetesVersion],
    ...values,
  ]);
  expect(failureOf(outcome)).toBe('');
  for (const service of serviceNames)
    expect(outcome.stdout).toMatch(new RegExp(`image: "?cloudtuner/${service}:0\\.1\\.0"?\\n`));
});
