import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import YAML from 'yaml';
import type { KubernetesObject } from './kubernetes-objects';
import { readText, root, run, temporaryFolder } from './workspace';

/** `helm template` asks no cluster; this is what it is told instead. */
export const kubernetesVersion = '1.30';

interface Found {
  readonly path?: string;
  readonly image?: string;
}

function found(name: string): Found {
  const servers = JSON.parse(readText('.local/servers.json')) as Record<string, Found | undefined>;
  const entry = servers[name];
  if (entry === undefined) throw new Error(`${name} is not set up: run \`npm run setup -- --for test\``);
  return entry;
}

/** Runs a program that the setup found, or one that comes with it; where that is an image, in a container without network. */
export function runTool(tool: string, args: readonly string[], comesWith = tool): ReturnType<typeof run> {
  const { path: binary, image } = found(comesWith);
  if (image !== undefined) {
    const folders = [root, tmpdir()].flatMap((folder) => ['--volume', `${folder}:${folder}:ro`]);
    const container = ['--rm', '--network', 'none', ...folders, '--workdir', root, '--entrypoint', tool, image];
    return run('docker', ['run', ...container, ...args]);
  }
  if (binary === undefined) throw new Error(`${comesWith} is no program here`);
  if (tool === comesWith) return run(binary, args);
  const beside = path.join(path.dirname(binary), tool);
  return run(existsSync(beside) ? beside : tool, args);
}

/** Runs the tool that comes with Prometheus; it lies beside it, or on PATH. */
export const promtool = (...args: readonly string[]): ReturnType<typeof run> => runTool('promtool', args, 'prometheus');

/** The charts, by the names of their folders in helm/. */
export const chartNames: readonly string[] = readdirSync(path.join(root, 'helm')).sort();

const copies = temporaryFolder('charts-with-stubs');

/**
 * The folder of a chart to render. Charts that it depends on are not downloaded: in a copy, each is stood for by a ConfigMap
 * `stub-<name>` with the values that the real one would get.
 */
export function renderable(chart: string): string {
  const folder = path.join(root, 'helm', chart);
  const { dependencies = [] } = YAML.parse(readText(`helm/${chart}/Chart.yaml`)) as {
    dependencies?: readonly { name: string; version: string }[];
  };
  if (dependencies.length === 0) return folder;
  const copy = path.join(copies, chart);
  if (existsSync(copy)) return copy;
  cpSync(folder, copy, { recursive: true });
  for (const { name, version } of dependencies) {
    const stub = path.join(copy, 'charts', name);
    mkdirSync(path.join(stub, 'templates'), { recursive: true });
    writeFileSync(path.join(stub, 'Chart.yaml'), `apiVersion: v2\nname: ${name}\nversion: ${version}\n`);
    const template = `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: stub-${name} }\ndata: { values: {{ toJson .Values | quote }} }\n`;
    writeFileSync(path.join(stub, 'templates/stub.yaml'), template);
  }
  return copy;
}

/** The examples of a chart, `ci/<name>-values.yaml`. */
export function exampleNames(chart: string): readonly string[] {
  const files = readdirSync(path.join(root, 'helm', chart, 'ci')).sort();
  return files.map((file) => {
    const name = /^(.+)-values\.yaml$/.exec(file)?.[1];
    if (name === undefined)
      throw new Error(`helm/${chart}/ci/${file} is no example: its name does not end in -values.yaml`);
    return name;
  });
}

const exampleFile = (chart: string, example: string): string =>
  path.join(root, 'helm', chart, 'ci', `${example}-values.yaml`);

export interface RenderOptions {
  readonly example?: string;
  /** `path.of.value=text`, over the example's. */
  readonly set?: readonly string[];
}

/** A chart's NOTES.txt with an example's values; `helm template` does not print it, so a copy has it in a ConfigMap. */
export async function notes(chart: string, example: string): Promise<string> {
  const copy = path.join(copies, `${chart}-notes`);
  cpSync(renderable(chart), copy, { recursive: true });
  const template = `apiVersion: v1\nkind: ConfigMap\ndata: { notes: {{ include (print .Template.BasePath "/NOTES.txt") . | quote }} }\n`;
  writeFileSync(path.join(copy, 'templates/notes.yaml'), template);
  const values = ['--kube-version', kubernetesVersion, '--values', exampleFile(chart, example)];
  const { exitCode, stdout, stderr } = await runTool('helm', [
    ...['template', 'example', copy, '--show-only', 'templates/notes.yaml', ...values],
  ]);
  if (exitCode !== 0) throw new Error(stderr);
  return (YAML.parse(stdout) as { data: { notes: string } }).data.notes;
}

/** Runs `helm <command>` over a chart as it is in the checkout. */
export function helm(command: string, chart: string, { example, set = [] }: RenderOptions): ReturnType<typeof run> {
  const folder = renderable(chart);
  const values = example === undefined ? [] : ['--values', exampleFile(chart, example)];
  const release = command === 'template' ? ['example', folder, '--namespace', 'cloudtuner'] : ['--strict', folder];
  const sets = set.flatMap((text) => ['--set', text]);
  return runTool('helm', [command, ...release, '--kube-version', kubernetesVersion, ...values, ...sets]);
}

/** Every object of a chart with these values. */
export async function render(chart: string, options: RenderOptions): Promise<readonly KubernetesObject[]> {
  const { exitCode, stdout, stderr } = await helm('template', chart, options);
  if (exitCode !== 0) throw new Error(stderr);
  return YAML.parseAllDocuments(stdout)
    .map((document) => document.toJS() as KubernetesObject | null)
    .filter((object) => object !== null);
}

/** What `helm template` says when it refuses these values; empty when it takes them. */
export async function refusal(chart: string, options: RenderOptions): Promise<string> {
  const { exitCode, stderr } = await helm('template', chart, options);
  return exitCode === 0 ? '' : stderr;
}
