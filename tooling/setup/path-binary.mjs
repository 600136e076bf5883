import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { runCommand } from './run-command.mjs';

/** The path of an executable on PATH, or undefined. */
export function findOnPath(command, env) {
  for (const folder of (env.PATH ?? '').split(delimiter)) {
    if (folder === '') continue;
    const path = join(folder, command);
    try {
      accessSync(path, constants.X_OK);
      if (statSync(path).isFile()) return path;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}

/** A binary on PATH whose version is good enough: `{ path, env, version, from }`, or `{ failed: reason }`. */
export async function fromPath({ command, check }, { env }) {
  const path = findOnPath(command, env);
  if (!path) return { failed: `no ${command} on PATH` };
  const checked = await check(path, env);
  return checked.failed ? checked : { path, env: {}, version: checked.version, from: 'path' };
}

/** A function that runs `binary <args>` and compares the version it prints with the oldest that will do. */
export function versionCheck({ args, pattern, minimum, below }) {
  return async (path, env) => {
    const result = await runCommand(path, args, { env, timeoutMs: 10_000 });
    const version = pattern.exec(`${result.stdout}\n${result.stderr}`)?.[1];
    if (!version) return { failed: `${path} tells no version (exit ${result.code})` };
    if (compareVersions(version, minimum) < 0)
      return { failed: `${path} is ${version}, ${minimum} or later is needed` };
    if (below && compareVersions(version, below) >= 0)
      return { failed: `${path} is ${version}, older than ${below} is needed` };
    return { version };
  };
}

/** Negative, 0 or positive, as `a` is older than, equal to or newer than `b`; missing parts count as 0. */
export function compareVersions(a, b) {
  const left = a.split('.').map(Number);
  const right = b.split('.').map(Number);
  for (let i = 0; i < Math.max(left.length, right.length); i += 1) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
