import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { clearTimeout, setTimeout } from 'node:timers';
import { packageFolders } from './packages.mjs';
import { lastLines, runCommand } from './run-command.mjs';
import { SetupError } from './setup-error.mjs';

const SAY_SO_AFTER_MS = 1_500;

/** Builds the programs that run from `dist`: the services, what is in `deploy/local`, and the benchmarks. tsc itself knows what is up to date. */
export async function buildPrograms({ rootDir, env, report }) {
  const projects = packageFolders(rootDir).filter(
    (folder) =>
      /^(services\/|deploy\/local\/|bench$)/.test(folder) && existsSync(join(rootDir, folder, 'tsconfig.json')),
  );
  const tsc = join(rootDir, 'node_modules/typescript/bin/tsc');
  const slow = setTimeout(() => report('build: compiling what changed'), SAY_SO_AFTER_MS);
  const result = await runCommand(process.execPath, [tsc, '-b', ...projects], { cwd: rootDir, env });
  clearTimeout(slow);
  if (result.code !== 0) throw new SetupError(`The build failed:\n${lastLines(result, 30)}`);
}
