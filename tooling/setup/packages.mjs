import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withProgress } from './progress.mjs';
import { lastLines, runCommand } from './run-command.mjs';
import { SetupError } from './setup-error.mjs';

/**
 * Installs the workspace's packages with the pnpm that package.json asks for, unless the stamp in node_modules says that
 * just these are installed. Answers whether it did anything.
 */
export async function installPackages({ rootDir, localDir, env, report }) {
  const stampFile = join(rootDir, 'node_modules', '.setup-stamp');
  const stamp = hashOfManifests(rootDir);
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return false;

  const pnpm = await installPnpm({ rootDir, localDir, env, report });
  report('packages: installing from the lock file');
  const options = { cwd: rootDir, env: { ...env, CI: 'true' } };
  const result = await withProgress(
    report,
    (elapsed) => `packages: installing, ${elapsed} so far (most of it is ClickHouse's engine, 540 MB unpacked)`,
    () => runCommand(process.execPath, [pnpm, 'install', '--frozen-lockfile'], options),
  );
  if (result.code !== 0) throw new SetupError(`pnpm install failed:\n${lastLines(result, 15)}`);
  writeFileSync(stampFile, stamp);
  return true;
}

/** The path of pnpm's script, put into `.local` by npm: no global tool is needed. */
async function installPnpm({ rootDir, localDir, env, report }) {
  const { packageManager } = JSON.parse(readFileSync(join(rootDir, 'package.json'), 'utf8'));
  const version = packageManager.replace(/^pnpm@/, '');
  const prefix = join(localDir, `pnpm-${version}`);
  const script = join(prefix, 'node_modules/pnpm/bin/pnpm.cjs');
  if (existsSync(script)) return script;
  report(`pnpm: installing ${version}`);
  const args = [
    'install',
    '--prefix',
    prefix,
    '--no-save',
    '--no-fund',
    '--no-audit',
    '--loglevel=error',
    `pnpm@${version}`,
  ];
  // npm tells its own children about this project; a new one must not think that it is part of it.
  const result = await runCommand('npm', args, { cwd: localDir, env: withoutNpmProject(env) });
  if (result.code !== 0) throw new SetupError(`npm could not install pnpm ${version}:\n${lastLines(result, 15)}`);
  return script;
}

function withoutNpmProject(env) {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !/^npm_(package|lifecycle|config_local_prefix|config_prefix)/.test(name)),
  );
}

function hashOfManifests(rootDir) {
  const hash = createHash('sha256').update(process.version.split('.')[0]);
  const manifests = [
    'package.json',
    'pnpm-workspace.yaml',
    'pnpm-lock.yaml',
    ...packageFolders(rootDir).map((folder) => join(folder, 'package.json')),
  ];
  for (const file of manifests) hash.update(file).update(readFileSync(join(rootDir, file)));
  return hash.digest('hex');
}

/** The folders of the workspace that hold a package, relative to the root. */
export function packageFolders(rootDir) {
  const found = existsSync(join(rootDir, 'bench/package.json')) ? ['bench'] : [];
  for (const parent of ['libs', 'services', 'deploy', 'deploy/local']) {
    if (!existsSync(join(rootDir, parent))) continue;
    for (const entry of readdirSync(join(rootDir, parent), { withFileTypes: true })) {
      const folder = join(parent, entry.name);
      if (entry.isDirectory() && existsSync(join(rootDir, folder, 'package.json'))) found.push(folder);
    }
  }
  return found.sort();
}
