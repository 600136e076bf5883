import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { findOnPath } from './path-binary.mjs';
import { lastLines, runCommand } from './run-command.mjs';

const INSTALL_TIMEOUT_MS = 120_000;

/**
 * A Python package, with no others or those that a file of requirements pins, in a folder of its own under `.local/python`: the `path` is Python's, and its
 * `env` makes it find the package.
 *
 * Answers `{ path, env, version, from }`, or `{ failed: reason }`.
 */
export async function fromPypi({ package: name, version, module, requirements }, { rootDir, localDir, env, report }) {
  const python = findOnPath('python3', env);
  if (!python) return { failed: 'no python3 on PATH' };
  const folder = join(localDir, 'python', `${name}-${version}`);
  if (!existsSync(folder)) {
    report(`${name}: installing ${version} from PyPI`);
    const installed = await install({
      python,
      wanted: requirements ? ['-r', join(rootDir, requirements)] : [`${name}==${version}`],
      folder,
      env,
    });
    if (installed.failed) return installed;
  }
  const found = { path: python, env: { PYTHONPATH: folder }, version, from: 'pypi' };
  // What is on PATH may be a script that looks for Python each time.
  const script = `import sys, ${module}; print(sys.executable)`;
  const tried = await runCommand(python, ['-c', script], { env: { ...env, ...found.env } });
  if (tried.code !== 0) return { failed: `python3 cannot import ${module}: ${lastLines(tried, 1)}` };
  return { ...found, path: tried.stdout.trim() };
}

async function install({ python, wanted, folder, env }) {
  const part = `${folder}.part`;
  rmSync(part, { recursive: true, force: true });
  mkdirSync(join(folder, '..'), { recursive: true });
  const args = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--disable-pip-version-check'];
  const result = await runCommand(python, [...args, '--target', part, ...wanted], {
    env,
    timeoutMs: INSTALL_TIMEOUT_MS,
  });
  if (result.code !== 0) return { failed: `pip could not install it: ${lastLines(result, 3)}` };
  renameSync(part, folder);
  return {};
}
