import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const repository = path.resolve(__dirname, '../..');
const configuration = [
  '.dependency-cruiser.cjs',
  '.gitignore',
  '.prettierignore',
  '.prettierrc',
  'eslint.config.js',
  'knip.json',
  'tsconfig.base.json',
  'tooling/check',
  'tooling/docs',
  'tooling/eslint',
];
const notCopied = /\/(dist|fixtures)$|planted-|\.test\.ts$/;
const packageParents = ['libs', 'services', 'deploy/local', 'deploy'];

/** What a tool answered. */
export interface Outcome {
  readonly exitCode: number | null;
  readonly output: string;
}

/** Files to write over the clean workspace, by path; null removes the file. */
export type Plants = Readonly<Record<string, string | null>>;

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** The environment without what makes tools colour their output: Jest's workers ask for colours, also in CI. */
function plainEnvironment(): NodeJS.ProcessEnv {
  const { FORCE_COLOR: _wantsColors, ...rest } = process.env;
  return { ...rest, NO_COLOR: '1' };
}

/** A small workspace of its own, checked by the real configuration of this repository. */
export class PlantedWorkspace {
  readonly root: string;

  constructor(plants: Plants = {}) {
    this.root = mkdtempSync(path.join(tmpdir(), 'planted-'));
    cpSync(path.join(__dirname, 'fixtures/workspace'), this.root, { recursive: true });
    for (const name of configuration) {
      const filter = (source: string): boolean => !notCopied.test(source);
      cpSync(path.join(repository, name), path.join(this.root, name), { recursive: true, filter });
    }
    symlinkSync(path.join(repository, 'node_modules'), path.join(this.root, 'node_modules'));
    for (const [file, text] of Object.entries(plants)) this.write(file, text);
    this.linkPackages();
  }

  write(file: string, text: string | null): void {
    const absolute = path.join(this.root, file);
    if (text === null) {
      rmSync(absolute);
      return;
    }
    mkdirSync(path.dirname(absolute), { recursive: true });
    writeFileSync(absolute, text);
  }

  read(file: string): string {
    return readFileSync(path.join(this.root, file), 'utf8');
  }

  /** Runs a tool of the workspace's `node_modules/.bin`, or `node`. */
  run(tool: string, ...args: string[]): Promise<Outcome> {
    const program = tool === 'node' ? process.execPath : path.join(this.root, 'node_modules/.bin', tool);
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      const child = spawn(program, args, {
        cwd: this.root,
        env: plainEnvironment(),
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
      child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
      child.on('error', reject);
      child.on('close', (exitCode) => resolve({ exitCode, output: Buffer.concat(chunks).toString() }));
    });
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  /** What `pnpm install` would do: each package sees what its package.json lists, and nothing else. */
  private linkPackages(): void {
    const folders = packageParents.flatMap((parent) => this.packagesIn(parent));
    const manifests = folders.map((folder) => ({ folder, manifest: this.manifestOf(folder) }));
    const folderOf = new Map(manifests.map(({ folder, manifest }) => [manifest.name, folder]));
    for (const { folder, manifest } of manifests) {
      for (const name of Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })) {
        this.link(folder, name, folderOf.get(name));
      }
    }
  }

  /** A package of the workspace is linked; one from outside gets a stand-in, since only its name matters here. */
  private link(folder: string, name: string, target: string | undefined): void {
    const link = path.join(this.root, folder, 'node_modules', name);
    mkdirSync(path.dirname(link), { recursive: true });
    if (target !== undefined) {
      symlinkSync(path.join(this.root, target), link);
      return;
    }
    mkdirSync(link);
    writeFileSync(path.join(link, 'package.json'), JSON.stringify({ name, version: '1.0.0', main: 'index.js' }));
    writeFileSync(path.join(link, 'index.js'), 'exports.connect = () => 1;\n');
    writeFileSync(path.join(link, 'index.d.ts'), 'export declare function connect(): number;\n');
  }

  private manifestOf(folder: string): Manifest {
    return JSON.parse(this.read(`${folder}/package.json`)) as Manifest;
  }

  private packagesIn(parent: string): string[] {
    try {
      return readdirSync(path.join(this.root, parent), { recursive: false, encoding: 'utf8' })
        .map((name) => `${parent}/${name}`)
        .filter((folder) => readdirSync(path.join(this.root, folder)).includes('package.json'));
    } catch {
      return [];
    }
  }
}
