import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { findOnPath } from './path-binary.mjs';
import { lastLines, runCommand } from './run-command.mjs';

/**
 * Debian's packages, unpacked into `.local/debian/<package>-<version>` instead of installed: no service starts, nothing
 * outside the checkout changes, and no root is needed. Libraries that the machine lacks come along and are found
 * through LD_LIBRARY_PATH.
 *
 * Answers `{ path, env, version, from }`, or `{ failed: reason }`.
 */
export async function fromDebian({ name, package: packageName, binary, check }, { localDir, env, report }) {
  if (!findOnPath('apt-get', env) || !findOnPath('dpkg-deb', env)) return { failed: 'no apt-get on this machine' };
  const debianDir = join(localDir, 'debian');
  mkdirSync(debianDir, { recursive: true });
  const unpacked = findUnpacked(debianDir, packageName);
  if (unpacked) {
    const found = await tryBinary(unpacked, binary, check, env);
    if (!found.failed) return found;
    rmSync(unpacked, { recursive: true, force: true });
  }

  let failed = 'not tried';
  for (const lists of ['system', 'private']) {
    const options = aptOptions(debianDir, lists);
    if (lists === 'private') {
      report(`${name}: reading Debian's package lists`);
      const update = await runCommand('apt-get', ['update', '-qq', ...options], { env });
      if (update.code !== 0) return { failed: `apt-get update: ${lastLines(update, 3)}` };
    }
    const folder = await downloadAndUnpack({ debianDir, packageName, options, env, report, name });
    if (folder.failed) {
      failed = folder.failed;
      continue;
    }
    return tryBinary(folder.path, binary, check, env);
  }
  return { failed };
}

function findUnpacked(debianDir, packageName) {
  const folders = readdirSync(debianDir).filter(
    (entry) => entry.startsWith(`${packageName}-`) && !entry.endsWith('.part'),
  );
  return folders.length === 0 ? undefined : join(debianDir, folders.sort().at(-1));
}

/** Either the machine's own package lists, as they are, or lists of ours, which leave the machine's alone. */
function aptOptions(debianDir, lists) {
  const options = ['-o', 'Debug::NoLocking=1', '-o', 'APT::Sandbox::User=root'];
  if (lists === 'system') return options;
  const aptDir = join(debianDir, 'apt');
  for (const folder of ['lists/partial', 'cache/archives/partial'])
    mkdirSync(join(aptDir, folder), { recursive: true });
  return [...options, '-o', `Dir::State::lists=${join(aptDir, 'lists')}`, '-o', `Dir::Cache=${join(aptDir, 'cache')}`];
}

async function downloadAndUnpack({ debianDir, packageName, options, env, report, name }) {
  const plan = await runCommand(
    'apt-get',
    ['install', '-s', '-qq', '--no-install-recommends', ...options, packageName],
    { env },
  );
  if (plan.code !== 0) return { failed: `apt-get knows no package ${packageName}` };
  const packages = parsePlan(plan.stdout);
  const own = packages.find((entry) => entry.name === packageName);
  if (!own) return { failed: `${packageName} is installed but has no binary` };

  const folder = join(debianDir, `${packageName}-${own.version.replaceAll(':', '_')}`);
  const part = `${folder}.part`;
  rmSync(part, { recursive: true, force: true });
  mkdirSync(join(part, 'archives'), { recursive: true });
  report(
    `${name}: downloading Debian's ${packageName} ${own.version} (${packages.length} packages, unpacked, not installed)`,
  );
  const names = packages.map((entry) => `${entry.name}=${entry.version}`);
  const download = await runCommand('apt-get', ['download', '-qq', ...options, ...names], {
    cwd: join(part, 'archives'),
    env,
  });
  if (download.code !== 0) return { failed: `apt-get download ${packageName}: ${lastLines(download, 3)}` };
  for (const archive of readdirSync(join(part, 'archives'))) {
    const unpack = await runCommand('dpkg-deb', ['-x', join(part, 'archives', archive), part], { env });
    if (unpack.code !== 0) return { failed: `dpkg-deb -x ${archive}: ${lastLines(unpack, 3)}` };
  }
  rmSync(join(part, 'archives'), { recursive: true });
  rmSync(folder, { recursive: true, force: true });
  renameSync(part, folder);
  return { path: folder };
}

/** The packages that `apt-get install -s` would add: those that are not on the machine yet. */
export function parsePlan(text) {
  return [...text.matchAll(/^Inst (\S+) (?:\[[^\]]*\] )?\((\S+) /gm)].map(([, name, version]) => ({ name, version }));
}

async function tryBinary(folder, binary, check, env) {
  const path = join(folder, binary);
  const libraries = libraryFolders(folder);
  const own =
    libraries.length === 0 ? {} : { LD_LIBRARY_PATH: [...libraries, env.LD_LIBRARY_PATH].filter(Boolean).join(':') };
  const checked = await check(path, { ...env, ...own });
  return checked.failed ? checked : { path, env: own, version: checked.version, from: 'debian' };
}

/** `lib/<architecture>` and `usr/lib/<architecture>` of an unpacked package, and their parents. */
function libraryFolders(folder) {
  const found = [];
  for (const base of ['lib', 'usr/lib']) {
    const path = join(folder, base);
    if (!existsSync(path)) continue;
    const folders = readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    for (const candidate of [path, ...folders.map((entry) => join(path, entry.name))]) {
      if (readdirSync(candidate).some((entry) => /\.so(\.|$)/.test(entry))) found.push(candidate);
    }
  }
  return found;
}
