import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** The root of the checkout. */
export const root = path.resolve(__dirname, '../..');

/** The services of the product, one image and one workload each. */
export const serviceNames = ['diproxy', 'metroculus', 'kubecost-worker', 'restapi'] as const;
export type ServiceName = (typeof serviceNames)[number];

/** Every service that is shipped as an image: those of the product, and what a customer's cluster runs. */
export const imageNames = [...serviceNames, 'allocation-exporter'] as const;
export type ImageName = (typeof imageNames)[number];

/** What docker-compose.yml runs in its profile `demo`; it is no part of the product. */
export const demoName = 'demo';

/** The text of a file of the checkout. */
export const readText = (file: string): string => readFileSync(path.join(root, file), 'utf8');

/** A folder that is gone after the last test of the suite. */
export function temporaryFolder(name: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), `${name}-`));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface Outcome {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. */
export function run(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.on('error', reject);
    child.on('close', (exitCode) =>
      resolve({ exitCode, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() }),
    );
  });
}

/** What a program said when it failed; empty when it did not. */
export const failureOf = ({ exitCode, stdout, stderr }: Outcome): string =>
  exitCode === 0 ? '' : `exit code ${String(exitCode)}\n${stdout}${stderr}`;

/** What a service says of one of its variables. */
export interface Variable {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly secret: boolean;
  readonly default?: string;
}

/** The variables of the program of the profile `demo`. */
export function readDemoVariables(): readonly Pick<Variable, 'name' | 'required'>[] {
  const script = `const { composeDemoConfig } = require('./deploy/local/launcher/dist/compose-demo-config.js');
    console.log(JSON.stringify(composeDemoConfig.describe()));`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', script], { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`the launcher is not built: run \`npm run build\`\n${stderr}`);
  return JSON.parse(stdout) as Pick<Variable, 'name' | 'required'>[];
}

/** The variables of every service, from its compiled configuration. */
export function readVariables(): Record<ImageName, readonly Variable[]> {
  const script = `const all = {};
    for (const name of ${JSON.stringify(imageNames)}) all[name] = require('./services/' + name + '/dist/config.js').config.describe();
    console.log(JSON.stringify(all));`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', script], { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`the services are not built: run \`npm run build\`\n${stderr}`);
  return JSON.parse(stdout) as Record<ImageName, readonly Variable[]>;
}
