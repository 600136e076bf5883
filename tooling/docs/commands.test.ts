import { readdirSync } from 'node:fs';
import path from 'node:path';
import { kubernetesVersion, renderable, runTool } from '../release/helm';
import { failureOf, readText, root, run } from '../release/workspace';

jest.setTimeout(120_000);

interface DocumentedCommand {
  readonly file: string;
  readonly command: string;
}

const chartReadmes = readdirSync(path.join(root, 'helm')).map((chart) => `helm/${chart}/README.md`);
const guides = readdirSync(path.join(root, 'docs'))
  .filter((file) => file.endsWith('.md'))
  .map((file) => `docs/${file}`);
const documents = ['README.md', 'deploy/docker/README.md', ...guides, ...chartReadmes];

/** Every command in a block without a language, with the lines that it goes over as one. `sh try` and `sh tour` are run as a whole by the tests of the guide and of the API tour. */
function commandsOf(file: string): DocumentedCommand[] {
  const blocks = readText(file).matchAll(/^```([^\n]*)\n([\s\S]*?)^```$/gm);
  return Array.from(blocks, ([, language = '', text = '']) => ({ language, text }))
    .filter(({ language }) => ['', 'sh', 'bash'].includes(language))
    .map(({ text }) => text.replace(/\\\n\s*/g, '').split('\n'))
    .flat()
    .filter((line) => line.trim() !== '')
    .map((command) => ({ file, command }));
}

const commands = documents.flatMap(commandsOf);
const startingWith = (...words: string[]): string[] =>
  commands.map(({ command }) => command).filter((command) => words.some((word) => command.startsWith(`${word} `)));

/** What no test here can run, and why. */
const elsewhere: Readonly<Record<string, string>> = {
  docker: 'needs a Docker engine',
  kubectl: 'needs a cluster',
  'helm dependency build': 'downloads a chart',
  vmagent: 'is a program of others that no package registry has',
};
/** What other tests run as it stands. */
const byOtherTests: Readonly<Record<string, string>> = {
  // This very run.
  'npm test': '.ci/run',
  // Its servers, services, history and live clusters, started by the same functions.
  'npm run demo': 'deploy/e2e/src/platform.ts',
  // The first command of the guide, which its test types into a shell.
  'curl -s -X POST "$RESTAPI/restapi/v2/organizations/$ORGANIZATION/cloud_accounts"':
    'deploy/e2e/src/guide.int.test.ts',
};

it('knows of every command who runs it', () => {
  const ours = ['helm install', 'npm run operate', 'npm run admin'];
  const known = [...Object.keys(elsewhere), ...Object.keys(byOtherTests), ...ours];
  expect(commands.length).toBeGreaterThan(10);
  expect(commands.filter(({ command }) => !known.some((start) => command.startsWith(start)))).toEqual([]);
});

it('knows of no command that is not there any more', () => {
  const starts = [...Object.keys(elsewhere), ...Object.keys(byOtherTests)];
  expect(starts.filter((start) => !commands.some(({ command }) => command.startsWith(start)))).toEqual([]);
  for (const file of Object.values(byOtherTests)) expect(readText(file)).not.toBe('');
});

it('names scripts that there are', () => {
  const { scripts } = JSON.parse(readText('package.json')) as { scripts: Readonly<Record<string, string>> };
  const text = documents.map(readText).join('\n');
  const named = Array.from(text.matchAll(/npm run ([a-z]+)/g), ([, name = '']) => name);
  expect(named.length).toBeGreaterThan(5);
  expect([...new Set(named)].filter((name) => scripts[name] === undefined)).toEqual([]);
});

/** A command line as a shell takes it apart, with something in place of what the reader has to fill in. */
function argumentsOf(command: string): Promise<string[]> {
  const filled = command
    .replace(/\$\{?[A-Z_]+\}?/g, 'value')
    .replaceAll('…', 'secret')
    .replaceAll('<uuid>', '00000000-0000-4000-8000-000000000000')
    .replaceAll('<password>', 'secret')
    .replaceAll('<host>', 'cloudtuner.example.com');
  return run('bash', ['-c', `printf '%s\\n' ${filled}`]).then(({ stdout }) => stdout.trimEnd().split('\n'));
}

it.each(startingWith('npm run operate'))('%s is a command line that there is', async (command) => {
  const args = (await argumentsOf(command)).slice(4);
  const { exitCode, stderr } = await run(process.execPath, ['services/kubecost-worker/dist/operate-main.js', ...args], {
    env: { PATH: process.env['PATH'] },
  });
  // EX_CONFIG: the command line was understood, and it is the stores' addresses that are missing. A wrong one is EX_USAGE, 64.
  expect([exitCode, stderr]).toEqual([78, expect.stringContaining('CLICKHOUSE_URL')]);
});

it.each(startingWith('helm install'))('%s renders', async (command) => {
  const args = (await argumentsOf(command)).slice(2);
  // What is downloaded is left out, and the reader's own values are the chart's example.
  const own = args
    .filter((argument) => argument !== '--create-namespace')
    .map((argument) => (argument === 'my-values.yaml' ? 'helm/cloudtuner/ci/one-node-values.yaml' : argument))
    .map((argument) => (argument === 'kubecost.enabled=true' ? 'kubecost.enabled=false' : argument));
  const [release = '', folder = '', ...rest] = own;
  const chart = path.basename(folder);
  expect(
    failureOf(
      await runTool('helm', ['template', release, renderable(chart), '--kube-version', kubernetesVersion, ...rest]),
    ),
  ).toBe('');
});
